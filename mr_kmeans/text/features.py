"""The choice of features: the columns the user selects, or all except ids and an index.

Columns that cannot be features are refused.
"""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Union

from mr_kmeans.errors import DataError
from mr_kmeans.messages import counted
from mr_kmeans.text.column_selection import Item, resolve_column, select_columns
from mr_kmeans.text.dialect import NAMES_DOUBT, Dialect, check_rows
from mr_kmeans.text.fields import kind, shown
from mr_kmeans.text.index_column import find_index
from mr_kmeans.text.line_format import TextFormat
from mr_kmeans.text.text_columns import advise, describe_text, leave_out


def make_format(
    dialect: Dialect,
    columns: Union[str, Sequence[Item], None] = None,
    id_column: Optional[Item] = None,
    missing: str = 'fail',
    others: Sequence[Dialect] = (),
) -> TextFormat:
    """Make the format for the tasks, with the selected columns, or all except the id and an index.

    Parameters
    ----------
    dialect : Dialect
    columns, id_column, missing :
        The values of the options with these names.
    others : sequence of Dialect
        The dialects of further files, which have the same columns.

    Raises
    ------
    UsageError
        If an option names a column that does not exist.
    DataError
        If a selected column is not numeric or may be an index, or the file is empty.
    """
    if dialect.empty:
        check_rows([dialect])
    id_field = None
    if id_column is not None:
        id_field = resolve_column(id_column, dialect.names, dialect.path, '--id-column')
    if columns is not None:
        selected = select_columns(columns, dialect.names, dialect.path)
    else:
        without = {id_field, *find_index([dialect, *others], id_field)}
        selected = [field for field in range(dialect.n_fields) if field not in without]
        if not selected:
            left = 'the index' if id_field is None else f'the id column {dialect.names[id_field]!r}'
            raise DataError(f'{dialect.path}: no column is left besides {left}.')
    check_numeric(dialect, selected, id_field)
    _check_unique(dialect, selected)
    return TextFormat(dialect.delimiter, dialect.n_fields, tuple(selected), id_field, missing)


def _check_unique(dialect: Dialect, selected: Sequence[int]) -> None:
    """Refuse features with the same name, because centroids are matched to columns by name."""
    seen: Dict[str, int] = {}
    for field in selected:
        name = dialect.names[field]
        if name in seen:
            raise DataError(
                f'{dialect.path}: columns {seen[name] + 1} and {field + 1} are both '
                f'called {name!r}. Rename one, or choose one of them with --columns.'
            )
        seen[name] = field


def check_numeric(
    dialect: Dialect, selected: Sequence[int], id_field: Optional[int], of_model: bool = False
) -> None:
    """Refuse columns of text among the 0-based fields `selected`.

    In such a column no sampled value is a number, and not all are missing.

    Parameters
    ----------
    of_model : bool
        Whether the columns are the features of a model, so that none can be left out.
    """
    found = {}
    for field in selected:
        sample = dialect.text_sample(field)
        if sample:
            found[field] = sample
    if found:
        columns = describe_text(dialect, found, len(found) == len(selected))
        advice = advise(dialect, selected, found, id_field, of_model)
        raise DataError(f'{dialect.path}: {columns}. {advice}')


def check_header(
    dialects: Sequence[Dialect], fmt: TextFormat, max_bad_rows: int, said: str = '--no-header says'
) -> None:
    """Refuse files that begin with names although there should be no header, if that would
    certainly make the run fail.

    Parameters
    ----------
    dialects : sequence of Dialect
        The dialects of all files.
    fmt : TextFormat
        Their common format.
    max_bad_rows : int
        The value of `--max-bad-rows`.
    said : str
        Beginning of the message: what says that there is no header.

    Raises
    ------
    DataError
    """
    for dialect in dialects:
        if dialect.doubt != NAMES_DOUBT or max_bad_rows or not dialect.rows:
            continue
        line, fields = dialect.rows[0]
        words = [fields[field] for field in fmt.columns]
        if any(kind(word) not in ('number', 'missing') for word in words):
            names = ', '.join(map(shown, words[:3])) + (', ...' if len(words) > 3 else '')
            raise DataError(
                f'{dialect.path} line {line}: {said} that there is no header, but this line looks'
                f' like one: {names}. Say --header; or --max-bad-rows {len(dialects)} to leave it'
                ' out as a bad row.'
            )


def check_filled(
    dialects: Sequence[Dialect], fmt: TextFormat, max_bad_rows: int, of_model: bool = False
) -> List[str]:
    """Refuse empty columns if they would certainly make the run fail.

    Parameters
    ----------
    dialects : sequence of Dialect
        The dialects of all files.
    fmt : TextFormat
        Their common format.
    max_bad_rows : int
        The value of `--max-bad-rows`.
    of_model : bool
        As in `check_numeric`.

    Returns
    -------
    list of str
        Messages about columns that are empty, judging by the files' heads.

    Raises
    ------
    DataError
    """
    lines = []
    for dialect in dialects:
        n_rows = len(dialect.rows)
        empty = [field for field in fmt.columns if n_rows and not dialect.is_filled(field)]
        if empty:
            words = _describe_empty(dialect, fmt, empty, n_rows, of_model)
            if fmt.missing == 'fail' and n_rows > max_bad_rows:
                raise DataError(words)
            lines.append(words)
    n_with_rows = sum(1 for dialect in dialects if dialect.has_rows)
    if lines and len(lines) == n_with_rows and all(dialect.complete for dialect in dialects):
        raise DataError('\n'.join(lines))  # no row is left
    return lines


def _describe_empty(
    dialect: Dialect, fmt: TextFormat, empty: Sequence[int], n_rows: int, of_model: bool
) -> str:
    names = ', '.join(repr(dialect.names[field]) for field in empty)
    columns = f'column {names} is' if len(empty) == 1 else f'columns {names} are'
    rows = f'{"all" if dialect.complete else "the first"} {counted(n_rows, "row")}'
    if dialect.complete and n_rows == 1:
        rows = 'the only row'
    rest = [field for field in fmt.columns if field not in empty]
    if of_model:
        advice = 'The model needs a value: rows without one get no label.'
    elif rest:
        advice = f'{leave_out(dialect, len(empty), rest)}.'
        if fmt.missing == 'fail' and not dialect.complete:
            advice += (
                ' If there are values further on, --missing skip leaves out the rows without one.'
            )
    else:
        advice = 'No other column is chosen.'
    return f'{dialect.path}: {columns} empty in {rows}. {advice}'
