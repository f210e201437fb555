"""Tests of Lloyd's algorithm, pass by pass, against the reference; no job is run."""

import json

import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from passes import facts_of, pass_over

from mr_kmeans.algorithm.lloyd import (
    MAX_ITER,
    NO_MOVE,
    TOL,
    Iteration,
    PassResult,
    advance,
    collect,
    inertia_of,
    stopped_by,
)
from mr_kmeans.errors import RunError

VALUES = st.one_of(
    st.integers(-3, 3).map(float),
    st.integers(-(10**5), 10**5).map(lambda i: i / 100),
    st.integers(-9, 9).map(lambda i: i / 3),
)
ROWS = st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=12)


@given(
    ROWS,
    ROWS,
    st.sampled_from([None, [1.0, 0.0], [1e-9, 0.1]]),
    st.integers(1, 4),
    st.sampled_from([0.0, 0.01, 1.0]),
)
def test_iterations_agree_with_the_reference(rows, more, weights, max_iter, tol):
    start = (rows + more)[:3]
    facts, last = facts_of(rows, weights), Iteration(0, np.array(start), [0] * len(start))
    for expected in reference.reference_fit(rows, start, weights, max_iter, tol):
        assert list(map(tuple, last.centroids.tolist())) == expected.centroids
        assert (last.counts, last.shift, last.moved, last.empty) == (
            expected.counts,
            expected.shift,
            expected.moved,
            expected.empty,
        )
        assert stopped_by(last, tol, max_iter) == expected.stopped_by
        assert Iteration.from_json(json.loads(json.dumps(last.to_json())))._replace(
            centroids=None
        ) == last._replace(centroids=None)
        records = pass_over(rows, last, facts)
        found = collect(records[::-1], *last.centroids.shape, len(rows))
        assert found == collect(records, *last.centroids.shape, len(rows))
        assert (found.counts, inertia_of(last, found, facts)) == (
            expected.partition,
            expected.inertia,
        )
        last = advance(last, found, facts)


def test_iteration_round_trips_through_json():
    iteration = Iteration(
        3, np.array([[0.1, 5e-324], [1 / 3, -(2.0**500)]]), [2**60, 1], 1e-320, 2, 0
    )
    again = Iteration.from_json(json.loads(json.dumps(iteration.to_json())))
    assert (
        again.centroids.tobytes() == iteration.centroids.tobytes()
        and again.centroids.dtype == np.float64
    )
    assert again._replace(centroids=None) == iteration._replace(centroids=None)


def value(count, total):
    return {'count': count, 'totals': [total], 'centroid': [total / count]}


def test_collect_adds_empty_clusters():
    assert collect([(2, value(3, 6))], 4, 1, 3) == PassResult(
        [0, 0, 3, 0], [[0], [0], [6], [0]], [None, None, [2.0], None]
    )


@pytest.mark.parametrize(
    'records, words',
    [
        ([(0, value(3, 6))], 'counted 3 rows, the survey 4'),
        ([(0, value(3, 6)), (1, value(2, 2))], 'counted 5 rows, the survey 4'),
        ([(0, value(2, 6)), (0, value(2, 2))], 'two reducers returned cluster 0'),
        ([], 'counted 0 rows, the survey 4'),
    ],
)
def test_collect_refuses_inconsistent_counts(records, words):
    with pytest.raises(RunError, match=words):
        collect(records, 2, 1, 4)


@pytest.mark.parametrize(
    'number, shift, moved, tol, max_iter, why',
    [
        (0, None, None, 1.0, 10, None),  # the initialization has no moves
        (1, 0.5, 2, 0.1, 10, None),
        (1, 0.1, 2, 0.1, 10, TOL),  # at most tol
        (1, 0.0, 0, 0.0, 10, NO_MOVE),
        (1, 0.0, 0, 0.1, 1, NO_MOVE),  # of several reasons the best news
        (3, 0.5, 2, 0.1, 3, MAX_ITER),
        (3, 0.05, 2, 0.1, 3, TOL),
        (1, 0.0, 1, 0.0, 10, TOL),  # moved in a constant feature alone, which shift leaves out
        (1, float('inf'), 1, 0.1, 10, None),
    ],
)
def test_reasons_to_stop(number, shift, moved, tol, max_iter, why):
    assert (
        stopped_by(Iteration(number, np.zeros((2, 1)), [0, 0], shift, moved, 0), tol, max_iter)
        == why
    )
