"""Tests that columns are lossless and canonical, however their values were given."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mr_kmeans.exact.column import RAW, from_floats, from_integers, to_floats


def plain_decimals(values):
    """The definition in plain Python: the smallest p that suits all values, or RAW."""
    for p in range(16):
        if all(
            Fraction(abs(x)) * 10**p < 2**51 and float(round(Fraction(x * 10.0**p))) / 10.0**p == x
            for x in values
        ):
            return p
    return RAW


def same(column, other):
    return (
        column.decimals == other.decimals
        and column.values.dtype == other.values.dtype
        and column.values.tobytes() == other.values.tobytes()
    )


decimal_numbers = st.builds(lambda i, p: i / 10**p, st.integers(-(10**6), 10**6), st.integers(0, 6))
any_numbers = st.floats(-(2.0**500), 2.0**500)
number_lists = st.one_of(
    st.lists(decimal_numbers, max_size=20),
    st.lists(any_numbers, max_size=20),
    st.lists(st.one_of(decimal_numbers, any_numbers), max_size=20),
)


@given(number_lists)
@settings(max_examples=300, deadline=None)
def test_from_floats_is_lossless_with_the_fewest_decimals(values):
    column = from_floats(np.array(values, dtype=np.float64))
    assert column.decimals == (plain_decimals(values) if values else 0)
    assert to_floats(column).tolist() == values
    assert not np.signbit(to_floats(column)[to_floats(column) == 0]).any()


@given(st.lists(st.integers(-(2**53), 2**53), max_size=20), st.integers(0, 22))
@settings(max_examples=300, deadline=None)
def test_from_integers_gives_the_same_column_as_the_floats(integers, decimals):
    column = from_integers(np.array(integers, dtype=np.int64), decimals)
    floats = np.array([i / 10**decimals for i in integers], dtype=np.float64)
    assert same(column, from_floats(floats))
    assert to_floats(column).tolist() == floats.tolist()


@pytest.mark.parametrize(
    'values, decimals, dtype',
    [
        ([], 0, np.int8),
        ([0.0, -0.0], 0, np.int8),
        ([127, -128], 0, np.int8),
        ([128], 0, np.int16),
        ([1.5, 3], 1, np.int8),
        ([0.1, 0.25], 2, np.int8),
        ([32767.0, 0.1], 1, np.int32),
        ([2.0**31], 0, np.int64),
        ([2.0**51 - 1], 0, np.int64),
        ([2.0**51], RAW, np.float64),
        ([1e-15], 15, np.int8),
        ([1e-16], RAW, np.float64),
        ([math.pi], RAW, np.float64),
        ([5e-324], RAW, np.float64),
        ([1e300], RAW, np.float64),
        ([2.0**50 + 0.5], RAW, np.float64),
        ([2.0**47 + 0.5], 1, np.int64),
        ([math.nan, 1.0], RAW, np.float64),
        ([math.inf], RAW, np.float64),
    ],
)
def test_width_and_decimals_of_columns(values, decimals, dtype):
    column = from_floats(np.array(values, dtype=np.float64))
    assert (column.decimals, column.values.dtype) == (decimals, dtype)


def test_late_value_with_more_decimals_is_found():
    x = np.zeros(10_000)
    x[-1] = 0.001
    assert from_floats(x).decimals == 3
    x[5001] = math.pi
    assert from_floats(x).decimals == RAW


def test_trailing_zeros_common_to_all_are_dropped():
    column = from_integers(np.array([100, -2500, 0]), 4)
    assert (column.values.tolist(), column.decimals, column.values.dtype) == (
        [1, -25, 0],
        2,
        np.int8,
    )
    assert from_integers(np.array([0, 0]), 22).decimals == 0


def test_integers_out_of_range_are_refused():
    with pytest.raises(ValueError, match='decimals=23'):
        from_integers(np.array([1]), 23)
    with pytest.raises(ValueError, match='within 2'):
        from_integers(np.array([2**53 + 1]), 0)
