"""Lloyd's loop: one pass per iteration for all candidates; its results are written into their
folders before the next pass. A fit is the case of one candidate.
"""

from __future__ import annotations

import time
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from mr_kmeans.algorithm.candidate import Candidate, IterationStats, magnitude
from mr_kmeans.algorithm.lloyd import Iteration, Passes, PassResult, RowFacts
from mr_kmeans.errors import RunError
from mr_kmeans.formats.centroid_file import format_iteration
from mr_kmeans.formats.stats_file import format_stats
from mr_kmeans.json_fields import Field, FieldError
from mr_kmeans.run.directory import (
    ADVICE,
    CENTROIDS,
    ITERATIONS,
    STATE,
    RunDirectory,
    understanding,
)

Watch = Callable[[IterationStats], None]


class CandidateRun:
    """A candidate of a run and the folder of its iterations, each of which is written before the
    next pass.

    Parameters
    ----------
    run : RunDirectory
        Open; or its folder for this candidate.
    facts : RowFacts
    watch : callable
        Is given the stats of each iteration when its inertia is known.

    Attributes
    ----------
    candidate : Candidate
        As far as it has come, once it is loaded.
    """

    candidate: Candidate

    def __init__(self, run: RunDirectory, facts: RowFacts, watch: Watch = lambda stats: None):
        self._run, self._facts, self._watch = run, facts, watch
        self._centroids: List[str] = []

    def load(self) -> None:
        """Load the iterations from the folder, at least the initialization."""
        for number in self._run.iteration_numbers():
            k = len(self.candidate.last.counts) if number else None
            iteration, stats, previous_inertia = read_iteration(
                self._run, number, self._facts.n_samples, len(self._facts.space.features), k
            )
            if not number:
                self.candidate = Candidate((iteration,), (stats,))
            else:
                self.candidate = self.candidate.with_inertia(previous_inertia)
                self._tell(self.candidate.stats[-1:])
                self.candidate = self.candidate.with_next(iteration, stats)
            self._centroids.append(self._format(iteration))
        self._run.check_lock()
        self._write_tables()

    def step(
        self,
        found: PassResult,
        tol: float,
        max_iter: int,
        started: float,
        tol_inertia: Optional[float] = None,
    ) -> None:
        """Apply the result of a pass that began at `started`."""
        n = len(self.candidate.stats)
        after = self.candidate.after(found, self._facts, tol, max_iter, tol_inertia)
        self._tell(after.stats[n - 1 : n])
        if len(after.stats) > n:
            after = after.timed(time.monotonic() - started)
            write_iteration(self._run, after.last, after.stats[-1], after.stats[-2].inertia)
            self._centroids.append(self._format(after.last))
        else:
            self._run.check_lock()
        self.candidate = after
        self._write_tables()
        self._tell(after.stats[n:])
        if after.stopped_by is not None:
            self._run.check_lock()  # the model is written next

    def _format(self, iteration: Iteration) -> str:
        """Return the lines of an iteration in centroids.csv, the first with the header."""
        text = format_iteration(
            iteration.number, iteration.centroids, iteration.counts, self._facts.space.features
        )
        return text.partition('\n')[2] if iteration.number else text

    def _tell(self, stats: Sequence[IterationStats]) -> None:
        """Pass stats to the callback once their inertia is known."""
        for one in stats:
            if one.inertia is not None:
                self._watch(one)

    def _write_tables(self) -> None:
        """Rebuild centroids.csv and iterations.csv."""
        self._run.write_text(''.join(self._centroids), CENTROIDS)
        self._run.write_text(format_stats(self.candidate.stats), ITERATIONS)


def iterate(
    runs: Sequence[CandidateRun],
    passes: Passes,
    tol: float,
    max_iter: int,
    tol_inertia: Optional[float] = None,
) -> List[Candidate]:
    """Run Lloyd's algorithm for candidates that share their passes, each from its last iteration.

    One that has stopped drops out, so that there are as many passes as the slowest needs.

    Parameters
    ----------
    runs : sequence of CandidateRun
    passes : Passes
    tol : float
    max_iter : int
    tol_inertia : float, optional

    Returns
    -------
    list of Candidate
        As they have stopped.
    """
    for run in runs:
        run.load()
    active = list(runs)
    while active:
        started = time.monotonic()
        found = passes([run.candidate.last for run in active])
        for run, result in zip(active, found):
            run.step(result, tol, max_iter, started, tol_inertia)
        active = [run for run in active if run.candidate.stopped_by is None]
    return [run.candidate for run in runs]


def write_iteration(
    run: RunDirectory,
    iteration: Iteration,
    stats: IterationStats,
    previous_inertia: Optional[float] = None,
) -> None:
    """Write an iteration's file, with the inertia of the previous iteration if it is known."""
    content: Dict = {'iteration': iteration.to_json()}
    if iteration.number:
        content['previous_inertia'] = previous_inertia
    run.write_iteration(iteration.number, {**content, 'stats': stats._asdict()})


def read_iteration(
    run: RunDirectory, number: int, n_samples: int, d: int, k: Optional[int] = None
) -> Tuple[Iteration, IterationStats, Optional[float]]:
    """Return the content of an iteration's file: the iteration, its stats, the inertia of the
    previous one.

    Raises
    ------
    RunError
        When it is missing, damaged, or not of such rows.
    """
    content, path = run.read_iteration(number), run.path(STATE, f'{number:05d}.json')
    if content is None:
        raise RunError(f'{path}: missing. {ADVICE}')
    with understanding(path):
        field = Field(content)
        iteration = Iteration.from_json(field.get('iteration').value, 'iteration', k, d)
        stats = IterationStats.from_json(field.get('stats').value)
        for one in (field.get('iteration').get('number'), field.get('stats').get('iteration')):
            one.check(one.value == number, f'{number}, as in the name of the file')
        if not number:
            return iteration, stats, None
        if sum(iteration.counts) != n_samples:
            found = f'found {sum(iteration.counts)}'
            raise FieldError(f'iteration.counts should add up to the {n_samples} rows, {found}')
        return iteration, stats, field.get('previous_inertia').optional(magnitude)
