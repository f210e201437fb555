"""Tests of a start by far rows: found, whatever the sample has of them; left alone where nothing is
to be gained."""

import random

import numpy as np
import pytest
from far_rows import K, clean_rows, far_rows, rows_of_each_group, small_sample  # noqa: F401
from logged import logged
from passes import PassesInMemory, facts_of
from samples import sample_of

from mr_kmeans.algorithm.draw import DrawnRows
from mr_kmeans.algorithm.lloyd import Iteration, inertia_of
from mr_kmeans.algorithm.starts import far
from mr_kmeans.algorithm.starts.from_sample import SampleStart

pytestmark = pytest.mark.usefixtures('small_sample')


class CountedPasses(PassesInMemory):
    def __init__(self, rows):
        super().__init__(rows, facts_of(rows))
        self.draws = []

    def __call__(self, iterations, draw=None):
        self.draws.append(draw)
        return super().__call__(iterations, draw)


def find(rows, seed=0, k=K):
    """Return the start, and the passes that it made."""
    passes, start = CountedPasses(rows), SampleStart(k, seed, 2)
    return start.find(sample_of(rows, start.capacity(2), seed), passes), passes


def inertia(rows, centroids):
    passes, iteration = CountedPasses(rows), Iteration(0, centroids, [0] * len(centroids))
    return inertia_of(iteration, passes([iteration])[0], passes.facts)


@pytest.mark.parametrize('seed', [0, 1, 3, 4, 5])  # the sample of seed 2 has all groups
def test_each_far_group_gets_a_centroid(seed):
    lines, rows = logged(), far_rows()
    centroids, passes = find(rows, seed)
    assert rows_of_each_group(centroids.tolist()) == [1, 1, 1]
    assert len(passes.draws) <= 1 + far.MAX_PASSES and passes.draws[-1] is None
    assert any('looking for a better start' in line for line in lines)


def test_nothing_is_drawn_from_clean_rows():
    lines = logged()
    _, passes = find(clean_rows())
    assert passes.draws == [None] and not lines


def test_no_pass_is_made_where_the_sample_has_all_rows():
    _, passes = find(far_rows(60))
    assert passes.draws == []


def test_the_best_of_all_measured_starts_is_taken():
    """A search on drawn rows that finds nothing better changes nothing."""
    rows = far_rows()
    start, passes = SampleStart(K, 0, 2), CountedPasses(rows)
    sample = sample_of(rows, start.capacity(2), 0)
    first, good = start.search_sample(sample, passes.facts.space), find(rows)[0]
    assert inertia(rows, good) < inertia(rows, first) < inertia(rows, good - 1e4)
    for found, best in ((good - 1e4, first), (first, first), (good, good)):
        better = far.improve_by_far_rows(
            first, sample, lambda rows, is_last, one=found: one, passes, 0
        )
        assert better.tobytes() == best.tobytes()


def test_the_start_is_the_same_for_rows_in_any_order():
    rows = far_rows()
    first, _ = find(rows)
    for other in (rows[::-1], random.Random(1).sample(rows, len(rows))):
        assert find(other)[0].tobytes() == first.tobytes()


def test_the_message_tells_the_share_of_the_inertia():
    lines = logged()
    find(far_rows())
    assert any(
        'far from the centroids hold' in line and '% of the inertia' in line for line in lines
    )
    assert any('drawn by their distance: inertia' in line for line in lines)


def test_weights_are_of_all_rows():
    """Rows count as often as they occur by the chance to be here: their sum is about n."""
    rows, sums = far_rows(), []

    def search(weighted, is_last):
        assert len(np.unique(weighted.rows, axis=0)) == len(weighted.rows)
        sums.append(weighted.multiplicities.sum() / 2**far._SCALE_BITS / len(rows))
        assert weighted.multiplicities.min() >= 2**far._SCALE_BITS
        return SampleStart(K, 0, 2).search_rows(weighted, facts_of(rows).space)

    for seed in range(6):
        sample = sample_of(rows, 150, seed)
        first = SampleStart(K, seed, 2).search_sample(sample, facts_of(rows).space)
        far.improve_by_far_rows(first, sample, search, CountedPasses(rows), seed)
    assert abs(np.mean(sums) - 1) < 0.1


def test_chances_and_effective_rows():
    drawn = DrawnRows(np.zeros((1, 1)), np.ones(1, dtype=int), 4.0)
    assert far.chances(np.array([0.0, 1.0, 9.0]), drawn).tolist() == [0.0, 0.25, 1.0]
    everything = drawn._replace(threshold=0.0)
    assert far.chances(np.array([0.0, 1e-9]), everything).tolist() == [0.0, 1.0]
    assert far.effective_rows(np.ones(7)) == 7
    assert far.effective_rows(np.array([0.0, 3.0, 0.0])) == 1
    assert far.effective_rows(np.zeros(4)) == 4
