"""Tests of splits of files: each line belongs to exactly one, however files are cut."""

import bz2
import gzip
import io
import os
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mr_kmeans.errors import DataError
from mr_kmeans.formats import splits
from mr_kmeans.formats.splits import POINTS, TEXT, Split, chunks, cut, deal, read_lines

LONGEST, CHUNK = 40, 16
LINE_ENDS = re.compile(rb'\r\n|\r|\n')

texts = st.lists(
    st.tuples(
        st.one_of(st.binary(max_size=12), st.integers(0, 90).map(lambda n: b'a' * n)),
        st.sampled_from([b'\n', b'\n', b'\r\n', b'\r', b'']),
    ),
    max_size=12,
).map(
    lambda parts: b''.join(
        line.replace(b'\n', b'').replace(b'\r', b'') + end for line, end in parts
    )
)
returns = st.lists(st.integers(0, 30), max_size=30).map(
    lambda sizes: b''.join(b'b' * n + b'\r' for n in sizes)
)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Set limits that short texts reach."""
    monkeypatch.setattr(splits, 'MAX_LINE_BYTES', LONGEST)
    monkeypatch.setattr(splits, 'CHUNK_BYTES', CHUNK)


def lines_of(text):
    lines = LINE_ENDS.split(text)
    return lines if lines[-1] else lines[:-1]


def read_all(path, pieces):
    """Return the lines in the splits, None for a line that is too long."""
    found = []
    for start, end in zip(pieces, pieces[1:]):
        for data, overlong in read_lines(Split(TEXT, str(path), start, end - start, 'name')):
            assert data and len(data) <= max(LONGEST + 2 * CHUNK, LONGEST + 2)
            found += [None] if overlong else lines_of(data)
    return found


def check(path, text, pieces):
    path.write_bytes(text)
    found = read_all(path, [0, *sorted(piece % (len(text) + 1) for piece in pieces), len(text)])
    assert found == [line if len(line) <= LONGEST else None for line in lines_of(text)]


@settings(max_examples=300)
@given(texts, st.lists(st.integers(0, 400), max_size=5))
def test_every_line_is_in_exactly_one_split(tmp_path_factory, text, pieces):
    check(tmp_path_factory.getbasetemp() / 'text', text, pieces)


@settings(max_examples=100)
@given(returns, st.lists(st.integers(0, 400), max_size=5))
def test_lines_that_end_in_a_return_are_read_once(tmp_path_factory, text, pieces):
    check(tmp_path_factory.getbasetemp() / 'text', text, pieces)


def test_line_longer_than_several_splits_is_read_once(tmp_path):
    check(tmp_path / 'text', b'one\n' + b'x' * 35 + b'\ntwo\nthree\n', [5, 15, 20, 30, 42])


def test_lines_of_compressed_files_are_read(tmp_path):
    for name, module in (('a.gz', gzip), ('a.BZ2', bz2)):
        (tmp_path / name).write_bytes(module.compress(b'one\ntwo\r\n\nthree'))
        [split] = cut(TEXT, str(tmp_path / name), name, 10**9, 100)
        found = [line for data, _ in read_lines(split) for line in lines_of(data)]
        assert found == [b'one', b'two', b'', b'three']


@pytest.mark.parametrize(
    'name, content',
    [
        ('a.gz', gzip.compress(bytes(range(256)) * 40, mtime=0)[:-20]),
        ('a.bz2', bz2.compress(bytes(range(256)) * 40)[:-20]),
        ('b.gz', b'no gzip'),
        ('b.bz2', b'no bzip2'),
        ('c.gz', gzip.compress(b'abc', mtime=0)[:-8] + b'12345678'),
    ],
)
def test_damaged_compressed_file_is_named(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match='^shown.*damaged or cut off'):
        list(read_lines(Split(TEXT, str(tmp_path / name), 0, 100, 'shown')))


@given(st.integers(0, 10**4), st.integers(50, 2 * 10**4))
def test_cut_covers_the_file(size, split_bytes):
    pieces = cut(POINTS, '/a', 'a', size, split_bytes)
    assert [piece.start for piece in pieces] == [0] + [
        piece.start + piece.length for piece in pieces[:-1]
    ]
    assert pieces[-1].start + pieces[-1].length == size
    lengths = [piece.length for piece in pieces]
    assert max(lengths) <= split_bytes and max(lengths) - min(lengths) <= 1 or size == 0


@given(st.lists(st.integers(0, 1000), max_size=40), st.integers(1, 9))
def test_deal_keeps_the_order_and_balances_tasks(lengths, n_tasks):
    pieces = [Split(POINTS, '/%d' % i, 0, length, '') for i, length in enumerate(lengths)]
    tasks = deal(pieces, n_tasks)
    assert [piece for task in tasks for piece in task] == pieces
    assert len(tasks) <= n_tasks and all(tasks)
    bound = sum(lengths) / n_tasks + max(lengths, default=0)
    assert all(sum(piece.length for piece in task) <= bound for task in tasks)


def test_split_round_trips_through_json():
    split = Split(TEXT, '/tmp/a b\n"é', 5, 7, 'é\n')
    assert Split.loads(split.dumps()) == split
    assert split.dumps().count(b'\n') == 1 and split.dumps().endswith(b'\n')


def test_empty_stream_has_no_chunks():
    assert list(chunks(io.BytesIO(b''))) == []


def test_only_the_beginning_of_an_endless_line_is_kept():
    class Endless(io.RawIOBase):
        taken = 0

        def readable(self):
            return True

        def readinto(self, buffer):
            if self.taken > 10000:
                return 0
            self.taken += len(buffer)
            buffer[:] = b'x' * len(buffer)
            return len(buffer)

    [(data, overlong)] = chunks(io.BufferedReader(Endless(), 64))
    assert overlong and set(data) == {ord('x')} and len(data) <= LONGEST + CHUNK


def test_compressed_files_are_recognized_by_name():
    assert [
        splits.is_compressed(name)
        for name in ('a.gz', 'a.csv.GZ', 'b.bz2', 'gz', 'a.zip', os.path.join('a.gz', 'b'))
    ] == [True, True, True, False, False, False]
