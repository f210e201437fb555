"""Tests of the error bound of the screen, in exact arithmetic: that it holds, and is tight."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_cases import CENTROIDS, FEATURES, centroids_of, feature, gridded

from mr_kmeans.algorithm.assigner import Assigner
from mr_kmeans.algorithm.distances import definition_distances
from mr_kmeans.algorithm.screen import Screen, _group


def scores_and_errors(assigner, integers, dtype):
    """Return the scores (K, n) and error bounds (K, n) of a screen."""
    geometry = assigner._geometry
    screen = Screen(geometry, dtype)
    columns = [integers[j] for j in geometry.features]
    Z = screen.reserve(len(columns[0]))
    for column, fill, row in zip(columns, assigner._fillers(columns, screen.dtype), Z):
        fill(column, row)
    screen.run()
    errors = np.empty(screen._S.shape, dtype)
    for (rows, _), error in zip(screen._groups, screen._errors):
        errors[rows] = error
    return screen._S, errors


def worst_share(assigner, integers, x, dtype):
    """Return the largest |(S_k - S_l) - (R_k - R_l)| / (E_k + E_l) over points and pairs of
    clusters, exactly."""
    geometry = assigner._geometry
    with np.errstate(all='ignore'):
        scores, errors = scores_and_errors(assigner, integers, dtype)
    distances = definition_distances(x, assigner._centroids, assigner._weights)[geometry.ids]
    worst = Fraction(0)
    for i in np.flatnonzero(np.isfinite(scores).all(axis=0) & np.isfinite(errors).all(axis=0)):
        half = [Fraction(D) * Fraction(4) ** geometry.scale / 2 for D in distances[:, i].tolist()]
        S, E = ([Fraction(float(value)) for value in row[:, i]] for row in (scores, errors))
        for k in range(1, len(S)):
            worst = max(worst, abs(S[k] + half[k] - S[0] - half[0]) / (E[k] + E[0]))
    return float(worst)


@given(
    st.lists(st.sampled_from(FEATURES), min_size=1, max_size=4),
    st.sampled_from(CENTROIDS),
    st.integers(0, 2**32),
    st.lists(st.sampled_from([1e-30, 1.0, 3.7, 1e30]), min_size=4, max_size=4),
    st.booleans(),
)
@settings(max_examples=250, deadline=None)
def test_bound_holds(kinds, how, seed, weights, plain):
    rng = np.random.default_rng(seed)
    grids, integers, x = gridded([feature(rng, kind, 20) for kind in kinds])
    centroids = centroids_of(rng, how, np.array(x), 4)
    weights = np.ones(len(kinds)) if plain else np.array(weights[: len(kinds)])
    assigner = Assigner(centroids, grids, weights)
    if assigner._geometry is not None and len(assigner._geometry.ids) > 1:
        for dtype in (np.float32, np.float64):
            assert worst_share(assigner, integers, x, dtype) <= 1


@pytest.mark.parametrize('d', [1, 2, 10, 200])
@pytest.mark.parametrize('offset', [0, 1000, 10**9])
def test_bound_holds_and_is_tight(d, offset):
    rng = np.random.default_rng(d)
    grids, integers, x = gridded(offset + rng.normal(size=(d, 60)).round(3))
    assigner = Assigner(np.array(x)[:, :5].T, grids, np.ones(d))
    for dtype in (np.float32, np.float64):
        assert 0.1 / (d + 10) < worst_share(assigner, integers, x, dtype) < 1


def test_groups_cover_all_norms_from_the_largest_down():
    norms = np.array([0.0, 0.0, 1e-9, 1e-3, 0.02, 0.03, 0.3, 0.9, 1.0])
    groups = _group(norms)
    assert [norms[rows].tolist() for rows, _ in groups] == [
        [0.3, 0.9, 1.0],
        [0.02, 0.03],
        [1e-3],
        [1e-9],
        [0.0, 0.0],
    ]
    assert [largest for _, largest in groups] == [1.0, 0.03, 1e-3, 1e-9, 0.0]
    many = _group(10.0 ** np.arange(-20, 1))
    assert len(many) == 6 and many[-1][0].start == 0 and many[-1][1] == pytest.approx(1e-5)
