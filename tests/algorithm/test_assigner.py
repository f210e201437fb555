"""Tests that labels of the fast path are those of the definition, on data made to break it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_cases import CENTROIDS, FEATURES, centroids_of, feature, gridded
from test_distances import plain_label

from mr_kmeans.algorithm.assigner import Assigner
from mr_kmeans.algorithm.distances import definition_distances, definition_labels
from mr_kmeans.algorithm.geometry import Geometry
from mr_kmeans.exact.grid import Grid


def check(data, centroids, weights=None, plain=False):
    """Assign `data`, compare with the definition, and return (labels, n_slow)."""
    grids, integers, x = gridded(data)
    weights = np.ones(len(x)) if weights is None else np.array(weights, dtype=np.float64)
    assigner = Assigner(centroids, grids, weights)
    labels, n_slow = assigner.assign(integers)
    assert labels.dtype == np.int32
    if plain:
        expected = [
            plain_label(point, np.asarray(centroids).tolist(), weights.tolist())
            for point in zip(*(column.tolist() for column in x))
        ]
    else:
        expected = definition_labels(x, centroids, weights).tolist()
    assert labels.tolist() == expected
    assert 0 <= n_slow <= len(labels)
    return labels, n_slow


@given(
    st.lists(st.sampled_from(FEATURES), min_size=1, max_size=5),
    st.sampled_from(CENTROIDS),
    st.integers(0, 2**32),
    st.integers(1, 12),
    st.integers(1, 80),
    st.one_of(
        st.none(),
        st.lists(st.sampled_from([0.0, 1e-300, 1e-30, 0.7, 1.0, 1e30]), min_size=5, max_size=5),
    ),
)
@settings(max_examples=400, deadline=None)
def test_labels_agree_with_the_definition(kinds, how, seed, k, n, weights):
    rng = np.random.default_rng(seed)
    data = [feature(rng, kind, n) for kind in kinds]
    _, _, x = gridded(data)
    check(
        data, centroids_of(rng, how, np.array(x), k), weights and weights[: len(kinds)], plain=True
    )


@pytest.mark.parametrize('how', CENTROIDS)
@pytest.mark.parametrize('kind', FEATURES)
def test_labels_agree_with_the_definition_on_many_rows(kind, how):
    rng = np.random.default_rng(len(kind) * len(how))
    data = [feature(rng, kind, 3000) for _ in range(4)]
    _, _, x = gridded(data)
    check(data, centroids_of(rng, how, np.array(x), 17))


@pytest.mark.parametrize('k', [1, 2, 255, 256, 257, 300, 600])
def test_labels_for_any_number_of_clusters(k):
    rng = np.random.default_rng(k)
    data = rng.normal(size=(3, 4000)).round(3)
    check(data, data[:, rng.integers(0, 2000, k)].T.copy())
    lattice = rng.integers(0, 12, (3, 2000)).astype(float)
    check(lattice, lattice[:, :k].T + 0.5)


@pytest.mark.parametrize('d', [1, 2, 64, 200])
@pytest.mark.parametrize('offset', [0.0, 1e6, 1e12])
def test_labels_for_any_number_of_features_near_and_far(d, offset):
    rng = np.random.default_rng(d)
    data = offset + rng.integers(-30, 31, (d, 2000)) / 10
    check(data, data[:, :9].T + rng.normal(size=(9, d)), rng.uniform(0.5, 2, d))


def test_few_rows_of_ordinary_data_are_slow():
    rng = np.random.default_rng(0)
    centers = rng.uniform(-10, 10, (20, 10))
    data = (centers[rng.integers(0, 20, 20_000)] + rng.normal(size=(20_000, 10))).round(4).T
    assert check(data, centers)[1] <= 2
    assert check(data + 1e6, centers + 1e6)[1] <= 2
    assert check(np.exp(data / 3), np.exp(centers / 3))[1] <= 2


def test_distant_centroid_does_not_make_rows_slow():
    rng = np.random.default_rng(0)
    data = rng.normal(size=(3, 5000)).round(4)
    assert check(data, np.vstack([data[:, :9].T, [[1e9, 1e9, 1e9]]]))[1] == 0


def test_only_ties_are_decided_by_the_definition():
    data = [np.arange(-2000.0, 2000.0)]
    labels, n_slow = check(data * 2, np.array([[3.0, 3.0], [-3.0, -3.0], [-3.0, 3.0], [3.0, -3.0]]))
    assert n_slow == 1
    labels, n_slow = check(
        [np.zeros(4000), data[0]], np.array([[1.0, 0.0], [-1.0, 0.0], [0.5, 0.0], [-0.5, 0.0]])
    )
    assert set(labels.tolist()) == {2} and n_slow == 4000


def test_coincident_centroids_cost_nothing():
    data = np.random.default_rng(0).normal(size=(2, 3000)).round(2)
    labels, n_slow = check(data, np.tile(data[:, :3].T, (50, 1)))
    assert n_slow == 0 and set(labels.tolist()) == {0, 1, 2}
    labels, n_slow = check(data, np.zeros((7, 2)))
    assert n_slow == 0 and set(labels.tolist()) == {0}


def test_weights_of_zero_disable_features():
    rng = np.random.default_rng(0)
    data = rng.normal(size=(3, 500)).round(2)
    check(data, data[:, :5].T, [1.0, 0.0, 2.0])
    labels, _ = check(data, data[:, :5].T, [0.0, 0.0, 0.0])
    assert set(labels.tolist()) == {0}


def test_distances_that_overflow_are_decided_by_the_definition():
    data = np.array([[1e150, -1e150, 0.0, 1.0]])
    labels, n_slow = check(data, np.array([[1e150], [-1e150], [0.0]]), [1e100])
    assert n_slow == 4


def test_squared_distances_that_underflow_tie():
    data = np.array([[1e-200, -1e-200, 3e-200, 0.0, 1.0]])
    labels, _ = check(data, np.array([[2e-200], [-2e-200], [1.0]]))
    assert labels.tolist() == [0, 0, 0, 0, 2]


@given(
    st.integers(0, 2**32),
    st.lists(st.integers(0, 5000), max_size=6),
    st.sampled_from(['lattice', 'decimals', 'raw']),
)
@settings(max_examples=30, deadline=None)
def test_result_does_not_depend_on_batches(seed, cuts, kind):
    rng = np.random.default_rng(seed)
    grids, integers, x = gridded([feature(rng, kind, 5000) for _ in range(2)])
    assigner = Assigner(np.array(x)[:, :8].T, grids, np.ones(2))
    whole, _ = assigner.assign(integers)
    cuts = [0] + sorted(cuts) + [5000]
    parts = [
        assigner.assign([column[a:b] for column in integers])[0] for a, b in zip(cuts, cuts[1:])
    ]
    assert np.concatenate(parts).tolist() == whole.tolist()
    order = rng.permutation(5000)
    assert (
        assigner.assign([column[order] for column in integers])[0].tolist() == whole[order].tolist()
    )


GEOMETRY_OF = Geometry.of


def measure_from(center, monkeypatch):
    """Let the screens measure from other integers than the median of the centroids."""
    monkeypatch.setattr(Geometry, 'of', lambda *arguments: GEOMETRY_OF(*arguments, center))


@pytest.mark.parametrize('dtype', [np.int8, np.int16, np.int32, np.int64])
def test_full_range_of_every_integer_type(dtype, monkeypatch):
    info = np.iinfo(dtype)
    low, high = max(info.min, -(2**53)), min(info.max, 2**53)
    integers = np.array([low, low + 1, -1, 0, 1, high - 1, high], dtype=dtype)
    grids = [Grid('decimal', 0)] * 2
    columns = [integers, integers[::-1].copy()]
    centroids = np.array([[low, high], [high, low], [0, 0], [1, -1], [low, low]], dtype=np.float64)
    x = [column.astype(np.float64) for column in columns]
    for center in (None, [0, 0], [low, low], [high, high], [low, high]):
        measure_from(center, monkeypatch)
        labels, _ = Assigner(centroids, grids, np.ones(2)).assign(columns)
        assert labels.tolist() == definition_labels(x, centroids, np.ones(2)).tolist()


def test_labels_do_not_depend_on_the_center(monkeypatch):
    rng = np.random.default_rng(0)
    grids, integers, x = gridded(1000 + rng.normal(size=(3, 2000)).round(1))
    centroids = np.array(x)[:, :9].T
    expected = definition_labels(x, centroids, np.ones(3)).tolist()
    for center in ([0, 0, 0], [10_000, 9_999, 10_003], [10**9, -(10**12), 2**53]):
        measure_from(center, monkeypatch)
        assert Assigner(centroids, grids, np.ones(3)).assign(integers)[0].tolist() == expected


def test_distances_agree_with_the_definition():
    rng = np.random.default_rng(0)
    grids, integers, x = gridded(rng.normal(size=(3, 6000)).round(3))
    centroids, weights = rng.normal(size=(5, 3)), np.array([1.0, 0.0, 0.3])
    labels = rng.integers(0, 5, 6000)
    distances = Assigner(centroids, grids, weights).distances(integers, labels)
    assert (
        distances.tolist()
        == definition_distances(x, centroids, weights)[labels, np.arange(6000)].tolist()
    )


def test_empty_batch():
    grids, integers, _ = gridded(np.zeros((2, 5)))
    labels, n_slow = Assigner(np.array([[0.0, 0.0], [1.0, 1.0]]), grids, np.ones(2)).assign(
        [c[:0] for c in integers]
    )
    assert labels.size == 0 and n_slow == 0


def test_invalid_arguments_are_refused():
    grids = [Grid('decimal', 0)] * 2
    with pytest.raises(ValueError, match='2 features in the centroids, 2 grids, 1 weights'):
        Assigner(np.zeros((2, 2)), grids, [1.0])
    with pytest.raises(ValueError, match='weights should be finite and >= 0'):
        Assigner(np.zeros((2, 2)), grids, [1.0, -1.0])
