"""The rows in the database: the columns of a table as values and as points on their grids, and its
bad rows.
"""

from __future__ import annotations

import math
from typing import List, NamedTuple, Optional, Sequence, Tuple

from mr_kmeans.errors import DataError, UsageError
from mr_kmeans.exact.grid import MAX_VALUE, Grid
from mr_kmeans.formats.point_reader import MAX_RECORDS
from mr_kmeans.messages import counted
from mr_kmeans.options import SqlOptions, TextOptions
from mr_kmeans.run.ledger import Entry, Ledger
from mr_kmeans.sql import expressions
from mr_kmeans.sql.database import Database, SourceColumn
from mr_kmeans.sql.identifiers import parse_table, quote_table
from mr_kmeans.sql.index_column import leave_out_index
from mr_kmeans.sql.survey import Ranges
from mr_kmeans.sql.templates import numbered
from mr_kmeans.text.column_selection import resolve_column, select_columns
from mr_kmeans.text.line_format import MISSING_ADVICE

QUERY_NAME = 'the query'


class TableSource(NamedTuple):
    """Columns of a table.

    Attributes
    ----------
    relation : str
        The table as SQL has it.
    label : str
        As the user knows it.
    columns : list of SourceColumn
        All of the table.
    selected : list of d SourceColumn
        The features.
    id_column : SourceColumn or None
    """

    relation: str
    label: str
    columns: List[SourceColumn]
    selected: List[SourceColumn]
    id_column: Optional[SourceColumn]

    @property
    def values(self) -> List[str]:
        """Expressions of the features' values."""
        return [column.expression() for column in self.selected]

    def describe(self) -> str:
        """Return a description of the table for the user."""
        names = [column.name for column in self.selected]
        shown = ', '.join(names) if len(names) <= 8 else ', '.join([*names[:4], '...', *names[-2:]])
        return (
            f'{self.label}: {counted(len(self.columns), "column")};'
            f' {counted(len(names), "feature")}: {shown}'
        )


def find_table(
    engine: Database,
    options: SqlOptions,
    text: TextOptions,
) -> TableSource:
    """Look at the user's table, or evaluate the query.

    Raises
    ------
    KMeansError
        When it is not there, may not be read, or a column is not numeric.
    """
    relation, label, columns = open_relation(engine, options)
    names = [column.name for column in columns]
    id_field = (
        None
        if text.id_column is None
        else resolve_column(text.id_column, names, label, '--id-column')
    )
    if text.columns is None:
        selected = leave_out_index(engine, relation, label, columns, id_field)
    else:
        selected = select_columns(text.columns, names, label)
    return make_source(relation, label, columns, selected, id_field)


def open_relation(engine: Database, options: SqlOptions) -> Tuple[str, str, List[SourceColumn]]:
    """Return the user's table, or the evaluated query: its name in SQL, its name for the user, and
    its columns.
    """
    if options.table is not None:
        relation, label = quote_table(parse_table(options.table)), options.table
    else:
        relation, label = engine.snapshot_query(options.query or ''), QUERY_NAME
    return relation, label, engine.describe(relation)


def make_source(
    relation: str,
    label: str,
    columns: List[SourceColumn],
    selected: Sequence[int],
    id_field: Optional[int],
) -> TableSource:
    """Return the source of chosen fields; refuse an id column that is a feature, and features that
    are not numeric.
    """
    if id_field is not None and id_field in selected:
        raise UsageError(f'--id-column: column {columns[id_field].name!r} is a feature, too')
    check_numeric(label, columns, selected)
    return TableSource(
        relation,
        label,
        columns,
        [columns[field] for field in selected],
        None if id_field is None else columns[id_field],
    )


def check_numeric(label: str, columns: Sequence[SourceColumn], selected: Sequence[int]) -> None:
    """Refuse columns that are not numeric."""
    bad = [columns[field] for field in selected if columns[field].value is None]
    if bad or not selected:
        found = (
            '; '.join(f'column {column.name!r} is of type {column.type}' for column in bad[:10])
            or 'no column is left'
        )
        raise DataError(
            f'{label}: {found}, not numeric. Choose others with --columns, or cast it in a --query.'
        )


def define_values(engine: Database, relation: str, values: Sequence[str]) -> None:
    """Define the view mr_kmeans_values."""
    engine.check_features(len(values))
    engine.run('values', d=len(values), names=dict(numbered('value', values), source=relation))


def define_points(engine: Database, grids: Sequence[Grid], all_good: bool) -> None:
    """Define the view mr_kmeans_points, of the rows that can be used."""
    columns = [f'v_{j}' for j in range(1, len(grids) + 1)]
    limit = expressions.number(MAX_VALUE)
    names = dict(
        numbered('x', map(expressions.grid_value, columns, grids)),
        **numbered('i', map(expressions.grid_integer, columns, grids)),
        good='true' if all_good else ' AND '.join(f'abs({v}) <= {limit}' for v in columns),
    )
    engine.run('points', d=len(grids), names=names)


def find_ledger(engine: Database, source: TableSource, ranges: Ranges, missing: str) -> Ledger:
    """Return the ledger of the rows that cannot be used."""
    n_missing = ranges.n_rows - ranges.n_good - ranges.n_too_large
    entries: List[Entry] = []
    if ranges.n_rows > ranges.n_good:
        names = {'limit': expressions.number(MAX_VALUE), 'most': str(MAX_RECORDS)}
        rows = engine.run('bad_rows', d=len(source.selected), names=names)
        entries = [_entry(source, row, missing) for row in rows]
    skipped = n_missing if missing == 'skip' else 0
    return Ledger(entries, ranges.n_too_large + n_missing - skipped, skipped, 0)


def _entry(source: TableSource, row: Tuple, missing: str) -> Entry:
    names = [column.name for column in source.selected]
    is_missing = [value is None or math.isnan(value) for value in row]
    shown = ','.join('' if gone else repr(value) for gone, value in zip(is_missing, row))
    for name, value, gone in zip(names, row, is_missing):
        if not gone and abs(value) > MAX_VALUE:
            why = 'too large to square (the limit is 2^500, about 3.3e150)'
            if math.isinf(value):
                why = 'an infinity, not a finite number'
            reason = f'column {name!r}: {value!r} is {why}'
            return Entry(source.label, None, reason, shown, False)
    name = names[is_missing.index(True)]
    reason = f'column {name!r}: the value is missing (NULL or NaN); {MISSING_ADVICE}'
    return Entry(source.label, None, reason, shown, missing == 'skip')
