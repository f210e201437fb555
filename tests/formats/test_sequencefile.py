"""Tests of SequenceFiles: those of Hadoop are read as Hadoop reads them, in any split; damage is
refused with file and byte.
"""

import io
import os
import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mr_kmeans.errors import DataError
from mr_kmeans.formats.sequencefile import (
    DEFAULT_SYNC,
    Reader,
    Writer,
    read_rawbytes,
    read_tail,
    write_rawbytes,
)

FIXTURES = os.path.join(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'support', 'fixtures'
)


def fixture(name):
    with open(os.path.join(FIXTURES, name), 'rb') as file:
        return file.read()


HADOOP = fixture('hadoop.seq')


def expected_records():
    """Return the records of hadoop.seq by the formula in fixtures/README.md."""
    state = 3

    def draw():
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        return state >> 33

    for i in range(300):
        size = draw() % 41
        yield b'key %d' % i, bytes(draw() % 256 for _ in range(size))


def read(data, start=0, length=None):
    return [
        (record.key, record.value) for record in Reader(io.BytesIO(data), 'f.seq', start, length)
    ]


def write(records, **options):
    out = io.BytesIO()
    writer = Writer(out, **options)
    for key, value in records:
        writer.append(key, value)
    assert writer.position == len(out.getvalue())
    return out.getvalue()


def test_file_written_by_hadoop_is_read():
    assert read(HADOOP) == list(expected_records())


def test_every_split_has_the_records_that_hadoop_reads():
    lines = fixture('hadoop_splits.txt').decode().splitlines()
    assert len(lines) > 100
    for line in lines:
        start, length, first, count = map(int, line.split())
        keys = [key for key, _ in read(HADOOP, start, length)]
        assert keys == [b'key %d' % i for i in range(first, first + count)], line


def test_written_bytes_are_the_documented_ones():
    name = bytes([34]) + b'org.apache.hadoop.io.BytesWritable'
    sync = bytes(range(16))
    out = io.BytesIO()
    writer = Writer(out, sync=sync)
    writer.append(b'ab', b'xyz')
    writer.write_sync()
    writer.write_sync()
    writer.append(b'', b'')
    assert out.getvalue() == (
        b'SEQ\x06'
        + name
        + name
        + b'\0\0'
        + struct.pack('>i', 0)
        + sync
        + struct.pack('>iii', 13, 6, 2)
        + b'ab'
        + struct.pack('>i', 3)
        + b'xyz'
        + struct.pack('>i', -1)
        + sync
        + struct.pack('>iiii', 8, 4, 0, 0)
    )


def test_same_records_give_the_same_file():
    records = [(b'k', bytes(50))] * 1000
    assert write(records) == write(records)
    assert write(records)[:200].count(DEFAULT_SYNC) == 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.binary(max_size=5), st.binary(max_size=60)), max_size=30),
    st.sampled_from([0, 1, 40, 200, 16384]),
    st.integers(1, 400),
    st.booleans(),
)
def test_any_splits_partition_the_records(records, interval, step, forced):
    out = io.BytesIO()
    writer = Writer(out, sync_interval=interval)
    for i, (key, value) in enumerate(records):
        writer.append(key, value)
        if forced and i % 3 == 0:
            writer.write_sync()
    data = out.getvalue()
    assert [
        pair for start in range(0, len(data), step) for pair in read(data, start, step)
    ] == records
    whole = list(Reader(io.BytesIO(data), 'f.seq'))
    for count in (0, 1, 2, 5, 100):
        assert read_tail(io.BytesIO(data), 'f.seq', count) == (whole[-count:] if count else [])


def test_splits_of_a_file_larger_than_the_search_window():
    draw = random.Random(1)
    records = [
        (b'%d' % i, bytes(draw.getrandbits(8) for _ in range(draw.choice([10, 70000]))))
        for i in range(12)
    ]
    data = write(records)
    for step in (30000, 65536, 100001):
        assert [
            pair for start in range(0, len(data), step) for pair in read(data, start, step)
        ] == records
    assert [(key, value) for _, key, value in read_tail(io.BytesIO(data), 'f.seq', 3)] == records[
        -3:
    ]
    assert [(key, value) for _, key, value in read_tail(io.BytesIO(HADOOP), 'f.seq', 30)] == list(
        expected_records()
    )[-30:]


def test_read_tail_reads_few_bytes():
    class Counting(io.BytesIO):
        total = 0

        def read(self, size=-1):
            Counting.total += size
            return super().read(size)

    data = write([(b'block', bytes(100000))] * 50 + [(b'summary', b'{}')])
    assert read_tail(Counting(data), 'f.seq')[0].key == b'summary'
    assert Counting.total < 300000 < len(data)


def test_stream_position_may_change_between_records():
    stream = io.BytesIO(HADOOP)
    keys = []
    for record in Reader(stream, 'f.seq'):
        keys.append(record.key)
        stream.seek(7)
    assert len(keys) == 300


def test_truncated_files_are_refused_or_end_at_a_record():
    data = write([(b'k%d' % i, bytes(30)) for i in range(6)], sync_interval=60)
    whole = read(data)
    boundaries = {record.position for record in Reader(io.BytesIO(data), 'f.seq')} | {len(data)}
    for cut in range(len(data)):
        try:
            got = read(data[:cut])
        except DataError as error:
            assert str(error).startswith('f.seq at byte ')
            continue
        assert got == whole[: len(got)] and (cut in boundaries or cut - 20 in boundaries), cut


def test_flipped_bytes_of_the_frame_are_refused_or_harmless():
    """The bytes of keys and values are checked by the blocks; a damaged frame never goes unnoticed
    with the same number of records.
    """
    data = write([(b'k%d' % i, bytes(range(30))) for i in range(4)], sync_interval=60)
    refused = 0
    for position in range(len(data)):
        damaged = bytearray(data)
        damaged[position] ^= 0x40
        try:
            got = read(bytes(damaged))
        except DataError as error:
            refused += str(error).startswith('f.seq at byte ')
            continue
        assert len(got) == 4, position
    assert refused > 150


@pytest.mark.parametrize(
    'data, message',
    [
        (b'', "f.seq at byte 0: not a SequenceFile: it begins with b''"),
        (b'a,b\n1,2\n', "f.seq at byte 0: not a SequenceFile: it begins with b'a,b\\n'"),
        (
            b'SEQ\x05' + HADOOP[4:],
            'f.seq at byte 3: SequenceFile version [5]; only version 6 can be read',
        ),
        (b'SEQ', 'f.seq at byte 3: SequenceFile version []'),
        (
            b'SEQ\x06\x19org.apache.hadoop.io.Text' + bytes(50),
            'f.seq at byte 4: key class org.apache.hadoop.io.Text; expected org.apache.hadoop.io.B',
        ),
        (HADOOP[:74] + b'\1' + HADOOP[75:], 'f.seq at byte 74: a compressed SequenceFile'),
        (HADOOP[:76] + b'\x7f' + HADOOP[77:], 'f.seq at byte 76: 2130706434 pairs of metadata'),
        (HADOOP[:4] + b'\x8c\x7f' + HADOOP[6:], 'f.seq at byte 4: a text of'),
        (HADOOP[:4] + b'\x88' + HADOOP[5:], 'f.seq at byte 4: not the length of a text'),
        (HADOOP[:50], 'f.seq at byte 39: a text of 34 bytes: it is truncated or corrupt'),
    ],
)
def test_foreign_and_damaged_headers_are_refused(data, message):
    with pytest.raises(DataError) as error:
        read(data)
    assert str(error.value).startswith(message)


def test_damaged_records_are_refused_with_their_byte():
    data = write([(b'key', b'value')] * 3)
    first = Reader(io.BytesIO(data), 'f.seq').first
    for offset, value, message in [
        (0, 1000, 'a record of 1000 bytes where 64 are left: it is truncated or corrupt'),
        (0, -2, 'a record of -2 bytes where 64 are left: it is corrupt'),
        (4, 900, 'a key of 3 bytes in 900, in a record of 16: it is corrupt'),
        (8, 2**30, 'a key of 1073741824 bytes in 7, in a record of 16: it is corrupt'),
        (15, 6, 'a value of 6 bytes in 9: it is corrupt'),
    ]:
        damaged = bytearray(data)
        struct.pack_into('>i', damaged, first + offset, value)
        with pytest.raises(DataError) as error:
            read(bytes(damaged))
        assert str(error.value) == 'f.seq at byte %d: %s' % (first, message)


def test_wrong_mark_is_refused_with_its_byte():
    data = write([(b'key', b'value')] * 2, sync_interval=0)
    mark = data.rindex(DEFAULT_SYNC)
    with pytest.raises(
        DataError, match='^f.seq at byte %d: not the sync mark of this file' % (mark - 4)
    ):
        read(data[: mark + 3] + b'?' + data[mark + 4 :])


def test_writer_refuses_invalid_marks():
    with pytest.raises(ValueError):
        Writer(io.BytesIO(), sync=b'short')


# rawbytes


class Trickle(io.BytesIO):
    """A stream that returns three bytes at a time, as a pipe may."""

    def read(self, size=-1):
        return super().read(min(size, 3))


@given(st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=20)), max_size=5))
def test_rawbytes_round_trip(records):
    out = io.BytesIO()
    for key, value in records:
        write_rawbytes(out, key, value)
    assert list(read_rawbytes(io.BytesIO(out.getvalue()))) == records
    assert list(read_rawbytes(Trickle(out.getvalue()))) == records


def test_rawbytes_are_the_documented_bytes():
    out = io.BytesIO()
    write_rawbytes(out, b'k', b'value')
    assert out.getvalue() == b'\0\0\0\1k\0\0\0\5value'


@pytest.mark.parametrize(
    'data, message',
    [
        (b'\0\0\0', "stdin at byte 0: expected a rawbytes length, found b'\\x00\\x00\\x00'"),
        (
            b'\xff\0\0\0',
            "stdin at byte 0: expected a rawbytes length, found b'\\xff\\x00\\x00\\x00'",
        ),
        (b'\0\0\0\2k', 'stdin at byte 0: expected 2 bytes, found 1'),
        (b'\0\0\0\1k', "stdin at byte 5: expected a rawbytes length, found b''"),
        (
            b'\0\0\0\1k\0\0\0\5valu',
            'stdin at byte 5: expected 5 bytes, found 4: truncated or not rawbytes',
        ),
    ],
)
def test_damaged_rawbytes_are_refused_with_their_byte(data, message):
    with pytest.raises(DataError) as error:
        list(read_rawbytes(io.BytesIO(data), 'stdin'))
    assert str(error.value).startswith(message)
