"""The centroid table in the database: k rows for every iteration, appended during the run."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from typing import Dict, Iterator, List, Optional, Sequence
from urllib.parse import quote as quote_uri
from urllib.parse import unquote

import numpy as np

from mr_kmeans.algorithm.lloyd import Iteration
from mr_kmeans.errors import RunError, UsageError
from mr_kmeans.sql import expressions
from mr_kmeans.sql.database import Database, StillUsed
from mr_kmeans.sql.identifiers import column_names, quote, quote_table
from mr_kmeans.sql.templates import numbered

_MARK = 'mr_kmeans run '

_IN = ' in '
"""Separator before the run's folder, percent-encoded, in the table's comment."""

MAX_VALUES = 4096
"""Maximum number of values bound by a statement; PostgreSQL allows 65,535."""


class Centers:
    """The centroid table of a run.

    Parameters
    ----------
    engine : Database
    table : tuple of str
        Its name, in parts.
    features : list of str
    folder : str
        The run's own, which the table names as its owner.
    """

    def __init__(
        self, engine: Database, table: Sequence[str], features: Sequence[str], folder: str = ''
    ):
        self._engine, self._d, self._folder = engine, len(features), folder
        self.table = quote_table(table)
        self._names = dict(
            numbered('column', map(quote, column_names(features, engine.max_name_bytes))),
            centers=self.table,
        )

    def create(self, run: str, overwrite: bool) -> None:
        """Make the table, empty, for a run.

        Raises
        ------
        UsageError
            When there is one of another run, unless it is to be replaced, or another table of that
            name.
        """
        owner = self._engine.table_comment(self.table)
        if owner is not None:
            if not owner.startswith(_MARK):
                raise UsageError(
                    f'the table {self.table} is not one of mr-kmeans; name another with'
                    ' --centers-table'
                )
            if not overwrite and self._engine.fetch(f'SELECT count(*) FROM {self.table}')[0][0]:
                raise self._is_taken(owner)
        try:
            with self._engine.transaction():
                if owner is not None:
                    self._engine.fetch(f'DROP TABLE {self.table}')
                self._create('TABLE')
                self.mark(run)
        except StillUsed:
            raise RunError(
                f'another run is using the table {self.table}, or a view of yours reads it;'
                ' name another with --centers-table'
            ) from None

    def mark(self, run: str) -> None:
        """Record in the comment of the table which run it belongs to."""
        folder = f'{_IN}{quote_uri(self._folder, errors="surrogateescape")}' if self._folder else ''
        self._engine.fetch(f"COMMENT ON TABLE {self.table} IS '{_MARK}{run}{folder}'")

    def _is_taken(self, comment: str) -> UsageError:
        folder = unquote(comment.partition(_IN)[2], errors='surrogateescape')
        if folder and self._folder and folder != self._folder:
            return UsageError(
                f'the table {self.table} holds a run, that in {folder}. Name another with'
                ' --centers-table; --overwrite would replace the table of that run.'
            )
        return UsageError(
            f'the table {self.table} holds a run. Name another with --centers-table; or, if it is'
            ' the run in this folder, use --resume to continue it, or --overwrite to replace it.'
        )

    def create_temporary(self) -> None:
        """Make the table, empty, whose name is that of a temporary one."""
        self._create('TEMP TABLE')

    def _create(self, kind: str) -> None:
        self._engine.run('create_centers', d=self._d, names=dict(self._names, kind=kind))

    def belongs_to(self, run: str) -> bool:
        """Return whether the table exists and belongs to this run, or to one whose identity begins
        in the same way.
        """
        comment = self._engine.table_comment(self.table)
        return comment is not None and f'{comment} '.startswith(f'{_MARK}{run} ')

    def watch(self, weights: Sequence[float]) -> None:
        """Define the view of the last iteration's centroids, mr_kmeans_centers."""
        self._engine.run(
            'centers',
            d=self._d,
            names=dict(self._names, **numbered('weight', map(expressions.number, weights))),
        )

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Commit everything in the block, or nothing; meanwhile no other run changes the table."""
        with self._engine.transaction():
            self._engine.lock(self.table)
            yield

    def put(self, iteration: Iteration) -> None:
        """Make an iteration the last one in the table."""
        engine = self._engine
        engine.fetch(
            f'DELETE FROM {self.table} WHERE iteration >= $iteration',
            {'iteration': iteration.number},
        )
        rows = list(enumerate(zip(iteration.counts, iteration.centroids.tolist())))
        n_rows = max(1, MAX_VALUES // (self._d + 2))
        for start in range(0, len(rows), n_rows):
            values = {'iteration': iteration.number}
            for c, (cluster, (count, centroid)) in enumerate(rows[start : start + n_rows]):
                values.update(
                    {f'cluster_{c}': cluster, f'rows_{c}': count}, **numbered(f'm_{c}', centroid)
                )
            engine.run(
                'insert_centers', values, self._d, len(rows[start : start + n_rows]), self._names
            )

    def read(self) -> List[Iteration]:
        """Return the complete iterations, without what is known of their moves."""
        found: Dict[int, list] = {}
        for number, cluster, count, *centroid in self._engine.run(
            'read_centers', d=self._d, names=self._names
        ):
            found.setdefault(number, []).append((cluster, count, centroid))
        iterations: List[Iteration] = []
        while len(iterations) in found:
            rows = found[len(iterations)]
            if [row[0] for row in rows] != list(range(len(found[0]))):
                break
            iterations.append(
                Iteration(
                    len(iterations),
                    np.array([row[2] for row in rows], dtype=np.float64),
                    [row[1] for row in rows],
                )
            )
        return iterations

    def check(self, iterations: Sequence[Iteration]) -> None:
        """Compare the table with the iterations in the run's folder; add those that it lacks.

        Raises
        ------
        RunError
            When they differ.
        """
        there = self.read()
        for ours, theirs in zip(iterations, there):
            if not np.array_equal(ours.centroids, theirs.centroids) or ours.counts != theirs.counts:
                raise RunError(
                    f'iteration {ours.number} in the table {self.table} is not that of the run. Use'
                    ' --overwrite to start again.'
                )
        with self.alone():
            for missing in iterations[len(there) :]:
                self.put(missing)


def identify(manifest: Dict, fingerprint: Optional[int] = None, with_files: bool = False) -> str:
    """Return the identity of a run in its table: a digest of the run's inputs, and the fingerprint
    of its rows if that is known.

    Files may be moved or touched; their rows have the fingerprint. Earlier versions had the files
    in the digest: `with_files`.
    """
    made_of = {key: manifest[key] for key in ('inputs', 'text_input', 'features', 'options')}
    if not with_files:
        made_of['inputs'] = [source for source in made_of['inputs'] if 'path' not in source]
    made_of['options'] = {
        key: value for key, value in made_of['options'].items() if key != 'max_iter'
    }
    digest = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode('utf-8')).hexdigest()[:32]
    return digest if fingerprint is None else f'{digest} {fingerprint:016x}'
