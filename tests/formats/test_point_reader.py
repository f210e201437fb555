"""Tests of reading a task's points: they are the same from text and from packed blocks, opened by
the task or passed to it.
"""

import fcntl
import io
import os
import sys

import numpy as np
import pytest

from mr_kmeans.exact.column import to_floats
from mr_kmeans.exact.points import Origin
from mr_kmeans.formats import point_reader, splits
from mr_kmeans.formats.blocks import encode_block
from mr_kmeans.formats.point_reader import (
    BLOCK_KEY,
    RAW_BLOCKS,
    SPLITS,
    SUMMARY_KEY,
    TEXT_LINES,
    PointReader,
)
from mr_kmeans.formats.sequencefile import Writer, write_rawbytes
from mr_kmeans.formats.splits import POINTS, TEXT, Split
from mr_kmeans.text.line_format import TextFormat
from mr_kmeans.text.text_input import TextInput

TEXT_INPUT = TextInput(TextFormat(b',', 3, (0, 2), 1, 'skip'), header=True)
CONTENT = b'a,name,b\n1,p,2.5\n\n3,q\n5,"r, s",-6\n7,t,NA\nx,u,8\n-0,v,1e3'
ROWS = [(1.0, 2.5), (5.0, -6.0), (0.0, 1000.0)]
LINES, IDS = [1, 4, 7], [b'p', b'r, s', b'v']


def read(stdin, kind, text_input=TEXT_INPUT):
    """Return (rows, lines, ids, origins) of all batches, and the reader."""
    reader = PointReader(io.BytesIO(stdin), kind, text_input)
    rows, lines, ids, origins = [], [], [], []
    for points in reader:
        rows += zip(*(to_floats(column).tolist() for column in points.columns))
        lines += points.rows.tolist()
        ids += points.ids
        origins += [points.origin] * len(points.rows)
    return (rows, lines, ids, origins), reader


@pytest.fixture
def path(tmp_path):
    (tmp_path / 'rows.csv').write_bytes(CONTENT)
    return str(tmp_path / 'rows.csv')


def split_lines(kind, path, borders, name='shown'):
    return b''.join(
        Split(kind, path, start, end - start, name).dumps()
        for start, end in zip(borders, borders[1:])
    )


def test_split_of_text_is_read(path):
    found, reader = read(split_lines(TEXT, path, [0, len(CONTENT)]), SPLITS)
    assert found == (ROWS, LINES, IDS, [Origin('shown', 0)] * 3)
    [(origin, tally)] = reader.tallies.items()
    assert origin == Origin('shown', 0)
    assert (tally.lines, tally.rows, tally.blank, tally.rejected, tally.skipped) == (8, 3, 1, 2, 1)
    assert [(line, text, was_skipped) for line, _, text, was_skipped in tally.records] == [
        (3, '3,q', False),
        (5, '7,t,NA', True),
        (6, 'x,u,8', False),
    ]
    assert [reason.partition(':')[0] for _, reason, _, _ in tally.records] == [
        'expected 3 fields, found 2',
        'field 3',
        'field 1',
    ]
    assert reader.n_batches == 2  # the last line, an open one, comes alone


def test_several_splits_are_read_in_one_task(path):
    """Only the first split has the header; lines are numbered from 0 in each."""
    border = CONTENT.index(b'3,q')
    found, reader = read(split_lines(TEXT, path, [0, border, len(CONTENT)]), SPLITS)
    assert found == (ROWS, [1, 1, 4], IDS, [Origin('shown', 0)] + [Origin('shown', border)] * 2)
    assert {origin.start: tally.lines for origin, tally in reader.tallies.items()} == {
        0: 3,
        border: 5,
    }


def test_lines_passed_by_hadoop_are_read(path, monkeypatch):
    monkeypatch.setenv('mapreduce_map_input_file', 'hdfs://there/rows.csv')
    monkeypatch.setenv('mapreduce_map_input_start', '0')
    assert read(CONTENT, TEXT_LINES)[0] == (
        ROWS,
        LINES,
        IDS,
        [Origin('hdfs://there/rows.csv', 0)] * 3,
    )
    monkeypatch.setenv('mapreduce_map_input_start', '20')
    found, reader = read(CONTENT.partition(b'\n')[2], TEXT_LINES)
    assert found[:3] == (ROWS, [line - 1 for line in LINES], IDS)
    assert list(reader.tallies) == [Origin('hdfs://there/rows.csv', 20)]


def packed(path):
    """Return what a pack task makes of the file in two splits: a block for each, and the
    summary.
    """
    reader = PointReader(
        io.BytesIO(split_lines(TEXT, path, [0, CONTENT.index(b'5,'), len(CONTENT)])),
        SPLITS,
        TEXT_INPUT,
    )
    return [(BLOCK_KEY, encode_block(points)) for points in reader] + [(SUMMARY_KEY, b'[]\t{}\n')]


def test_packed_blocks_are_read(path, tmp_path):
    with open(tmp_path / 'part', 'wb') as file:
        writer = Writer(file, sync_interval=1)
        for key, value in packed(path):
            writer.append(key, value)
        size = writer.position
    expected = read(split_lines(TEXT, path, [0, CONTENT.index(b'5,'), len(CONTENT)]), SPLITS)[0]
    for borders in ([0, size], [0, size // 3, size // 2, size]):
        found, reader = read(split_lines(POINTS, str(tmp_path / 'part'), borders), SPLITS, None)
        assert found == expected and reader.n_batches == 3 and reader.tallies == {}


def test_packed_blocks_passed_by_hadoop_are_read(path):
    stream = io.BytesIO()
    for key, value in packed(path):
        write_rawbytes(stream, key, value)
    found, _ = read(stream.getvalue(), RAW_BLOCKS, None)
    assert found[0] == ROWS and found[2] == IDS


@pytest.mark.parametrize('kind', [RAW_BLOCKS, TEXT_LINES])
def test_pipe_is_widened(kind):
    """Linux makes it as large as requested (F_GETPIPE_SZ is 1032); elsewhere it is unchanged, and
    works.
    """
    reading, writing = os.pipe()
    os.close(writing)
    with open(reading, 'rb') as stream:
        assert list(PointReader(stream, kind, TextInput(TextFormat(b',', 1, (0,)), False))) == []
        if sys.platform.startswith('linux'):
            assert fcntl.fcntl(stream.fileno(), 1032) == 1 << 19


def test_kept_bad_rows_are_limited_but_counts_are_not(path, monkeypatch):
    monkeypatch.setattr(point_reader, 'MAX_RECORDS', 3)
    monkeypatch.setattr(splits, 'CHUNK_BYTES', 16)
    with open(path, 'wb') as file:
        file.write(b'a,name,b\n' + b'x,y,z\n' * 10 + b'1,a,?\n' * 5 + b'1,a,2\n')
    (rows, lines, *_), reader = read(split_lines(TEXT, path, [0, 200]), SPLITS)
    [tally] = reader.tallies.values()
    assert (rows, lines, tally.lines, tally.rejected, tally.skipped) == (
        [(1.0, 2.0)],
        [16],
        17,
        10,
        5,
    )
    assert [record[0] for record in tally.records] == [1, 2, 3]


def test_overlong_line_is_a_bad_row(path, monkeypatch):
    monkeypatch.setattr(splits, 'CHUNK_BYTES', 16)
    monkeypatch.setattr(splits, 'MAX_LINE_BYTES', 20)
    monkeypatch.setattr(point_reader, 'MAX_LINE_BYTES', 20)
    with open(path, 'wb') as file:
        file.write(b'a,name,b\n1,a,2\n1,' + b'y' * 50 + b',2\n3,b,4\n')
    (rows, lines, *_), reader = read(split_lines(TEXT, path, [0, 200]), SPLITS)
    [tally] = reader.tallies.values()
    assert (rows, lines, tally.lines, tally.rejected) == ([(1.0, 2.0), (3.0, 4.0)], [1, 3], 4, 1)
    [[line, reason, text, was_skipped]] = tally.records
    assert (line, reason, was_skipped) == (
        2,
        'a line of more than 20 bytes',
        False,
    ) and text.startswith('1,yyyy')


def test_task_without_rows(path):
    with open(path, 'wb') as file:
        file.write(b'a,name,b\n')
    (rows, *_), reader = read(split_lines(TEXT, path, [0, 9]), SPLITS)
    assert rows == [] and reader.n_batches == 0
    assert reader.tallies[Origin('shown', 0)].to_json() == {
        'head': 1,
        'lines': 1,
        'rows': 0,
        'blank': 0,
        'rejected': 0,
        'skipped': 0,
        'records': [],
        'stopped': False,
    }
    assert read(b'', SPLITS)[1].tallies == {}


def test_result_does_not_depend_on_chunks(path, monkeypatch):
    rng = np.random.default_rng(1)
    values = rng.integers(-999, 999, (500, 2))
    with open(path, 'wb') as file:
        file.write(
            b'a,name,b\n'
            + b''.join(b'%d,n,%d.%d\n' % (a, abs(b), i) for i, (a, b) in enumerate(values.tolist()))
        )
    whole = read(split_lines(TEXT, path, [0, 10**5]), SPLITS)[0]
    assert len(whole[0]) == 500
    monkeypatch.setattr(splits, 'CHUNK_BYTES', 64)
    found, reader = read(split_lines(TEXT, path, [0, 10**5]), SPLITS)
    assert found == whole and reader.n_batches > 50


@pytest.mark.parametrize('kind', [SPLITS, TEXT_LINES])
def test_reading_stops_after_too_many_bad_rows(tmp_path, kind, monkeypatch):
    monkeypatch.setattr(splits, 'CHUNK_BYTES', 1000)
    content = b'1,a,2\n' + b'bad,a,2\n' * 5000 + b'3,b,4\n'
    (tmp_path / 'bad.csv').write_bytes(content)
    stdin = io.BytesIO(
        split_lines(TEXT, str(tmp_path / 'bad.csv'), [0, len(content)])
        if kind == SPLITS
        else content
    )
    reader = PointReader(stdin, kind, TEXT_INPUT._replace(header=False), stop_after=500)
    assert sum(len(points.rows) for points in reader) == 1
    [tally] = reader.tallies.values()
    assert tally.stopped and 500 < tally.rejected < 1000 and tally.lines == tally.rejected + 1
    assert stdin.read() == b''  # Hadoop takes a mapper that leaves some for a failed one


def test_bad_rows_up_to_the_limit_do_not_stop_a_task(path):
    reader = PointReader(
        io.BytesIO(split_lines(TEXT, path, [0, len(CONTENT)])), SPLITS, TEXT_INPUT, stop_after=2
    )
    assert len(list(reader)) == 2 and not any(tally.stopped for tally in reader.tallies.values())
