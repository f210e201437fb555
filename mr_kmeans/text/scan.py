"""Search for the positions of the wanted fields in a piece of text, in all regular lines at once.

A line is regular if it has the right number of fields and its quotes are of one of two kinds: pairs
around whole fields, with quotes written twice between them, or ordinary characters inside fields.
The other lines are listed, with what is known about them: their number of fields, and whether they
are blank.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mr_kmeans.text.digits import PAD
from mr_kmeans.text.fields import WHITE_SPACE

_NEWLINE, _POINT, _QUOTE, _SPACE, _TAB = b'\n."\x20\t'
_TRIMMED = 64  # blanks on either side of a field; fields with more are read one by one


class Scan(NamedTuple):
    """The fields of a piece: n regular lines, m wanted fields; k lines that are not regular.

    Attributes
    ----------
    text : bytes
        PAD bytes, the text, and a line end.
    n_lines : int
        The number of lines, including blank ones.
    rows : int64 ndarray of shape (n,)
        The 0-based lines that are regular.
    starts, ends : int64 ndarrays of shape (n, m)
        Where the fields begin and end in the text, without outer quotes and blanks.
    points : int64 ndarray of shape (n, m)
        Position of the last point of each field, or any position before the field.
    escaped : bool ndarray of shape (n, m), or None
        Whether a quote is written twice in the field; None if that is so in no field.
    irregular : int64 ndarray of shape (k,)
        The 0-based lines that are neither regular nor blank.
    n_found : int64 ndarray of shape (k,)
        How many fields these lines have; -1 if their quotes leave that open.
    n_blank : int
        The number of lines with only white space.
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
    r"""Find the fields of every line.

    Parameters
    ----------
    text : bytes
        Lines that end in ``\n``; the last may lack its end.
    delimiter : bytes
    n_fields : int
        The number of fields of a regular line.
    columns : sequence of int
        The 0-based numbers of the wanted fields.

    Returns
    -------
    Scan
    """
    text = b''.join([b'\n' * PAD, text, b'' if text.endswith(b'\n') else b'\n'])
    quotes, unclear = _NO_QUOTES, np.zeros(0, np.int64)
    if b'"' in text:
        text, quotes, unclear = _read_quotes(text, delimiter)
    elif delimiter == WHITE_SPACE:
        text = squeeze(text)
    buffer = np.frombuffer(text, np.uint8)
    special, kinds = _special(buffer, ord(delimiter), quotes.pairs)
    separators = np.flatnonzero(kinds != _POINT)
    bounds = special[separators]  # a line end, then the end of each field
    lasts = np.flatnonzero(kinds[separators] == _NEWLINE)  # the line ends among them
    n_found = lasts[1:] - lasts[:-1]
    n_found[unclear] = -1
    regular = n_found == n_fields
    irregular = np.flatnonzero(~regular)
    candidates = np.arange(len(regular)) if n_fields == 1 else irregular
    blank = _blank_lines(buffer, bounds[lasts], candidates, delimiter)
    if len(blank):
        regular[blank] = True
        irregular = np.flatnonzero(~regular)
        regular[blank] = False
    pick = _picker(regular, lasts, n_fields, columns)
    starts, ends = pick(bounds[:-1]) + 1, pick(bounds[1:])
    points = pick(special[separators[1:] - 1])
    escaped = None
    blanks = delimiter != WHITE_SPACE and (b' ' in text or (b'\t' in text and delimiter != b'\t'))
    if blanks:
        _trim(buffer, starts, ends)
    if len(quotes.pairs):
        outer, escaped = _remove_outer_quotes(buffer, starts, ends, quotes)
        if outer.any() and (blanks or delimiter == WHITE_SPACE):
            _trim(buffer, starts, ends)
    return Scan(
        text,
        len(lasts) - 1,
        np.flatnonzero(regular),
        starts,
        ends,
        points,
        escaped,
        irregular,
        n_found[irregular],
        len(blank),
    )


def squeeze(text, inside=None):
    """Return text delimited by white space with one blank between fields, and none at the ends of
    lines.

    Parameters
    ----------
    text : bytes
    inside : bool ndarray, optional
        Whether each byte is in quotes and stays as it is.
    """
    if inside is not None:
        buffer = np.frombuffer(text, np.uint8).copy()
        buffer[(buffer == _TAB) & ~inside] = _SPACE
        text = buffer.tobytes()
    elif b'\t' in text:
        text = text.replace(b'\t', b' ')
    text, inside = _without(
        text, lambda blank, line_end: blank[:-1] & (blank | line_end)[1:], 0, inside
    )
    return _without(text, lambda blank, line_end: blank[1:] & line_end[:-1], 1, inside)[0]


def _without(text, which, offset, inside):
    """Return text without the bytes that `which` selects, a mask that begins at `offset`; and
    `inside` without them.
    """
    buffer = np.frombuffer(text, np.uint8)
    blank = buffer == _SPACE
    if inside is not None:
        blank &= ~inside
    selected = which(blank, buffer == _NEWLINE)
    if not selected.any():
        return text, inside
    kept = np.ones(len(buffer), bool)
    kept[offset : offset + len(selected)] = ~selected
    return buffer[kept].tobytes(), None if inside is None else inside[kept]


def _special(buffer, delimiter, pairs):
    """Return where delimiters, line ends and points are, from the last line end of the padding on,
    and which of these they are.

    Between the quotes given by `pairs`, only points count.
    """
    body = buffer[PAD - 1 :]
    marks = body == delimiter
    marks |= body == _NEWLINE
    marks |= body == _POINT
    marks[pairs - (PAD - 1)] = True
    special = np.flatnonzero(marks)
    special += PAD - 1
    kinds = buffer[special]
    if len(pairs):
        is_quote = kinds == _QUOTE
        kept = np.cumsum(is_quote, dtype=np.uint8) % 2 == 0
        kept |= kinds == _POINT
        kept &= ~is_quote
        special, kinds = special[kept], kinds[kept]
    return special, kinds


class _Quotes(NamedTuple):
    """The quotes that alternately open and close fields; a quote written twice closes a field and
    opens it again.
    """

    pairs: np.ndarray  # int64
    doubled: bool  # whether there may be quotes written twice


_NO_QUOTES = _Quotes(np.zeros(0, np.int64), False)


def _read_quotes(text, delimiter):
    """Return the text (squeezed if white space is the delimiter), its quotes, and the lines with
    unclear quotes.

    In a line with an even number of quotes, the first of them at the beginning of a field, quotes
    open and close alternately: each further opening quote is also at the beginning of a field, or
    directly after the quote before it. If no quote is at the beginning of a field, all are ordinary
    characters.
    """
    buffer = np.frombuffer(text, np.uint8)
    marks = buffer == _QUOTE
    marks |= buffer == _NEWLINE
    marks = np.flatnonzero(marks)[PAD - 1 :]  # from the last line end of the padding on
    is_end = buffer[marks] == _NEWLINE
    quotes = marks[~is_end]
    again = np.zeros(len(quotes) + 1, bool)  # directly after the one before
    again[1:-1] = quotes[1:] == quotes[:-1] + 1
    if _all_neat(buffer, quotes, again, is_end, delimiter):
        pairs, wrong = quotes, np.zeros(0, np.int64)
    else:
        pairs, wrong = _find_pairs(buffer, quotes, again, is_end, delimiter)
    if delimiter == WHITE_SPACE:
        inside = np.zeros(len(buffer), bool)
        inside[pairs] = True
        inside = np.logical_xor.accumulate(
            inside
        )  # from the opening quote to before the closing one
        text = squeeze(text, inside)
        now = np.flatnonzero(np.frombuffer(text, np.uint8) == _QUOTE)  # as many as before
        pairs = now[np.searchsorted(quotes, pairs)]
    return text, _Quotes(pairs, bool(again.any())), wrong


def _all_neat(buffer, quotes, again, is_end, delimiter):
    """Return whether the quotes open and close alternately in every line, so that none needs a
    closer look.
    """
    n_before = np.flatnonzero(is_end)
    n_before -= np.arange(len(n_before))  # quotes before each line end
    if (n_before & 1).any():
        return False
    inner = again[::2]  # between two pairs
    return (
        _edges(buffer, quotes[0::2][~inner[:-1]], -1, delimiter)[0].all()
        and _edges(buffer, quotes[1::2][~inner[1:]], 1, delimiter)[0].all()
    )


def _find_pairs(buffer, quotes, again, is_end, delimiter):
    """Return the quotes that open and close fields, and the lines with unclear quotes."""
    lines = np.cumsum(is_end)[~is_end] - 1
    n_lines = np.count_nonzero(is_end)
    opens, lost = _edges(buffer, quotes, -1, delimiter)
    closes, _ = _edges(buffer, quotes, 1, delimiter)
    even = np.bincount(lines, minlength=n_lines)[lines] % 2 == 0
    opening = np.zeros(n_lines, bool)
    opening[lines[opens | lost]] = True
    opening = opening[lines]
    paired = opening & even
    turn = np.zeros(len(quotes), bool)  # the quote opens a field
    turn[np.flatnonzero(paired)[0::2]] = True
    neat = np.where(turn, opens | again[:-1], closes | again[1:])
    wrong = np.zeros(n_lines, bool)
    wrong[lines[opening & ~(even & neat)]] = True
    return quotes[paired & ~wrong[lines]], np.flatnonzero(wrong)


def _edges(buffer, quotes, step, delimiter):
    """Return which quotes are at the beginning of a field (step -1) or at its end (1), and which
    are behind too many blanks to tell.
    """
    positions = quotes + step
    if delimiter == WHITE_SPACE:
        byte = buffer[positions]
        return _is_blank(byte, True) | (byte == _NEWLINE), np.zeros(len(quotes), bool)
    lost = _walk(buffer, positions, step, delimiter != b'\t')
    byte = buffer[positions]
    return (byte == ord(delimiter)) | (byte == _NEWLINE), lost


def _is_blank(byte, tabs):
    """Return which bytes are blanks."""
    return (byte == _SPACE) | (byte == _TAB) if tabs else byte == _SPACE


def _walk(buffer, positions, step, tabs):
    """Move positions over blanks, in place, over at most _TRIMMED; return which are still at
    one.
    """
    for _ in range(_TRIMMED):
        blank = _is_blank(buffer[positions], tabs)
        if not blank.any():
            return blank
        positions += step * blank
    return _is_blank(buffer[positions], tabs)


def _blank_lines(buffer, line_ends, lines, delimiter):
    """Return which of these lines hold only white space; tabs that are delimiters make fields."""
    tabs = delimiter != b'\t'
    first = buffer[line_ends[lines] + 1]
    blank = first == _NEWLINE
    doubtful = np.flatnonzero(_is_blank(first, tabs))
    if len(doubtful):
        dark = ~_is_blank(buffer, tabs)
        n_dark = np.add.reduceat(dark, line_ends[:-1] + 1, dtype=np.int64)  # with the line end
        blank[doubtful] = n_dark[lines[doubtful]] == 1
    return lines[blank]


def _remove_outer_quotes(buffer, starts, ends, quotes):
    """Move starts and ends over the quotes around fields, in place; return which fields have them,
    and which contain quotes written twice.
    """
    outer = (buffer[starts] == _QUOTE) & (starts < ends)
    escaped = None
    if quotes.doubled:
        escaped = np.zeros(outer.shape, bool)
        n_quotes = np.searchsorted(quotes.pairs, ends[outer]) - np.searchsorted(
            quotes.pairs, starts[outer]
        )
        escaped[outer] = n_quotes > 2
    starts += outer
    ends -= outer
    return outer, escaped


def _picker(regular, lasts, n_fields, columns):
    """Return a function that selects the wanted fields of the regular lines, shape (n, m), from an
    array over all fields.
    """
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
