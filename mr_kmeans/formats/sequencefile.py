"""Hadoop's SequenceFile, and the framing of Hadoop Streaming's rawbytes.

SequenceFile version 6, uncompressed, key and value of class org.apache.hadoop.io.BytesWritable. All
integers are big-endian::

    header   'SEQ' 6 | key class | value class | 0 0 (not compressed)
             | metadata: int32 pairs, pairs * 2 texts | 16 bytes sync
    record   int32 length of all that follows key length | int32 key length | key | value
             key, value: int32 size | bytes
    sync     int32 -1 | the 16 bytes of the header

A class name or text is a Hadoop variable-length integer n and n bytes of UTF-8. Sync marks make the
file splittable: a reader of the bytes from `start` to `end` skips to the first mark that begins at
or after `start`, and stops at the first mark that begins at or after `end`; so each record is read
in exactly one split. The header counts as a mark for the records after it.
org.apache.hadoop.mapred.SequenceFileRecordReader does the same, to the byte; its results are a
fixture of tests/formats/test_sequencefile.py.

rawbytes is one record after the other: int32 key length, key, int32 value length, value.
"""

from __future__ import annotations

import hashlib
import struct
from typing import BinaryIO, Iterator, List, NamedTuple, Optional, Tuple

from mr_kmeans.errors import DamagedRowsError

BYTES_WRITABLE = b'org.apache.hadoop.io.BytesWritable'
MAGIC = b'SEQ'
VERSION = 6
ESCAPE = b'\xff\xff\xff\xff'
MARK_SIZE = 20  # escape and sync
DEFAULT_SYNC = hashlib.md5(b'mr_kmeans SequenceFile').digest()
SYNC_INTERVAL = (
    16 * 1024
    # bytes between marks; with Hadoop's 100 KB small files could not be split, and 20 bytes per 16
    # KB are negligible
)
SEARCH_SIZE = 64 * 1024  # bytes read at once in search of a mark, about one block of points
MAX_SIZE = 2**31 - 9  # of a record, the maximum of Java's arrays

INT = struct.Struct('>i')
TWO_INTS = struct.Struct('>ii')


class Record(NamedTuple):
    """A record; `position` is where it, or the mark before it, begins."""

    position: int
    key: bytes
    value: bytes


class Writer:
    """Writer of a SequenceFile to a binary stream, which stays open.

    Parameters
    ----------
    stream : binary file, open for writing
    sync : bytes of length 16
        The file's sync mark. The same records and mark give the same bytes.
    sync_interval : int
        A mark is written before a record if this number of bytes was written since the last mark.
    """

    def __init__(
        self, stream: BinaryIO, sync: bytes = DEFAULT_SYNC, sync_interval: int = SYNC_INTERVAL
    ):
        if len(sync) != 16:
            raise ValueError('a sync mark has 16 bytes, not %d' % len(sync))
        self.stream = stream
        self.sync = sync
        self.sync_interval = sync_interval
        name = bytes([len(BYTES_WRITABLE)]) + BYTES_WRITABLE
        header = MAGIC + bytes([VERSION]) + name + name + b'\0\0' + INT.pack(0) + sync
        stream.write(header)
        self.position = len(header)  # bytes written so far
        self._last_mark = self.position

    def append(self, key: bytes, value: bytes) -> None:
        """Write a record."""
        length = len(key) + len(value) + 8
        if length > MAX_SIZE:
            raise ValueError('a record of %d bytes is too large for a SequenceFile' % length)
        if self.position >= self._last_mark + self.sync_interval:
            self.write_sync()
        self.stream.write(struct.pack('>iii', length, len(key) + 4, len(key)))
        self.stream.write(key)
        self.stream.write(INT.pack(len(value)))
        self.stream.write(value)
        self.position += 8 + length

    def write_sync(self) -> None:
        """Write a mark, unless one was just written."""
        if self.position != self._last_mark:
            self.stream.write(ESCAPE + self.sync)
            self.position += MARK_SIZE
            self._last_mark = self.position


class Reader:
    """Iterator over the records of one split of a SequenceFile.

    Parameters
    ----------
    stream : binary file, seekable
    name : str
        The file's name, for errors.
    start, length : int
        The split in bytes; without `length`, it extends to the end of the file.

    Attributes
    ----------
    sync : bytes
    first : int
        Position of the file's first record, after the header.
    size : int
        Size of the file in bytes.
    """

    def __init__(self, stream: BinaryIO, name: str, start: int = 0, length: Optional[int] = None):
        self.name = name
        self._stream = stream
        self.size = stream.seek(0, 2)
        stream.seek(0)
        self.sync = self._read_header()
        self.first = stream.tell()
        self._start = start
        self._end = self.size if length is None else start + length

    def __iter__(self) -> Iterator[Record]:
        start = self.first if self._start <= self.first else self._find_mark(self._start)
        return self.read_from(start, self._end) if start < self._end else iter(())

    def read_from(self, position: int, end: int) -> Iterator[Record]:
        """Yield the records from `position`, where a record or mark begins, to the first mark at or
        after `end`.
        """
        self._stream.seek(position)
        while position < self.size:
            body = position
            length = self._read_int(body)
            if length == -1:
                if self._read(16, body + 4) != self.sync:
                    raise self._fault(position, 'not the sync mark of this file: it is corrupt')
                body += MARK_SIZE
                if position >= end or body >= self.size:
                    return
                length = self._read_int(body)
            record = self._read_record(position, body, length)
            yield record
            position = body + 8 + length
            if self._stream.tell() != position:
                self._stream.seek(position)  # the caller may have read elsewhere

    def _read_record(self, position: int, body: int, length: int) -> Record:
        """Read a record whose first integer, at `body`, has been read."""
        if not 8 <= length <= self.size - body - 8:
            left = self.size - body - 8
            cause = 'it is truncated or corrupt' if length >= 8 else 'it is corrupt'
            raise self._fault(
                body, 'a record of %d bytes where %d are left: %s' % (length, max(left, 0), cause)
            )
        key_length, key_size = TWO_INTS.unpack(self._read(8, body + 4))
        if not 4 <= key_length <= length - 4 or key_size != key_length - 4:
            raise self._fault(
                body,
                'a key of %d bytes in %d, in a record of %d: it is corrupt'
                % (key_size, key_length, length),
            )
        key = self._read(key_size, body + 12)
        value_size = self._read_int(body + 8 + key_length)
        if value_size != length - key_length - 4:
            raise self._fault(
                body, 'a value of %d bytes in %d: it is corrupt' % (value_size, length - key_length)
            )
        return Record(position, key, self._read(value_size, body + 12 + key_length))

    def _find_mark(self, start: int) -> int:
        """Return the position of the first mark at or after `start`, or the file's size."""
        position = start + 4  # after the escape
        before = b''
        self._stream.seek(min(position, self.size))
        while position < self.size:
            chunk = self._read(min(SEARCH_SIZE, self.size - position), position)
            window = before + chunk
            found = window.find(self.sync)
            if found >= 0:
                mark = position - len(before) + found - 4
                return mark if mark + MARK_SIZE < self.size else self.size
            before = window[-15:]
            position += len(chunk)
        return self.size

    def find_last_mark(self, end: int) -> int:
        """Return the position of the last mark that ends before `end`; if there is none, that of
        the first record.
        """
        mark = ESCAPE + self.sync
        after = b''
        while end > self.first:
            begin = max(self.first, end - SEARCH_SIZE)
            self._stream.seek(begin)
            window = self._read(end - begin, begin) + after
            found = window.rfind(mark)
            if found >= 0:
                return begin + found
            after = window[: MARK_SIZE - 1]
            end = begin
        return self.first

    def _read_header(self) -> bytes:
        head = self._stream.read(4)
        if head[:3] != MAGIC:
            raise self._fault(0, 'not a SequenceFile: it begins with %r' % head)
        if head[3:] != bytes([VERSION]):
            raise self._fault(
                3,
                'SequenceFile version %s; only version %d can be read' % (list(head[3:]), VERSION),
            )
        for what in ('key', 'value'):
            position = self._stream.tell()
            name = self._read_text()
            if name != BYTES_WRITABLE:
                raise self._fault(
                    position,
                    '%s class %s; expected %s'
                    % (what, name.decode('utf-8', 'replace'), BYTES_WRITABLE.decode()),
                )
        flags = self._read(2, self._stream.tell())
        if flags != b'\0\0':
            raise self._fault(
                self._stream.tell() - 2,
                'a compressed SequenceFile; only uncompressed ones can be read',
            )
        position = self._stream.tell()
        n_pairs = self._read_int(position)
        if not 0 <= n_pairs <= (self.size - position) // 2:
            raise self._fault(position, '%d pairs of metadata: it is corrupt' % n_pairs)
        for _ in range(2 * n_pairs):
            self._read_text()
        return self._read(16, self._stream.tell())

    def _read_text(self) -> bytes:
        position = self._stream.tell()
        (first,) = struct.unpack('b', self._read(1, position))
        if first < -112:  # -113 to -116: 1 to 4 bytes follow
            n_bytes = -112 - first
            if n_bytes > 4:
                raise self._fault(position, 'not the length of a text: it is corrupt')
            first = int.from_bytes(self._read(n_bytes, position + 1), 'big')
        if not 0 <= first <= self.size - self._stream.tell():
            raise self._fault(position, 'a text of %d bytes: it is truncated or corrupt' % first)
        return self._read(first, position)

    def _read_int(self, position: int) -> int:
        return INT.unpack(self._read(4, position))[0]

    def _read(self, size: int, position: int) -> bytes:
        data = read_fully(self._stream, size)
        if len(data) < size:
            raise self._fault(
                position, 'expected %d bytes, found %d: the file is truncated' % (size, len(data))
            )
        return data

    def _fault(self, position: int, message: str) -> DamagedRowsError:
        return DamagedRowsError('%s at byte %d: %s' % (self.name, position, message))


def read_tail(stream: BinaryIO, name: str, count: int = 1) -> List[Record]:
    """Return the last `count` records of a SequenceFile (or all if it has fewer), by searching
    backward for the marks near its end.
    """
    reader = Reader(stream, name)
    records: List[Record] = []
    end = reader.size
    while len(records) < count and end > reader.first:
        mark = reader.find_last_mark(end)
        records = list(reader.read_from(mark, end)) + records
        end = mark
    return records[-count:] if count else []


def write_rawbytes(stream: BinaryIO, key: bytes, value: bytes) -> None:
    """Write one record for a streaming job with ``stream.map.output=rawbytes``."""
    stream.write(INT.pack(len(key)))
    stream.write(key)
    stream.write(INT.pack(len(value)))
    stream.write(value)


def read_rawbytes(stream: BinaryIO, name: str = 'standard input') -> Iterator[Tuple[bytes, bytes]]:
    """Yield key and value of each record passed by a streaming job with
    ``stream.map.input=rawbytes``.
    """
    position = 0
    while True:
        head = read_fully(stream, 4)
        if not head:
            return
        key = _read_sized(stream, head, name, position)
        position += 4 + len(key)
        value = _read_sized(stream, read_fully(stream, 4), name, position)
        position += 4 + len(value)
        yield key, value


def _read_sized(stream: BinaryIO, head: bytes, name: str, position: int) -> bytes:
    size = INT.unpack(head)[0] if len(head) == 4 else -1
    if size < 0:
        raise DamagedRowsError(
            '%s at byte %d: expected a rawbytes length, found %r: truncated or not rawbytes'
            % (name, position, head)
        )
    data = read_fully(stream, size)
    if len(data) < size:
        raise DamagedRowsError(
            '%s at byte %d: expected %d bytes, found %d: truncated or not rawbytes'
            % (name, position, size, len(data))
        )
    return data


def read_fully(stream: BinaryIO, size: int) -> bytes:
    """Read `size` bytes, fewer only at the end of the stream, even from streams that return fewer
    at once.
    """
    data = stream.read(size)
    if len(data) == size or not data:
        return data
    parts = [data]
    missing = size - len(data)
    while missing:
        data = stream.read(missing)
        if not data:
            break
        parts.append(data)
        missing -= len(data)
    return b''.join(parts)
