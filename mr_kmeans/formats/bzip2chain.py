"""A check that no block of a bzip2 file is missing, without decompressing the file.

To read a file in several tasks, Hadoop searches for the 48 bits with which each block begins. A
block with damaged first bits is silently skipped: 900,000 bytes of text are missing. Blocks that
Hadoop does decompress are checked by their own CRC. The end of a stream has a CRC over those of its
blocks::

    header  'BZh' and a digit, at a byte
    block   48 bits 314159265359 (hex), the CRC of its text in 32 bits, …; at any bit
    end     48 bits 177245385090 (hex), 32 bits: for each block, rotate left by one bit, exclusive
            or with its CRC; then to the next byte
"""

from __future__ import annotations

from typing import BinaryIO, Iterator, List, NamedTuple, Tuple

from mr_kmeans.errors import DataError
from mr_kmeans.formats.compressed import BLOCK, END, HEAD_BYTES, Bzip2Format

READ_BYTES = 1 << 22
"""Number of bytes read at once."""

_MARK_BITS, _CRC_BITS = 48, 32
_AHEAD = (7 + _MARK_BITS + _CRC_BITS + 7) // 8 + HEAD_BYTES
"""Number of bytes, from the one in which a mark begins, that tell whether it is a mark."""


class Mark(NamedTuple):
    """The beginning of a block, or of a stream's end.

    Attributes
    ----------
    bit : int
        The position in the file.
    kind : bytes
        BLOCK or END.
    crc : int
    """

    bit: int
    kind: bytes
    crc: int


def check_blocks(stream: BinaryIO, name: str) -> None:
    """Refuse a bzip2 file if a block or a stream is missing or cannot be found.

    Parameters
    ----------
    stream : binary file
        Read to its end.
    name : str
        The file's name, for errors.

    Raises
    ------
    DataError
    """
    begin, crc, size, is_first = 0, 0, 0, True
    for found in _marks(stream):
        if isinstance(found, int):
            size = found
            break
        if (
            is_first and found.bit != 8 * begin + 32
        ):  # no header, or neither a block nor an end after it
            break
        is_first = False
        if found.kind == BLOCK:
            crc = ((crc << 1 | crc >> 31) & 0xFFFFFFFF) ^ found.crc
            continue
        if crc != found.crc:
            break
        begin, crc, is_first = (found.bit + _MARK_BITS + _CRC_BITS + 7) // 8, 0, True
    if begin != size or not size:
        raise DataError(
            f'{name}: the compressed file is damaged or cut off in the stream that begins at byte'
            f' {begin:,}: blocks are missing or damaged, and Hadoop would leave'
            ' out rows. Test it with bzip2 -t.'
        )


def _marks(stream: BinaryIO) -> Iterator:
    """Yield the marks of a file in order, and finally its size."""
    data, base, at_end = b'', 0, False
    while not at_end:
        more = stream.read(READ_BYTES)
        at_end, data = not more, data + more
        end = (
            len(data) if at_end else max(0, len(data) - _AHEAD)
        )  # a mark that begins before this can be checked
        for first, shift, kind in sorted(_candidates(data, end)):
            bit = 8 * first + shift
            if kind == BLOCK or _may_be_end(data, bit):
                yield Mark(8 * base + bit, kind, _bits(data, bit + _MARK_BITS, _CRC_BITS))
        data, base = data[end:], base + end
    yield base


def _candidates(data: bytes, end: int) -> List[Tuple[int, int, bytes]]:
    """Return (byte, bit in the byte, kind) of all bit patterns of marks that begin before byte
    `end`.
    """
    found = []
    for kind, shift, inner, skipped in _INNER:
        at = data.find(inner, skipped, end + skipped + len(inner) - 1)
        while at >= 0:
            first = at - skipped
            if first < end and _bits(data, 8 * first + shift, _MARK_BITS) == int.from_bytes(
                kind, 'big'
            ):
                found.append((first, shift, kind))
            at = data.find(inner, at + 1, end + skipped + len(inner) - 1)
    return found


def _may_be_end(data: bytes, bit: int) -> bool:
    """Return whether a possible end is followed by another stream or nothing, since the 48 bits
    alone occur by chance once in a terabyte or so.
    """
    after = (bit + _MARK_BITS + _CRC_BITS + 7) // 8
    head = data[after : after + HEAD_BYTES]
    return after == len(data) or Bzip2Format.begins(head)


def _bits(data: bytes, bit: int, n_bits: int) -> int:
    """Return a range of bits as a number."""
    end = bit + n_bits
    part = int.from_bytes(
        data[bit // 8 : (end + 7) // 8].ljust((end + 7) // 8 - bit // 8, b'\0'), 'big'
    )
    return part >> (-end % 8) & ((1 << n_bits) - 1)


def _inner(kind: bytes, shift: int) -> Tuple[bytes, int, bytes, int]:
    """Return the complete bytes of a mark that begins at a bit of a byte, and the number of bytes
    before them.
    """
    whole = (int.from_bytes(kind, 'big') << (8 - shift)).to_bytes(7, 'big')
    return (kind, shift, whole[1:6], 1) if shift else (kind, 0, kind, 0)


_INNER = [_inner(kind, shift) for kind in (BLOCK, END) for shift in range(8)]
