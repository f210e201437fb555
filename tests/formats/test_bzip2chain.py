"""Tests that bzip2 files with missing blocks are refused."""

import bz2
import io
import random

import pytest

from mr_kmeans.errors import DataError
from mr_kmeans.formats import bzip2chain
from mr_kmeans.formats.bzip2chain import check_blocks


def noise(n, seed=0):
    return random.Random(seed).getrandbits(8 * n).to_bytes(n, 'big')


def check(content):
    check_blocks(io.BytesIO(content), 'x')


def is_refused(content):
    try:
        check(content)
    except DataError as error:
        assert str(error).startswith(
            'x: the compressed file is damaged or cut off in the stream that begins at byte '
        )
        return True
    return False


def marks(content):
    """Return where the marks are, by reading bit by bit."""
    bits = ''.join(f'{byte:08b}' for byte in content)
    found = []
    for mark in (0x314159265359, 0x177245385090):
        at = bits.find(f'{mark:048b}')
        while at >= 0:
            found.append(at)
            at = bits.find(f'{mark:048b}', at + 1)
    return sorted(found)


@pytest.mark.parametrize('read_bytes', [13, 1000, 1 << 22])
def test_intact_files_are_accepted(read_bytes, monkeypatch):
    """The files have many blocks and streams, so that marks are at every bit of a byte, and at the
    ends of what is read at once.
    """
    monkeypatch.setattr(bzip2chain, 'READ_BYTES', read_bytes)
    streams = [bz2.compress(noise(size, size), 1) for size in (*range(40), 1000, 350_000)]
    assert {bit % 8 for stream in streams for bit in marks(stream)} == set(range(8))
    for stream in streams:
        check(stream)
    check(b''.join(streams))


def test_damaged_bit_of_any_mark_is_noticed():
    content = b''.join(bz2.compress(noise(size, size), 1) for size in (1000, 0, 210_000))
    for begin in marks(content):
        for bit in range(begin, begin + 48):
            damaged = bytearray(content)
            damaged[bit // 8] ^= 128 >> bit % 8
            assert is_refused(bytes(damaged)), bit


def test_missing_blocks_and_streams_are_noticed():
    first, second = bz2.compress(noise(1000), 1), bz2.compress(noise(210_000), 1)
    for length in (
        0,
        1,
        4,
        10,
        len(first) - 1,
        len(first) + 1,
        len(first) + 4,
        len(first + second) - 1,
    ):
        assert is_refused((first + second)[:length]), length
    for more in (b'\n', b'BZh9', bytes(512), first[:-1], first[1:]):
        assert is_refused(first + second + more), more
    assert is_refused(first + b'BZx' + second[3:])
