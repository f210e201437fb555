"""The interface of a launcher, which runs one job at a time, and what a job run gives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple, Type

from mrjob.job import MRJob

from mr_kmeans.jobs.base import COUNTERS
from mr_kmeans.options import JobOptions

JobInput = Any
"""What the map tasks of a job read, in the launcher's own form; its backend makes it."""


class JobResult(NamedTuple):
    """What a job run gave.

    Attributes
    ----------
    records : list of (key, value)
        Its output; empty for a job whose output stays in a folder.
    counters : dict
        Of this project's group.
    seconds : float
    """

    records: List[Tuple]
    counters: Dict[str, int]
    seconds: float


class Launcher(ABC):
    """Runs jobs.

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
            What the map tasks read.
        arguments : list of str
        output : str, optional
            A folder for the output, which is then not read.

        Raises
        ------
        KMeansError
            RunError when the job fails, or what a task on the inline runner raised.
        """


def add_counters(steps: Sequence[Dict]) -> Dict[str, int]:
    """Return this project's counters, over all steps of a job."""
    counters: Dict[str, int] = {}
    for step in steps:
        for name, amount in step.get(COUNTERS, {}).items():
            counters[name] = counters.get(name, 0) + amount
    return counters
