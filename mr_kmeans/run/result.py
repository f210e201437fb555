"""What `fit` and `assign` return, by jobs and by SQL."""

from __future__ import annotations

import csv
import io
from typing import List, NamedTuple, Optional, Sequence

from mr_kmeans.algorithm.candidate import IterationStats
from mr_kmeans.algorithm.lloyd import NO_MOVE
from mr_kmeans.formats.stats_file import parse_stats
from mr_kmeans.run.directory import ITERATIONS, LEDGER, RunDirectory
from mr_kmeans.run.loop import read_iteration
from mr_kmeans.run.model_file import Model


class RejectedRow(NamedTuple):
    """A row that was left out: a line of rejected.csv.

    Attributes
    ----------
    file : str
    line : int or None
        From 1; a row of a table has none.
    reason : str
    row : str
        Its text, shortened where it is long.
    """

    file: str
    line: Optional[int]
    reason: str
    row: str


class FitResult(NamedTuple):
    """What a fit returns.

    Attributes
    ----------
    model : Model
    iterations : list of IterationStats
        Iteration 0 is the start.
    averaged : list of k int
        Rows averaged into each centroid. `model.counts` has the rows nearest to it, which are
        others when the run stopped while rows still changed their cluster.
    rejected : list of RejectedRow
        Rows that were left out, for a bad or a missing value; of very many, the first.
    path : str or None
        The folder of the run; None when it was a temporary one.
    """

    model: Model
    iterations: List[IterationStats]
    averaged: List[int]
    rejected: List[RejectedRow]
    path: Optional[str]

    @property
    def n_rejected(self) -> int:
        """The number of bad rows that were left out, exact; without those of missing='skip'."""
        return self.iterations[0].bad_rows if self.iterations else 0


class AssignResult(NamedTuple):
    """What `assign` returns.

    Attributes
    ----------
    labels : str
        The folder of the labels; by SQL, the table or view.
    n_samples : int
        Rows that have a label.
    n_rejected, n_skipped : int
        Rows that were left out for a bad and for a missing value.
    parts : sequence of str
        Names of the files in the folder.
    ledger : str or None
        The file beside the folder that lists the rows left out, if there are any.
    """

    labels: str
    n_samples: int
    n_rejected: int
    n_skipped: int
    parts: Sequence[str] = ()
    ledger: Optional[str] = None


def read_result(run: RunDirectory, model: Model) -> FitResult:
    """Return the result of a finished run.

    Parameters
    ----------
    run : RunDirectory
    model : Model
        Of this run.

    Raises
    ------
    RunError
        When a file of the run is damaged.
    """
    iterations = parse_stats(run.read_text(ITERATIONS))
    rejected = _parse_ledger(run.read_text(LEDGER))
    return FitResult(model, iterations, _averaged(run, model), rejected, run.out)


def _averaged(run: RunDirectory, model: Model) -> List[int]:
    """Return the number of rows averaged into each final centroid."""
    if model.stopped_by == NO_MOVE:
        return model.counts
    d = len(model.features)
    return read_iteration(run, model.n_iter, model.n_samples, d, model.k)[0].counts


def _parse_ledger(text: str) -> List[RejectedRow]:
    """Return the rows of rejected.csv; none if the file is not of this program."""
    try:
        return [
            RejectedRow(file, int(line) if line else None, reason, row)
            for file, line, reason, row in list(csv.reader(io.StringIO(text, newline='')))[1:]
        ]
    except (csv.Error, ValueError):
        return []
