"""What the command shows: results as text, progress as lines."""
from __future__ import annotations

import io
import sys
from typing import Dict

from rich.console import Console
from rich.table import Table

MOST_COLUMNS = 12
"""Features shown of a centroid; the files have all."""

WIDTH = 160
"""Columns of a table where the output is no terminal."""


class Talk:
    """Speaks to the user on standard error.

    Parameters
    ----------
    quiet, verbose : bool
    """

    def __init__(self, quiet: bool = False, verbose: bool = False):
        self._quiet, self._verbose = quiet, verbose
        self._has_header = False

    def say(self, line: str) -> None:
        """Say a line."""
        if not self._quiet:
            print(line, file=sys.stderr, flush=True)

    def watch(self, stats) -> None:
        """Say how an iteration went."""
        if not self._has_header:
            self._has_header = True
            self.say('iteration                 inertia      shift  moved  empty  seconds')
        shift = '' if stats.shift is None else f'{stats.shift:.2e}'
        moved, empty = ('' if value is None else value for value in (stats.moved, stats.empty))
        self.say(f'{stats.iteration:9d}  {stats.inertia:22.15g}  {shift:>9}  {moved:>5}  {empty:>5}  {stats.seconds:7.2f}')
        if stats.empty:
            self.say(f'  {stats.empty} empty clusters keep their centroids')


def show_fit(model: Dict, out: str) -> str:
    """Return the result of a fit as text."""
    names, k = model['features'], model['k']
    shown = names if len(names) <= MOST_COLUMNS else names[:MOST_COLUMNS]
    table = Table(box=None, pad_edge=False, show_edge=False)
    for name in ['cluster_id', 'count', *shown]:
        table.add_column(name, justify='right', overflow='fold')
    for cluster in range(k):
        values = [f'{value:.6g}' for value in model['centroids'][cluster][:len(shown)]]
        table.add_row(str(cluster), str(model['counts'][cluster]), *values)
    lines = [_render(table)]
    if len(shown) < len(names):
        lines.append(f'({len(names) - len(shown)} more features: see {out}/centroids.csv)')
    lines += ['', f'rows       {model["n_samples"]}', f'inertia    {model["inertia"]!r}',
              f'iterations {model["n_iter"]} (stopped: {model["stopped_by"]})', f'model hash {model["hash"]}']
    n_empty = model['counts'].count(0)
    if n_empty:
        lines.append(f'{n_empty} of {k} clusters are empty')
    return '\n'.join(lines) + '\n'


def show_labels(done) -> str:
    """Return the result of `assign` as text."""
    return f'{done.n_samples} rows labelled in {done.labels} ({len(done.parts)} files)\n'


def _render(table: Table) -> str:
    terminal = Console()
    buffer = io.StringIO()
    console = Console(file=buffer, width=terminal.width if terminal.is_terminal else WIDTH, color_system=None, highlight=False)
    console.print(table)
    return '\n'.join(line.rstrip() for line in buffer.getvalue().rstrip('\n').split('\n'))
