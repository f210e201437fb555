"""The choice of a backend by the runner's name."""

from __future__ import annotations

from typing import Sequence, Type

from mr_kmeans.errors import UsageError
from mr_kmeans.mapreduce.backend import Backend
from mr_kmeans.options import HADOOP, JobOptions
from mr_kmeans.run.directory import RunDirectory
from mr_kmeans.storage.open import scheme_of


def backend_class(runner: str) -> Type[Backend]:
    """Return the class of the backend that runs the jobs of a runner."""
    if runner == HADOOP:
        from mr_kmeans.mapreduce.hadoop_backend import HadoopBackend  # needs more modules

        return HadoopBackend
    from mr_kmeans.mapreduce.local_backend import LocalBackend

    return LocalBackend


def make_backend(jobs: JobOptions, run: RunDirectory, temporary: str) -> Backend:
    """Return the backend that the options name; see `Backend` for the parameters."""
    return backend_class(jobs.runner)(jobs, run, temporary)


def check_paths(jobs: JobOptions, inputs: Sequence[str], folders: Sequence[str]) -> None:
    """Refuse paths of stores that the backend cannot reach, and folders in which its jobs cannot
    work.

    Raises
    ------
    UsageError
    """
    kind = backend_class(jobs.runner)
    for path in (*inputs, *folders):
        if scheme_of(path) not in kind.schemes:
            raise UsageError(
                f'{path}: -r {jobs.runner} reads and writes local files only; use -r {HADOOP} for'
                ' hdfs://'
            )
    for path in folders:
        kind.check_folder(path)
