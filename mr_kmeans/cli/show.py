"""Output of the commands: results as text, progress as lines."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sys
from typing import TYPE_CHECKING, List, Optional, Sequence

from tabulate import tabulate
from wcwidth import wcswidth

from mr_kmeans.masking import masked
from mr_kmeans.messages import counted, printable

if TYPE_CHECKING:
    from mr_kmeans.run.model_file import Model
    from mr_kmeans.run.result import AssignResult

MAX_LINES = 60
"""Maximum number of lines of a table of centroids: a screen or two. The files hold all."""

MIN_LEFT_OUT = 5
"""Minimum number of iterations that are left out of a table."""

MAX_ITERATIONS = 30
"""Maximum number of lines of a table of iterations; the middle is left out."""

MAX_NAME_LENGTH = 40
"""Maximum number of characters of a name in a table."""

MAX_FEATURES = 1000
"""Maximum number of features in a table of unlimited width, whose lines are then about 10 kB
long."""


def give_up(stream) -> None:
    """Stop writing to a stream whose reader has gone or whose disk is full; discard what Python
    still holds of it.

    It would fail again when Python ends, and turn the exit code into 120.
    """
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


class Messages:
    """Messages to the user on standard error.

    Parameters
    ----------
    quiet : bool

    Attributes
    ----------
    has_shown_iterations : bool
    """

    def __init__(self, quiet: bool = False):
        self._quiet = quiet
        self.has_shown_iterations = False

    def say(self, line: str, urgent: bool = False) -> None:
        """Print a line, an urgent one even if quiet. A reader that has gone is not an error."""
        if urgent or not self._quiet:
            try:
                print(printable(masked(line)), file=sys.stderr, flush=True)
            except OSError:
                self._quiet = True
                give_up(sys.stderr)

    def watch(self, stats) -> None:
        """Print the stats of an iteration."""
        if not self.has_shown_iterations:
            self.has_shown_iterations = not self._quiet
            self.say('iteration                 inertia      shift  moved  empty  seconds')
        moved, empty = ('' if value is None else value for value in (stats.moved, stats.empty))
        self.say(
            f'{stats.iteration:9d}  {stats.inertia:22.15g}  {_shift(stats):>9}  {moved:>5} '
            f' {empty:>5}  {stats.seconds:7.2f}'
        )
        if stats.empty:
            one, more = 'empty cluster keeps its centroid', 'empty clusters keep their centroids'
            self.say(f'  {counted(stats.empty, one, more)}')


class LogHandler(logging.Handler):
    """Handler that prints log records, with secrets masked, and without the environment of
    commands, which mrjob logs as a whole.

    Parameters
    ----------
    messages : Messages
    """

    def __init__(self, messages: Messages):
        super().__init__()
        self._messages = messages
        self.addFilter(lambda record: 'with environment:' not in str(record.msg))

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record."""
        self._messages.say(self.format(record), urgent=record.levelno >= logging.ERROR)


def show_fit(
    model: Model,
    iterations: Sequence,
    out: str,
    width: Optional[int] = None,
    with_iterations: bool = True,
    averaged: Optional[Sequence[int]] = None,
) -> str:
    """Return the result of a fit as text.

    Parameters
    ----------
    model : Model
    iterations : list of IterationStats
    out : str
        Where the files are.
    width : int, optional
        Columns; by default those of the terminal, and no limit where standard output is not one.
    with_iterations : bool
        Leave them out where they were just seen.
    averaged : list of k int, optional
        Rows averaged into the centroids, of the partition before; other numbers are explained.
    """
    if width is None and sys.stdout.isatty():
        width = shutil.get_terminal_size().columns
    k, n_empty = model.k, model.counts.count(0)
    lines = [
        *([*_iterations_table(iterations, out), ''] if with_iterations else []),
        *_centroids_table(model, out, width),
        *_about_counts(model, out, averaged),
        '',
        f'rows        {model.n_samples}',
        f'inertia     {model.inertia!r}',
        f'iterations  {model.n_iter} (stopped: {model.stopped_by})',
        f'model hash  {model.hash}',
    ]
    if n_empty:
        lines.append(
            f'{n_empty} of {counted(k, "cluster")} {"is" if n_empty == 1 else "are"} empty'
        )
    return '\n'.join(printable(line) for line in lines) + '\n'


def show_labels(done: AssignResult) -> str:
    """Return the result of `assign` as text."""
    files = f' ({counted(len(done.parts), "file")})' if done.parts else ''
    left_out = done.n_rejected + done.n_skipped
    more = f', {counted(left_out, "row")} left out' if left_out else ''
    if done.ledger:
        more += f' ({done.ledger} lists {"it" if left_out == 1 else "them"})'
    return printable(f'{counted(done.n_samples, "row")} labeled in {done.labels}{files}{more}\n')


def _iterations_table(iterations: Sequence, out: str) -> List[str]:
    rows = [['iteration', 'inertia', 'shift']]
    rows += [
        [
            str(stats.iteration),
            '' if stats.inertia is None else f'{stats.inertia:.15g}',
            _shift(stats),
        ]
        for stats in iterations
    ]
    lines = _aligned(rows)
    if len(lines) - 1 >= MAX_ITERATIONS + MIN_LEFT_OUT:
        half = MAX_ITERATIONS // 2
        left_out = len(lines) - 1 - 2 * half
        lines[1 + half : -half] = [
            f'({counted(left_out, "more iteration")}: see {out}/iterations.csv)'
        ]
    return lines


def _about_counts(model: Model, out: str, averaged: Optional[Sequence[int]]) -> List[str]:
    """Return why counts differ from those of the last iteration in centroids.csv, if they do."""
    pairs = list(zip(model.counts, averaged or model.counts))
    differing = [cluster for cluster, (count, before) in enumerate(pairs) if count != before]
    if not differing:
        return []
    cluster = differing[0]
    count, before = pairs[cluster]
    return [
        (
            f'(count: rows nearest to these centroids, such as {count} for cluster {cluster}; '
            f'{out}/centroids.csv has the rows'
        ),
        (
            f'averaged into each, {before}: after the last move, some rows are nearest to another '
            'centroid)'
        ),
    ]


def _centroids_table(model: Model, out: str, width: Optional[int]) -> List[str]:
    """Return a line per cluster if that fits, else a line per feature, else what fits.

    A width of None is no limit.
    """
    names = [_cut(name) for name in model.features]
    n_clusters, n_features = len(model.centroids), len(names)
    by_cluster = _rows_of_clusters(model, names, MAX_LINES, n_features if width else MAX_FEATURES)
    if _fits(by_cluster, width):
        return _with_rest(
            _aligned(by_cluster),
            out,
            cluster=n_clusters - MAX_LINES,
            feature=n_features - (len(by_cluster[0]) - 2),
        )
    few = _rows_of_clusters(model, names, n_clusters, MAX_LINES)
    by_feature = [list(line) for line in zip(*few)]
    if _fits(by_feature, width):
        lines = _aligned(by_feature, first_left=True)
        return _with_rest(lines, out, feature=n_features - MAX_LINES)
    n_shown = 1
    while _fits([row[: 3 + n_shown] for row in by_cluster], width):
        n_shown += 1
    lines = _aligned([row[: 2 + n_shown] for row in by_cluster])
    return _with_rest(lines, out, feature=n_features - n_shown, cluster=n_clusters - MAX_LINES)


def _rows_of_clusters(
    model: Model, names: Sequence[str], n_clusters: int, n_features: int
) -> List[List[str]]:
    """Return a header and a row of each of the first clusters, with the first features."""
    clusters = zip(model.counts[:n_clusters], model.centroids)
    return [
        ['cluster_id', 'count', *names[:n_features]],
        *(
            [str(cluster), str(count), *(f'{value:.6g}' for value in centroid[:n_features])]
            for cluster, (count, centroid) in enumerate(clusters)
        ),
    ]


def _with_rest(lines: List[str], out: str, **left_out: int) -> List[str]:
    """Return lines, and a note of how many are left out."""
    return lines + [
        f'({counted(n, "more " + what)}: see {out}/centroids.csv)'
        for what, n in left_out.items()
        if n > 0
    ]


def _shift(stats) -> str:
    return '' if stats.shift is None else f'{stats.shift:.2e}'


def _cut(name: str) -> str:
    name = printable(name).replace('\n', '\\n')
    return name if len(name) <= MAX_NAME_LENGTH else name[: MAX_NAME_LENGTH - 3] + '...'


def _fits(rows: Sequence[Sequence[str]], width: Optional[int]) -> bool:
    """Return whether a table is no wider than a terminal."""
    if width is None:
        return True
    return len(rows[0]) <= width // 2 and max(wcswidth(line) for line in _aligned(rows)) <= width


def _aligned(rows: Sequence[Sequence[str]], first_left: bool = False) -> List[str]:
    """Return lines of columns, to the right but for the first where that is wanted."""
    alignment = ['left' if first_left else 'right'] + ['right'] * (len(rows[0]) - 1)
    table = tabulate(rows, tablefmt='plain', disable_numparse=True, colalign=alignment)
    return [line.rstrip() for line in table.splitlines()]
