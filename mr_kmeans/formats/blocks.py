"""Packed blocks: a lossless binary format of points, with as few bytes per value as possible for
each column.

A block is the value of one SequenceFile record. All numbers are little-endian; every section starts
at a multiple of 8 bytes and is padded with zeros to the next one, so that columns are arrays in
place, without a copy::

    offset  bytes
         0      8  magic 'KMBLOCK' and a zero byte
         8      4  version, 1
        12      4  checksum, see below
        16      8  length of the whole block in bytes, a multiple of 8
        24      4  n, the number of points
        28      4  d, the number of features
        32      8  origin: first byte of the split (signed)
        40      8  origin: line within the split of the first point, from 0 (signed)
        48      4  origin: length of the file name in bytes
        52      1  width of a line step: 0 (every point is one line after the one before), or 1, 2,
                   4 or 8 bytes
        53      1  flags: 1 ids; 2 weights (reserved, refused by this version)
        54      2  zero
        56      8  length of all ids together in bytes
        64     8d  for each column: type (1), decimals (1, signed), zero (2), length in bytes (4);
                   the type is one of the characters b h i q (signed integers of 1, 2, 4, 8 bytes)
                   and d (float64); decimals are 0 ... 15, the value being integer / 10**decimals,
                   and -1 for d, the value itself
                   file name, UTF-8
                   the columns in their order, n values each
                   unless the width of a line step is 0: n - 1 steps, the lines between a point and
                   the one before (unsigned; signed when the width is 8)
                   with flag 1: n + 1 offsets of 4 bytes, the first 0: id i is the bytes offset i
                   to offset i+1 of what follows; the ids

The checksum is the CRC-32 of the first 64 bytes (with zeros in place of the checksum), followed by
251 numbers of 8 bytes: the rest of the block, read as 64-bit integers in rows of 251 (the last one
filled up with zeros) and summed by column modulo 2**64. That is ten times as fast as a CRC of
everything; and since 251 is prime, swapped pages change it, too.
"""

from __future__ import annotations

import struct
import zlib
from typing import Dict

import numpy as np

from mr_kmeans.errors import DamagedRowsError
from mr_kmeans.exact.column import MAX_DECIMALS, RAW, Column
from mr_kmeans.exact.points import Origin, Points

MAGIC = b'KMBLOCK\0'
VERSION = 1
HAS_IDS = 1

BLOCK_ROWS = 32768
"""Number of points in a block. The map of an iteration (read, decode, label, sum; 10 features of 4
bytes, k = 20, one core) took, in ns per point: blocks of 2,048: 218, 4,096: 139, 8,192: 102,
16,384: 81, 32,768: 73, 65,536: 74.
"""

BLOCK_VALUES = 2**20
"""Maximum number of values in a block, 8 MB of float64, so that blocks of many features have fewer
points. For 64 features and k = 100 the same measurement gave 2,048: 1,287, 4,096: 829, 8,192: 694,
16,384: 559, 32,768: 527.
"""

CHECKSUM_WORDS = 251

_HEADER = struct.Struct('<8sIIQIIqqIBBHQ')
_COLUMN = struct.Struct('<cbHI')
_CHECKSUM_OFFSET = 12
_TYPES: Dict[bytes, np.dtype] = {
    b'b': np.dtype('<i1'),
    b'h': np.dtype('<i2'),
    b'i': np.dtype('<i4'),
    b'q': np.dtype('<i8'),
    b'd': np.dtype('<f8'),
}
_CODES = {dtype: code for code, dtype in _TYPES.items()}
_STEPS = {1: np.dtype('<u1'), 2: np.dtype('<u2'), 4: np.dtype('<u4'), 8: np.dtype('<i8')}
_OFFSET = np.dtype('<u4')


def rows_per_block(n_features):
    """Return the number of points in a block with this number of features."""
    return max(1, min(BLOCK_ROWS, BLOCK_VALUES // max(1, n_features)))


def encode_block(points):
    """Pack points.

    Parameters
    ----------
    points : Points
        At least one column.

    Returns
    -------
    bytes
        `decode_block` returns the same points.
    """
    n = len(points.rows)
    name = points.origin.file.encode('utf-8')
    step_width, steps = _line_steps(points.rows)
    descriptors, columns = bytearray(), []
    for column in points.columns:
        code, values = _storable(column, n)
        descriptors += _COLUMN.pack(code, column.decimals, 0, values.nbytes)
        columns.append(values)
    sections = [descriptors, name, *columns, steps]
    ids = b''.join(points.ids or ())
    if points.ids is not None:
        sections += [_id_offsets(points.ids, n), ids]
    parts = [bytes(_HEADER.size)]
    for section in sections:
        parts += [section, bytes(-memoryview(section).nbytes % 8)]
    block = bytearray().join(parts)
    first = int(points.rows[0]) if n else 0
    flags = 0 if points.ids is None else HAS_IDS
    _HEADER.pack_into(
        block,
        0,
        MAGIC,
        VERSION,
        0,
        len(block),
        n,
        len(columns),
        points.origin.start,
        first,
        len(name),
        step_width,
        flags,
        0,
        len(ids),
    )
    struct.pack_into('<I', block, _CHECKSUM_OFFSET, checksum(block))
    return bytes(block)


def decode_block(buffer, place, with_ids=True):
    """Unpack a block.

    Parameters
    ----------
    buffer : bytes
        The block, nothing before or after it.
    place : str
        Where the block was (file and byte), for errors.
    with_ids : bool
        Whether to unpack the ids, which takes 100 ns per point; otherwise they are None.

    Returns
    -------
    Points
        Their arrays are read-only and share the memory of `buffer`.

    Raises
    ------
    DamagedRowsError
        If the bytes are not a block as made by `encode_block`.
    """
    header = _checked_header(buffer, place)
    _, _, _, length, n, d, start, first, name_length, step_width, flags, _, ids_length = header
    lay = _Layout(buffer, place)
    descriptors = _COLUMN.iter_unpack(lay.take(d * _COLUMN.size))
    name = bytes(lay.take(name_length))
    columns = [_column(lay, n, *descriptor) for descriptor in descriptors]
    rows = _lines(lay, step_width, n, first)
    ids = None
    if flags & HAS_IDS:
        offsets, text = lay.array(_OFFSET, n + 1), lay.take(ids_length)
        if with_ids:
            ids = _ids(offsets, bytes(text), place)
    elif ids_length:
        raise _fault(place, f'{ids_length} bytes of ids without the flag for ids')
    if lay.position != length:
        raise _fault(place, f'its sections take {lay.position} bytes of {length}')
    try:
        return Points(columns, rows, ids, Origin(name.decode('utf-8'), start))
    except UnicodeDecodeError:
        raise _fault(place, f'the file name {name!r} is not UTF-8') from None


def checksum(block):
    """Return the checksum of a whole block (any bytes-like object); see the module's docstring."""
    words = np.frombuffer(block, dtype='<u8', offset=_HEADER.size)
    whole = len(words) - len(words) % CHECKSUM_WORDS
    sums = words[:whole].reshape(-1, CHECKSUM_WORDS).sum(axis=0, dtype=np.uint64)
    sums[: len(words) - whole] += words[whole:]
    header = bytearray(block[: _HEADER.size])
    header[_CHECKSUM_OFFSET : _CHECKSUM_OFFSET + 4] = bytes(4)
    return zlib.crc32(sums.astype('<u8', copy=False).tobytes(), zlib.crc32(header))


class _Layout:
    """The sections of a block, which are read one after the other."""

    def __init__(self, buffer, place):
        self.buffer, self.place, self.position = buffer, place, _HEADER.size

    def begin(self, size):
        """Return the position of the next section, of `size` bytes, and skip it and its padding."""
        begin = self.position
        if begin + size > len(self.buffer):
            raise _fault(
                self.place, f'a section of {size} bytes at byte {begin} of {len(self.buffer)}'
            )
        self.position = begin + size + -size % 8
        return begin

    def take(self, size):
        """Return the next section."""
        begin = self.begin(size)
        return memoryview(self.buffer)[begin : begin + size]

    def array(self, dtype, count):
        """Return the next section as an array."""
        values = np.frombuffer(self.buffer, dtype, count, self.begin(count * dtype.itemsize))
        return values if dtype.isnative else values.astype(dtype.newbyteorder('='))


def _column(lay, n, code, decimals, _, size):
    dtype = _TYPES.get(code)
    if dtype is None or not (decimals == RAW if code == b'd' else 0 <= decimals <= MAX_DECIMALS):
        raise _fault(lay.place, f'a column of type {code} with {decimals} decimals')
    if size != n * dtype.itemsize:
        raise _fault(lay.place, f'a column of {size} bytes for {n} values of {dtype.itemsize}')
    return Column(lay.array(dtype, n), decimals)


def _checked_header(buffer, place):
    if len(buffer) < _HEADER.size or bytes(buffer[: len(MAGIC)]) != MAGIC:
        raise DamagedRowsError(
            f'{place}: not a block of packed points: {len(buffer)} bytes that begin with'
            f' {bytes(buffer[:8])!r}'
        )
    header = _HEADER.unpack_from(buffer)
    if header[1] != VERSION:
        raise DamagedRowsError(
            f'{place}: a block of format version {header[1]}; this program reads version {VERSION}.'
            ' Pack again.'
        )
    if header[3] != len(buffer) or len(buffer) % 8:
        raise _fault(place, f'expected {header[3]} bytes, found {len(buffer)}')
    if header[2] != checksum(buffer):
        raise _fault(place, f'its checksum is {checksum(buffer):08x}, expected {header[2]:08x}')
    if header[9] not in (0, 1, 2, 4, 8) or header[10] & ~HAS_IDS:
        raise _fault(place, f'line steps of {header[9]} bytes, flags {header[10]}')
    return header


def _fault(place, message):
    return DamagedRowsError(f'{place}: the block is damaged: {message}')


def _storable(column, n):
    """Return the type character of a column and its values as they are stored."""
    code = _CODES.get(column.values.dtype.newbyteorder('<'))
    if code is None or column.values.shape != (n,) or (code == b'd') != (column.decimals == RAW):
        raise ValueError(
            f'a column of {column.values.shape} {column.values.dtype} with'
            f' decimals={column.decimals} does not fit a block of {n} points'
        )
    return code, np.ascontiguousarray(column.values, dtype=_TYPES[code])


def _line_steps(rows):
    """Return the width and the bytes of the steps between the lines of successive points."""
    steps = np.diff(rows)
    if (steps == 1).all():
        return 0, b''
    low, high = int(steps.min()), int(steps.max())
    width = next((width for width in (1, 2, 4) if low >= 0 and high < 256**width), 8)
    return width, steps.astype(_STEPS[width]).tobytes()


def _lines(lay, width, n, first):
    if width == 0:
        return np.arange(first, first + n, dtype=np.int64)
    rows = np.empty(n, dtype=np.int64)
    rows[:1] = first
    np.cumsum(lay.array(_STEPS[width], max(n - 1, 0)), dtype=np.int64, out=rows[1:])
    rows[1:] += first
    return rows


def _id_offsets(ids, n):
    if len(ids) != n:
        raise ValueError(f'{len(ids)} ids for {n} points')
    offsets = np.zeros(n + 1, dtype=np.int64)
    np.cumsum([len(one) for one in ids], out=offsets[1:])
    if offsets[-1] >= 2**31:
        raise ValueError(f'the ids of a block have {offsets[-1]} bytes, more than 2 GB')
    return offsets.astype(_OFFSET).tobytes()


def _ids(offsets, text, place):
    borders = offsets.tolist()
    if borders[0] != 0 or borders[-1] != len(text) or (np.diff(offsets.astype(np.int64)) < 0).any():
        raise _fault(place, f'the offsets of the ids do not fit their {len(text)} bytes')
    return [text[begin:end] for begin, end in zip(borders, borders[1:])]
