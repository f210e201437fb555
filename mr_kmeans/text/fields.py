"""The meaning of a field (a number, a missing value or neither), and how a line is split.

A number is an optional sign, digits with at most one point, and an optional exponent, in ASCII:
`12`, `-.5`, `5.`, `1e5`, `1.5E-3`. Its value is the correctly rounded float64, -0 as 0. Not
numbers, though Python's float() takes them: `1_0`, `inf`, digits of other scripts.

This module is the definition, one field or line at a time; `text.parse` reads many at once and must
agree with it to the bit.
"""

from __future__ import annotations

import re
from typing import List, Optional, Pattern, Tuple

import numpy as np

from mr_kmeans.exact.grid import MAX_VALUE

MISSING = frozenset(
    [
        b'',
        b'na',
        b'n/a',
        b'nan',
        b'+nan',
        b'-nan',
        b'null',
        b'none',
        b'?',  # in lower case
        b'<na>',
        b'#n/a',
        b'#na',
        b'#n/a n/a',  # of pandas and Excel
        b'\\n',  # of Hive, MySQL and PostgreSQL
        b'1.#ind',
        b'-1.#ind',
        b'1.#qnan',
        b'-1.#qnan',
    ]
)  # of older C on Windows
MAX_NUMBER_LENGTH = 4096  # characters; for longer ones float() takes more than linear time
MAX_VALUE_SHOWN = 40  # characters of a value in a message

_NUMBER = re.compile(rb'[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?')
_DECIMAL_COMMA = re.compile(
    rb'[+-]?(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]*),[0-9]+(?:[eE][+-]?[0-9]+)?'
)
_THOUSANDS = re.compile(rb'[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]*)?')
_INFINITIES = frozenset(
    sign + word for sign in (b'', b'+', b'-') for word in (b'inf', b'infinity', b'1.#inf')
)
_ESCAPED = re.compile(r'(?<!\\)\\udc([89a-f][0-9a-f])')  # a byte that is not text, in a repr
_BLANKS = re.compile(rb'[ \t]*')
_SPACES = re.compile(rb' *')
_BLANK = re.compile(rb'[ \t]')
DECIMAL_COMMA, THOUSANDS, EITHER_COMMA = COMMAS = (
    'decimal comma',
    'commas between thousands',
    'either comma',
)
WHITE_SPACE = b' '  # the delimiter that means runs of blanks and tabs


class BadText(ValueError):
    """A field that is not a number, or a line that cannot be split. The message tells what was
    found.
    """


def shown(text: bytes) -> str:
    r"""Return bytes in quotes for a message, shortened if they are long.

    >>> print(shown(b'gr\xf6\xdfe'), shown(b'\\N'))
    'gr\xf6\xdfe' '\\N'
    """
    words = text[: 4 * MAX_VALUE_SHOWN].decode('utf-8', 'surrogateescape')
    if len(words) > MAX_VALUE_SHOWN:
        words = words[: MAX_VALUE_SHOWN - 3] + '...'
    return _ESCAPED.sub(r'\\x\1', repr(words))


def read_number(field: bytes) -> Optional[float]:
    """Return the float64 value of a field, None if it is missing.

    Raises
    ------
    BadText
        If the field is neither a number nor missing, or the number is too large.
    """
    text = field.strip(b' \t')
    if len(text) <= MAX_NUMBER_LENGTH and _NUMBER.fullmatch(text):
        value = float(text) + 0.0  # + 0.0 makes -0 into 0
        if abs(value) > MAX_VALUE:
            raise BadText(
                f'{shown(text)} is too large to square (the limit is 2^500, about 3.3e150)'
            )
        return value
    if is_missing(text):
        return None
    raise BadText(_why_not_a_number(text))


def _why_not_a_number(text: bytes) -> str:
    if text.lower() in _INFINITIES:
        return f'{shown(text)} is an infinity, not a finite number'
    what = kind(text)
    if what == DECIMAL_COMMA:
        return f'{shown(text)} is not a number (a decimal comma? write a point instead)'
    plain = text.replace(b',', b'')
    if what == THOUSANDS:
        return f'{shown(text)} is not a number (commas between thousands? write {shown(plain)})'
    if what == EITHER_COMMA:
        point = text.replace(b',', b'.')
        return (
            f'{shown(text)} is not a number (a decimal comma or one between thousands? write'
            f' {shown(point)} or {shown(plain)})'
        )
    return f'{shown(text)} is not a number'


def read_numbers(fields: List[bytes]) -> Tuple[np.ndarray, List[int]]:
    """Read many fields at once.

    Returns
    -------
    values : ndarray of float64
        The value of each field, 0 if there is none.
    unread : list of int
        The indices of the fields for which `read_number` returns no number.
    """
    longest = max(map(len, fields), default=0)
    if longest <= MAX_NUMBER_LENGTH and not b''.join(fields).translate(None, b'0123456789+-.eE'):
        try:  # with these characters only, float() accepts exactly the numbers
            values = np.array([float(field) for field in fields], np.float64) + 0.0
            return values, np.flatnonzero(np.abs(values) > MAX_VALUE).tolist()
        except ValueError:
            pass
    values, unread = np.zeros(len(fields)), []
    for i, field in enumerate(fields):
        text = field.strip(b' \t')
        if len(text) <= MAX_NUMBER_LENGTH and _NUMBER.fullmatch(text):
            values[i] = float(text) + 0.0
            if abs(values[i]) <= MAX_VALUE:
                continue
            values[i] = 0.0
        unread.append(i)
    return values, unread


def is_missing(field: bytes) -> bool:
    """Return whether a field that is not a number is a missing value."""
    return field.strip(b' \t').lower() in MISSING


def kind(field: bytes) -> str:
    """Return what a field looks like: 'number' (also one too large or infinite), 'missing', a
    number with commas (`DECIMAL_COMMA`, `THOUSANDS`, or `EITHER_COMMA`, which can be read as both)
    or 'text'.
    """
    text = field.strip(b' \t')
    if len(text) > MAX_NUMBER_LENGTH:
        return 'text'
    if _NUMBER.fullmatch(text) or text.lower() in _INFINITIES:
        return 'number'
    if text.lower() in MISSING:
        return 'missing'
    decimal, thousands = _DECIMAL_COMMA.fullmatch(text), _THOUSANDS.fullmatch(text)
    if decimal:
        return EITHER_COMMA if thousands else DECIMAL_COMMA
    return THOUSANDS if thousands else 'text'


def is_blank(line: bytes, delimiter: bytes) -> bool:
    """Return whether a line holds only white space. Tabs that are delimiters make (empty)
    fields.
    """
    return not line.strip(b' ' if delimiter == b'\t' else b' \t')


def split_line(line: bytes, delimiter: bytes) -> List[bytes]:
    """Split a line (without its end) into fields, with outer blanks and quotes removed.

    A quoted field may hold delimiters and quotes that are written twice. Quotes inside an unquoted
    field are ordinary characters, and text after a closing quote belongs to the field, as in
    Python's csv module.

    Raises
    ------
    BadText
        If a quote is not closed on this line.
    """
    if b'"' in line:
        return _split_spaced(line) if delimiter == WHITE_SPACE else _split_quoted(line, delimiter)
    if delimiter == WHITE_SPACE:
        return [field for field in line.replace(b'\t', b' ').split(b' ') if field]
    blanks = b' ' if delimiter == b'\t' else b' \t'
    return [field.strip(blanks) for field in line.split(delimiter)]


def _split_quoted(line: bytes, delimiter: bytes) -> List[bytes]:
    skip, blanks = (_SPACES, b' ') if delimiter == b'\t' else (_BLANKS, b' \t')
    fields, end = [], -1
    while end < len(line):
        start = _after(skip, line, end + 1)
        quoted, resume = _quoted(line, start)
        end = line.find(delimiter, resume)
        end = len(line) if end < 0 else end
        tail = (
            line[resume:end].strip(blanks) if resume == start else line[resume:end].rstrip(blanks)
        )
        fields.append(quoted + tail)
    return fields


def _split_spaced(line: bytes) -> List[bytes]:
    fields, start = [], _after(_BLANKS, line)
    while start < len(line):
        quoted, resume = _quoted(line, start)
        blank = _BLANK.search(line, resume)
        end = blank.start() if blank else len(line)
        fields.append(quoted + line[resume:end])
        start = _after(_BLANKS, line, end)
    return fields


def _after(pattern: Pattern[bytes], line: bytes, position: int = 0) -> int:
    """Return where a pattern ends that begins at a position of a line."""
    found = pattern.match(line, position)
    return found.end() if found else position


def _quoted(line: bytes, start: int) -> Tuple[bytes, int]:
    """Return the text of the quoted field at `start` and where it ends; no text if there is no
    quote.
    """
    if line[start : start + 1] != b'"':
        return b'', start
    quote = line.find(b'"', start + 1)
    while quote >= 0 and line[quote + 1 : quote + 2] == b'"':
        quote = line.find(b'"', quote + 2)
    if quote < 0:
        raise BadText(
            'a quoted field with a line break in it, or a quote that is never closed; '
            'a row must be on one line'
        )
    return line[start + 1 : quote].replace(b'""', b'"'), quote + 1
