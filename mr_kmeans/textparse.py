"""Bytes of text to columns of numbers: what a task does with its split.

A chunk is whole lines, ended by ``\\n``, ``\\r\\n`` or a lone ``\\r`` as in Hadoop's line reader (the last line may be
open). The result does not depend on how a file is cut into chunks. `parse` reads a piece of many lines at once with
numpy; what is irregular in it, a line or a field, is read on its own. `parse_plainly` reads line by line: the reference.
"""
from __future__ import annotations

import re
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

import numpy as np

from mr_kmeans.columns import Column, from_floats
from mr_kmeans.digits import read_decimals
from mr_kmeans.heap import keep_heap
from mr_kmeans.longdigits import available, read_long
from mr_kmeans.numbertext import BadText, is_blank, read_numbers
from mr_kmeans.textformat import LONGEST_ROW_SHOWN, BadFields, Fault, Rejected, TextFormat, read_field, read_line, worst
from mr_kmeans.readings import Readings, join, of_floats, to_columns
from mr_kmeans.textscan import Scan, scan

__all__ = ['Parsed', 'Rejected', 'TextFormat', 'drop_head', 'parse', 'parse_plainly', 'split_lines']

PIECE_BYTES = 256 * 1024
"""Read at once: its positions and words (8 bytes a field) stay in the second-level cache."""

FEW = 32
"""Odd fields in a piece, below which numpy is not worth its overhead."""

long_numbers = available()
keep_heap()

MOST_KEPT = 1000
"""Bad lines, and skipped ones, of a chunk that are told of; the others are counted. Millions of them must not fill the memory."""


class Parsed(NamedTuple):
    """What a chunk holds: n points.

    Attributes
    ----------
    n_lines : int
        All lines of the chunk.
    columns : list of Column
        Per feature, n values.
    rows : ndarray of shape (n,), int64
        The 0-based line of each point in the chunk.
    ids : list of bytes, or None
        Of each point, without outer blanks and quotes, when there is an id column.
    rejected, skipped : list of Rejected
        Bad lines, and rows left out for a missing value under ``missing='skip'``; in the order of lines, the first MOST_KEPT of each.
    n_blank : int
        Lines of white space, which are ignored.
    n_rejected, n_skipped : int
        How many there are in all.
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
        Rejected lines are part of it; bad data raise nothing.
    """
    lines, n_lines = _Lines(fmt), 0
    parts = [of_floats([], [], [], len(fmt.columns))]
    for text in _pieces(unify_line_ends(data)):
        n_more, readings = _read_piece(text, n_lines, lines)
        n_lines += n_more
        parts.append(readings)
        lines.trim()
    rows = np.concatenate([part.rows for part in parts])
    ids = None if fmt.id_column is None else [word for part in parts for word in part.ids]
    return Parsed(n_lines, to_columns(parts), rows, ids, *lines.found())


def parse_plainly(data: bytes, fmt: TextFormat) -> Parsed:
    """Do what `parse` does, slowly: the reference."""
    texts = split_lines(data)
    lines, rows, values, ids = _Lines(fmt), [], [], []
    for number, line in enumerate(texts):
        point = lines.read(line, number)
        if point is not None:
            rows.append(number)
            values.append(point[0])
            ids.append(point[1])
    lines.trim()
    table = np.array(values, dtype=np.float64).reshape(len(rows), len(fmt.columns))
    columns = [from_floats(table[:, j].copy()) for j in range(len(fmt.columns))]
    ids = None if fmt.id_column is None else ids
    return Parsed(len(texts), columns, np.array(rows, np.int64), ids, *lines.found())


def drop_head(data: bytes, header: bool) -> Tuple[bytes, int]:
    """Take the byte order mark and the header, where there is one, off the chunk at a file's very start.

    Returns
    -------
    data : bytes
    n_dropped : int
        Lines taken off. The header is the first line that is not blank; blank lines before it go with it.
    """
    if data.startswith(b'\xef\xbb\xbf'):
        data = data[3:]
    if not header:
        return data, 0
    end = re.match(rb'[ \t\r\n]*[^\r\n]*(?:\r\n|\r|\n|$)', data).end()
    return data[end:], len(split_lines(data[:end]))


def split_lines(data: bytes) -> List[bytes]:
    """Split a chunk into lines without their ends."""
    lines = unify_line_ends(data).split(b'\n')
    if not lines[-1]:
        lines.pop()
    return lines


def unify_line_ends(data: bytes) -> bytes:
    """Make every line end in ``\\n``."""
    if b'\r' not in data:
        return data
    buffer = np.frombuffer(data, np.uint8)
    if not data.endswith(b'\r') and (buffer[1:][buffer[:-1] == ord('\r')] == ord('\n')).all():
        return data.replace(b'\r', b'')  # ten times as fast as to replace b'\r\n'
    return data.replace(b'\r\n', b'\n').replace(b'\r', b'\n')


class _Lines:
    """Lines read one by one, and what is not a point among them."""

    def __init__(self, fmt: TextFormat):
        self.fmt = fmt
        self.rejected: List[Rejected] = []
        self.skipped: List[Rejected] = []
        self.n_blank = self.n_rejected = self.n_skipped = 0

    def found(self) -> Tuple[List[Rejected], List[Rejected], int, int, int]:
        """What is not a point, as the last fields of `Parsed`."""
        return self.rejected, self.skipped, self.n_blank, self.n_rejected, self.n_skipped

    def trim(self) -> None:
        """Put what was found in the order of lines, and keep the first MOST_KEPT of each kind."""
        for entries in (self.rejected, self.skipped):
            entries.sort(key=lambda entry: entry.line)
            del entries[MOST_KEPT:]

    def read(self, line: bytes, number: int):
        """The (values, id) of a line; None when it is blank or no point, which is noted."""
        if is_blank(line, self.fmt.delimiter):
            self.n_blank += 1
            return None
        try:
            return read_line(line, self.fmt)
        except BadFields as error:
            self.reject(line, number, error.faults)
        except BadText as error:
            self.n_rejected += 1
            self.rejected.append(Rejected(number, str(error), line[:LONGEST_ROW_SHOWN]))
        return None

    def reject(self, line: bytes, number: int, faults) -> None:
        """Note a row some of whose features are no numbers."""
        fault = worst(faults)
        skipped = fault.is_missing and self.fmt.missing == 'skip'
        self.n_skipped += skipped
        self.n_rejected += not skipped
        (self.skipped if skipped else self.rejected).append(Rejected(number, fault.reason, line[:LONGEST_ROW_SHOWN], fault.column))


def _pieces(text: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(text):
        end = text.find(b'\n', start + PIECE_BYTES) + 1 or len(text)
        yield text[start:end]
        start = end


def _read_piece(text: bytes, first_line: int, lines: _Lines) -> Tuple[int, Readings]:
    """The number of lines of a piece and its points; what is no point goes to `lines`."""
    fmt, d = lines.fmt, len(lines.fmt.columns)
    with_id = fmt.id_column is not None
    found = scan(text, fmt.delimiter, fmt.n_fields, fmt.columns + ((fmt.id_column,) if with_id else ()))
    starts, ends, points = (a[:, :d].reshape(-1) for a in (found.starts, found.ends, found.points))
    integers, decimals, odd = read_decimals(found.buffer, starts, ends, points)
    floats, unread = _read_odd(found, starts[odd], ends[odd], points[odd])
    ids = _texts(found, found.starts[:, d], found.ends[:, d]) if with_id else []
    readings = Readings(found.rows, integers.reshape(-1, d), decimals.reshape(-1, d), odd, floats, ids)
    if len(unread) or len(found.irregular):
        faults: Dict[int, List[Fault]] = {}
        for i in odd[unread].tolist():
            field = found.text[starts[i]:ends[i]]
            faults.setdefault(i // d, []).append(read_field(field, fmt.columns[i % d])[1])
        readings = _settle(text.split(b'\n'), first_line, readings, faults, found.irregular.tolist(), lines)
    return found.n_lines, readings._replace(rows=readings.rows + first_line)


def _settle(texts: List[bytes], first_line: int, readings: Readings, faults: Dict[int, List[Fault]],
            irregular: List[int], lines: _Lines) -> Readings:
    """The points without those that have faults, and with those found among the irregular lines."""
    for i, of_point in faults.items():
        row = int(readings.rows[i])
        lines.reject(texts[row], first_line + row, of_point)
    read = [(row, lines.read(texts[row], first_line + row)) for row in irregular]
    others = [(row, *point) for row, point in read if point]
    if others:
        rows, values, ids = zip(*others)
        ids = [] if lines.fmt.id_column is None else ids
        readings = join([readings, of_floats(rows, values, ids, len(lines.fmt.columns))])
    kept = np.ones(len(readings.rows), bool)
    kept[list(faults)] = False
    order = np.argsort(readings.rows)
    return readings.take(order[kept[order]])


def _read_odd(found: Scan, starts: np.ndarray, ends: np.ndarray,
              points: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """The values of fields that are no plain decimal numbers, and the indices of those that are no numbers at all."""
    if len(starts) >= FEW and long_numbers:
        floats, left = read_long(found.buffer, starts, ends, points)
    else:
        floats, left = np.zeros(len(starts)), np.arange(len(starts))
    floats[left], unread = read_numbers(_texts(found, starts[left], ends[left]))
    return floats, left[unread]


def _texts(found: Scan, starts: np.ndarray, ends: np.ndarray) -> List[bytes]:
    text = found.text
    return [text[start:end].strip(b' \t') for start, end in zip(starts.tolist(), ends.tolist())]
