"""An index among the columns of a table or query: noticed and left out, as that of a file.

DuckDB calls columns of a file without a name `column0`, `column1`, ... by their place; pandas calls
them `Unnamed: 0`, and an index in Parquet `__index_level_0__`.
"""

from __future__ import annotations

import logging
import re
import shlex
from typing import List, Optional, Sequence

from mr_kmeans.errors import DataError
from mr_kmeans.sql.database import Database, SourceColumn
from mr_kmeans.text.column_selection import ranges
from mr_kmeans.text.dialect import NAMES_OF_NONE

log = logging.getLogger(__name__)

_LEVEL = re.compile(r'__index_level_[0-9]+__')


def leave_out_index(
    engine: Database,
    relation: str,
    label: str,
    columns: Sequence[SourceColumn],
    id_field: Optional[int],
) -> List[int]:
    """Return the 0-based columns that remain without the ids and without an index, which counts by
    one.

    Parameters
    ----------
    engine : Database
    relation, label : str
        The table as SQL has it, and for messages.
    columns : list of SourceColumn
    id_field : int or None

    Raises
    ------
    DataError
        When a column of such a name is numeric, but does not count.
    """
    names = [column.name for column in columns]
    left = [field for field in range(len(columns)) if field != id_field]
    for field in find_nameless(names):
        if field == id_field or columns[field].value is None:
            continue
        first = _first_counted(engine, relation, columns[field])
        rest, spelled = [other for other in left if other != field], ranges([field], names)
        chosen = shlex.quote(ranges(left, names))
        ids = '' if id_field is not None else f', or --id-column {shlex.quote(spelled)}'
        if first is None:
            without = (
                f' --columns {shlex.quote(ranges(rest, names))} to leave it out,' if rest else ''
            )
            raise DataError(
                f'{label}: column {field + 1} is called {names[field]!r}, as a column without a'
                ' name is, and its values do not count by one: is it an index or a feature?'
                f' Say{without} --columns {chosen} to use it{ids}.'
            )
        log.info(
            f'{label}: column {field + 1} is called {names[field]!r} and counts from {first}: it is'
            f' left out as an index. To use it: --columns {chosen}{ids}.'
        )
        left = rest
    return left


def find_nameless(names: Sequence[str]) -> List[int]:
    """Return the 0-based columns at the beginning whose names stand for no name, and levels of
    pandas' index anywhere.

    >>> find_nameless(['column00', 'a']), find_nameless(['column0', 'column1'])
    ([0], [])
    >>> find_nameless(['Unnamed: 0', 'a', '__index_level_0__'])
    [0, 2]
    """
    numbered = [re.fullmatch(f'column0*{field}', name) for field, name in enumerate(names)]
    begins = not all(numbered)  # else it is a file without a header
    found = []
    for field, name in enumerate(names):
        begins = begins and bool(numbered[field] or NAMES_OF_NONE.fullmatch(name))
        if begins or _LEVEL.fullmatch(name):
            found.append(field)
    return found


def _first_counted(engine: Database, relation: str, column: SourceColumn) -> Optional[int]:
    """Return the least value of a column of whole numbers that are all those up to the largest, in
    any order; None for other columns.
    """
    value = column.expression()
    n_rows, n_values, n_distinct, n_broken, low, high = engine.fetch(
        'SELECT count(*), count(v), count(DISTINCT v), count(CASE WHEN v <> floor(v) THEN 1 END),'
        f' min(v), max(v) FROM (SELECT {value} AS v FROM {relation}) AS mr_kmeans_index'
    )[0]
    is_counting = n_rows and n_rows == n_values == n_distinct and not n_broken
    return int(low) if is_counting and high - low == n_rows - 1 else None
