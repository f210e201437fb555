"""Tests that k-means++ chooses the same rows as a plain Python implementation, for any numbers."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mr_kmeans.algorithm.distances import definition_distances
from mr_kmeans.algorithm.starts.plusplus import SampleRows, n_trials
from mr_kmeans.exact.hashing import Draws


def plain_distance(a, b, weights):
    total = 0.0
    for p, q, w in zip(a, b, weights):
        t = p - q
        t = t * t
        t = w * t
        total = total + t
    return total


def plain_choice(rows, multiplicities, weights, count, k, draws):
    """Greedy k-means++ with Python's floats, integers and fractions, a row at a time; the first row
    is there already."""
    bits = min(52, 62 - sum(multiplicities).bit_length())

    def draw(chances):
        number = draws.below(sum(chances))
        for row, chance in enumerate(chances):
            number -= chance
            if number < 0:
                return row

    chosen = []
    nearest = [plain_distance(row, rows[0], weights) for row in rows]
    for _ in range(count):
        largest = max(nearest)
        if largest == 0:
            break
        power = 0 if largest == float('inf') else bits - np.frexp(largest)[1]

        def scaled(distance, largest=largest, power=power):
            if largest == float('inf'):
                return int(distance == largest)
            return int(Fraction(distance) * Fraction(2) ** int(power))

        chances = [scaled(distance) * times for distance, times in zip(nearest, multiplicities)]
        trials = [draw(chances) for _ in range(n_trials(k))]
        outcomes = []
        for trial in trials:
            after = [
                min(old, plain_distance(row, rows[trial], weights))
                for old, row in zip(nearest, rows)
            ]
            outcomes.append(
                (
                    sum(scaled(distance) * times for distance, times in zip(after, multiplicities)),
                    after,
                )
            )
        best = min(range(len(trials)), key=lambda i: outcomes[i][0])
        chosen.append(trials[best])
        nearest = outcomes[best][1]
    return chosen


def assert_same(rows, multiplicities, weights, count, k=20, seed=0, stream=0):
    rows = np.array(rows, dtype=np.float64)
    columns = [np.ascontiguousarray(column) for column in rows.T]
    chooser = SampleRows(columns, np.array(multiplicities, dtype=np.int64), np.array(weights))
    nearest = definition_distances(columns, rows[:1], np.array(weights))[0]
    before = nearest.tobytes()
    chosen = chooser.choose_more(nearest, count, k, Draws(seed, stream))
    assert nearest.tobytes() == before
    assert chosen == plain_choice(
        rows.tolist(), list(multiplicities), list(weights), count, k, Draws(seed, stream)
    )
    return chosen


values = st.one_of(
    st.integers(-3, 3).map(float),
    st.integers(-3, 3).map(lambda i: 1e12 + i / 8),
    st.floats(-1e6, 1e6),
    st.sampled_from([0.0, 5e-324, 1e-300, -1e-160, 1e-155, 2.0**500, -(2.0**499)]),
)
any_weights = st.sampled_from([1.0, 1.0, 0.0, 0.1, 5e-324, 1e-300, 1e300, 1.7e308])


@settings(max_examples=150)
@given(
    st.integers(1, 4).flatmap(
        lambda d: st.tuples(
            st.lists(st.tuples(*[values] * d), min_size=1, max_size=25, unique=True),
            st.tuples(*[any_weights] * d),
        )
    ),
    st.integers(1, 12),
    st.integers(0, 3),
    st.sampled_from([1, 3, 10**6, 2**40]),
    st.integers(-5, 5),
)
def test_chosen_rows_agree_with_the_definition(case, k, stream, most, seed):
    rows, weights = case
    multiplicities = [1 + (i * 7919) % most for i in range(len(rows))]
    chosen = assert_same(rows, multiplicities, weights, k, k, seed, stream)
    assert len({0, *chosen}) == len(chosen) + 1 <= k + 1


@pytest.mark.parametrize('name', ['lattice', 'far', 'scales', 'wide'])
def test_screen_leaves_out_no_relevant_row(name):
    rng = np.random.default_rng(5)
    rows = {
        'lattice': lambda: np.unique(rng.integers(0, 4, (300, 4)), axis=0) * 1.0,
        'far': lambda: 1e9 + rng.integers(0, 5000, (200, 3)) / 4096,
        'scales': lambda: rng.normal(size=(150, 6)) * 10.0 ** np.arange(-9, 9, 3),
        'wide': lambda: np.round(rng.random((60, 200)), 2),
    }[name]()
    assert_same(rows, [1] * len(rows), [1.0] * rows.shape[1], 20)


def test_rows_at_distance_zero_are_not_chosen():
    assert len(assert_same([[0.0, 1], [0.0, 2], [1.0, 1], [1.0, 7]], [1] * 4, [1.0, 0.0], 3)) == 1
    assert assert_same([[0.0], [1e-200], [2e-200]], [1] * 3, [1.0], 3) == []


def test_all_rows_are_chosen_if_there_are_no_more():
    rows = [[10.0**e] for e in range(-100, 100, 8)]
    chosen = assert_same(rows, [1] * len(rows), [1.0], len(rows))
    assert sorted(chosen) == list(range(1, len(rows)))


def test_frequent_rows_are_chosen_first():
    rows = [[0.0], [1.0], [2.0]]
    assert {assert_same(rows, [1, 10**9, 1], [1.0], 1, seed=seed)[0] for seed in range(20)} == {1}


def test_rows_differ_by_seed_and_stream():
    rows = [[float(i)] for i in range(50)]
    seen = {
        tuple(assert_same(rows, [1] * 50, [1.0], 3, 3, seed, stream))
        for seed in range(3)
        for stream in range(3)
    }
    assert len(seen) == 9


def test_number_of_trials_is_about_two_and_the_logarithm():
    assert [n_trials(k) for k in (1, 2, 8, 20, 100, 1000, 10**6)] == [2, 3, 4, 5, 6, 9, 16]
