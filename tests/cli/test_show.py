"""What a user sees: tables that fit, progress that does not get in the way."""

import io
import sys
import time
from types import SimpleNamespace

import pytest

from mr_kmeans.algorithm.candidate import IterationStats
from mr_kmeans.cli.show import (
    MAX_FEATURES,
    MAX_ITERATIONS,
    MAX_LINES,
    Messages,
    show_fit,
    show_labels,
)
from mr_kmeans.formats.stats_file import format_stats, parse_stats
from mr_kmeans.run.result import AssignResult

STATS = [
    IterationStats(0, 10.5, seconds=0.25, rows=6),
    IterationStats(1, 3.0, 0.125, 2, 0, 0.5, 0.4, 6, 1, 2),
    IterationStats(2, 3.0, 0.0, 0, 0, 0.5, 0.4, 6, 1, 2),
]


def model(k=2, d=2, names=None, **more):
    names = names or [f'x{j + 1}' for j in range(d)]
    return SimpleNamespace(
        **{
            'k': k,
            'features': names,
            'centroids': [[i + j / 8 for j in range(len(names))] for i in range(k)],
            'counts': [i + 1 for i in range(k)],
            'n_samples': k * (k + 1) // 2,
            'inertia': 0.1 + 0.2,
            'n_iter': 2,
            'stopped_by': 'no centroid moved',
            'hash': 'abc123',
            **more,
        }
    )


def test_a_small_result_as_a_whole():
    assert (
        show_fit(model(), STATS, 'out', 80)
        == """\
iteration  inertia     shift
        0     10.5
        1        3  1.25e-01
        2        3  0.00e+00

cluster_id  count  x1     x2
         0      1   0  0.125
         1      2   1  1.125

rows        3
inertia     0.30000000000000004
iterations  2 (stopped: no centroid moved)
model hash  abc123
"""
    )


def test_features_are_lines_if_they_do_not_fit_as_columns():
    shown = show_fit(model(3, 57), STATS, 'out', 80).split('\n\n')[1].split('\n')
    assert shown[:3] == [
        'cluster_id      0      1      2',
        'count           1      2      3',
        'x1              0      1      2',
    ]
    assert shown[-1] == 'x57             7      8      9' and len(shown) == 59


def test_many_clusters_of_many_features_are_shown_in_part():
    shown = show_fit(model(40, 57), STATS, 'out', 80).split('\n\n')[1].split('\n')
    assert (
        len(shown) == 42
        and shown[0].startswith('cluster_id  count')
        and 'x9' in shown[0]
        and 'x57' not in shown[0]
    )
    assert shown[-1] == f'({57 - shown[0].count("x")} more features: see out/centroids.csv)'


@pytest.mark.parametrize(
    'k, d, told',
    [
        (1000, 2, '940 more clusters'),
        (2, 200, '140 more features'),
        (MAX_LINES, 2, None),
        (2, MAX_LINES, None),
        (MAX_LINES + 1, 1, '1 more cluster:'),
    ],
)
def test_tables_are_bounded_and_say_so(k, d, told):
    shown = show_fit(model(k, d), STATS, 'out', 80).split('\n\n')[1].split('\n')
    assert len(shown) <= MAX_LINES + 3
    assert ('see out/centroids.csv' in shown[-1]) == bool(told)
    assert not told or shown[-1].startswith(f'({told}')


@pytest.mark.parametrize('k', [1, 2, 3, 20, 200])
@pytest.mark.parametrize(
    'names',
    [
        ['x'],
        ['sepal_length'] * 4,
        ['n' * 100, 'm' * 100],
        ['温度' * 10, 'größe'],
        ['x'] * 57,
        ['e\u0301' * 30] * 4,
        ['a\tb', 'c\nd', '\x1b[31mred'],
    ],
)
@pytest.mark.parametrize('width', [80, 132])
def test_lines_fit_the_terminal(k, names, width):
    import unicodedata

    shown = show_fit(model(k, names=names), STATS, 'out', width)
    for line in shown.split('\n')[:-3]:
        cells = sum(
            0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in 'WF' else 1
            for c in line
        )
        assert cells <= width, line
    assert all(c.isprintable() or c == '\n' for c in shown)


def test_a_large_model_is_shown_at_once():
    started = time.process_time()
    shown = show_fit(model(100, 5000), STATS, 'out', 80)
    assert (
        'more features' in shown
        and '(40 more clusters' in shown
        and time.process_time() - started < 5
    )


def test_a_name_too_wide_for_any_table_is_cut():
    shown = show_fit(model(names=['n' * 500]), STATS, 'out', 80)
    assert 'n' * 37 + '...' in shown and 'n' * 38 not in shown


def test_the_width_is_that_of_the_terminal(monkeypatch):
    monkeypatch.setattr(sys.stdout, 'isatty', lambda: True, raising=False)
    monkeypatch.setenv('COLUMNS', '40')
    assert show_fit(model(2, 7), STATS, 'out').split('\n\n')[1].startswith('cluster_id      0')
    monkeypatch.setenv('COLUMNS', '200')
    assert show_fit(model(2, 7), STATS, 'out').split('\n\n')[1].startswith('cluster_id  count  x1')


def test_output_that_is_not_a_terminal_is_whole(monkeypatch):
    monkeypatch.setenv('COLUMNS', '80')
    names = [f'a_feature_with_a_long_name_{j}' for j in range(31)]
    shown = show_fit(model(3, names=names), STATS, 'out').split('\n\n')[1].split('\n')
    assert len(shown) == 4 and shown[0].split() == ['cluster_id', 'count', *names]
    assert 'centroids.csv' not in show_fit(model(MAX_LINES, names=names), STATS, 'out')
    shown = show_fit(model(MAX_LINES + 1, names=names), STATS, 'out').split('\n\n')[1]
    assert shown.split('\n')[-1] == '(1 more cluster: see out/centroids.csv)'


def test_very_many_features_are_shown_in_part_and_counted_everywhere():
    shown = show_fit(model(2, MAX_FEATURES + 5), STATS, 'out').split('\n\n')[1].split('\n')
    assert len(shown[0].split()) == 2 + MAX_FEATURES
    assert shown[3:] == ['(5 more features: see out/centroids.csv)']


def test_counts_that_are_others_than_in_the_centroid_file_are_explained():
    told = model(counts=[533121, 7], n_samples=533128)
    shown = show_fit(told, STATS, 'out', 80, averaged=[533150, 7])
    lines = shown.split('\n\n')[1].split('\n')
    assert lines[2].split()[:2] == ['1', '7']
    assert lines[3:] == [
        (
            '(count: rows nearest to these centroids, such as 533121 for cluster 0;'
            ' out/centroids.csv has the rows'
        ),
        (
            'averaged into each, 533150: after the last move, some rows are nearest to another '
            'centroid)'
        ),
    ]
    for same in None, told.counts:
        assert 'averaged' not in show_fit(told, STATS, 'out', 80, averaged=same)


def test_of_many_iterations_the_first_and_last_are_shown():
    stats = [IterationStats(i, 1000.0 - i, 0.5) for i in range(101)]
    shown = show_fit(model(), stats, 'out', 80).split('\n\n')[0].split('\n')
    assert len(shown) == 1 + MAX_ITERATIONS + 1
    assert shown[MAX_ITERATIONS // 2 + 1] == '(71 more iterations: see out/iterations.csv)'
    assert [int(line.split()[0]) for line in shown[1:16] + shown[17:]] == [
        *range(15),
        *range(86, 101),
    ]
    assert (
        len(show_fit(model(), stats[:MAX_ITERATIONS], 'out', 80).split('\n\n')[0].split('\n'))
        == 1 + MAX_ITERATIONS
    )


def test_empty_clusters_are_reported():
    assert show_fit(model(3, counts=[3, 0, 3]), STATS, 'out', 80).endswith(
        '\n1 of 3 clusters is empty\n'
    )
    assert show_fit(model(3, counts=[0, 0, 3]), STATS, 'out', 80).endswith(
        '\n2 of 3 clusters are empty\n'
    )
    assert 'empty' not in show_fit(model(3), STATS, 'out', 80)


@pytest.mark.parametrize(
    'done, line',
    [
        (AssignResult('lab', 1, 0, 0, ['part-00000.csv']), '1 row labeled in lab (1 file)\n'),
        (
            AssignResult('lab', 1234, 2, 3, ['a', 'b']),
            '1,234 rows labeled in lab (2 files), 5 rows left out\n',
        ),
        (
            AssignResult('lab', 2, 0, 1, ['a'], 'lab.rejected.csv'),
            '2 rows labeled in lab (1 file), 1 row left out (lab.rejected.csv lists it)\n',
        ),
        (AssignResult('table', 2, 1, 0), '2 rows labeled in table, 1 row left out\n'),
    ],
)
def test_labels(done, line):
    assert show_labels(done) == line


def test_progress(capsys):
    messages = Messages()
    messages.say('hello \x1b[31m')
    for stats in STATS:
        messages.watch(stats)
    messages.watch(STATS[1]._replace(empty=1))
    messages.watch(STATS[1]._replace(empty=2))
    out, err = capsys.readouterr()
    lines = err.split('\n')
    assert out == '' and lines[0] == 'hello \\x1b[31m'
    assert lines[1] == 'iteration                 inertia      shift  moved  empty  seconds'
    assert [line.split() for line in lines[2:5]] == [
        ['0', '10.5', '0.25'],
        ['1', '3', '1.25e-01', '2', '0', '0.50'],
        ['2', '3', '0.00e+00', '0', '0', '0.50'],
    ]
    assert {len(line) for line in lines[1:5]} == {len(lines[1])}
    assert (
        lines[6] == '  1 empty cluster keeps its centroid'
        and lines[8] == '  2 empty clusters keep their centroids'
    )


def test_quiet(capsys):
    messages = Messages(quiet=True)
    messages.say('hello')
    messages.watch(STATS[0])
    assert capsys.readouterr() == ('', '')


def test_that_nobody_listens_stops_nothing(monkeypatch):
    class Closed(io.StringIO):
        def write(self, text):
            raise BrokenPipeError(32, 'Broken pipe')

    monkeypatch.setattr(sys, 'stderr', Closed())
    messages = Messages()
    messages.say('one')
    monkeypatch.setattr(sys, 'stderr', io.StringIO())
    messages.say('two')
    assert sys.stderr.getvalue() == ''


def test_the_table_of_iterations_is_read_as_it_was_written():
    assert parse_stats(format_stats(STATS)) == STATS
    assert parse_stats('') == []
    for damaged in (
        'iteration,other\n1,2\n',
        format_stats(STATS).replace('0.125', 'x'),
        'iteration,inertia\n1,2,3\n',
    ):
        assert parse_stats(damaged) == []
