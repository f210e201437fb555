"""The interface of a backend: where the jobs of a run are executed, and everything that depends on
it.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from typing import ClassVar, FrozenSet, List, Optional

from mr_kmeans.errors import naming
from mr_kmeans.inputs.source import Source
from mr_kmeans.options import JobOptions
from mr_kmeans.run.directory import RunDirectory
from mr_kmeans.runners.launcher import JobInput, Launcher
from mr_kmeans.storage.base import Storage


class Backend(ABC):
    """The place where the jobs of a run are executed.

    Parameters
    ----------
    jobs : JobOptions
    run : RunDirectory
        The run whose packed rows are meant.
    temporary : str
        A folder for this use alone; the caller removes it.

    Attributes
    ----------
    schemes : set of str
        Schemes of the stores that its jobs read and write; empty is the local disk.
    pack_arguments : list of str
        Additional arguments of the pack job.
    launcher : Launcher
        Runs a job on what `text` or `packed` returned.
    storage : Storage
        Where jobs write what stays in a folder.
    points : str
        The folder of the packed rows, in `storage`.
    """

    schemes: ClassVar[FrozenSet[str]]
    pack_arguments: ClassVar[List[str]] = []
    launcher: Launcher
    storage: Storage
    points: str

    @abstractmethod
    def __init__(self, jobs: JobOptions, run: RunDirectory, temporary: str):
        pass

    @classmethod
    def check_folder(cls, path: str) -> None:
        """Refuse a folder that its jobs cannot use.

        Raises
        ------
        UsageError
        """

    @abstractmethod
    def text(self, source: Source) -> JobInput:
        """Return the input of a pass over text."""

    @abstractmethod
    def packed(self, folder: Optional[str] = None) -> JobInput:
        """Return the input of a pass over packed rows, by default those in `points`."""

    @abstractmethod
    def output(self, name: str) -> str:
        """Return an unused path of a temporary folder in `storage`, for a job to write."""

    @abstractmethod
    def note_file(self, name: str, text: str) -> str:
        """Write a small temporary file; return the path to give to a job."""

    @abstractmethod
    def share_file(self, name: str, text: str) -> str:
        """Write a small temporary file that many jobs are given; return its path or URI."""

    def close(self) -> None:
        """Remove temporary files outside of the temporary folder."""


def write_local(folder: str, name: str, text: str) -> str:
    """Write a small file; return its path."""
    path = os.path.join(folder, name)
    with (
        naming(path),
        open(path, 'w', encoding='utf-8', errors='surrogateescape', newline='') as stream,
    ):
        stream.write(text)
    return path
