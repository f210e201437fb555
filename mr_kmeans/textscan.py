"""Where the fields are: a piece of text to the positions of the wanted fields, for all regular lines at once.

A line is regular when it has the right number of fields and its quotes, if any, are the first and last characters of
their fields. The other lines are only named.
"""
from typing import NamedTuple

import numpy as np

from mr_kmeans.digits import PAD
from mr_kmeans.numbertext import WHITE_SPACE

_NEWLINE, _POINT, _QUOTE, _SPACE, _TAB = b'\n."\x20\t'
_TRIMMED = 64  # blanks on either side of a field; fields with more take the slow way


class Scan(NamedTuple):
    """The fields of a piece: n regular lines, m wanted fields."""
    text: bytes  # PAD bytes, the text, a line end
    n_lines: int
    rows: np.ndarray  # int64 (n,): the 0-based lines that are regular
    starts: np.ndarray  # int64 (n, m): where a field begins in the text
    ends: np.ndarray  # int64 (n, m): and ends
    points: np.ndarray  # int64 (n, m): its last point, or somewhere before the field
    irregular: np.ndarray  # int64: the 0-based lines that are not regular

    @property
    def buffer(self):
        return np.frombuffer(self.text, np.uint8)


def scan(text, delimiter, n_fields, columns):
    """Find the fields `columns` (0-based) of every line.

    Parameters
    ----------
    text : bytes
        Lines that end in `\\n`.
    """
    text = b''.join([b'\n' * PAD, text, b'' if text.endswith(b'\n') else b'\n'])
    if delimiter == WHITE_SPACE:
        text = squeeze(text)
    buffer = np.frombuffer(text, np.uint8)
    quoted = b'"' in text
    special = _special(buffer, ord(delimiter))
    if quoted:
        special, unclear = _unquote(buffer, special, ord(delimiter))
    kinds = buffer[special]
    separators = np.flatnonzero(kinds != _POINT)
    bounds = special[separators]  # a line end, then what ends each field
    lasts = np.flatnonzero(kinds[separators] == _NEWLINE)  # among them the line ends
    regular = lasts[1:] - lasts[:-1] == n_fields
    if quoted:
        regular[unclear] = False
    if n_fields == 1:
        regular &= ~np.isin(buffer[bounds[lasts[:-1]] + 1], [_NEWLINE, _SPACE, _TAB])  # may be a blank line
    rows = np.flatnonzero(regular)
    pick = _picker(regular, lasts, n_fields, columns)
    starts, ends = pick(bounds[:-1]) + 1, pick(bounds[1:])
    points = pick(special[separators[1:] - 1])
    if quoted:
        outer = (buffer[starts] == _QUOTE) & (starts < ends)
        starts += outer
        ends -= outer
    if delimiter != WHITE_SPACE and (b' ' in text or (b'\t' in text and delimiter != b'\t')):
        _trim(buffer, starts, ends)
    return Scan(text, len(lasts) - 1, rows, starts, ends, points, np.flatnonzero(~regular))


def squeeze(text):
    """Text whose fields are parted by white space: one blank between fields, none at either end of a line."""
    if b'\t' in text:
        text = text.replace(b'\t', b' ')
    text = _without(text, lambda blank, line_end: blank[:-1] & (blank | line_end)[1:], 0)
    return _without(text, lambda blank, line_end: blank[1:] & line_end[:-1], 1)


def _without(text, which, offset):
    """Text less the bytes that `which` selects, its mask being for those from `offset` on."""
    buffer = np.frombuffer(text, np.uint8)
    selected = which(buffer == _SPACE, buffer == _NEWLINE)
    if not selected.any():
        return text
    kept = np.ones(len(buffer), bool)
    kept[offset:offset + len(selected)] = ~selected
    return buffer[kept].tobytes()


def _special(buffer, delimiter):
    """Where delimiters, line ends and points are, beginning with the last line end of the padding."""
    body = buffer[PAD - 1:]
    marks = body == delimiter
    marks |= body == _NEWLINE
    marks |= body == _POINT
    special = np.flatnonzero(marks)
    special += PAD - 1
    return special


def _unquote(buffer, special, delimiter):
    """`special` without delimiters in quotes, and the 0-based lines whose quotes are not simply pairs around fields.

    In the lines that have an even number of quotes, they open and close in turns.
    """
    quotes = np.flatnonzero(buffer == _QUOTE)
    line_ends = special[buffer[special] == _NEWLINE]
    lines = np.searchsorted(line_ends, quotes) - 1
    if delimiter == ord(WHITE_SPACE):  # squeezing spoils what is in quotes
        return special, lines
    even = np.bincount(lines, minlength=len(line_ends))[lines] % 2 == 0
    paired, of_line = quotes[even], lines[even]
    outside = np.stack([buffer[paired[0::2] - 1], buffer[paired[1::2] + 1]])
    neat = ((outside == delimiter) | (outside == _NEWLINE)).all(axis=0)
    kept = np.searchsorted(paired, special) % 2 == 0
    kept |= buffer[special] == _POINT
    special = special[kept]
    return special, np.concatenate([lines[~even], of_line[0::2][~neat]])


def _picker(regular, lasts, n_fields, columns):
    """A function that takes the wanted fields of the regular lines out of an array over all fields: (n, m)."""
    if not regular.all():
        firsts = lasts[:-1][regular]
        index = firsts[:, None] + np.asarray(columns)
        return lambda fields: fields[index]
    if list(columns) == list(range(n_fields)):
        return lambda fields: fields.reshape(-1, n_fields)
    return lambda fields: fields.reshape(-1, n_fields)[:, list(columns)]


def _trim(buffer, starts, ends):
    """Move starts and ends over blanks, in place."""
    for edge, offset, step in ((starts, 0, 1), (ends, -1, -1)):
        for _ in range(_TRIMMED):
            byte = buffer[edge + offset]
            blank = (byte == _SPACE) | (byte == _TAB)
            blank &= starts < ends
            if not blank.any():
                break
            edge += blank if step == 1 else -blank.view(np.int8)
