"""Tests of packed blocks: lossless, documented to the byte, and refused if damaged."""

import struct
import time
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mr_kmeans.errors import DataError
from mr_kmeans.exact.column import RAW, Column, from_floats
from mr_kmeans.exact.points import Origin, Points
from mr_kmeans.formats.blocks import (
    BLOCK_ROWS,
    checksum,
    decode_block,
    encode_block,
    rows_per_block,
)

PLACE = 'points/part-0 at byte 107'


def points_of(columns, rows=None, ids=None, file='hdfs://host/a.csv', start=0):
    n = len(columns[0].values)
    return Points(
        columns,
        np.arange(n) if rows is None else np.asarray(rows, dtype=np.int64),
        ids,
        Origin(file, start),
    )


def assert_same(got, expected):
    assert len(got.columns) == len(expected.columns)
    for one, other in zip(got.columns, expected.columns):
        assert one.decimals == other.decimals and one.values.dtype == other.values.dtype
        assert one.values.tobytes() == other.values.tobytes()  # NaN and -0 too
    assert got.rows.dtype == np.int64 and got.rows.tolist() == expected.rows.tolist()
    assert got.ids == expected.ids and got.origin == expected.origin and type(got.origin) is Origin


SMALL = points_of(
    [Column(np.array([1, -2, 3], dtype=np.int8), 1), Column(np.array([0.1, np.nan, -0.0]), RAW)],
    rows=[5, 6, 9],
    ids=[b'a', b'', b'\xffid'],
    file='é.csv',
    start=2**40,
)


def test_encoded_bytes_are_the_documented_ones():
    body = (
        b'b'
        + struct.pack('<bHI', 1, 0, 3)
        + b'd'
        + struct.pack('<bHI', -1, 0, 24)
        + 'é.csv'.encode()
        + bytes(2)
        + struct.pack('<bbb', 1, -2, 3)
        + bytes(5)
        + struct.pack('<ddd', 0.1, np.nan, -0.0)
        + bytes([1, 3])
        + bytes(6)
        + struct.pack('<IIII', 0, 1, 1, 4)
        + b'a\xffid'
        + bytes(4)
    )
    header = struct.pack(
        '<8sIIQIIqqIBBHQ', b'KMBLOCK\0', 1, 0, 64 + len(body), 3, 2, 2**40, 5, 6, 1, 1, 0, 4
    )
    words = [int.from_bytes(body[i : i + 8], 'little') for i in range(0, len(body), 8)] + [0] * 251
    sums = b''.join(struct.pack('<Q', word) for word in words[:251])
    expected = header[:12] + struct.pack('<I', zlib.crc32(header + sums)) + header[16:] + body
    assert encode_block(SMALL) == expected


def test_checksum_agrees_with_a_reference():
    block = encode_block(points_of([from_floats(np.random.default_rng(0).normal(size=3000))]))
    sums = [0] * 251
    for i in range(0, len(block) - 64, 8):
        sums[i // 8 % 251] = (
            sums[i // 8 % 251] + int.from_bytes(block[64 + i : 72 + i], 'little')
        ) % 2**64
    expected = zlib.crc32(block[:12] + bytes(4) + block[16:64] + struct.pack('<251Q', *sums))
    assert checksum(block) == expected == struct.unpack_from('<I', block, 12)[0]


def test_small_block_round_trips():
    assert_same(decode_block(encode_block(SMALL), PLACE), SMALL)


column_values = st.one_of(
    st.sampled_from([np.int8, np.int16, np.int32, np.int64]).flatmap(
        lambda dtype: st.lists(
            st.integers(int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)), max_size=9
        ).map(lambda v: np.array(v, dtype=dtype))
    ),
    st.lists(st.floats(), max_size=9).map(lambda v: np.array(v, dtype=np.float64)),
)


@settings(max_examples=150)
@given(st.lists(st.tuples(column_values, st.integers(0, 15)), min_size=1, max_size=4), st.data())
def test_any_points_round_trip(columns, data):
    n = min(len(values) for values, _ in columns)
    made = [
        Column(values[:n], RAW if values.dtype == np.float64 else decimals)
        for values, decimals in columns
    ]
    rows = data.draw(
        st.one_of(
            st.just(list(range(7, 7 + n))),
            st.lists(st.integers(0, 70000), min_size=n, max_size=n).map(sorted),
            st.lists(st.integers(-(2**62), 2**62), min_size=n, max_size=n),
        )
    )
    ids = data.draw(st.none() | st.lists(st.binary(max_size=9), min_size=n, max_size=n))
    points = points_of(
        made,
        rows,
        ids,
        data.draw(st.text(st.characters(blacklist_categories=['Cs']), max_size=9)),
        data.draw(st.integers(0, 2**62)),
    )
    block = encode_block(points)
    assert len(block) % 8 == 0
    assert_same(decode_block(block, PLACE), points)
    assert_same(decode_block(memoryview(block), PLACE), points)
    assert decode_block(block, PLACE, with_ids=False).ids is None


@pytest.mark.parametrize(
    'rows, width',
    [
        ([], 0),
        ([4], 0),
        ([4, 5, 6], 0),
        ([4, 5, 7], 1),
        ([4, 5, 5 + 255], 1),
        ([4, 5, 5 + 256], 2),
        ([4, 4], 1),
        ([0, 65536], 4),
        ([0, 2**32], 8),
        ([5, 4], 8),
        ([-(2**63), 2**63 - 1], 8),
    ],
)
def test_line_steps_are_as_narrow_as_possible(rows, width):
    points = points_of([Column(np.zeros(len(rows), dtype=np.int8), 0)], rows)
    block = encode_block(points)
    assert block[52] == width
    assert_same(decode_block(block, PLACE), points)


def test_arrays_are_views_at_aligned_addresses():
    block = encode_block(
        points_of([Column(np.arange(5, dtype=np.int16), 0), Column(np.arange(5) / 7, RAW)])
    )
    for column in decode_block(block, PLACE).columns:
        assert (
            not column.values.flags.owndata
            and not column.values.flags.writeable
            and column.values.flags.aligned
        )
    assert decode_block(block, PLACE).columns[1].values.ctypes.data % 8 == 0


def test_columns_of_other_memory_layouts_are_packed():
    values = np.arange(10, dtype='>i4')[::2]
    back = decode_block(encode_block(points_of([Column(values, 2)])), PLACE).columns[0]
    assert (
        back.values.tolist() == [0, 2, 4, 6, 8]
        and back.values.dtype == np.int32
        and back.decimals == 2
    )


@pytest.mark.parametrize(
    'columns, ids',
    [
        ([Column(np.zeros(3, dtype=np.uint8), 0)], None),
        ([Column(np.zeros(3, dtype=np.float32), RAW)], None),
        ([Column(np.zeros(3), 2)], None),
        ([Column(np.zeros(3, dtype=np.int8), RAW)], None),
        ([Column(np.zeros(3, dtype=np.int8), 0), Column(np.zeros(2, dtype=np.int8), 0)], None),
        ([Column(np.zeros(3, dtype=np.int8), 0)], [b'a', b'b']),
    ],
)
def test_invalid_points_are_refused_before_writing(columns, ids):
    with pytest.raises(ValueError):
        encode_block(points_of(columns, ids=ids))


def test_every_flipped_bit_is_refused():
    block = encode_block(SMALL)
    for position in range(len(block)):
        for bit in (1, 0x80):
            damaged = bytearray(block)
            damaged[position] ^= bit
            with pytest.raises(DataError) as error:
                decode_block(bytes(damaged), PLACE)
            assert str(error.value).startswith(PLACE + ': ')


def test_every_truncation_is_refused():
    block = encode_block(SMALL)
    for size in range(len(block)):
        with pytest.raises(DataError, match='points/part-0 at byte 107: '):
            decode_block(block[:size], PLACE)
    with pytest.raises(
        DataError, match='expected %d bytes, found %d' % (len(block), len(block) + 8)
    ):
        decode_block(block + bytes(8), PLACE)


def test_swapped_pages_are_noticed():
    block = encode_block(points_of([Column(np.arange(4096, dtype=np.int64), 0)]))
    for size in (8, 512, 4096):
        begin = 4096
        swapped = (
            block[:begin]
            + block[begin + size : begin + 2 * size]
            + block[begin : begin + size]
            + block[begin + 2 * size :]
        )
        with pytest.raises(DataError, match='checksum'):
            decode_block(swapped, PLACE)


def forged(block, *changes):
    """Return the block with `changes` (format, offset, value) and a valid checksum."""
    block = bytearray(block)
    for form, offset, value in changes:
        struct.pack_into(form, block, offset, value)
    struct.pack_into('<I', block, 12, checksum(block))
    return bytes(block)


@pytest.mark.parametrize(
    'changes, message',
    [
        ([('<I', 8, 2)], 'a block of format version 2; this program reads version 1. Pack again.'),
        ([('<Q', 16, 2**60)], 'expected 1152921504606846976 bytes'),
        ([('<I', 24, 2**32 - 1)], 'a column of 3 bytes for 4294967295 values of 1'),
        ([('<I', 24, 4)], 'a column of 3 bytes for 4 values of 1'),
        ([('<I', 28, 2**32 - 1)], 'a section of 34359738360 bytes at byte 64'),
        ([('<I', 28, 0), ('<B', 53, 0), ('<Q', 56, 0)], 'its sections take 80 bytes of 152'),
        ([('<I', 48, 2**32 - 1)], 'a section of 4294967295 bytes at byte 80'),
        ([('<I', 48, 1)], "the file name b'\\\\xc3' is not UTF-8"),
        ([('<B', 52, 3)], 'line steps of 3 bytes'),
        ([('<B', 52, 0)], 'its sections take|do not fit'),
        ([('<B', 53, 3)], 'flags 3'),
        ([('<B', 53, 0)], '4 bytes of ids without the flag'),
        ([('<Q', 56, 2**63)], 'a section of 9223372036854775808 bytes'),
        ([('<Q', 56, 3)], 'the offsets of the ids do not fit their 3 bytes'),
        ([('<c', 64, b'f')], "a column of type b'f' with 1 decimals"),
        ([('<b', 65, 16)], "a column of type b'b' with 16 decimals"),
        ([('<b', 65, -1)], "a column of type b'b' with -1 decimals"),
        ([('<b', 73, 0)], "a column of type b'd' with 0 decimals"),
        ([('<I', 68, 4)], 'a column of 4 bytes for 3 values of 1'),
        ([('<I', 128, 1)], 'the offsets of the ids do not fit'),
        ([('<I', 132, 5)], 'the offsets of the ids do not fit'),
        ([('<I', 136, 0)], 'the offsets of the ids do not fit'),
    ],
)
def test_inconsistent_headers_are_refused(changes, message):
    with pytest.raises(DataError, match=message) as error:
        decode_block(forged(encode_block(SMALL), *changes), PLACE)
    assert str(error.value).startswith(PLACE + ': ')


@pytest.mark.parametrize('foreign', [b'', b'KMBLOCK', b'1,2,3\n' * 20, b'SEQ\x06' + bytes(100)])
def test_foreign_bytes_are_refused(foreign):
    with pytest.raises(DataError, match='^points/part-0 at byte 107: not a block of packed points'):
        decode_block(foreign, PLACE)


@settings(max_examples=200)
@given(st.data())
def test_damage_with_a_valid_checksum_is_at_worst_a_data_error(data):
    changes = data.draw(
        st.lists(
            st.tuples(
                st.just('<B'), st.integers(24, len(encode_block(SMALL)) - 1), st.integers(0, 255)
            ),
            max_size=4,
        )
    )
    try:
        points = decode_block(forged(encode_block(SMALL), *changes), PLACE)
    except DataError:
        return
    n = len(points.rows)
    assert all(len(column.values) == n for column in points.columns) and (
        points.ids is None or len(points.ids) == n
    )


def test_rows_per_block_depend_on_features():
    assert [rows_per_block(d) for d in (1, 10, 64, 10**9)] == [BLOCK_ROWS, BLOCK_ROWS, 16384, 1]


def test_decoding_costs_less_than_two_crcs():
    rng = np.random.default_rng(1)
    block = encode_block(
        points_of([Column(rng.integers(0, 10**6, 2**18).astype(np.int32), 4) for _ in range(10)])
    )
    best = {}
    for function in (lambda: decode_block(block, PLACE), lambda: zlib.crc32(block)):
        times = []
        for _ in range(5):
            begin = time.perf_counter()
            function()
            times.append(time.perf_counter() - begin)
        best[function] = min(times)
    decode, crc = best.values()
    assert decode < 2 * crc
