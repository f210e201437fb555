"""The loop of a run: one job per iteration, its result put into the run's directory before the next
begins.
"""

from __future__ import annotations

import csv
import io
import time
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from mr_kmeans.algorithm.lloyd import (
    MAX_ITERATIONS,
    Iteration,
    PassCost,
    PassResult,
    Rows,
    advance,
    inertia_of,
    stopped_by,
)
from mr_kmeans.errors import RunError
from mr_kmeans.formats.centroid_file import format_iteration
from mr_kmeans.json_fields import Field, FieldError
from mr_kmeans.run.directory import (
    ADVICE,
    CENTROIDS,
    ITERATIONS,
    STATE,
    RunDirectory,
    understanding,
)


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
    def from_json(cls, plain: Dict, name: str = 'stats') -> IterationStats:
        """Return the stats whose `_asdict` is in an iteration's file.

        Raises
        ------
        FieldError
        """
        field = Field(plain, name)
        number = field.get('iteration').whole(0, MAX_ITERATIONS)
        sizes = [field.get(name).optional(_size) for name in ('inertia', 'shift')]
        counts = [field.get(name).optional(Field.whole) for name in ('moved', 'empty')]
        seconds = [field.get(name).number(0.0) for name in ('seconds', 'job_seconds')]
        counters = [field.get(name).whole() for name in ('rows', 'slow_rows', 'blocks', 'bad_rows')]
        return cls(number, *sizes, *counts, *seconds, *counters)


Watch = Callable[[IterationStats], None]


class Result(NamedTuple):
    """Where a run ended.

    Attributes
    ----------
    iteration : Iteration
        The last one.
    counts : list of int
        Rows nearest to each of its centroids.
    inertia : float
    stopped_by : str
    """

    iteration: Iteration
    counts: List[int]
    inertia: float
    stopped_by: str


MakePass = Callable[[Iteration], Tuple[PassResult, PassCost]]


class LloydRun:
    """Lloyd's algorithm in a run's directory, from its last complete iteration on, whatever makes
    the passes.

    Parameters
    ----------
    run : RunDirectory
    make_pass : callable
        Makes a pass over all rows with the centroids of an iteration.
    rows : Rows
    tol : float
    max_iter : int
    watch : callable
        Is given the stats of each iteration when its inertia is known.
    """

    def __init__(
        self,
        run: RunDirectory,
        make_pass: MakePass,
        rows: Rows,
        tol: float,
        max_iter: int,
        watch: Watch,
    ):
        self._run, self._make_pass, self._rows = run, make_pass, rows
        self._tol, self._max_iter, self._watch = tol, max_iter, watch
        self._stats: List[IterationStats] = []
        self._centroids: List[str] = []
        self._last: Iteration = None

    def go(self) -> Result:
        """Iterate to the end."""
        self._load()
        while True:
            started = time.monotonic()
            stopped = stopped_by(self._last, self._tol, self._max_iter)
            found, cost = self._make_pass(self._last)
            inertia = inertia_of(self._last, found, self._rows)
            self._know(inertia)
            if stopped is None:
                self._add(advance(self._last, found, self._rows), inertia, started, cost)
                if self._last.moved:
                    continue
                self._know(inertia)  # nothing moved: the same centroids, the same partition
                stopped = stopped_by(self._last, self._tol, self._max_iter)
            self._run.check_lock()  # the model is written next, too
            self._write_tables()
            return Result(self._last, found.counts, inertia, stopped)

    def _load(self) -> None:
        """Take up the iterations that are there."""
        for number in self._run.iteration_numbers():
            k = None if self._last is None else len(self._last.counts)
            iteration, stats, previous_inertia = read_iteration(
                self._run, number, self._rows.n_samples, len(self._rows.space.features), k
            )
            if number:
                self._know(previous_inertia)
            self._append(iteration, stats)
        self._run.check_lock()
        self._write_tables()

    def _add(
        self, iteration: Iteration, previous_inertia: float, started: float, cost: PassCost
    ) -> None:
        """Put an iteration into the directory."""
        stats = IterationStats(
            iteration.number,
            None,
            iteration.shift,
            iteration.moved,
            iteration.empty,
            time.monotonic() - started,
            *cost,
        )
        self._run.write_iteration(
            iteration.number,
            {
                'iteration': iteration.to_json(),
                'previous_inertia': previous_inertia,
                'stats': stats._asdict(),
            },
        )
        self._append(iteration, stats)
        self._write_tables()

    def _append(self, iteration: Iteration, stats: IterationStats) -> None:
        text = self._format(iteration)
        self._centroids.append(text if not self._centroids else text.partition('\n')[2])
        self._stats.append(stats)
        self._last = iteration

    def _format(self, iteration: Iteration) -> str:
        return format_iteration(
            iteration.number, iteration.centroids, iteration.counts, self._rows.space.features
        )

    def _know(self, inertia: Optional[float]) -> None:
        """Note the inertia of the last iteration."""
        if self._stats[-1].inertia is None and inertia is not None:
            self._stats[-1] = self._stats[-1]._replace(inertia=inertia)
            self._watch(self._stats[-1])

    def _write_tables(self) -> None:
        """Rebuild centroids.csv and iterations.csv."""
        self._run.write_text(''.join(self._centroids), CENTROIDS)
        self._run.write_text(format_stats(self._stats), ITERATIONS)


def read_iteration(
    run: RunDirectory, number: int, n_samples: int, d: int, k: Optional[int] = None
) -> Tuple[Iteration, IterationStats, Optional[float]]:
    """Return what an iteration's file has: the iteration, its stats, the inertia of the one before.

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
        return iteration, stats, field.get('previous_inertia').optional(_size)


def _size(field: Field) -> float:
    """Return a number that is not negative, and infinite where values are huge."""
    return field.number(0.0, infinite=True)


def format_stats(stats: Sequence[IterationStats]) -> str:
    """Return iterations.csv; what isn't known or has no meaning is empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator='\n')
    writer.writerow(IterationStats._fields)
    for row in stats:
        rounded: Dict = {'seconds': round(row.seconds, 3), 'job_seconds': round(row.job_seconds, 3)}
        writer.writerow(['' if value is None else repr(value) for value in row._replace(**rounded)])
    return buffer.getvalue()


def parse_stats(text: str) -> List[IterationStats]:
    """Return the stats that `format_stats` wrote; none of a table that somebody else wrote."""
    floats = {'inertia', 'shift', 'seconds', 'job_seconds'}
    try:
        return [
            IterationStats(
                **{
                    name: None if value == '' else float(value) if name in floats else int(value)
                    for name, value in row.items()
                }
            )
            for row in csv.DictReader(io.StringIO(text, newline=''))
        ]
    except (TypeError, ValueError):
        return []
