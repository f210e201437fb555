"""HDFS as one of mrjob's filesystems, without a JVM for each of its ten calls per job if WebHDFS is
available, and with this package's error messages.
"""

from __future__ import annotations

import io
import os
import posixpath
from typing import Iterator, List

from mrjob.fs.base import Filesystem

from mr_kmeans.hadoop.webhdfs import path_of


class HdfsFilesystem(Filesystem):
    """Adapter of a client of HDFS to mrjob's filesystems, for the URIs of one cluster.

    Parameters
    ----------
    client : WebHdfs or HadoopCommand
    prefixes : list of str
        Beginnings of URIs that mean this cluster: ``hdfs:///`` and ``hdfs://host:port/``.
    """

    def __init__(self, client, prefixes: List[str]):
        super().__init__()
        self.client, self._prefixes = client, prefixes

    def can_handle_path(self, path):
        return path.startswith(tuple(self._prefixes))

    def exists(self, path_glob):
        return self.client.status(path_of(path_glob)) is not None

    def ls(self, path_glob):
        base = path_glob.rstrip('/')
        if posixpath.basename(base) == 'part-*':  # the only glob mrjob's Hadoop runner uses
            base = posixpath.dirname(base)
        return list(self._walk(base))

    def _walk(self, uri: str) -> Iterator[str]:
        try:
            found = self.client.list(path_of(uri))  # first, since it is usually a folder
        except FileNotFoundError:
            return
        named_so = [(item.name, item.is_folder) for item in found] == [
            (posixpath.basename(uri), False)
        ]
        if named_so and not self.client.status(path_of(uri)).is_folder:
            yield uri
            return
        for item in found:
            below = f'{uri}/{item.name}'
            if item.is_folder:
                yield from self._walk(below)
            else:
                yield below

    def du(self, path_glob):
        return sum(
            status.size
            for status in (self.client.status(path_of(uri)) for uri in self.ls(path_glob))
            if status
        )

    def mkdir(self, path):
        self.client.make_folder(path_of(path))

    def rm(self, path_glob):
        self.client.remove(path_of(path_glob))

    def put(self, src, path):
        with open(src, 'rb') as stream:
            self.client.create(path_of(path), stream, os.path.getsize(src))

    def touchz(self, path):
        self.client.create(path_of(path), io.BytesIO(), 0)

    def md5sum(self, path):
        raise NotImplementedError

    def _cat_file(self, path):
        yield self.client.read(path_of(path))  # results of jobs, which are small
