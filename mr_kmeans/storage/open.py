"""The choice of a store by the scheme of a path: the local disk (local.py), HDFS (hdfs.py)."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Sequence

from mr_kmeans.errors import UsageError
from mr_kmeans.masking import has_user
from mr_kmeans.storage.base import RemoteStorage, Storage
from mr_kmeans.storage.local import LocalStorage

if TYPE_CHECKING:
    from mr_kmeans.hadoop.cluster import Cluster
    from mr_kmeans.storage.hdfs import HdfsStorage

REMOTE_SCHEMES = ('hdfs',)
"""Schemes of the known stores other than the local disk."""

_PATTERNS = frozenset('*?[#')
"""Characters with a meaning in the paths of temporary files: mrjob expands the first three, and
reads the last as the start of a name."""


def scheme_of(path: str) -> str:
    """Return the scheme of the store that a path or URI belongs to; empty for the local disk."""
    scheme, found, _ = path.partition('://')
    return scheme if found and scheme in REMOTE_SCHEMES else ''


def is_remote(path: str) -> bool:
    """Return whether it is a URI of a store other than the local disk."""
    return bool(scheme_of(path))


def check_known(path: str) -> None:
    """Refuse a URI whose scheme no store has, and one of HDFS with a user, which HDFS does not
    have; a password is not shown.

    Raises
    ------
    UsageError
    """
    if is_remote(path):
        if has_user(path):
            raise UsageError(
                f'{path}: HDFS takes neither user nor password in a URI. Leave them out;'
                ' HADOOP_USER_NAME names a user.'
            )
        return
    if path.startswith('hdfs:'):
        raise UsageError(
            f'{path}: a URI of HDFS begins with hdfs://; write hdfs:///{path[5:].lstrip("/")}, or,'
            f' for a local file of this name, ./{path}'
        )
    if '://' not in path:
        return
    if path.lower().startswith(('postgres:', 'postgresql:')):
        raise UsageError(
            'postgresql://...: no such store is known; a database is named with --engine sql'
            ' --database'
        )
    raise UsageError(
        f'{path}: no such store is known; it should be a local folder, or one of hdfs://'
    )


class Stores:
    """The stores of one run, chosen by the scheme of a path; each is connected to once.

    Parameters
    ----------
    hadoop : sequence of str
        The command ``hadoop`` with its arguments; if empty, the one that mrjob finds.
    """

    def __init__(self, hadoop: Sequence[str] = ()):
        self._hadoop = hadoop

    @functools.cached_property
    def cluster(self) -> Cluster:
        """The Hadoop cluster of this run."""
        from mr_kmeans.hadoop.cluster import Cluster  # which needs more modules

        return Cluster(command=self._hadoop)

    @functools.cached_property
    def hdfs(self) -> HdfsStorage:
        """The store of this cluster."""
        from mr_kmeans.storage.hdfs import storage_of_cluster  # which needs more modules

        return storage_of_cluster(self.cluster)

    def of(self, path: str) -> Storage:
        """Return the store of a path or URI.

        Raises
        ------
        UsageError
            When no store knows the URI's scheme, or jobs cannot work in a folder of this name.
        """
        check_known(path)
        if is_remote(path):
            return self.remote(path)
        found = _PATTERNS.intersection(os.path.abspath(path))
        if found:
            raise UsageError(
                f'{path}: jobs cannot work in a folder with {min(found)} in its path, which means'
                ' a pattern to mrjob. Name another folder.'
            )
        return LocalStorage()

    def of_file(self, path: str) -> Storage:
        """Return the store of a file that is only read or written as a whole; on the local disk, it
        may have any name.

        Raises
        ------
        UsageError
            When no store knows the URI's scheme.
        """
        check_known(path)
        return self.remote(path) if is_remote(path) else LocalStorage()

    def remote(self, uri: str) -> RemoteStorage:
        """Return the store of a URI for which `is_remote` holds."""
        return self.hdfs
