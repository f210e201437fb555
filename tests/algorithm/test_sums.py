"""Tests that partial sums are exact in any order, and that their merge is associative and
commutative.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mr_kmeans.algorithm import sums
from mr_kmeans.algorithm.sums import PartialSums


def plain_sums(labels, integers, k):
    counts, totals = [0] * k, [[0] * len(integers) for _ in range(k)]
    for i, c in enumerate(labels.tolist()):
        counts[c] += 1
        for j, column in enumerate(integers):
            totals[c][j] += int(column[i])
    return counts, totals


@given(
    st.integers(0, 2**32),
    st.integers(1, 9),
    st.integers(0, 60),
    st.lists(st.sampled_from([np.int8, np.int16, np.int32, np.int64]), min_size=1, max_size=4),
)
@settings(max_examples=200, deadline=None)
def test_sums_agree_with_plain_python(seed, k, n, dtypes):
    rng = np.random.default_rng(seed)
    limits = [min(int(np.iinfo(dtype).max), 2**53 - 1) for dtype in dtypes]
    integers = [
        rng.integers(-limit, limit + 1, n).astype(dtype) for dtype, limit in zip(dtypes, limits)
    ]
    labels = rng.integers(0, k, n).astype(np.int32)
    partial = PartialSums(k, len(dtypes))
    partial.add(labels[: n // 2], [column[: n // 2] for column in integers])
    partial.add(labels[n // 2 :], [column[n // 2 :] for column in integers])
    assert (partial.counts, partial.totals) == plain_sums(labels, integers, k)
    assert all(type(total) is int for row in partial.totals for total in row)


def test_result_does_not_depend_on_flushes(monkeypatch):
    monkeypatch.setattr(sums, 'FLUSH_ROWS', 100)
    monkeypatch.setattr(sums, '_TILE_ROWS', 33)
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 2000)
    integers = [rng.integers(-(2**53), 2**53, 2000), rng.integers(-9, 9, 2000).astype(np.int8)]
    partial = PartialSums(4, 2)
    partial.add(labels, integers)
    assert (partial.counts, partial.totals) == plain_sums(labels, integers, 4)


@pytest.mark.parametrize('value', [2**31 - 1, -(2**31), 2**53, -(2**53), 2**32 - 1, -1])
def test_largest_integers_do_not_overflow_before_a_flush(value):
    n = sums.FLUSH_ROWS + 5
    partial = PartialSums(1, 1)
    labels, column = np.zeros(100_000, dtype=np.int32), np.full(100_000, value, dtype=np.int64)
    for start in range(0, n, 100_000):
        rows = min(100_000, n - start)
        partial.add(labels[:rows], [column[:rows]])
    assert (partial.counts, partial.totals) == ([n], [[n * value]])


def test_column_width_may_change_between_batches():
    partial = PartialSums(2, 1)
    for column in (
        np.array([1, 2], np.int8),
        np.array([2**40, -(2**40) - 1]),
        np.array([3, 4], np.int32),
    ):
        partial.add(np.array([0, 1]), [column])
    assert partial.totals == [[4 + 2**40], [5 - 2**40]]


def test_strided_columns_are_summed():
    rows = np.arange(-40, 40).reshape(-1, 2) * 2**40
    partial = PartialSums(1, 2)
    partial.add(np.zeros(40, dtype=np.int8), [rows[:, 0], rows[:, 1]])
    assert partial.totals == [rows.sum(axis=0).tolist()]


def test_invalid_labels_and_columns_are_refused():
    partial = PartialSums(2, 1)
    with pytest.raises(ValueError, match='label 2 should be below k=2'):
        partial.add(np.array([0, 2]), [np.array([1, 1])])
    with pytest.raises(ValueError, match='2 columns, should be 1'):
        partial.add(np.array([0]), [np.array([1]), np.array([1])])
