"""The README's first example, through the command line: nine numbers, two centroids, and the
iterations worked out by hand."""

import csv
import json
import os
import subprocess
import sys

import pytest
import reference

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DATA, START = (
    os.path.join(ROOT, 'data', name) for name in ('worked_example.csv', 'worked_start.csv')
)
CENTROIDS = """\
iteration,cluster_id,count,x
0,0,0,4.0
0,1,0,10.0
1,0,3,3.0
1,1,6,18.0
2,0,4,4.75
2,1,5,19.6
3,0,6,7.0
3,1,3,25.0
4,0,6,7.0
4,1,3,25.0
"""
INERTIA = [735.0, 333.0, 267.855, 150.0, 150.0]
# the second centroid goes 10 -> 18, and so on; the nine numbers have the variance 7182 / 81
SHIFT = [None] + [step / (7182 / 81) ** 0.5 for step in (8, 1.75, 5.4, 0)]
LABELS = [0, 0, 0, 0, 0, 1, 1, 0, 1]  # {2 3 4 10 11 12} and {20 25 30}, in the order of the file


def mr_kmeans(*arguments, cwd):
    environ = dict(os.environ, PYTHONPATH=ROOT)
    return subprocess.run(
        [sys.executable, '-m', 'mr_kmeans', *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environ,
    )


@pytest.mark.parametrize(
    'variant, pack',
    [
        pytest.param(
            variant,
            pack,
            id=f'{variant}-not packed' if pack else f'{variant}-packed',
            marks=[] if (i + len(pack)) % 2 == 0 else [pytest.mark.slow],
        )
        for i, variant in enumerate(('in-mapper', 'combiner', 'two-job'))
        for pack in ([], ['--no-pack'])
    ],
)
def test_iterations(variant, pack, tmp_path):
    done = mr_kmeans(
        'fit',
        DATA,
        '-k',
        '2',
        '--init',
        START,
        '-o',
        'out',
        '--variant',
        variant,
        *pack,
        '--json',
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    model = json.loads(done.stdout)
    assert (tmp_path / 'out' / 'centroids.csv').read_text() == CENTROIDS
    rows = list(csv.DictReader((tmp_path / 'out' / 'iterations.csv').open()))
    assert [float(row['inertia']) for row in rows] == pytest.approx(INERTIA, rel=1e-15)
    assert [float(row['shift']) for row in rows[1:]] == pytest.approx(SHIFT[1:], rel=1e-15)
    assert [row['moved'] for row in rows] == ['', '2', '2', '2', '0'] and [
        row['empty'] for row in rows
    ] == [''] + ['0'] * 4
    assert (
        model['centroids'] == [[7.0], [25.0]]
        and model['counts'] == [6, 3]
        and model['inertia'] == 150.0
    )
    assert (model['n_iter'], model['converged'], model['stopped_by']) == (
        4,
        True,
        'no centroid moved',
    )
    assert (model['features'], model['n_samples'], model['grid'], model['weights']) == (
        ['x'],
        9,
        [['decimal', 0]],
        [1.0],
    )


def test_the_result_is_printed_and_the_talk_is_not_among_it(tmp_path):
    done = mr_kmeans('fit', DATA, '-k', '2', '--init', START, '-o', 'out', cwd=tmp_path)
    model = json.loads((tmp_path / 'out' / 'model.json').read_text())
    for words in (
        ['cluster', 'count', 'x'],
        ['0', '6', '7'],
        ['1', '3', '25'],
        [model['hash']],
        ['150'],
    ):
        assert any(all(word in line for word in words) for line in done.stdout.splitlines()), words
    for inertia in ('735', '333', '267.855', '150'):
        assert inertia in done.stdout
    assert 'packed' in done.stderr and 'packed' not in done.stdout
    assert (
        mr_kmeans('fit', DATA, '-k', '2', '--init', START, '-o', 'quiet', '-q', cwd=tmp_path).stderr
        == ''
    )


def test_labels(tmp_path):
    assert (
        mr_kmeans('fit', DATA, '-k', '2', '--init', START, '-o', 'out', cwd=tmp_path).returncode
        == 0
    )
    done = mr_kmeans('assign', 'out', DATA, '-o', 'labels', cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert os.listdir(tmp_path / 'labels') == ['part-00000.csv']
    header, *rows = csv.reader((tmp_path / 'labels' / 'part-00000.csv').open())
    assert header == ['file', 'row', 'id', 'cluster_id', 'distance']
    numbers = [2, 4, 10, 12, 3, 20, 30, 11, 25]
    assert rows == [
        [DATA, str(row), '', str(label), repr(abs(x - [7.0, 25.0][label]))]
        for row, (x, label) in enumerate(zip(numbers, LABELS), 1)
    ]


def test_every_start_ends_in_the_optimum(tmp_path):
    """Of the eight ways to cut nine sorted numbers in two, {2 ... 12} and {20 25 30} is the best;
    `sample` finds it."""
    model = json.loads(
        mr_kmeans('fit', DATA, '-k', '2', '-o', 'out', '--json', cwd=tmp_path).stdout
    )
    assert (
        model['centroids'] == [[7.0], [25.0]]
        and model['n_iter'] == 1
        and model['stopped_by'] == 'no centroid moved'
    )


def test_a_mean_of_means_would_be_wrong():
    """What the often copied example does: shards of the file averaged, and the averages averaged
    without their counts."""
    numbers = [2, 4, 10, 12, 3, 20, 30, 11, 25]
    second = [x for x in numbers if abs(x - 10) < abs(x - 4)]
    shards = [[x for x in numbers[i : i + 3] if x in second] for i in (0, 3, 6)]
    means = [sum(shard) / len(shard) for shard in shards]
    assert sum(means) / 3 != 18 == sum(second) / len(second)


def test_it_is_the_reference():
    iterations = reference.reference_fit(
        [(x,) for x in (2.0, 4.0, 10.0, 12.0, 3.0, 20.0, 30.0, 11.0, 25.0)], [(4.0,), (10.0,)]
    )
    assert [it.inertia for it in iterations] == pytest.approx(INERTIA, rel=1e-15) and iterations[
        -1
    ].labels == LABELS
