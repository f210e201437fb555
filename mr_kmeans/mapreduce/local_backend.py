"""The backend on this machine, for the inline and the local runner."""

from __future__ import annotations

import os
import uuid
from typing import List, Optional

from mr_kmeans.formats.splits import Split
from mr_kmeans.inputs.source import Source, packed_tasks
from mr_kmeans.mapreduce.backend import Backend, write_local
from mr_kmeans.options import JobOptions
from mr_kmeans.run.directory import POINTS, RunDirectory
from mr_kmeans.runners.launch_local import LocalLauncher
from mr_kmeans.storage.local import LocalStorage


class LocalBackend(Backend):
    """The machine that this runs on; tasks read splits of local files."""

    schemes = frozenset({''})

    def __init__(self, jobs: JobOptions, run: RunDirectory, temporary: str):
        # of this process alone: a run whose lock was taken must not write to its successor's
        self._temporary = os.path.join(temporary, uuid.uuid4().hex[:12])
        self.launcher = LocalLauncher(jobs, self._temporary)
        self.storage, self.points = LocalStorage(), run.path(POINTS)

    def text(self, source: Source) -> List[List[Split]]:
        """Return the splits of each task."""
        return source.tasks()

    def packed(self, folder: Optional[str] = None) -> List[List[Split]]:
        """Return the splits of each task."""
        return packed_tasks(folder or self.points)

    def output(self, name: str) -> str:
        return os.path.join(self._temporary, name)

    def note_file(self, name: str, text: str) -> str:
        return write_local(self._temporary, name, text)

    def share_file(self, name: str, text: str) -> str:
        return write_local(self._temporary, name, text)
