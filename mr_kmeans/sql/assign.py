"""Labels for the rows of a table: a table or a view in the database, with the rows' own columns or
their id.
"""

from __future__ import annotations

import logging
import re
from fractions import Fraction
from typing import List, Optional, Sequence

import numpy as np

from mr_kmeans import arguments
from mr_kmeans.algorithm.lloyd import RowFacts
from mr_kmeans.errors import DataError, RunError, UsageError
from mr_kmeans.exact.feature_space import FeatureSpace
from mr_kmeans.exact.grid import MAX_VALUE
from mr_kmeans.messages import counted
from mr_kmeans.options import SqlOptions, TextOptions, check_groups
from mr_kmeans.run.directory import DATABASE
from mr_kmeans.run.model_file import Model
from mr_kmeans.run.result import AssignResult
from mr_kmeans.sql import expressions
from mr_kmeans.sql.connect import connect
from mr_kmeans.sql.database import Database
from mr_kmeans.sql.identifiers import parse_table, quote, quote_table
from mr_kmeans.sql.limits import check_products
from mr_kmeans.sql.survey import Ranges, find_ranges
from mr_kmeans.sql.table_source import (
    TableSource,
    define_values,
    find_ledger,
    make_source,
    open_relation,
)
from mr_kmeans.sql.templates import numbered
from mr_kmeans.system.progress import current, reporting, still_running
from mr_kmeans.text.column_selection import resolve_column
from mr_kmeans.text.model_columns import describe_columns, find_columns

log = logging.getLogger(__name__)

LABEL_COLUMNS = ('cluster_id', 'distance')

_MARK = 'mr_kmeans labels '
"""Start of the comment of a table or view of labels; only such tables are replaced."""


def assign_table(
    model: Model,
    labels: str,
    text: Optional[TextOptions],
    options: SqlOptions,
    view: bool = False,
    overwrite: bool = False,
) -> AssignResult:
    """Label the rows of a table or query by a model.

    Parameters
    ----------
    model : Model
    labels : str
        The table or view to make: the rows' columns (with an id column, only this one),
        ``cluster_id`` and ``distance``.
    text : TextOptions or None
        Columns, id column and `missing` are those of the run by default.
    options : SqlOptions
    view : bool
        Make a view, that labels rows when it is read; the table has to stay.
    overwrite : bool
        Replace `labels` if it is there and of labels.

    Raises
    ------
    KMeansError
    """
    text = TextOptions() if text is None else text
    check_groups(text=(text, TextOptions), options=(options, SqlOptions))
    options.check_inputs([], text)
    arguments.instance('model', model, Model)
    labels, view = arguments.text('labels', labels), arguments.flag('view', view)
    overwrite = arguments.flag('overwrite', overwrite)
    if view and options.query is not None:
        raise UsageError(
            '--view needs --table: a query is evaluated once, and its rows are gone afterwards'
        )
    if options.database is None:
        raise UsageError(
            'assign --engine sql writes its labels as a table: name the database for it with'
            f' --database. That of a run without --database is the file {DATABASE} in its folder.'
        )
    engine = connect(options.database)
    try:
        target = _Target(engine, labels, options.table, overwrite)
        target.check()
        source = _find_source(engine, model, options, text)
        with (
            reporting(),
            current().meanwhile(lambda seconds: still_running('labeling the rows', seconds)),
            engine.snapshot(),
        ):
            return _label(engine, model, source, target, text, view)
    finally:
        engine.close()


class _Target:
    """The table or view to make."""

    def __init__(self, engine: Database, labels: str, source: Optional[str], overwrite: bool):
        if re.search(r'[/\\]', labels) and '"' not in labels:
            raise UsageError(
                f'-o {labels}: by --engine sql the labels are a table, and this looks like a path.'
                ' Name a table, such as labels; put a name with a slash in double quotes.'
            )
        self._engine, self.labels, self._overwrite = engine, labels, overwrite
        self._table = quote_table(parse_table(labels, '-o'))
        self._source = None if source is None else quote_table(parse_table(source))

    def check(self) -> bool:
        """Tell whether there is a table to replace.

        Raises
        ------
        UsageError
            When there is one that may not be replaced.
        """
        comment = self._engine.table_comment(self._table)
        if comment is None:
            return False
        if self._table == self._source:
            raise self._is_source()
        if not comment.startswith(_MARK):
            raise UsageError(
                f'-o {self.labels}: there is a table already, and not one of labels. It is not'
                ' overwritten; name another.'
            )
        if not self._overwrite:
            raise UsageError(
                f'-o {self.labels}: there is a table already. Use --overwrite to replace it, or'
                ' name another.'
            )
        return True

    def create(self, statement: str, view: bool, model_hash: str, n_rows: int) -> None:
        """Create it from the rest of a statement; a table must get as many rows as were found
        usable.
        """
        kind, comment = 'VIEW' if view else 'TABLE', _MARK + model_hash.replace("'", '')
        with self._engine.transaction():
            if self.check():  # again: a pass takes its time
                self._engine.fetch(
                    'DROP VIEW mr_kmeans_values'
                )  # PostgreSQL drops no table that has a view
                self._engine.fetch(
                    f'DROP {"VIEW" if self._engine.is_view(self._table) else "TABLE"} {self._table}'
                )
                if (
                    self._source and self._engine.table_comment(self._source) is None
                ):  # it was the same by another name
                    raise self._is_source()
            self._engine.fetch(f'CREATE {kind} {self._table} {statement}')
            if not view:
                self._check_count(n_rows)
            self._engine.fetch(f"COMMENT ON {kind} {self._table} IS '{comment}'")

    def _check_count(self, expected: int) -> None:
        """Refuse a table with another number of rows: those of a view, such as one of a file, may
        change between two statements.
        """
        found = self._engine.fetch(f'SELECT count(*) FROM {self._table}')[0][0]
        if found != expected:
            raise RunError(
                f'-o {self.labels}: {counted(found, "row")} labeled of {expected:,}: the rows have'
                ' changed. Nothing was kept; try again when nobody writes to them.'
            )

    def _is_source(self) -> UsageError:
        return UsageError(f'-o {self.labels}: this is the table of the rows. Name another.')


def _find_source(
    engine: Database,
    model: Model,
    options: SqlOptions,
    text: TextOptions,
) -> TableSource:
    """Look at the table, or evaluate the query; the columns default to those of the model."""
    relation, label, columns = open_relation(engine, options)
    names = [column.name for column in columns]
    selected = find_columns(model.features, names, label, text.columns)
    mapping = describe_columns(model.features, [names[i] for i in selected])
    if mapping:
        log.info(mapping)
    id_column = text.id_column or model.options['id_column']
    id_field = resolve_column(id_column, names, label, '--id-column') if id_column else None
    return make_source(relation, label, columns, selected, id_field)


def _label(
    engine: Database,
    model: Model,
    source: TableSource,
    target: _Target,
    text: TextOptions,
    view: bool,
) -> AssignResult:
    kept = _kept(source)
    log.info(source.describe())
    define_values(engine, source.relation, source.values)
    ranges = find_ranges(engine, len(source.selected))
    ledger = find_ledger(engine, source, ranges, text.missing or model.options['missing'])
    ledger.check(text.max_bad_rows, '; they get no label.')
    left_out = ledger.describe()[
        : -1 if ledger.is_capped else None
    ]  # the last would speak of a file
    if not ranges.n_good:
        found = '; '.join(left_out)
        raise DataError(
            f'{source.label}: no usable row; there is nothing to label'
            + (f': {found}.' if found else '.')
        )
    for line in left_out:
        log.info(line)
    space, centroids = model.space, model.centroids
    if engine.extreme_products_fail:
        _check_products(ranges, space, centroids)
    target.create(
        _statement(engine, source, kept, space, centroids),
        view,
        model.hash,
        ranges.n_good,
    )
    return AssignResult(target.labels, ranges.n_good, ledger.n_rejected, ledger.n_skipped)


def _check_products(ranges: Ranges, space: FeatureSpace, centroids: np.ndarray) -> None:
    """Refuse rows whose squared distances the database would refuse."""
    largest = [
        int(Fraction(max(-low, high)) / grid.step) + 1
        for low, high, grid in zip(ranges.minima, ranges.maxima, space.grids)
    ]
    facts = RowFacts(ranges.n_good, space, [size * size for size in largest], [])
    check_products(facts, centroids)


def _kept(source: TableSource) -> List[str]:
    """Return the names, quoted, of the rows' columns that come with the labels."""
    kept = [source.id_column] if source.id_column else source.columns
    clash = [column.name for column in kept if column.name.lower() in LABEL_COLUMNS]
    if clash:
        raise UsageError(
            f'{source.label}: a column is called {clash[0]!r}, as one of the labels. Use'
            ' --id-column, or rename it in a --query.'
        )
    return [quote(column.name) for column in kept]


def _statement(
    engine: Database,
    source: TableSource,
    kept: Sequence[str],
    space: FeatureSpace,
    centroids: np.ndarray,
) -> str:
    own = numbered('mr_kmeans_kept', kept)
    rows = [
        [str(cluster)]
        + [expressions.number(value) for pair in zip(centroid, space.weights) for value in pair]
        for cluster, centroid in enumerate(centroids.tolist())
    ]
    snapped = (expressions.snapped(f'v_{j}', grid) for j, grid in enumerate(space.grids, 1))
    names = dict(
        numbered('value', source.values),
        **numbered('x', snapped),
        source=source.relation,
        limit=expressions.number(MAX_VALUE),
        centroids=', '.join(f'({", ".join(row)})' for row in rows),
        kept=', '.join(f'{name} AS {ours}' for ours, name in own.items()),
        carried=', '.join(own),
        renamed=', '.join(f'{ours} AS {name}' for ours, name in own.items()),
    )
    return engine.statement('labels', len(space.features), names=names)
