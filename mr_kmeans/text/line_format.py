"""The format of a line of text, which the driver passes to the tasks, and how it makes a point.

This module is the definition, one line at a time; `text.parse` reads whole chunks of lines at once
and must agree with it.
"""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Tuple

from mr_kmeans.messages import counted
from mr_kmeans.text.fields import BadText, read_number, shown, split_line

MISSING_ADVICE = '--missing skip leaves such rows out'
"""End of the reason for every row that is bad only because of a missing value; `run.ledger`
recognizes such rows by it.
"""

MAX_ROW_SHOWN = 4096
"""Maximum number of bytes of a rejected row that are kept, enough to find the row."""


class TextFormat(NamedTuple):
    r"""How to read a line, as detected by the driver and passed to the tasks.

    Attributes
    ----------
    delimiter : bytes
        ``b','``, ``b'\t'``, ``b';'`` (any one byte), or ``b' '``, which means runs of blanks and
        tabs.
    n_fields : int
        The number of fields of each line.
    columns : tuple of int
        The 0-based field numbers of the features, in feature order.
    id_column : int or None
        The 0-based field number of the id.
    missing : 'fail' or 'skip'
        Whether a row that lacks a feature is rejected or left out.
    """

    delimiter: bytes
    n_fields: int
    columns: Tuple[int, ...]
    id_column: Optional[int] = None
    missing: str = 'fail'

    def to_json(self) -> Dict:
        """Return the format as plain JSON types."""
        return dict(
            self._asdict(), delimiter=self.delimiter.decode('ascii'), columns=list(self.columns)
        )

    @classmethod
    def from_json(cls, plain: Dict) -> TextFormat:
        """Return the format that `to_json` returned as JSON types."""
        return cls(
            **dict(
                plain, delimiter=plain['delimiter'].encode('ascii'), columns=tuple(plain['columns'])
            )
        )


class Rejected(NamedTuple):
    """A line that is not a point.

    Attributes
    ----------
    line : int
        0-based, in the chunk.
    reason : str
        Names the bad field, if there is one, by its 1-based number, and tells what was found there.
    text : bytes
        The line, shortened to MAX_ROW_SHOWN bytes.
    column : int or None
        The 0-based number of the bad field.
    """

    line: int
    reason: str
    text: bytes
    column: Optional[int] = None


class Fault(NamedTuple):
    """Why a field is not a number."""

    column: int
    reason: str
    is_missing: bool


def wrong_number_of_fields(expected: int, found: int) -> str:
    """Return the reason why a line with the wrong number of fields is bad."""
    return f'expected {counted(expected, "field")}, found {found:,}'


def read_line(line: bytes, fmt: TextFormat) -> Tuple[List[float], bytes]:
    """Read one line that is not blank.

    Returns
    -------
    values : list of float
        The features.
    id : bytes
        Empty if there is no id column.

    Raises
    ------
    BadText
        If the line is not a point; `BadFields`, with `faults`, if that is due to its fields.
    """
    fields = split_line(line, fmt.delimiter)
    if len(fields) != fmt.n_fields:
        raise BadText(wrong_number_of_fields(fmt.n_fields, len(fields)))
    values, faults = [], []
    for column in fmt.columns:
        value, fault = read_field(fields[column], column)
        if fault:
            faults.append(fault)
        values.append(value)
    if faults:
        raise BadFields(faults)
    if fmt.id_column is None:
        return values, b''
    word = fields[fmt.id_column].strip(b' \t')
    if not is_utf8(word):
        raise BadText(id_not_utf8(word, fmt.id_column))
    return values, word


def is_utf8(word: bytes) -> bool:
    """Return whether bytes are text in UTF-8."""
    try:
        word.decode('utf-8')
    except UnicodeDecodeError:
        return False
    return True


def id_not_utf8(word: bytes, column: int) -> str:
    """Return the reason why a row is bad whose id is not text, since labels could not name it."""
    return (
        f'field {column + 1}: the id is not UTF-8: {shown(word)}; convert the file, if it is in'
        ' Latin-1: iconv -f LATIN1 -t UTF-8 OLD > NEW'
    )


class BadFields(BadText):
    """Some features of a row are not numbers."""

    def __init__(self, faults: List[Fault]):
        super().__init__(worst(faults).reason)
        self.faults = faults


def read_field(field: bytes, column: int) -> Tuple[float, Optional[Fault]]:
    """Return the value of a feature, or what is wrong with it."""
    try:
        value = read_number(field)
    except BadText as error:
        return 0.0, Fault(column, f'field {column + 1}: {error}', False)
    if value is None:
        word = field.strip(b' \t')
        what = shown(word) if word else 'nothing there'
        reason = f'field {column + 1}: the value is missing ({what}); {MISSING_ADVICE}'
        return 0.0, Fault(column, reason, True)
    return value, None


def worst(faults: List[Fault]) -> Fault:
    """Return the fault a row is rejected for: the first text, or else the first missing value."""
    return next((fault for fault in faults if not fault.is_missing), faults[0])
