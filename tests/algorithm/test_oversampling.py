"""Tests of the centroids that a restart begins with: drawn in rounds, merged to k."""

import numpy as np
import pytest
from samples import decimal, problem_of, sample_of

from mr_kmeans.algorithm.distances import definition_distances
from mr_kmeans.algorithm.starts.oversampling import _Drawing, oversampled
from mr_kmeans.errors import DataError
from mr_kmeans.exact.hashing import Draws

RNG = np.random.default_rng(3)
ROWS = np.round(RNG.normal(size=(400, 2)), 2)


def test_all_groups_get_a_centroid():
    centers = np.arange(12.0)[:, None] * [100.0, 0.0]
    rows = centers[RNG.integers(0, 12, 500)] + RNG.integers(-9, 10, (500, 2))
    problem = problem_of(sample_of(rows), decimal(2), [1.0, 1.0], 12)
    for number in range(5):
        found = oversampled(problem, number)
        assert sorted(np.rint(found[:, 0] / 100).tolist()) == list(range(12))


def test_restarts_and_seeds_differ():
    problems = [problem_of(sample_of(ROWS), decimal(2, 2), [1.0] * 2, 9, seed) for seed in (0, 1)]
    found = {oversampled(one, number).tobytes() for one in problems for number in range(3)}
    assert len(found) == 6
    assert oversampled(problems[0], 2).tobytes() in found


def test_distances_and_labels_are_those_of_the_rows_drawn():
    problem = problem_of(sample_of(np.round(ROWS)), decimal(2), [1.0, 3.0], 9)
    drawing = _Drawing(problem, Draws(5))
    for _ in range(4):
        drawing.draw(7)
        assert len(set(drawing.chosen)) == len(drawing.chosen)
        centroids = problem.centroids_at(drawing.chosen)
        distances = definition_distances(problem.rows.x, centroids, problem.weights)
        assert drawing.nearest.tolist() == distances.min(axis=0).tolist()
        own = distances[drawing.labels, np.arange(len(drawing.labels))]
        assert own.tolist() == drawing.nearest.tolist()


@pytest.mark.parametrize('k', [1, 5, 24, 25])
def test_few_distinct_rows(k):
    rows = np.array([[10.0**e] for e in range(-6, 7)] + [[-(10.0**e)] for e in range(-6, 6)])
    found = oversampled(problem_of(sample_of(rows), decimal(1, 6), [1.0], k), 0)
    assert found.shape == (k, 1) and len(np.unique(found)) == k
    if k == 25:
        assert sorted(found[:, 0].tolist()) == sorted(rows[:, 0].tolist())


def test_rows_at_distance_zero_count_together():
    sample = sample_of([[0.0, i] for i in range(6)] + [[1.0, 9.0]])
    for number in range(5):
        found = oversampled(problem_of(sample, decimal(2), [1.0, 0.0], 2), number)
        assert sorted(found[:, 0].tolist()) == [0.0, 1.0]
        with pytest.raises(DataError, match='no more than 2 can be told apart'):
            oversampled(problem_of(sample, decimal(2), [1.0, 0.0], 3), number)


@pytest.mark.parametrize('k', [9, 60, 390])
def test_more_clusters_than_can_be_merged_are_rows(monkeypatch, k):
    monkeypatch.setattr('mr_kmeans.algorithm.starts.oversampling.MAX_CLUSTERS', 8)
    monkeypatch.setattr('mr_kmeans.algorithm.starts.oversampling.merged', None)
    sample = sample_of(ROWS)
    found = oversampled(problem_of(sample, decimal(2, 2), [1.0] * 2, k), 0)
    rows = {row.tobytes() for row in sample.rows}
    assert found.shape == (k, 2) and len({row.tobytes() for row in found} & rows) == k
