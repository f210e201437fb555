"""Tests of k-means||: its rounds, and rows of which few are distinct."""

import pytest
from far_rows import K, far_rows, rows_of_each_group
from logged import logged
from passes import PassesInMemory, facts_of
from samples import sample_of

from mr_kmeans.algorithm.starts.parallel import OVERSAMPLING, ROUNDS, ParallelStart
from mr_kmeans.errors import DataError


class CountedPasses(PassesInMemory):
    """Passes that note how many centroids each was made with, and what it drew."""

    def __init__(self, rows, weights=None):
        super().__init__(rows, facts_of(rows, weights))
        self.sizes, self.draws = [], []

    def __call__(self, iterations, draw=None):
        self.sizes.append(len(iterations[0].centroids))
        self.draws.append(draw)
        return super().__call__(iterations, draw)


def find(rows, k=K, seed=0, weights=None):
    start, passes = ParallelStart(k, seed, 2), CountedPasses(rows, weights)
    return start.find(sample_of(rows, start.capacity(2), seed), passes), passes


@pytest.mark.parametrize('seed', range(5))
def test_each_far_group_gets_a_centroid(seed):
    assert rows_of_each_group(find(far_rows(), seed=seed)[0].tolist()) == [1, 1, 1]


def test_each_round_draws_twice_as_many_rows_as_clusters():
    lines = logged()
    _, passes = find(far_rows())
    drawn = OVERSAMPLING * K
    assert passes.sizes == [1 + number * drawn for number in range(ROUNDS + 1)]
    assert [draw and draw.number for draw in passes.draws] == [*range(ROUNDS), None]
    rounds = [line for line in lines if line.startswith('k-means||, round')]
    assert len(rounds) == ROUNDS and '1 candidate, inertia ' in rounds[0]
    costs = [float(line.rpartition(' ')[2]) for line in lines if line.startswith('k-means||, ')]
    assert costs == sorted(costs, reverse=True) and len(costs) == ROUNDS + 1


def test_rounds_end_when_each_row_is_a_candidate():
    rows = [(1.0, 0.0), (2.0, 5.0), (2.0, 5.0), (9.0, 1.0)] * 20
    centroids, passes = find(rows, k=3)
    assert centroids.tolist() == [[1.0, 0.0], [2.0, 5.0], [9.0, 1.0]]
    assert passes.sizes == [1, 3]


def test_one_cluster():
    centroids, _ = find([(0.0, 0.0), (2.0, 6.0)] * 30, k=1)
    assert centroids.tolist() == [[1.0, 3.0]]


def test_equal_rows():
    assert find([(3.0, 4.0)] * 9, k=1)[0].tolist() == [[3.0, 4.0]]


def test_rows_that_the_weights_make_equal_are_refused():
    rows = [(float(x), 1.0 + x % 2) for x in range(8)]
    with pytest.raises(DataError, match='-k 3: no more than 2 rows can be told apart'):
        find(rows, k=3, weights=[0.0, 1.0])
    assert find(rows, k=2, weights=[0.0, 1.0])[0][:, 1].tolist() == [1.0, 2.0]


def test_other_seeds_draw_other_candidates():
    assert find(far_rows(), 40, seed=1)[0].tobytes() != find(far_rows(), 40, seed=2)[0].tobytes()
