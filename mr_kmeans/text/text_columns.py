"""Advice on columns of text among the features, with options ready to paste."""

from __future__ import annotations

import re
import shlex
from typing import Dict, Optional, Sequence

from mr_kmeans.text.column_selection import nearest_spelling, ranges
from mr_kmeans.text.delimiters import delimiter_name, delimiter_word
from mr_kmeans.text.dialect import COMMENT_ADVICE, Dialect
from mr_kmeans.text.fields import DECIMAL_COMMA, EITHER_COMMA, THOUSANDS, kind, shown
from mr_kmeans.text.sniff import ALL_NUMBERS, Sample, fit_of

ADVICE_ON_COMMAS = {
    DECIMAL_COMMA: (
        'Numbers need a decimal point; these look like decimal commas. Convert the file first.'
    ),
    THOUSANDS: (
        'Numbers are written without commas between thousands: 1234.5, not 1,234.5. '
        'Convert the file first.'
    ),
    EITHER_COMMA: (
        'Numbers have a decimal point and no commas between thousands; these commas '
        'may be either. Convert the file first.'
    ),
}
"""Advice for columns of numbers with commas, by the kind of the commas."""

OTHER_DELIMITERS = b':/&^~!'
"""Delimiters that are not detected but proposed."""

_WITH_MARKS = [
    (
        re.compile(rb"[+-]?[0-9]{1,3}(?:(?:'|\xe2\x80\x99)[0-9]{3})+(?:\.[0-9]*)?"),
        "Numbers are written without apostrophes between thousands: 1234.5, not 1'234.5. "
        'Convert the file first.',
    ),
    (
        re.compile(rb'[+-]?[0-9]{1,3}(?:(?: |\xc2\xa0|\xe2\x80\xaf)[0-9]{3})+(?:\.[0-9]*)?'),
        'Numbers are written without blanks between thousands: 1234.5, not 1 234.5. '
        'Convert the file first.',
    ),
    (
        re.compile(rb'[+-]?[0-9.]+ ?%|(?:\$|\xe2\x82\xac|\xc2\xa3) ?[0-9.]+|[0-9.]+ ?\xe2\x82\xac'),
        'Numbers are written without a sign of percent or currency. Convert the file first.',
    ),
]


def describe_text(dialect: Dialect, found: Dict[int, Sample], all_selected: bool) -> str:
    """Return a message on which columns are not numeric, with a value of each.

    Parameters
    ----------
    dialect : Dialect
    found : dict of int to Sample
        A sample row for each 0-based column of text.
    all_selected : bool
        Whether no selected column is numeric. Then a first line of words above values with digits
        is probably a header that was not recognized because of the lack of numbers.
    """
    rows = dialect.rows
    if not (all_selected and not dialect.header and _is_above_values(dialect, found)):
        return '; '.join(
            f'{dialect.title(field)} is not numeric (line {sample.line}:'
            f' {shown(sample.fields[field])})'
            for field, sample in found.items()
        )
    return '; '.join(
        f'column {field + 1}, {shown(rows[0].fields[field])} in line {rows[0].line}, is not numeric'
        f' (line {rows[1].line}: {shown(rows[1].fields[field])})'
        for field in found
    )


def _is_above_values(dialect: Dialect, found: Dict[int, Sample]) -> bool:
    """Return whether line 1 has words without digits where line 2 has digits."""
    rows = dialect.rows
    return len(rows) > 1 and all(
        not re.search(rb'[0-9]', rows[0].fields[field])
        and re.search(rb'[0-9]', rows[1].fields[field])
        for field in found
    )


def advise(
    dialect: Dialect,
    selected: Sequence[int],
    found: Dict[int, Sample],
    id_field: Optional[int],
    of_model: bool,
) -> str:
    """Return advice on columns of text.

    Parameters
    ----------
    dialect : Dialect
    selected : list of int
        The features.
    found : dict of int to Sample
        The columns of text among them.
    id_field : int or None
    of_model : bool
        Whether the columns are the features of a model, so that none can be left out.
    """
    in_marks = _advice_on_marks(dialect, found)
    if in_marks:
        return in_marks
    rest = [field for field in selected if field not in found]
    if not rest:
        if dialect.names[0].startswith('#') or dialect.rows[0].fields[0].startswith(b'#'):
            return COMMENT_ADVICE
        other = _other_delimiter(dialect)
        if other:
            return other
    if of_model:
        return (
            'The model needs numbers there. If other columns are its features, name them with '
            '--columns, in its order.'
        )
    if not rest:
        delimiter = delimiter_name(dialect.delimiter)
        return (
            f'No numeric column is left. Is the delimiter right ({delimiter})? '
            'Choose it with --delimiter.'
        )
    hint = leave_out(dialect, len(found), rest)
    if len(found) == 1 and id_field is None:
        hint += f' (or as --id-column {nearest_spelling(next(iter(found)), dialect.names)})'
    return hint + '.'


def leave_out(dialect: Dialect, n: int, rest: Sequence[int]) -> str:
    """Return the advice that leaves out n columns by selecting the rest."""
    columns = shlex.quote(ranges(rest, dialect.names))
    return f'Leave {"it" if n == 1 else "them"} out with --columns {columns}'


def _advice_on_marks(dialect: Dialect, found: Dict[int, Sample]) -> str:
    """Return advice on numbers with commas or other marks."""
    with_commas = [
        field for field, sample in found.items() if kind(sample.fields[field]) in ADVICE_ON_COMMAS
    ]
    kinds = {kind(row.fields[field]) for row in dialect.rows for field in with_commas}
    for commas, advice in ADVICE_ON_COMMAS.items():
        if commas in kinds:
            return advice
    for pattern, advice in _WITH_MARKS:
        if any(
            pattern.fullmatch(row.fields[field].strip())
            for row in dialect.rows[:2]
            for field in found
        ):
            return advice
    return ''


def _other_delimiter(dialect: Dialect) -> str:
    """Return advice on another delimiter for a file with one column."""
    if dialect.n_fields > 1:
        return ''
    lines = [(row.line, row.fields[0]) for row in dialect.rows]
    for delimiter in (OTHER_DELIMITERS[i : i + 1] for i in range(len(OTHER_DELIMITERS))):
        if fit_of(lines, delimiter)[:2] == ALL_NUMBERS:
            return (
                f'The fields seem to be separated by {delimiter_name(delimiter)}: say --delimiter'
                f' {delimiter_word(delimiter)}.'
            )
    return ''
