"""Strict reading of small CSV tables: each row has its line number, and any damage is a DataError
that names the line.
"""

from __future__ import annotations

import csv
import io
import math
from typing import Iterable, List, NamedTuple, Optional, Union

from mr_kmeans.errors import DataError
from mr_kmeans.messages import counted

MAX_VALUE = 2.0**500  # larger coordinates could overflow when squared; as for the data
MAX_QUOTED_TEXT = 80  # characters of a bad row in an error
MAX_LISTED = 10  # names or numbers in an error


class Row(NamedTuple):
    """A row of a table: its first line (1-based), its fields and its text."""

    line: int
    fields: List[str]
    text: str


class Table:
    """The rows of a CSV text, without blank ones.

    Parameters
    ----------
    text : str
    name : str
        The file's name, for errors.
    delimiter : str
    strip : bool
        Whether to remove white space around fields.
    """

    def __init__(self, text: str, name: str, delimiter: str = ',', strip: bool = False):
        self.name = name
        self.rows: List[Row] = []
        lines = io.StringIO(text, newline='').readlines()
        reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=strip, strict=True)
        before = 0
        try:
            for fields in reader:
                line, before = before + 1, reader.line_num
                fields = [field.strip() for field in fields] if strip else fields
                if len(fields) > 1 or (fields and fields[0].strip()):
                    self.rows.append(
                        Row(line, fields, ''.join(lines[line - 1 : before]).rstrip('\r\n'))
                    )
        except csv.Error as error:
            row = Row(before + 1, [], lines[min(before, len(lines) - 1)].rstrip('\r\n'))
            raise self.fault(row, 'not readable as CSV (%s)' % error) from None

    def fault(self, row: Row, message: str) -> DataError:
        """Return an error with `message` about `row`, which is shown."""
        return DataError('%s line %d: %s: %r' % (self.name, row.line, message, shortened(row.text)))

    def check_n_fields(self, row: Row, expected: int) -> None:
        """Raise unless `row` has `expected` fields."""
        if len(row.fields) != expected:
            raise self.fault(row, f'expected {counted(expected, "field")}, found {len(row.fields)}')

    def whole_number(self, row: Row, position: int, column: str) -> int:
        """Return a field as an integer, 0 or above."""
        field = row.fields[position]
        if not (field.isascii() and field.isdigit() and len(field) < 19):
            raise self.fault(
                row, '%s must be a whole number of 0 or more, found %r' % (column, shortened(field))
            )
        return int(field)

    def value(self, row: Row, position: int, column: str) -> float:
        """Return a field as a finite float64 of at most 2^500, -0 as 0."""
        field = row.fields[position]
        value = to_float(field)
        if value is None:
            raise self.fault(
                row, 'column %r must be a number, found %r' % (column, shortened(field))
            )
        if not math.isfinite(value):
            raise self.fault(row, 'column %r must be finite, found %r' % (column, field))
        if abs(value) > MAX_VALUE:
            raise self.fault(
                row,
                'column %r is beyond 2^500 (3.3e150), too large to square: found %r'
                % (column, field),
            )
        return value + 0.0


def decode(text: Union[str, bytes], name: str) -> str:
    """Return `text` as str, without a byte order mark; bytes must be UTF-8."""
    if isinstance(text, bytes):
        data = text
        try:
            text = data.decode('utf-8')
        except UnicodeDecodeError as error:
            line = data.count(b'\n', 0, error.start) + 1
            raise DataError(
                '%s line %d: not UTF-8 text: byte 0x%02x at offset %d'
                % (name, line, data[error.start], error.start)
            ) from None
    return text[1:] if text.startswith('\ufeff') else text


def to_float(field: str) -> Optional[float]:
    """Return the float64 value of `field`, which may be NaN or infinite, or None if it is not a
    number.
    """
    if '_' in field or not field.isascii():  # float() accepts 1_000 and digits of other scripts
        return None
    try:
        return float(field)
    except ValueError:
        return None


def shortened(text: str) -> str:
    """Return the text for a message, cut off if it is long."""
    return text if len(text) <= MAX_QUOTED_TEXT else text[:MAX_QUOTED_TEXT] + '...'


def listed(items: Iterable[object]) -> str:
    """Return the items, at most ten of them, as text for an error."""
    texts = [str(item) for item in items]
    more = len(texts) - MAX_LISTED
    return ', '.join(texts[:MAX_LISTED]) + (' and %d more' % more if more > 0 else '')
