"""Tests that moments are exact, and that their merge is associative and commutative."""

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mr_kmeans.exact.column import RAW, from_floats
from mr_kmeans.exact.grid import Grid, choose_grid
from mr_kmeans.exact.moments import Moments, exact_sums

decimals = st.lists(
    st.builds(lambda i, p: i / 10**p, st.integers(-(10**6), 10**6), st.integers(0, 4)), max_size=12
)
raws = st.lists(st.floats(-1e30, 1e30), max_size=12)


def sums_of(integers):
    """Return the exact sum and sum of squares of an integer array."""
    return exact_sums(integers, max(map(abs, integers.tolist()), default=0))


def of_grid(values, grid):
    column = from_floats(np.array(values, dtype=np.float64))
    return Moments.of_grid(column, grid, grid.to_integers(column))


def of(values):
    return Moments.of(from_floats(np.array(values, dtype=np.float64)))


@given(st.lists(st.integers(-(2**53), 2**53), max_size=30))
def test_exact_sums_of_wide_integers(integers):
    array = np.array(integers, dtype=np.int64)
    assert sums_of(array) == (sum(integers), sum(i * i for i in integers))


@pytest.mark.parametrize('largest', [2**p + e for p in (20, 26, 31, 39, 53) for e in (-1, 0)])
def test_exact_sums_of_many_large_integers(largest):
    array = np.full(100_000, largest)
    squares = 100_000 * largest**2
    assert sums_of(array) == (100_000 * largest, squares)
    assert sums_of(-array) == (-100_000 * largest, squares)


def test_exact_sums_of_many_narrow_integers():
    assert sums_of(np.full(100_000, -128, dtype=np.int8)) == (-12_800_000, 128**2 * 100_000)


@given(decimals)
def test_moments_of_decimals(values):
    moments = of(values)
    exact = [Fraction(str(x)) for x in values]
    step = moments.grid.step
    assert moments.total * step == sum(exact) and moments.total_squares * step * step == sum(
        x * x for x in exact
    )
    assert moments.count == len(values)
    assert (moments.minimum, moments.maximum) == (
        (min(values), max(values)) if values else (np.inf, -np.inf)
    )
    assert moments.largest == max(map(abs, values), default=0)


@given(decimals, st.one_of(decimals, raws), decimals)
@settings(max_examples=200)
def test_merge_is_associative_and_agrees_with_the_whole(a, b, c):
    a_, b_, c_ = of(a), of(b), of(c)
    assert a_.merge(b_).merge(c_) == a_.merge(b_.merge(c_)) == c_.merge(a_).merge(b_)
    assert Moments.zero().merge(a_) == a_ == a_.merge(Moments.zero())
    merged, whole = a_.merge(b_).merge(c_), of(a + b + c)
    if whole.decimals != RAW:
        assert merged == whole
    assert merged.count == whole.count and merged.largest == whole.largest


@given(raws, raws)
def test_raw_feature_gets_sums_from_a_pass_with_the_grid(a, b):
    column = from_floats(np.array(a + b, dtype=np.float64))
    survey = of(a).merge(of(b))
    grid = choose_grid(survey.decimals, survey.largest)
    parts = [of_grid(part, grid) for part in (a, b)]
    integers = grid.to_integers(column).tolist() if a + b else []
    assert parts[0].merge(parts[1]).at(grid) == (sum(integers), sum(i * i for i in integers))
    if survey.decimals == RAW:
        assert survey.total is None and not survey.fits(grid)


def test_sums_on_a_coarser_or_binary_grid_are_refused():
    moments = of([0.25, 1.5])
    assert moments.at(Grid('decimal', 4)) == (17500, 2500**2 + 15000**2)
    for grid in (Grid('decimal', 1), Grid('binary', -2)):
        with pytest.raises(ValueError, match='do not give'):
            moments.at(grid)
    binary = of_grid([0.25], Grid('binary', -2))
    assert binary.at(Grid('binary', -2)) == (1, 1)
    with pytest.raises(ValueError):
        binary.merge(of_grid([0.25], Grid('binary', -3)))


@given(st.one_of(decimals, raws))
def test_moments_round_trip_through_json(values):
    moments = of(values)
    assert Moments.from_json(json.loads(json.dumps(moments.to_json()))) == moments
    assert Moments.zero().at(Grid('binary', 3)) == (0, 0)
