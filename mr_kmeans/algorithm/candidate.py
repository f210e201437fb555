"""A candidate: one of several sets of centroids that share their passes, with all its iterations.

No pass is made here and no file is written: `Candidate.after` is a function of a candidate and what
a pass has found for it. Candidates know nothing of each other; their k may differ.
"""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Tuple

from mr_kmeans.algorithm.lloyd import (
    MAX_ITERATIONS,
    Iteration,
    PassCost,
    PassResult,
    RowFacts,
    advance,
    gains_little,
    inertia_of,
    stopped_by,
)
from mr_kmeans.json_fields import Field


class IterationStats(NamedTuple):
    """A row of iterations.csv.

    Attributes
    ----------
    iteration : int
    inertia : float or None
        Of this iteration's centroids, each row counted to its nearest; None until the next pass.
    shift : float or None
        The largest move of a centroid, in standard deviations.
    moved, empty : int or None
        Centroids that changed; clusters without a row.
    seconds : float
        That making this iteration took; of iteration 0, reading, packing and the start.
    job_seconds : float
        Of these, in the job; on Hadoop, from the start of ``hadoop jar`` to its end. The rest is
        the driver's.
    rows, slow_rows, blocks, bad_rows : int
        Counters of the job: rows read, rows that only the definition could label, batches, rows
        that are none (where a pass reads text).
    """

    iteration: int
    inertia: Optional[float] = None
    shift: Optional[float] = None
    moved: Optional[int] = None
    empty: Optional[int] = None
    seconds: float = 0.0
    job_seconds: float = 0.0
    rows: int = 0
    slow_rows: int = 0
    blocks: int = 0
    bad_rows: int = 0

    @classmethod
    def of(cls, iteration: Iteration, cost: PassCost, seconds: float = 0.0) -> IterationStats:
        """Return the stats of an iteration whose inertia is not known yet."""
        return cls(
            iteration=iteration.number,
            shift=iteration.shift,
            moved=iteration.moved,
            empty=iteration.empty,
            seconds=seconds,
            **cost._asdict(),
        )

    @classmethod
    def from_json(cls, plain: Dict, name: str = 'stats') -> IterationStats:
        """Return the stats whose `_asdict` is in an iteration's file.

        Raises
        ------
        FieldError
        """
        field = Field(plain, name)
        return cls(
            iteration=field.get('iteration').whole(0, MAX_ITERATIONS),
            inertia=field.get('inertia').optional(magnitude),
            shift=field.get('shift').optional(magnitude),
            moved=field.get('moved').optional(Field.whole),
            empty=field.get('empty').optional(Field.whole),
            seconds=field.get('seconds').number(0.0),
            job_seconds=field.get('job_seconds').number(0.0),
            rows=field.get('rows').whole(),
            slow_rows=field.get('slow_rows').whole(),
            blocks=field.get('blocks').whole(),
            bad_rows=field.get('bad_rows').whole(),
        )


def magnitude(field: Field) -> float:
    """Return a number that is not negative, and infinite where values are huge."""
    return field.number(0.0, infinite=True)


class Candidate(NamedTuple):
    """A candidate as far as it has come.

    Attributes
    ----------
    iterations : tuple of Iteration
        From the start on, at least that.
    stats : tuple of IterationStats
        Of each iteration.
    counts : list of k int, or None
        Rows nearest to each of the last centroids, once it has stopped.
    stopped_by : str or None
        Why it goes no further; None as long as it needs passes.
    """

    iterations: Tuple[Iteration, ...]
    stats: Tuple[IterationStats, ...]
    counts: Optional[List[int]] = None
    stopped_by: Optional[str] = None

    @property
    def last(self) -> Iteration:
        """The last iteration, which the next pass is made with."""
        return self.iterations[-1]

    @property
    def inertia(self) -> Optional[float]:
        """The inertia of the last centroids, once it is known."""
        return self.stats[-1].inertia

    def with_inertia(self, inertia: Optional[float]) -> Candidate:
        """Return it with the inertia of its last centroids, unless that is known already."""
        if self.inertia is not None:
            return self
        return self._replace(stats=(*self.stats[:-1], self.stats[-1]._replace(inertia=inertia)))

    def with_next(self, iteration: Iteration, stats: IterationStats) -> Candidate:
        """Return it with one more iteration."""
        return self._replace(iterations=(*self.iterations, iteration), stats=(*self.stats, stats))

    def timed(self, seconds: float) -> Candidate:
        """Return it with the seconds that its last iteration took."""
        return self._replace(stats=(*self.stats[:-1], self.stats[-1]._replace(seconds=seconds)))

    def after(
        self,
        found: PassResult,
        facts: RowFacts,
        tol: float,
        max_iter: int,
        tol_inertia: Optional[float] = None,
    ) -> Candidate:
        """Return what a pass with its last centroids makes of it.

        The pass tells the inertia of these, and the next centroids. A candidate that goes no
        further stops with what this pass has found: no other is needed, also where the next
        centroids are the same.
        """
        inertia = inertia_of(self.last, found, facts)
        before = self.stats[-2].inertia if self.last.number else None
        little = gains_little(before, inertia, tol_inertia)
        candidate, reason = self.with_inertia(inertia), stopped_by(self.last, tol, max_iter, little)
        if reason is None:
            new = advance(self.last, found, facts)
            candidate = candidate.with_next(new, IterationStats.of(new, found.cost))
            if new.moved:
                return candidate
            # nothing moved: the same centroids, the same partition
            candidate, reason = candidate.with_inertia(inertia), stopped_by(new, tol, max_iter)
        return candidate._replace(counts=found.counts, stopped_by=reason)
