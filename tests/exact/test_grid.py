"""Tests of grids: chosen from the whole data, and exact in both directions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mr_kmeans.exact.column import RAW, from_floats, to_floats
from mr_kmeans.exact.grid import Grid, choose_grid


def column_of(*values):
    return from_floats(np.array(values, dtype=np.float64))


def grid_of(column):
    x = to_floats(column)
    return choose_grid(column.decimals, float(np.abs(x).max()) if x.size else 0.0)


@pytest.mark.parametrize(
    'decimals, max_abs, expected',
    [
        (0, 0.0, Grid('decimal', 0)),
        (4, 12.5, Grid('decimal', 4)),
        (0, 2.0**51 - 1, Grid('decimal', 0)),
        (0, 2.0**51, Grid('binary', -1)),
        (15, 2.2, Grid('decimal', 15)),
        (15, 2.3, Grid('binary', -51)),
        (RAW, 1.0, Grid('binary', -52)),
        (RAW, 1.999, Grid('binary', -52)),
        (RAW, 0.999, Grid('binary', -53)),
        (RAW, 2.0**500, Grid('binary', 448)),
        (RAW, 5e-324, Grid('binary', -1074)),
        (RAW, 1e-310, Grid('binary', -1074)),
        (RAW, 2.0**-1021, Grid('binary', -1073)),
    ],
)
def test_choose_grid_is_decimal_if_lossless(decimals, max_abs, expected):
    assert choose_grid(decimals, max_abs) == expected


def test_choose_grid_refuses_infinity():
    with pytest.raises(ValueError, match='finite'):
        choose_grid(RAW, float('inf'))


@given(st.lists(st.floats(-(2.0**500), 2.0**500), min_size=1, max_size=20))
@settings(max_examples=300, deadline=None)
def test_grid_integers_are_the_nearest_ties_to_even(values):
    column = column_of(*values)
    grid = grid_of(column)
    integers = grid.to_integers(column)
    assert integers.tolist() == [round(Fraction(x) / grid.step) for x in values]
    assert max(map(abs, integers.tolist())) < 2**53
    expected = [float(i * grid.step) for i in integers.tolist()]
    assert grid.to_floats(integers).tolist() == grid.snap(column).tolist() == expected
    if grid.kind == 'decimal':
        assert expected == values


@given(
    st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=20),
    st.integers(0, 4),
    st.integers(0, 6),
)
def test_coarser_decimal_columns_are_scaled_up(integers, decimals, more):
    column = from_floats(np.array(integers, dtype=np.float64) / 10**decimals)
    grid = Grid('decimal', decimals + more)
    assert grid.to_integers(column).tolist() == [i * 10**more for i in integers]


def test_integers_stay_narrow():
    assert Grid('decimal', 0).to_integers(column_of(1, 2)).dtype == np.int8
    assert Grid('decimal', 4).to_integers(column_of(1, 2)).dtype == np.int32
    assert Grid('decimal', 9).to_integers(column_of(1, 3)).dtype == np.int64
    assert Grid('decimal', 12).to_integers(column_of(0, 0)).tolist() == [0, 0]
    assert Grid('decimal', 3).to_integers(column_of()).size == 0


def test_columns_the_grid_does_not_hold_are_refused():
    assert not Grid('decimal', 1).holds(column_of(0.25))
    assert not Grid('decimal', 15).holds(column_of(1e9))
    assert not Grid('binary', -60).holds(column_of(1e9 + 1 / 3))
    assert Grid('decimal', 2).holds(column_of(0.25)) and Grid('binary', -52).holds(column_of(1 / 3))
    with pytest.raises(ValueError, match='not on the decimal grid'):
        Grid('decimal', 1).to_integers(column_of(0.25))


def test_snap_accepts_any_new_value():
    assert Grid('decimal', 1).snap(column_of(0.25, 1e300)).tolist() == [0.25, 1e300]
    assert Grid('binary', -1).snap(column_of(0.3, 0.25, 0.75, -1e300)).tolist() == [
        0.5,
        0,
        1,
        -1e300,
    ]
    assert Grid('binary', -1074).snap(column_of(5e-324, 2.0**500)).tolist() == [5e-324, 2.0**500]


@given(
    st.integers(-(10**40), 10**40),
    st.integers(1, 10**12),
    st.one_of(
        st.builds(Grid, st.just('decimal'), st.integers(0, 15)),
        st.builds(Grid, st.just('binary'), st.integers(-1074, 448)),
    ),
)
def test_ratio_is_rounded_once(total, count, grid):
    exact = total * grid.step / count
    assert grid.ratio(total, count) == exact.numerator / exact.denominator


def test_ratio_is_never_minus_zero():
    assert not np.signbit(Grid('binary', -1074).ratio(-1, 1000))
    assert not np.signbit(Grid('decimal', 2).ratio(0, 3))


def test_vanishing_values_are_counted():
    column = column_of(1e100, 1e-300, -1e-300, 0.0)
    assert Grid.count_vanished(column, grid_of(column).to_integers(column)) == 2
    halves = column_of(0.5, 0)
    assert Grid.count_vanished(halves, Grid('decimal', 1).to_integers(halves)) == 0


def test_grid_round_trips_through_json():
    assert Grid('decimal', 4).to_json() == ['decimal', 4]
    assert Grid.from_json(['binary', -52]) == Grid('binary', -52)
    with pytest.raises(ValueError, match='octal'):
        Grid.from_json(['octal', 1])
