"""The interface of an engine: the rows of a run, made ready, surveyed and passed over.

`commands/fit.py` asks a source of rows for a survey, a sample and passes; files and MapReduce jobs
answer (`mapreduce/rows.py`), or a database (`sql/rows.py`).
"""

from __future__ import annotations

import collections
from abc import ABC, abstractmethod
from typing import Callable, Deque, Dict, List, Optional, Sequence, Tuple

import numpy as np

from mr_kmeans.algorithm.draw import Draw
from mr_kmeans.algorithm.lloyd import Iteration, Passes, PassResult, RowFacts
from mr_kmeans.exact.feature_space import FeatureSpace
from mr_kmeans.exact.survey import Survey
from mr_kmeans.options import FitOptions
from mr_kmeans.run.ledger import Ledger

MAX_REMEMBERED = 3
"""Maximum number of passes of a start whose results are kept for the first iteration."""


class RowSource(ABC):
    """The rows of one run.

    Attributes
    ----------
    features : list of d str
    has_names : bool
        Whether the features have names of their own.
    ledger : Ledger
        The rows that were left out, once the rows are ready.
    """

    features: List[str]
    has_names: bool
    ledger: Ledger

    @abstractmethod
    def to_json(self) -> Dict:
        """Return what identifies the rows; a run can be resumed only with the same."""

    @abstractmethod
    def make(self, options: FitOptions, capacity: int) -> Tuple[Survey, FeatureSpace]:
        """Make the rows ready for passes and survey them, with a sample of `capacity` rows; report
        bad rows.

        Raises
        ------
        DataError
            When there are too many bad rows, or no good one.
        """

    @abstractmethod
    def begin(self, manifest: Dict, overwrite: bool) -> None:
        """Replace what an earlier run left outside of its state files; prepare for a new one."""

    @abstractmethod
    def recover(self, manifest: Dict, options: FitOptions, capacity: int) -> List[Iteration]:
        """Return iterations of an interrupted run that are missing in its folder."""

    @abstractmethod
    def make_again(
        self,
        options: FitOptions,
        capacity: int,
        survey: Survey,
        space: FeatureSpace,
        iterations: List[Iteration],
        moved: str,
    ) -> None:
        """Make the rows of an interrupted run ready for passes.

        Parameters
        ----------
        options : FitOptions
        capacity : int
        survey : Survey
        space : FeatureSpace
            Both as the run remembers them.
        iterations : list of Iteration
            Those that the run has made.
        moved : str
            How the files differ from those of the run; empty when they do not.

        Raises
        ------
        UsageError
            When the rows are not those of the run.
        """

    @abstractmethod
    def compare(
        self, options: FitOptions, capacity: int, survey: Survey, space: FeatureSpace, moved: str
    ) -> None:
        """Refuse rows other than those of a finished run. Files that are the same in everything
        that the manifest knows have the same rows.

        Raises
        ------
        UsageError
        """

    @abstractmethod
    def passes(self, facts: RowFacts, survey: Survey) -> Passes:
        """Return what makes passes over the rows, with any centroids and for any number of
        candidates.
        """

    def passes_of_fit(self, facts: RowFacts, survey: Survey, options: FitOptions) -> Passes:
        """Return what makes the passes of a fit: of its one candidate, one after the other."""
        return self.passes(facts, survey)

    @abstractmethod
    def scaling_hint(self, expressions: Dict[str, str]) -> str:
        """Return how to replace columns by SQL expressions; empty if one line is not enough."""

    @abstractmethod
    def close(self) -> None:
        """Remove everything except the run's own files."""


class PassesOnDemand(Passes):
    """Passes that are set up when the first one is made: most starts make none.

    Parameters
    ----------
    facts : RowFacts
    make : callable
        Returns the passes.
    """

    def __init__(self, facts: RowFacts, make: Callable[[], Passes]):
        self.facts, self._make = facts, make
        self._passes: Optional[Passes] = None
        self._made: Deque[Tuple[np.ndarray, PassResult]] = collections.deque(maxlen=MAX_REMEMBERED)

    def __call__(
        self, iterations: Sequence[Iteration], draw: Optional[Draw] = None
    ) -> List[PassResult]:
        """Make one pass."""
        if self._passes is None:
            self._passes = self._make()
        results = self._passes(iterations, draw)
        for iteration, found in zip(iterations, results):
            self._made.append((iteration.centroids, found._replace(drawn=None)))
        return results

    def found(self, centroids: np.ndarray) -> Optional[PassResult]:
        """Return what one of the last passes has found for centroids, None if none was made."""
        for made_with, found in self._made:
            if np.array_equal(made_with, centroids):
                return found
        return None


class PassesAfterStart(Passes):
    """The passes of a fit whose first one was made by the start.

    Parameters
    ----------
    passes : Passes
    found : PassResult
        The result of the first. The time that it took is that of the start.
    """

    def __init__(self, passes: Passes, found: PassResult):
        self.facts, self._passes = passes.facts, passes
        self._found: Optional[PassResult] = found

    def __call__(
        self, iterations: Sequence[Iteration], draw: Optional[Draw] = None
    ) -> List[PassResult]:
        """Return the result of the first pass, or make another."""
        found, self._found = self._found, None
        if found is None:
            return self._passes(iterations, draw)
        [iteration] = iterations
        self._passes.take(iteration, found)
        return [found._replace(cost=found.cost._replace(job_seconds=0.0))]
