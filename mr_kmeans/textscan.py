"""Where the fields are: a piece of text to the positions of the wanted fields, for all regular lines at once.

A line is regular when it has the right number of fields and its quotes are of one of two kinds: pairs around whole
fields, with quotes written twice between them, or ordinary characters inside fields. The other lines are named, with
what is known of them: how many fields they have, whether they are blank.
"""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mr_kmeans.digits import PAD
from mr_kmeans.numbertext import WHITE_SPACE

_NEWLINE, _POINT, _QUOTE, _SPACE, _TAB = b'\n."\x20\t'
_TRIMMED = 64  # blanks on either side of a field; fields with more take the slow way


class Scan(NamedTuple):
    """The fields of a piece: n regular lines, m wanted fields; k lines that are not regular.

    Attributes
    ----------
    text : bytes
        PAD bytes, the text, a line end.
    n_lines : int
        Blank lines, too.
    rows : int64 ndarray of shape (n,)
        The 0-based lines that are regular.
    starts, ends : int64 ndarrays of shape (n, m)
        Where the fields begin and end in the text, without outer quotes and blanks.
    points : int64 ndarray of shape (n, m)
        The last point of each field, or somewhere before it.
    escaped : bool ndarray of shape (n, m), or None
        Whether a quote is written twice in the field; None when there is none anywhere.
    irregular : int64 ndarray of shape (k,)
        The 0-based lines that are neither regular nor blank.
    n_found : int64 ndarray of shape (k,)
        How many fields they have; -1 where their quotes leave that open.
    n_blank : int
        Lines of white space.
    """

    text: bytes
    n_lines: int
    rows: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    points: np.ndarray
    escaped: np.ndarray | None
    irregular: np.ndarray
    n_found: np.ndarray
    n_blank: int

    @property
    def buffer(self):
        """The text as an array of bytes."""
        return np.frombuffer(self.text, np.uint8)


def scan(text, delimiter, n_fields, columns):
    """Find the fields of every line.

    Parameters
    ----------
    text : bytes
        Lines that end in ``\\n``; the last may be open.
    delimiter : bytes
    n_fields : int
        Of a regular line.
    columns : sequence of int
        The 0-based numbers of the wanted fields.

    Returns
    -------
    Scan
    """
    text = b''.join([b'\n' * PAD, text, b'' if text.endswith(b'\n') else b'\n'])
    quotes, unclear = _Quotes.none, np.zeros(0, np.int64)
    if b'"' in text:
        text, quotes, unclear = _read_quotes(text, delimiter)
    elif delimiter == WHITE_SPACE:
        text = squeeze(text)
    buffer = np.frombuffer(text, np.uint8)
    special = _special(buffer, ord(delimiter))
    if len(quotes.pairs):
        special = special[quotes.keeps(buffer, special)]
    kinds = buffer[special]
    separators = np.flatnonzero(kinds != _POINT)
    bounds = special[separators]  # a line end, then what ends each field
    lasts = np.flatnonzero(kinds[separators] == _NEWLINE)  # among them the line ends
    n_found = lasts[1:] - lasts[:-1]
    n_found[unclear] = -1
    regular = n_found == n_fields
    irregular, n_blank = np.flatnonzero(~regular), 0
    if n_fields == 1 or len(irregular):
        blank = _blank_lines(buffer, bounds[lasts], delimiter)
        n_blank = int(np.count_nonzero(blank))
        if n_blank:
            regular &= ~blank
            irregular = np.flatnonzero(~(regular | blank))
    pick = _picker(regular, lasts, n_fields, columns)
    starts, ends = pick(bounds[:-1]) + 1, pick(bounds[1:])
    points = pick(special[separators[1:] - 1])
    escaped = None
    blanks = delimiter != WHITE_SPACE and (b' ' in text or (b'\t' in text and delimiter != b'\t'))
    if blanks:
        _trim(buffer, starts, ends)
    if len(quotes.pairs):
        escaped = _remove_outer_quotes(buffer, starts, ends, quotes)
        if blanks or delimiter == WHITE_SPACE:
            _trim(buffer, starts, ends)
    return Scan(text, len(lasts) - 1, np.flatnonzero(regular), starts, ends, points, escaped,
                irregular, n_found[irregular], n_blank)


def squeeze(text, inside=None):
    """Text whose fields are parted by white space: one blank between fields, none at either end of a line.

    Parameters
    ----------
    text : bytes
    inside : bool ndarray, optional
        Of each byte, whether it is in quotes, and stays as it is.
    """
    if inside is not None:
        buffer = np.frombuffer(text, np.uint8).copy()
        buffer[(buffer == _TAB) & ~inside] = _SPACE
        text = buffer.tobytes()
    elif b'\t' in text:
        text = text.replace(b'\t', b' ')
    text, inside = _without(text, lambda blank, line_end: blank[:-1] & (blank | line_end)[1:], 0, inside)
    return _without(text, lambda blank, line_end: blank[1:] & line_end[:-1], 1, inside)[0]


def _without(text, which, offset, inside):
    """Text less the bytes that `which` selects, its mask being for those from `offset` on; `inside` likewise."""
    buffer = np.frombuffer(text, np.uint8)
    blank = buffer == _SPACE
    if inside is not None:
        blank &= ~inside
    selected = which(blank, buffer == _NEWLINE)
    if not selected.any():
        return text, inside
    kept = np.ones(len(buffer), bool)
    kept[offset:offset + len(selected)] = ~selected
    return buffer[kept].tobytes(), None if inside is None else inside[kept]


def _special(buffer, delimiter):
    """Where delimiters, line ends and points are, beginning with the last line end of the padding."""
    body = buffer[PAD - 1:]
    marks = body == delimiter
    marks |= body == _NEWLINE
    marks |= body == _POINT
    special = np.flatnonzero(marks)
    special += PAD - 1
    return special


class _Quotes(NamedTuple):
    """The quotes that open and close fields, in turns; quotes written twice in a field close it and open it again."""

    pairs: np.ndarray  # int64

    def keeps(self, buffer, special):
        """Return which of these positions are not in quotes; points are kept wherever they are."""
        kept = np.searchsorted(self.pairs, special) % 2 == 0
        kept |= buffer[special] == _POINT
        return kept


_Quotes.none = _Quotes(np.zeros(0, np.int64))


def _read_quotes(text, delimiter):
    """Return the text, squeezed where white space delimits, its quotes, and the lines whose quotes are not clear.

    In a line with an even number of quotes, of which the first stands at the beginning of a field, they open and close
    in turns: each but the first opens a field, too, or stands right behind the one before. Where no quote stands at
    the beginning of a field, all are ordinary characters.
    """
    buffer = np.frombuffer(text, np.uint8)
    quotes = np.flatnonzero(buffer == _QUOTE)
    line_ends = np.flatnonzero(buffer == _NEWLINE)[PAD - 1:]
    lines = np.searchsorted(line_ends, quotes) - 1
    blanks = (_SPACE,) if delimiter == b'\t' else (_SPACE, _TAB)
    delimiters = (_SPACE, _TAB) if delimiter == WHITE_SPACE else (ord(delimiter),)
    before, behind = quotes - 1, quotes + 1
    if delimiter != WHITE_SPACE:
        _walk(buffer, before, -1, blanks)
        _walk(buffer, behind, 1, blanks)
    opens = np.isin(buffer[before], (*delimiters, _NEWLINE))
    closes = np.isin(buffer[behind], (*delimiters, _NEWLINE))
    again = np.zeros(len(quotes) + 1, bool)  # stands right behind the one before
    again[1:-1] = quotes[1:] == quotes[:-1] + 1
    numbers = np.bincount(lines, minlength=len(line_ends))
    opening = np.bincount(lines[opens], minlength=len(line_ends)) > 0
    paired = opening[lines] & (numbers[lines] % 2 == 0)
    turn = np.zeros(len(quotes), bool)  # opens
    turn[np.flatnonzero(paired)[0::2]] = True
    neat = np.where(turn, opens | again[:-1], closes | again[1:])
    unclear = np.unique(lines[(paired & ~neat) | (opening[lines] & ~paired)])
    kept = paired & ~np.isin(lines, unclear)
    pairs = quotes[kept]
    if delimiter == WHITE_SPACE:
        inside = np.zeros(len(buffer) + 1, np.int8)
        inside[pairs[0::2] + 1] += 1
        inside[pairs[1::2]] -= 1
        inside = np.cumsum(inside[:-1], dtype=np.int8).view(bool)
        text = squeeze(text, inside)
        marks = np.zeros(len(buffer), bool)
        marks[pairs] = True
        pairs = _moved(buffer, text, quotes, pairs)
    return text, _Quotes(pairs), unclear


def _moved(buffer, text, quotes, pairs):
    """Return where the quotes `pairs` of a buffer are in the text that it became: no quote was removed."""
    now = np.flatnonzero(np.frombuffer(text, np.uint8) == _QUOTE)
    return now[np.searchsorted(quotes, pairs)]


def _walk(buffer, positions, step, blanks):
    """Move positions over blanks, in place, so far as fields are trimmed."""
    for _ in range(_TRIMMED):
        blank = np.isin(buffer[positions], blanks)
        if not blank.any():
            break
        positions += step * blank


def _blank_lines(buffer, line_ends, delimiter):
    """Return which lines hold nothing but white space; tabs that delimit are fields."""
    dark = buffer[:line_ends[-1] + 1] != _SPACE
    if delimiter != b'\t':
        dark &= buffer[:line_ends[-1] + 1] != _TAB
    lengths = np.add.reduceat(dark, line_ends[:-1] + 1, dtype=np.int64)  # with the line end
    return lengths == 1


def _remove_outer_quotes(buffer, starts, ends, quotes):
    """Move starts and ends over the quotes around fields, in place; return which fields have quotes written twice."""
    outer = (buffer[starts] == _QUOTE) & (starts < ends)
    first = np.searchsorted(quotes.pairs, starts)
    n_quotes = np.searchsorted(quotes.pairs, ends) - first
    outer &= n_quotes > 0  # an ordinary quote is none of the pairs
    starts += outer
    ends -= outer
    escaped = outer & (n_quotes > 2)
    return escaped if escaped.any() else None


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
