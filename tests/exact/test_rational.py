"""Tests of centroids, inertia, weights and shift against plain rational arithmetic."""

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mr_kmeans.exact.grid import Grid
from mr_kmeans.exact.rational import (
    inertia,
    inertia_fraction,
    mean_centroids,
    moved,
    shift,
    standard_deviations,
    standardizing_weights,
)

grids_ = st.one_of(
    st.builds(Grid, st.just('decimal'), st.integers(0, 15)),
    st.builds(Grid, st.just('binary'), st.integers(-1074, 448)),
)
integers_ = st.one_of(st.integers(-3, 3), st.integers(-(2**51), 2**51))


def sums_of(rows, labels, k):
    d = len(rows[0])
    totals = [
        [sum(row[j] for row, c in zip(rows, labels) if c == cluster) for j in range(d)]
        for cluster in range(k)
    ]
    return (
        [labels.count(cluster) for cluster in range(k)],
        totals,
        [sum(row[j] ** 2 for row in rows) for j in range(d)],
    )


@given(st.data(), st.integers(1, 3), st.integers(1, 4), st.integers(1, 8))
@settings(max_examples=200, deadline=None)
def test_centroids_and_inertia_are_rounded_once(data, d, k, n):
    grids = data.draw(st.lists(grids_, min_size=d, max_size=d))
    rows = data.draw(st.lists(st.lists(integers_, min_size=d, max_size=d), min_size=n, max_size=n))
    labels = data.draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n))
    weights = data.draw(
        st.lists(st.sampled_from([0.0, 1.0, 0.3, 1e-30, 1e30]), min_size=d, max_size=d)
    )
    counts, totals, total_squares = sums_of(rows, labels, k)
    previous = np.arange(float(k * d)).reshape(k, d)
    centroids = mean_centroids(counts, totals, grids, previous)
    x = [[i * grid.step for i, grid in zip(row, grids)] for row in rows]
    for c in range(k):
        if not counts[c]:
            assert centroids[c].tolist() == previous[c].tolist()
            continue
        means = [sum(x[i][j] for i in range(n) if labels[i] == c) / counts[c] for j in range(d)]
        assert centroids[c].tolist() == [mean.numerator / mean.denominator for mean in means]
    for tested in (centroids, previous):
        expected = sum(
            Fraction(w) * (value - Fraction(float(c))) ** 2
            for row, label in zip(x, labels)
            for value, c, w in zip(row, tested[label], weights)
        )
        assert inertia_fraction(tested, counts, totals, total_squares, grids, weights) == expected
        assert inertia(tested, counts, totals, total_squares, grids, weights) == _float(expected)


def _float(exact):
    try:
        return exact.numerator / exact.denominator
    except OverflowError:
        return math.inf


def test_worked_example_of_the_readme():
    values, grid = [2, 4, 10, 12, 3, 20, 30, 11, 25], [Grid('decimal', 0)]
    centroids, seen = np.array([[4.0], [10.0]]), []
    for _ in range(4):
        labels = [min((0, 1), key=lambda c: abs(x - centroids[c, 0])) for x in values]
        counts, totals, total_squares = sums_of([[x] for x in values], labels, 2)
        seen.append(
            (
                centroids[:, 0].tolist(),
                inertia(centroids, counts, totals, total_squares, grid, [1.0]),
            )
        )
        centroids = mean_centroids(counts, totals, grid, centroids)
    assert [start for start, _ in seen] == [[4, 10], [3, 18], [4.75, 19.6], [7, 25]]
    assert seen[-1][1] == sum((x - 7) ** 2 for x in (2, 3, 4, 10, 11, 12)) + sum(
        (x - 25) ** 2 for x in (20, 25, 30)
    )


def test_inertia_beyond_float64_is_infinite():
    huge = [Grid('binary', 448)]
    assert inertia(np.array([[0.0]]), [1], [[2**52]], [2**104], huge, [1e300]) == math.inf


def test_inertia_of_many_centroids_is_fast():
    rng = np.random.default_rng(0)
    centroids = rng.normal(size=(1000, 20))
    totals = rng.integers(-(2**40), 2**40, (1000, 20)).tolist()
    grids = [Grid('decimal', 4)] * 20
    assert inertia(centroids, [10**6] * 1000, totals, [10**20] * 20, grids, [1.0] * 20) > 0


@given(st.lists(integers_, min_size=1, max_size=10), grids_)
@settings(max_examples=300, deadline=None)
def test_weights_and_deviations_are_correctly_rounded(integers, grid):
    n, totals, squares = len(integers), [sum(integers)], [sum(i * i for i in integers)]
    mean = Fraction(sum(integers), n)
    variance = sum((i - mean) ** 2 for i in integers) / n * grid.step**2
    (deviation,) = standard_deviations(n, totals, squares, [grid])
    if not variance:
        assert deviation == 0 and standardizing_weights(n, totals, squares, [grid]) == [0.0]
        return
    with localcontext() as context:
        context.prec = 1200
        assert deviation == float(
            (Decimal(variance.numerator) / Decimal(variance.denominator)).sqrt()
        )
    try:
        weight = variance.denominator / variance.numerator
    except OverflowError:
        with pytest.raises(OverflowError, match='feature 1 varies too little'):
            standardizing_weights(n, totals, squares, [grid])
    else:
        assert standardizing_weights(n, totals, squares, [grid]) == [weight]


def test_roots_of_perfect_squares_are_exact():
    assert standard_deviations(
        2, [0, 10**9 + 1], [2 * 49, (10**9 + 1) ** 2], [Grid('decimal', 1)] * 2
    ) == [0.7, (10**9 + 1) / 20]


def test_shift_is_in_standard_deviations_without_constant_features():
    old = np.array([[0.0, 0.0, 5.0], [1.0, 1.0, 5.0]])
    new = np.array([[3.0, 0.0, 5.0], [1.0, 5.0, 5.0]])
    assert shift(old, new, [1.0, 2.0, 0.0]) == math.sqrt(9 / 2)
    assert shift(old, new, [1.0, 1.0, 0.0]) == math.sqrt(16 / 2)
    assert shift(old, old, [1.0, 1.0, 0.0]) == 0 == shift(old, old, [0.0, 0.0, 0.0])
    assert shift(old, new * 1e200, [1e-300, 1.0, 0.0]) == math.inf


def test_moved_counts_clusters():
    old = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    new = old.copy()
    new[1] = np.nextafter(new[1], 9)
    assert (moved(old, old), moved(old, new), moved(old, old + 1)) == (0, 1, 3)


def test_sums_of_many_features_need_few_fractions(monkeypatch):
    """A table may have 100,000 columns; fractions took 1.2 ms for each."""
    made = []

    class Counting(Fraction):
        def __new__(cls, *args, **kwargs):
            made.append(args)
            return Fraction(*args, **kwargs)

    d = 500
    grids = [Grid('decimal', j % 16) if j % 2 else Grid('binary', -(j % 60)) for j in range(d)]
    centroids = np.arange(2 * d).reshape(2, d) / 7
    arguments = (
        centroids,
        [3, 4],
        [list(range(d)), [2 * j for j in range(d)]],
        [9 * j * j for j in range(d)],
        grids,
        np.arange(d) / 3,
    )
    expected = sum(
        Fraction(float(w))
        * (
            square * grid.step**2
            - sum(
                2 * Fraction(float(c)) * s * grid.step - n * Fraction(float(c)) ** 2
                for c, s, n in zip(column, sums, [3, 4])
            )
        )
        for w, grid, square, column, sums in zip(
            arguments[5], grids, arguments[3], centroids.T, zip(*arguments[2])
        )
    )
    monkeypatch.setattr('mr_kmeans.exact.rational.Fraction', Counting)
    assert inertia_fraction(*arguments) == expected
    assert len(made) <= 32
