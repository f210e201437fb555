"""Lloyd's algorithm, one pass at a time: the result of a pass for a candidate, and whether the
candidate continues.

No job is run and no file is read here: `advance` is a function of a candidate and the result of a
pass.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from fractions import Fraction
from typing import Dict, List, NamedTuple, Optional, Sequence

import numpy as np

from mr_kmeans.algorithm.draw import Draw, DrawnRows
from mr_kmeans.errors import RunError
from mr_kmeans.exact import rational
from mr_kmeans.exact.feature_space import FeatureSpace
from mr_kmeans.json_fields import Field

NO_MOVE, TOL, TOL_INERTIA, MAX_ITER = 'no centroid moved', 'tol', 'tol-inertia', 'max-iter'

MAX_COORDINATE = 2.0**500
"""Maximum coordinate of a centroid, as of rows: the square of a larger one could overflow."""

MAX_ITERATIONS = 10**9
"""Maximum number of iterations in a run's state; no run has reached a larger number."""


class PassCost(NamedTuple):
    """The cost of a pass; see `IterationStats`. Candidates that share a pass have all of it."""

    job_seconds: float = 0.0
    rows: int = 0
    slow_rows: int = 0
    blocks: int = 0
    bad_rows: int = 0


class PassResult(NamedTuple):
    """The result of a pass over all rows for one candidate.

    Attributes
    ----------
    counts : list of k int
        The number of rows nearest to each centroid.
    totals : list of k lists of d int
        The sums of these rows, in steps of the grids.
    centroids : list of k lists of d float, or None where a cluster is empty
        The means of these rows.
    cost : PassCost
        The cost of the pass.
    drawn : DrawnRows or None
        The rows that the pass has drawn, if it was to draw some.
    """

    counts: List[int]
    totals: List[List[int]]
    centroids: List[Optional[List[float]]]
    cost: PassCost = PassCost()
    drawn: Optional[DrawnRows] = None


class Iteration(NamedTuple):
    """One iteration of a candidate.

    Attributes
    ----------
    number : int
        The number of the iteration; 0 is the initialization.
    centroids : ndarray of shape (k, d), float64
    counts : list of k int
        The number of rows averaged into each centroid; 0 in iteration 0.
    shift : float or None
        How far the centroids moved, in standard deviations; None in iteration 0.
    moved, empty : int or None
        The numbers of centroids that changed, and of clusters without rows, whose centroids stay.
    """

    number: int
    centroids: np.ndarray
    counts: List[int]
    shift: Optional[float] = None
    moved: Optional[int] = None
    empty: Optional[int] = None

    def to_json(self) -> Dict:
        """Return the iteration as plain JSON types, without loss."""
        return dict(self._asdict(), centroids=self.centroids.tolist())

    @classmethod
    def from_json(
        cls, plain: Dict, name: str = 'iteration', k: Optional[int] = None, d: Optional[int] = None
    ) -> Iteration:
        """Return the iteration that `to_json` wrote, checked for k and d if they are given.

        Raises
        ------
        FieldError
        """
        field = Field(plain, name)
        number = field.get('number').whole(0, MAX_ITERATIONS)
        centroids = np.array(field.get('centroids').matrix(k, d, MAX_COORDINATE), dtype=np.float64)
        counts = field.get('counts').wholes(len(centroids))
        shift, moved, empty = field.get('shift'), field.get('moved'), field.get('empty')
        if not number:
            field.get('counts').check(not any(counts), 'all 0 in iteration 0')
            unknown = [one.choice([None]) for one in (shift, moved, empty)]
            return cls(number, centroids, counts, *unknown)
        n_empty = counts.count(0)
        empty.check(empty.value == n_empty, f'{n_empty}, the number of counts that are 0')
        return cls(
            number,
            centroids,
            counts,
            shift.number(0.0, infinite=True),
            moved.whole(0, len(counts)),
            empty.whole(0, len(counts)),
        )


class RowFacts(NamedTuple):
    """What Lloyd's algorithm needs to know about the rows as a whole.

    Attributes
    ----------
    n_samples : int
    space : FeatureSpace
    total_squares : list of d int
        The sums of the squared grid integers.
    deviations : list of d float
        The standard deviations of the features.
    """

    n_samples: int
    space: FeatureSpace
    total_squares: List[int]
    deviations: List[float]

    @classmethod
    def of_survey(cls, survey, space: FeatureSpace) -> RowFacts:
        """Return these facts from a survey."""
        sums = [moments.at(grid) for moments, grid in zip(survey.moments, space.grids)]
        totals, squares = [total for total, _ in sums], [square for _, square in sums]
        deviations = rational.standard_deviations(survey.n_samples, totals, squares, space.grids)
        return cls(survey.n_samples, space, squares, deviations)


class Passes(ABC):
    """Makes passes over all rows.

    Attributes
    ----------
    facts : RowFacts
        Of these rows.
    """

    facts: RowFacts

    @abstractmethod
    def __call__(
        self, iterations: Sequence[Iteration], draw: Optional[Draw] = None
    ) -> List[PassResult]:
        """Make one pass with the centroids of several candidates.

        Parameters
        ----------
        iterations : sequence of Iteration
            The last of each candidate; k may differ between them.
        draw : Draw, optional
            Also draw rows for each candidate, by their distances to its centroids.

        Returns
        -------
        list of PassResult
            One for each, in the same order.

        Raises
        ------
        KMeansError
            When not all rows could be read, and the same rows as ever.
        """

    def take(self, iteration: Iteration, found: PassResult) -> None:
        """Do what else a pass does, given the result of one that was made for the start."""


def collect(records, k: int, d: int, n_samples: int) -> PassResult:
    """Return the pass result given by a job's records for one candidate.

    Parameters
    ----------
    records : iterable of (cluster_id, value)

    Raises
    ------
    RunError
        If the counts do not add up to the survey's number of rows.
    """
    counts, totals = [0] * k, [[0] * d for _ in range(k)]
    centroids: List[Optional[List[float]]] = [None] * k
    for cluster, value in records:
        if counts[cluster]:
            raise RunError(f'two reducers returned cluster {cluster}')
        counts[cluster], totals[cluster], centroids[cluster] = (
            value['count'],
            value['totals'],
            value['centroid'],
        )
    if sum(counts) != n_samples:
        raise RunError(
            f'the pass counted {sum(counts)} rows, the survey {n_samples}: the input has changed,'
            ' or a task lost rows. Nothing of this pass was kept.'
        )
    return PassResult(counts, totals, centroids)


def inertia_of(iteration: Iteration, found: PassResult, facts: RowFacts) -> float:
    """Return the inertia of an iteration's centroids, exact except for one rounding."""
    return rational.inertia(
        iteration.centroids,
        found.counts,
        found.totals,
        facts.total_squares,
        facts.space.grids,
        facts.space.weights,
    )


def advance(iteration: Iteration, found: PassResult, facts: RowFacts) -> Iteration:
    """Return the next iteration: each centroid is the mean of its rows; an empty cluster keeps its
    centroid.
    """
    new = np.array(
        [
            old if mean is None else mean
            for old, mean in zip(iteration.centroids.tolist(), found.centroids)
        ]
    )
    new = new.reshape(iteration.centroids.shape)
    return measure(iteration, Iteration(iteration.number + 1, new, found.counts), facts)


def measure(before: Iteration, iteration: Iteration, facts: RowFacts) -> Iteration:
    """Return an iteration with its shift and its number of moved centroids, compared with the one
    before.
    """
    return iteration._replace(
        shift=rational.shift(before.centroids, iteration.centroids, facts.deviations),
        moved=rational.moved(before.centroids, iteration.centroids),
        empty=iteration.counts.count(0),
    )


def gains_little(before: Optional[float], after: float, tol_inertia: Optional[float]) -> bool:
    """Return whether the inertia went from `before` to `after` by less than the part `tol_inertia`
    of it, compared exactly; False if one is not known or is infinite.
    """
    if tol_inertia is None or before is None or math.isinf(max(before, after)):
        return False
    return Fraction(before) - Fraction(after) < Fraction(tol_inertia) * Fraction(before)


def stopped_by(
    iteration: Iteration, tol: float, max_iter: int, gained_little: bool = False
) -> Optional[str]:
    """Return why a candidate stops, None if it continues."""
    if iteration.number and iteration.moved == 0:
        return NO_MOVE
    if iteration.number and iteration.shift <= tol:
        return TOL
    if gained_little:
        return TOL_INERTIA
    return MAX_ITER if iteration.number >= max_iter else None
