"""Detection of an index column before the data, which is left out and never silently a feature.

An *index* is what `DataFrame.to_csv()` of pandas and `write.csv` of R put before the data: columns
at the beginning whose name is empty (`Unnamed: 0` after such a file was read and written again) and
whose values count up by one, from any number, in each file. If such a column does not count up, its
meaning is unclear, and the user is asked. `--columns` and `--id-column` take precedence.
"""

from __future__ import annotations

import shlex
from typing import List, Optional, Sequence

from mr_kmeans.errors import DataError
from mr_kmeans.text.column_selection import ranges
from mr_kmeans.text.dialect import NAMES_OF_NONE, Dialect
from mr_kmeans.text.line_format import TextFormat
from mr_kmeans.text.sniff import is_counting, whole_number

MIN_COUNTED = 10
"""Minimum number of rows from which a counting first column, without a header, is suspicious."""


def find_index(dialects: Sequence[Dialect], id_field: Optional[int] = None) -> List[int]:
    """Return the 0-based fields of an index, whose values count up in all files.

    Raises
    ------
    DataError
        If a column at the beginning has no name and is numeric, but does not count up.
    """
    first, found = next(dialect for dialect in dialects if not dialect.empty), []
    for field in first.nameless:
        is_filled = any(dialect.is_filled(field) for dialect in dialects)
        if field == id_field or first.text_sample(field) or not is_filled:
            continue  # columns of text and empty columns are refused elsewhere
        for dialect in dialects:
            if dialect.rows and not is_counting(dialect.rows, field):
                raise DataError(_which(dialect, field, id_field))
        found.append(field)
    return found


def _called(dialect: Dialect, field: int) -> str:
    name = dialect.names[field]
    has_one = NAMES_OF_NONE.fullmatch(name)
    return f'column {field + 1} ' + (f'is called {name!r}' if has_one else 'has no name')


def _which(dialect: Dialect, field: int, id_field: Optional[int]) -> str:
    """Return the message that asks whether a column without a name is a feature."""
    words = [row.fields[field].decode('utf-8', 'backslashreplace') for row in dialect.rows[:3]]
    values = ', '.join(word[:20] or 'nothing' for word in words)
    fields = [
        other
        for other in range(dialect.n_fields)
        if other != id_field and not dialect.text_sample(other)
    ]
    rest = [other for other in fields if other != field]
    choice = 'Say'
    if rest:
        choice += f' --columns {shlex.quote(ranges(rest, dialect.names))} to leave it out'
        choice += f' (or --id-column {_spell(dialect, field)}),' if id_field is None else ','
    return (
        f'{dialect.path}: {_called(dialect, field)}, and its values do not count by one '
        f'({values}): is it an index or a feature? {choice} --columns '
        f'{shlex.quote(ranges(fields, dialect.names))} to use it.'
    )


def describe_index(dialects: Sequence[Dialect], fmt: TextFormat, chosen: bool) -> List[str]:
    """Return messages about an index: that it is left out, or that there may be one.

    Parameters
    ----------
    dialects : sequence of Dialect
        The dialects of all files.
    fmt : TextFormat
        Their common format.
    chosen : bool
        Whether the user gave `--columns`.
    """
    first = next(dialect for dialect in dialects if not dialect.empty)
    if chosen:
        return []
    if not first.header:
        return _suspect(first, fmt)
    lines = []
    for field in first.nameless:
        if field != fmt.id_column and field not in fmt.columns:
            rows = next((dialect.rows for dialect in dialects if dialect.rows), None)
            start = (whole_number(rows[0].fields[field]) if rows else None) or 0
            used = sorted({field, *fmt.columns})
            columns = shlex.quote(ranges(used, first.names))
            counts = f'counts {start}, {start + 1}, {start + 2}, ...'
            if rows and len(rows) == 1:
                counts = f'has the value {start} in the only row'
            lines.append(
                f'{first.path}: {_called(first, field)} and {counts}: it is left out as an index.'
                f' To use it: --columns {columns}, or --id-column {_spell(first, field)}.'
            )
    return lines


def _suspect(dialect: Dialect, fmt: TextFormat) -> List[str]:
    """Return a message about the first column of a file without a header, if it counts up."""
    counting = len(dialect.rows) >= MIN_COUNTED and is_counting(dialect.rows, 0)
    if not counting or 0 not in fmt.columns or len(fmt.columns) == 1:
        return []
    rest = shlex.quote(ranges(fmt.columns[1:], dialect.names))
    return [
        f'{dialect.path}: column 1 counts by one. If it is an index, leave it out with '
        f'--columns {rest}.'
    ]


def _spell(dialect: Dialect, field: int) -> str:
    """Return how to write a column without a name on the command line."""
    return dialect.names[field] if str(field + 1) in dialect.names else str(field + 1)
