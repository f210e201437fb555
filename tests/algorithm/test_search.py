"""Tests of the search for a start: never worse with more restarts, a function of its rows only."""

from multiprocessing.pool import ThreadPool

import numpy as np
import pytest
from samples import blobs, decimal, problem_of, sample_of

from mr_kmeans.algorithm.starts import on_sample
from mr_kmeans.algorithm.starts import search as module
from mr_kmeans.algorithm.starts.on_sample import sample_start
from mr_kmeans.algorithm.starts.problem import iterate
from mr_kmeans.algorithm.starts.search import AGREEING, best_start, improve, restart, search
from mr_kmeans.errors import DataError
from mr_kmeans.exact.feature_space import FeatureSpace

RNG = np.random.default_rng(11)
DATA = {
    'uniform': np.round(RNG.random((200, 2)), 3),
    'normal': np.round(RNG.normal(size=(150, 5)), 2),
    'heavy tails': np.round(RNG.standard_t(1.2, (200, 3)), 2),
    'clusters': np.round(RNG.normal(size=(200, 2)) + 8 * RNG.integers(0, 5, (200, 2)), 2),
    'few distinct rows': RNG.integers(0, 4, (500, 2)) * 1.0,
    'a line': np.round(RNG.random((150, 1)), 3),
}


def problem(name, k, seed=0):
    d = DATA[name].shape[1]
    return problem_of(sample_of(DATA[name]), decimal(d, 3), [1.0] * d, k, seed)


def watched(made):
    """Return a function like map that notes what it calls."""

    def run(function, items):
        for item in items:
            made.append(function.func.__name__)
            yield function(item)

    return run


@pytest.mark.parametrize('name', DATA)
def test_more_restarts_are_never_worse(name):
    for k, seed in ((2, 0), (9, 1)):
        one = problem(name, k, seed)
        scores = [search(one, n_init).score for n_init in (1, 2, 3, 4, 6)]
        assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize('name', DATA)
def test_crossing_is_better_than_restarts_alone(name):
    one = problem(name, 11)
    alone = min(iterate(one, restart(one, number).centroids, 100).score for number in range(6))
    assert search(one, 6).score <= alone


def test_improving_never_raises_the_inertia():
    for name in DATA:
        one = problem(name, 9)
        before = restart(one, 0)
        assert improve(one, before, 1).score <= before.score


def test_search_ends_when_the_first_restarts_agree():
    rows, _ = blobs(6)
    made = []
    found = search(problem_of(sample_of(rows), decimal(3, 2), [1.0] * 3, 6), 50, watched(made))
    assert made == ['restart'] * AGREEING + ['finish'] and found.converged
    made.clear()
    search(problem('uniform', 14), 5, watched(made))
    assert made.count('restart') == 5 and 'cross' in made and 'grow_and_merge' in made


def test_restarts_can_run_in_parallel_and_in_any_order():
    one = problem('uniform', 12)
    expected = search(one, 6)

    def backwards(function, items):
        return reversed([function(item) for item in reversed(list(items))])

    with ThreadPool(2) as pool:
        for run in (backwards, pool.map):
            found = search(one, 6, run)
            assert found.centroids.tobytes() == expected.centroids.tobytes()


def test_progress_counts_restarts():
    seen = []
    search(problem('uniform', 12), 5, watch=seen.append)
    assert seen == [1, 2, 3, 4, 5]


def test_no_crossing_of_very_many_clusters(monkeypatch):
    monkeypatch.setattr('mr_kmeans.algorithm.starts.crossover.MAX_CLUSTERS', 11)
    monkeypatch.setattr('mr_kmeans.algorithm.starts.crossover.merged', None)
    assert search(problem('uniform', 12), 4).centroids.shape == (12, 2)


def test_search_of_many_clusters_ends_when_little_is_gained(monkeypatch):
    monkeypatch.setattr(module, 'LARGE_K', 11)
    made = []
    one = problem('uniform', 12)
    found = search(one, 50, watched(made))
    assert AGREEING <= made.count('restart') < 50 and 'grow_and_merge' not in made
    scores = [search(one, n_init).score for n_init in (1, 2, 4, 8, 16)]
    assert scores == sorted(scores, reverse=True) and scores[-1] >= found.score


def test_many_clusters_are_searched_on_the_first_part_of_the_sample(monkeypatch):
    monkeypatch.setattr(on_sample, 'LARGE_K', 11)
    monkeypatch.setattr(on_sample, 'SAMPLE_ROWS', 60)
    monkeypatch.setattr(on_sample, 'SEARCHED_ROWS_PER_CLUSTER', 5)
    sizes = []

    def noting(problem, *rest, quick_search=module.quick_search):
        sizes.append(len(problem.multiplicities))
        return quick_search(problem, *rest)

    monkeypatch.setattr(on_sample, 'quick_search', noting)
    sample, weights = sample_of(DATA['uniform']), [1.0, 1.0]
    found = sample_start(sample, decimal(2, 3), weights, 12)
    assert sizes == [60] and found.shape == (12, 2)
    whole = problem('uniform', 12)
    part = problem_of(sample_of(DATA['uniform'], 60), decimal(2, 3), weights, 12)
    alone = module.quick_search(part, 10)
    assert whole.inertia(found) < whole.inertia(alone.centroids)


def test_as_many_clusters_as_distinct_rows():
    rows = np.unique(DATA['few distinct rows'], axis=0)
    found = sample_start(sample_of(rows), decimal(2), [1.0] * 2, len(rows))
    assert found.tolist() == rows.tolist()


# Weighted rows

SPACE = FeatureSpace(['a', 'b'], decimal(2, 3), [1.0, 1.0])


def test_best_start_of_weighted_rows_in_any_order():
    rows = DATA['uniform']
    counts = RNG.integers(1, 50, len(rows))
    found = best_start(rows, counts, SPACE, 9, n_init=3)
    for order in (np.arange(len(rows))[::-1], RNG.permutation(len(rows))):
        again = best_start(rows[order], counts[order], SPACE, 9, n_init=3)
        assert again.centroids.tobytes() == found.centroids.tobytes()
        assert again.inertia == found.inertia
    distances = ((rows[:, None] - found.centroids[None]) ** 2).sum(axis=2)
    assert found.inertia == pytest.approx((distances.min(axis=1) * counts).sum())
    assert found.centroids.tolist() == sorted(found.centroids.tolist())


def test_counts_are_repetitions():
    rows, counts = DATA['clusters'][:60], RNG.integers(1, 4, 60)
    found = best_start(rows, counts, SPACE, 4)
    repeated = best_start(np.repeat(rows, counts, axis=0), np.ones(counts.sum()), SPACE, 4)
    assert repeated.centroids.tobytes() == found.centroids.tobytes()
    heavy = np.where(np.arange(60) == 7, 10**9, 1)
    assert rows[7].tolist() in np.round(best_start(rows, heavy, SPACE, 4).centroids, 6).tolist()


def test_too_few_distinct_rows_are_refused():
    with pytest.raises(DataError, match='only 2 distinct rows. Choose -k 2 or less.'):
        best_start(np.array([[0.0, 1], [0, 1], [2, 1]]), np.ones(3), SPACE, 3)


def test_n_init_below_one_is_refused():
    with pytest.raises(ValueError, match='n_init=0'):
        search(problem('a line', 2), 0)
