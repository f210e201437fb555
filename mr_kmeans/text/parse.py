r"""Conversion of bytes of text to columns of numbers, which a task does with its split.

A chunk consists of whole lines that end in ``\n``, ``\r\n`` or a lone ``\r`` as in Hadoop's
line reader (the last line may lack its end). The result does not depend on how a file is cut into
chunks. `parse` reads a piece of many lines at once with numpy; irregular lines and fields are read
one by one.
"""

from __future__ import annotations

import re
from typing import Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from mr_kmeans.exact.column import Column
from mr_kmeans.system.memory import keep_heap
from mr_kmeans.text.decoded import Readings, join, of_floats, to_columns
from mr_kmeans.text.digits import are_missing, read_decimals
from mr_kmeans.text.fields import BadText, is_blank, is_missing, read_numbers
from mr_kmeans.text.line_format import (
    MAX_ROW_SHOWN,
    BadFields,
    Fault,
    Rejected,
    TextFormat,
    id_not_utf8,
    is_utf8,
    read_field,
    read_line,
    worst,
    wrong_number_of_fields,
)
from mr_kmeans.text.long_numbers import available, read_long
from mr_kmeans.text.scan import Scan, scan

__all__ = ['LineReader', 'Parsed', 'Rejected', 'TextFormat', 'drop_head', 'parse', 'split_lines']

PIECE_BYTES = 256 * 1024
"""Bytes read at once; the positions and words (8 bytes a field) then stay in the L2 cache."""

FEW = 32
"""Number of odd fields in a piece below which numpy is not worth its overhead."""

long_numbers = available()
keep_heap()

MAX_KEPT = 1000
"""Maximum number of bad lines, and of skipped ones, that are kept per chunk; further ones are only
counted, since millions of them must not fill the memory.
"""


class Parsed(NamedTuple):
    """The content of a chunk: n points.

    Attributes
    ----------
    n_lines : int
        The number of all lines of the chunk.
    columns : list of Column
        One per feature, of n values.
    rows : ndarray of shape (n,), int64
        The 0-based line of each point in the chunk.
    ids : list of bytes, or None
        One per point, without outer blanks and quotes, if there is an id column.
    rejected, skipped : list of Rejected
        Bad lines, and rows left out because of a missing value with ``missing='skip'``: the first
        MAX_KEPT of each, in the order of lines.
    n_blank : int
        The number of lines with only white space, which are ignored.
    n_rejected, n_skipped : int
        The numbers of all bad lines and of all skipped rows.
    """

    n_lines: int
    columns: List[Column]
    rows: np.ndarray
    ids: Optional[List[bytes]]
    rejected: List[Rejected]
    skipped: List[Rejected]
    n_blank: int
    n_rejected: int
    n_skipped: int


def parse(data: bytes, fmt: TextFormat) -> Parsed:
    """Read a chunk of whole lines.

    Parameters
    ----------
    data : bytes
    fmt : TextFormat

    Returns
    -------
    Parsed
        Includes the rejected lines; bad data raise no exception.
    """
    lines, n_lines = LineReader(fmt), 0
    parts = [of_floats([], [], [], len(fmt.columns))]
    for text in _pieces(unify_line_ends(data)):
        n_more, readings = _read_piece(text, n_lines, lines)
        n_lines += n_more
        parts.append(readings)
        lines.trim()
    rows = np.concatenate([part.rows for part in parts])
    ids = None if fmt.id_column is None else [word for part in parts for word in part.ids]
    return Parsed(n_lines, to_columns(parts), rows, ids, *lines.found())


def drop_head(data: bytes, header: bool) -> Tuple[bytes, int]:
    """Remove the byte order mark and the header, if there is one, from a file's first chunk.

    Returns
    -------
    data : bytes
    n_dropped : int
        The number of lines removed. The header is the first line that is not blank; blank lines
        before it are removed, too.
    """
    if data.startswith(b'\xef\xbb\xbf'):
        data = data[3:]
    if not header:
        return data, 0
    head = re.match(rb'[ \t\r\n]*[^\r\n]*(?:\r\n|\r|\n|$)', data)
    end = head.end() if head else 0
    return data[end:], len(split_lines(data[:end]))


def split_lines(data: bytes) -> List[bytes]:
    """Split a chunk into lines without their ends."""
    lines = unify_line_ends(data).split(b'\n')
    if not lines[-1]:
        lines.pop()
    return lines


def unify_line_ends(data: bytes) -> bytes:
    r"""Make every line end in ``\n``."""
    if b'\r' not in data:
        return data
    buffer = np.frombuffer(data, np.uint8)
    if not data.endswith(b'\r') and (buffer[1:][buffer[:-1] == ord('\r')] == ord('\n')).all():
        return data.replace(b'\r', b'')  # ten times as fast as replacing b'\r\n'
    return data.replace(b'\r\n', b'\n').replace(b'\r', b'\n')


class LineReader:
    """The lines that are not points, and the reading of single lines."""

    def __init__(self, fmt: TextFormat):
        self.fmt = fmt
        self.rejected: List[Rejected] = []
        self.skipped: List[Rejected] = []
        self.n_blank = self.n_rejected = self.n_skipped = 0
        self.room = [MAX_KEPT, MAX_KEPT]
        """How many bad and how many skipped rows of a piece may still be among the first MAX_KEPT;
        no others need to be kept.
        """

    def found(self) -> Tuple[List[Rejected], List[Rejected], int, int, int]:
        """Return the lines that are not points, as the last fields of `Parsed`."""
        return self.rejected, self.skipped, self.n_blank, self.n_rejected, self.n_skipped

    def trim(self) -> None:
        """Sort the lines found in a piece, and keep the first MAX_KEPT of each kind."""
        for entries in (self.rejected, self.skipped):
            entries.sort(key=lambda entry: entry.line)
            del entries[MAX_KEPT:]
        self.room = [MAX_KEPT - len(entries) for entries in (self.rejected, self.skipped)]

    def read(self, line: bytes, number: int):
        """Return the (values, id) of a line; record a line that is blank or not a point, and return
        None.
        """
        if is_blank(line, self.fmt.delimiter):
            self.n_blank += 1
            return None
        try:
            return read_line(line, self.fmt)
        except BadFields as error:
            fault = worst(error.faults)
            skipped = self.skips(fault.is_missing)
            self.count(1, skipped)
            self.keep(line, number, fault.reason, skipped, fault.column)
        except BadText as error:
            self.count(1, False)
            self.keep(line, number, str(error), False)
        return None

    def skips(self, is_missing: bool) -> bool:
        """Return whether a row is left out (not bad), given whether its fault is a missing
        value.
        """
        return is_missing and self.fmt.missing == 'skip'

    def count(self, n: int, skipped: bool) -> None:
        """Count skipped or rejected rows."""
        if skipped:
            self.n_skipped += n
        else:
            self.n_rejected += n

    def keep(
        self, line: bytes, number: int, reason: str, skipped: bool, column: Optional[int] = None
    ) -> None:
        """Keep a skipped or rejected row."""
        entry = Rejected(number, reason, line[:MAX_ROW_SHOWN], column)
        (self.skipped if skipped else self.rejected).append(entry)


def _pieces(text: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(text):
        end = text.find(b'\n', start + PIECE_BYTES) + 1 or len(text)
        yield text[start:end]
        start = end


def _read_piece(text: bytes, first_line: int, lines: LineReader) -> Tuple[int, Readings]:
    """Return the number of lines of a piece and its points; record its other lines in `lines`."""
    fmt, d = lines.fmt, len(lines.fmt.columns)
    with_id = fmt.id_column is not None
    found = scan(
        text, fmt.delimiter, fmt.n_fields, fmt.columns + ((fmt.id_column,) if with_id else ())
    )
    starts, ends, points = (a[:, :d].reshape(-1) for a in (found.starts, found.ends, found.points))
    integers, decimals, odd = read_decimals(found.buffer, starts, ends, points)
    floats, unread, missing = _read_odd(found, starts[odd], ends[odd], points[odd])
    ids = _texts(found, found.starts[:, d], found.ends[:, d]) if with_id else []
    if with_id and found.escaped is not None:
        for i in np.flatnonzero(found.escaped[:, d]).tolist():
            ids[i] = ids[i].replace(b'""', b'"')
    readings = Readings(
        found.rows, integers.reshape(-1, d), decimals.reshape(-1, d), odd, floats, ids
    )
    lines.n_blank += found.n_blank
    all_utf8 = is_utf8(b'\n'.join(ids))
    if len(unread) or len(found.irregular) or not all_utf8:
        texts = _OnDemand(text)
        faulty = _reject_faults(
            found, starts, ends, odd[unread], missing[unread], texts, first_line, lines
        )
        if not all_utf8:
            faulty = _reject_ids(found, ids, faulty, texts, first_line, lines)
        readings = _settle(texts, first_line, readings, faulty, found, lines)
    return found.n_lines, readings._replace(rows=readings.rows + first_line)


class _OnDemand:
    """The lines of a piece, which are split when the first one is needed."""

    def __init__(self, text: bytes):
        self._text = text
        self._lines: List[bytes] = []

    def __getitem__(self, row: int) -> bytes:
        if not self._lines:
            self._lines = self._text.split(b'\n')
        return self._lines[row]


def _reject_faults(
    found: Scan,
    starts: np.ndarray,
    ends: np.ndarray,
    faults: np.ndarray,
    missing: np.ndarray,
    texts: _OnDemand,
    first_line: int,
    lines: LineReader,
) -> np.ndarray:
    """Count the points that have faults, keep them if there is room, and return their indices.

    Parameters
    ----------
    faults : int64 ndarray
        Flat indices of the fields that are not numbers, ascending.
    missing : bool ndarray
        Which of them are missing.
    """
    fmt, d = lines.fmt, len(lines.fmt.columns)
    if not len(faults):
        return faults
    faulty, firsts = np.unique(faults // d, return_index=True)
    lacking = np.logical_and.reduceat(missing, firsts)  # only missing values
    bounds = np.append(firsts, len(faults))
    for skipped in (False, True):
        of_kind = np.flatnonzero(
            (lacking if fmt.missing == 'skip' else np.zeros(len(lacking), bool)) == skipped
        )
        lines.count(len(of_kind), skipped)
        for i in of_kind[: lines.room[skipped]].tolist():
            fields = faults[bounds[i] : bounds[i + 1]].tolist()
            fault = worst(
                [
                    _read_fault(found, starts, ends, field, fmt.columns[field % d])
                    for field in fields
                ]
            )
            row = int(found.rows[faulty[i]])
            lines.keep(texts[row], first_line + row, fault.reason, skipped, fault.column)
    return faulty


def _reject_ids(
    found: Scan,
    ids: List[bytes],
    faulty: np.ndarray,
    texts: _OnDemand,
    first_line: int,
    lines: LineReader,
) -> np.ndarray:
    """Count and keep the points whose ids are not UTF-8; return the indices of all faulty ones."""
    column, before = lines.fmt.id_column, set(faulty.tolist())
    assert column is not None, 'rows have ids only where a column was named'
    bad = [i for i, word in enumerate(ids) if i not in before and not is_utf8(word)]
    lines.count(len(bad), False)
    for i in bad[: lines.room[False]]:
        row = int(found.rows[i])
        lines.keep(texts[row], first_line + row, id_not_utf8(ids[i], column), False)
    return np.append(faulty, np.array(bad, faulty.dtype))


def _read_fault(found: Scan, starts: np.ndarray, ends: np.ndarray, i: int, column: int) -> Fault:
    """Return why a field is not a number."""
    field = found.text[starts[i] : ends[i]]
    d = len(starts) // len(found.rows)
    if found.escaped is not None and found.escaped[i // d, i % d]:
        field = field.replace(b'""', b'"')
    _, fault = read_field(field, column)
    assert fault is not None, 'only fields that are not numbers are read again'
    return fault


def _settle(
    texts: _OnDemand,
    first_line: int,
    readings: Readings,
    faulty: np.ndarray,
    found: Scan,
    lines: LineReader,
) -> Readings:
    """Return the points without those that have faults, and with those found in lines with unclear
    quotes.
    """
    fmt = lines.fmt
    unequal = np.flatnonzero(found.n_found >= 0)
    lines.count(len(unequal), False)
    for i in unequal[: lines.room[False]].tolist():
        row = int(found.irregular[i])
        reason = wrong_number_of_fields(fmt.n_fields, int(found.n_found[i]))
        lines.keep(texts[row], first_line + row, reason, False)
    unclear = found.irregular[found.n_found < 0].tolist()
    read = [(row, lines.read(texts[row], first_line + row)) for row in unclear]
    others = [(row, *point) for row, point in read if point]
    kept = np.ones(len(readings.rows), bool)
    kept[faulty] = False
    if not others:
        return readings if kept.all() else readings.take(np.flatnonzero(kept))
    rows, values, ids = zip(*others)
    no_ids: Sequence = []
    ids_of_rows = no_ids if fmt.id_column is None else ids
    readings = join([readings, of_floats(rows, values, ids_of_rows, len(fmt.columns))])
    order = np.argsort(readings.rows)
    return readings.take(order[np.append(kept, np.ones(len(others), bool))[order]])


def _read_odd(
    found: Scan, starts: np.ndarray, ends: np.ndarray, points: np.ndarray
) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the values of fields that are not plain decimal numbers, the indices of those that are
    not numbers at all, and which of these are missing.
    """
    floats, left = np.zeros(len(starts)), np.arange(len(starts))
    missing = are_missing(found.buffer, starts, ends) if len(starts) else np.zeros(0, bool)
    if len(starts) >= FEW and long_numbers:
        left = np.flatnonzero(~missing)
        floats[left], unread = read_long(found.buffer, starts[left], ends[left], points[left])
        left = left[unread]
    else:
        left = left[~missing]
    texts = _texts(found, starts[left], ends[left])
    floats[left], unread = read_numbers(texts)
    for i in unread:  # longer than eight bytes, such as one with blanks inside its quotes
        missing[left[i]] = is_missing(texts[i])
    return floats, np.flatnonzero(missing | np.isin(np.arange(len(starts)), left[unread])), missing


def _texts(found: Scan, starts: np.ndarray, ends: np.ndarray) -> List[bytes]:
    text = found.text
    return [text[start:end].strip(b' \t') for start, end in zip(starts.tolist(), ends.tolist())]
