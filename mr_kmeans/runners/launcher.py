"""The interface of a launcher, which runs one job at a time, and the result of a job."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple, Type

from mrjob.job import MRJob

from mr_kmeans.jobs.base import COUNTERS
from mr_kmeans.options import JobOptions

JobInput = Any
"""Input of a job's map tasks, in the form of the launcher, created by its backend."""


class JobResult(NamedTuple):
    """The result of a job.

    Attributes
    ----------
    records : list of (key, value)
        The job's output; empty if the output stays in a folder.
    counters : dict
        The counters of this package's group.
    seconds : float
    """

    records: List[Tuple]
    counters: Dict[str, int]
    seconds: float


class Launcher(ABC):
    """Runner of jobs.

    Attributes
    ----------
    options : JobOptions
    """

    options: JobOptions

    @abstractmethod
    def run(
        self,
        job_class: Type[MRJob],
        data: JobInput,
        arguments: Sequence[str] = (),
        output: Optional[str] = None,
    ) -> JobResult:
        """Run a job.

        Parameters
        ----------
        job_class : subclass of PointsJob
        data : JobInput
            The input of the map tasks.
        arguments : list of str
        output : str, optional
            A folder for the output, which is not read in this case.

        Raises
        ------
        KMeansError
            RunError if the job fails, or the exception of a task on the inline runner.
        """


def add_counters(steps: Sequence[Dict]) -> Dict[str, int]:
    """Return the sums of this package's counters over all steps of a job."""
    counters: Dict[str, int] = {}
    for step in steps:
        for name, amount in step.get(COUNTERS, {}).items():
            counters[name] = counters.get(name, 0) + amount
    return counters
