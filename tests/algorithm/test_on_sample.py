"""Tests of starts in memory: exactly k centroids, a function of only sample, options and seed."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from samples import blobs, decimal, problem_of, sample_of

from mr_kmeans.algorithm.starts.on_sample import (
    SAMPLE_ROWS,
    random_start,
    sample_capacity,
    sample_start,
)
from mr_kmeans.errors import DataError
from mr_kmeans.exact.column import from_floats
from mr_kmeans.exact.grid import BINARY, Grid
from mr_kmeans.exact.hashing import HashSample, row_hashes, seeded_hashes
from mr_kmeans.exact.survey import SAMPLE_ROUND


def test_clusters_are_found_and_sorted():
    rows, centers = blobs(7)
    start = sample_start(sample_of(rows), decimal(3, 2), [1.0] * 3, 7)
    assert start.shape == (7, 3) and start.dtype == np.float64
    assert np.abs(start - np.sort(centers, axis=0)).max() < 0.5
    assert start.tolist() == sorted(start.tolist())


def test_worked_example():
    rows = [[x] for x in (2, 4, 10, 12, 3, 20, 30, 11, 25)]
    assert sample_start(sample_of(rows), decimal(1), [1.0], 2).tolist() == [[7.0], [25.0]]


def test_result_does_not_depend_on_order_of_rows_or_merging():
    rows, _ = blobs(5)
    rows = np.concatenate([rows, rows[:100]])
    expected = sample_start(
        sample_of(rows, 150), decimal(3, 2), [1.0, 2.0, 0.5], 5, seed=3, n_init=3
    )
    merged = sample_of(rows[::-3], 150)
    merged.merge(sample_of(rows[-2::-3], 150))
    merged.merge(sample_of(rows[-3::-3], 150))
    merged = HashSample.from_json(json.loads(json.dumps(merged.to_json())))
    got = sample_start(merged, decimal(3, 2), [1.0, 2.0, 0.5], 5, seed=3, n_init=3)
    assert got.tobytes() == expected.tobytes()


# Degenerate data


@pytest.mark.parametrize(
    'start',
    [
        lambda s, k: sample_start(s, decimal(1), [1.0], k),
        lambda s, k: random_start(s, decimal(1), k),
    ],
)
def test_too_few_distinct_rows_are_refused(start):
    sample = sample_of([[1.0], [2.0], [2.0], [3.0]] * 5)
    assert start(sample, 3).tolist() == [[1.0], [2.0], [3.0]]
    with pytest.raises(DataError) as error:
        start(sample, 8)
    assert str(error.value) == '-k 8: the data have only 3 distinct rows. Choose -k 3 or less.'


def test_rows_at_distance_zero_are_refused():
    sample = sample_of([[0.0, i] for i in range(6)] + [[1.0, 9]])
    assert sample_start(sample, decimal(2), [1.0, 0.0], 2)[:, 0].tolist() == [0.0, 1.0]
    with pytest.raises(
        DataError,
        match=(
            '^-k 3: of the 7 distinct rows looked at, no more than 2 can be told apart: .* Choose'
            ' -k 2 or less. Or multiply'
        ),
    ):
        sample_start(sample, decimal(2), [1.0, 0.0], 3)


def test_one_cluster_is_the_mean():
    assert sample_start(
        sample_of([[1.0, 5], [2.0, 5], [2.0, 5]]), decimal(2), [1.0, 0.0], 1
    ).tolist() == [[5 / 3, 5.0]]


def test_a_million_equal_rows_count_as_one():
    sample = HashSample(10, 1)
    for _ in range(10):
        columns = [from_floats(np.full(100000, 7.0))]
        sample.add(seeded_hashes(row_hashes(columns), 0, SAMPLE_ROUND), columns)
    assert sample_start(sample, decimal(1), [1.0], 1).tolist() == [[7.0]]
    with pytest.raises(DataError, match='only 1 distinct row. Choose -k 1.'):
        random_start(sample, decimal(1), 2)


def test_rows_made_equal_by_a_binary_grid_count_as_one():
    grids = [Grid(BINARY, 0)]
    sample = sample_of([[0.9], [1.1], [5.0], [5.25], [9.0]])
    problem = problem_of(sample, grids, [1.0], 3, 0)
    assert sorted(problem.integers[0].tolist()) == [1, 5, 9] and sorted(
        problem.multiplicities.tolist()
    ) == [1, 2, 2]
    assert random_start(sample, grids, 3).tolist() == [[1.0], [5.0], [9.0]]
    with pytest.raises(DataError, match='only 3 distinct rows'):
        random_start(sample, grids, 4)


def test_values_of_very_different_scales():
    rows = [[1e-300, 1e100], [2.0, -1e100], [3e-5, 1e99], [7.0, 12345678.123456789]]
    grids = [Grid(BINARY, -50), Grid(BINARY, 280)]
    assert sample_start(sample_of(rows), grids, [1e200, 1.0], 4).shape == (4, 2)


# The random start


def test_random_start_takes_the_smallest_hashes():
    rows = np.arange(200.0).reshape(100, 2)
    for seed in (0, 1):
        hashes = row_hashes([from_floats(column) for column in rows.T])
        smallest = np.argsort(seeded_hashes(hashes, seed, SAMPLE_ROUND))[:7]
        assert random_start(sample_of(rows, seed=seed), decimal(2), 7).tolist() == sorted(
            rows[smallest].tolist()
        )


# The size of the sample


@pytest.mark.parametrize(
    'k, d, expected',
    [
        (1, 1, SAMPLE_ROWS),
        (20, 10, SAMPLE_ROWS),
        (400, 10, 20000),
        (401, 10, 40100),
        (1000, 10, 100000),
        (1000, 32, 100000),
        (20, 1000, 4000),
        (1000, 10**6, 2000),
        (5, 0, SAMPLE_ROWS),
    ],
)
def test_sample_capacity_depends_on_k_and_features(k, d, expected):
    assert sample_capacity(k, d) == expected


# The machine leaves no trace

PROGRAM = """
import sys, hashlib
sys.path.insert(0, sys.argv[1])
from test_on_sample import *
rng = np.random.default_rng(7)
sample = sample_of(np.round(rng.normal(size=(3000, 12)), 4), 3000)
start = sample_start(sample, decimal(12, 4), [1 / 3] * 12, 15, n_init=4)
print(hashlib.sha256(start.tobytes()).hexdigest())
"""


def test_result_does_not_depend_on_blas_kernels_and_threads():
    here = os.path.dirname(os.path.abspath(__file__))
    results = set()
    for extra in (
        {},
        {'OPENBLAS_CORETYPE': 'Prescott', 'OPENBLAS_NUM_THREADS': '1'},
        {'OPENBLAS_CORETYPE': 'Haswell', 'NPY_DISABLE_CPU_FEATURES': 'AVX2 FMA3'},
    ):
        tests = os.path.dirname(here)
        path = os.pathsep.join(
            [
                os.path.dirname(tests),
                os.path.join(tests, 'support'),
                os.environ.get('PYTHONPATH', ''),
            ]
        )
        environment = dict(os.environ, PYTHONPATH=path, **extra)
        results.add(
            subprocess.run(
                [sys.executable, '-c', PROGRAM, here],
                env=environment,
                check=True,
                stdout=subprocess.PIPE,
            ).stdout
        )
    assert len(results) == 1 and len(results.pop()) == 65
