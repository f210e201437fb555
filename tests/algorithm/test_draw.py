"""Tests of a draw: the reference's rows, whatever the parts they are read in; the probabilities."""

import random

import numpy as np
import pytest
import reference

from mr_kmeans.algorithm.distances import definition_distances
from mr_kmeans.algorithm.draw import Draw, Drawer, DrawnRows, hashes_of, merge
from mr_kmeans.exact.column import RAW, Column
from mr_kmeans.exact.hashing import HashSample

_CHANCE = random.Random(3)
ROWS = [(float(_CHANCE.randrange(40)), float(_CHANCE.randrange(3))) for _ in range(150)]
ROWS += [(1e6, 2.0)] * 3 + [(-1e6, 0.0), (0.0, 0.0), (-0.0, 0.0)]
CENTROIDS = [[0.0, 0.0], [20.0, 1.5]]
WEIGHTS = [2.0, 0.5]


def kept_of(rows, draw, weights=WEIGHTS, centroids=CENTROIDS):
    """Return what a task keeps of its rows."""
    x = [np.array(column) + 0.0 for column in zip(*rows)]
    distances = definition_distances(x, np.array(centroids), np.array(weights)).min(axis=0)
    drawer = Drawer(draw, len(x))
    columns = [Column(column, RAW) for column in x]
    drawer.add(columns, hashes_of(columns, draw), distances)
    return drawer.to_json()


def drawn_of(rows, draw, n_parts=1, **options):
    parts = [kept_of(rows[first::n_parts], draw, **options) for first in range(n_parts)]
    return DrawnRows.from_json(draw, merge(parts))


def as_lists(drawn):
    return drawn.rows.tolist(), drawn.counts.tolist(), drawn.threshold


@pytest.mark.parametrize('n_rows', [1, 7, 60, 1000])
@pytest.mark.parametrize('seed, number', [(0, 0), (-1, 0), (5, 3)])
def test_a_draw_is_that_of_the_reference(n_rows, seed, number):
    found = drawn_of(ROWS, Draw(seed, number, n_rows))
    expected, threshold = reference.draw_rows(ROWS, CENTROIDS, WEIGHTS, seed, number, n_rows)
    assert found.threshold == threshold
    assert [(tuple(row), count) for row, count in zip(*as_lists(found)[:2])] == expected


@pytest.mark.parametrize('n_parts', [2, 5, len(ROWS)])
@pytest.mark.parametrize('n_rows', [1, 40])
def test_a_draw_depends_neither_on_parts_nor_on_order(n_parts, n_rows):
    draw = Draw(1, 0, n_rows)
    whole = as_lists(drawn_of(ROWS, draw))
    assert as_lists(drawn_of(ROWS[::-1], draw, n_parts)) == whole
    assert as_lists(drawn_of(random.Random(n_parts).sample(ROWS, len(ROWS)), draw)) == whole


def test_other_seeds_and_numbers_draw_other_rows():
    found = [
        as_lists(drawn_of(ROWS, draw)) for draw in (Draw(0, 0, 9), Draw(0, 1, 9), Draw(1, 0, 9))
    ]
    assert found[0] != found[1] != found[2] != found[0]


def test_rows_with_most_of_the_inertia_are_always_drawn():
    for seed in range(20):
        found = drawn_of(ROWS, Draw(seed, 0, 4))
        assert [1e6, 2.0] in found.rows.tolist() and [-1e6, 0.0] in found.rows.tolist()
        assert found.counts[found.rows.tolist().index([1e6, 2.0])] == 3


def test_rows_at_their_centroid_are_never_drawn():
    found = drawn_of(ROWS, Draw(0, 0, 1000))
    assert [0.0, 0.0] not in found.rows.tolist() and found.threshold == 0.0
    assert len(found.rows) == len(set(ROWS) - {(0.0, 0.0)})
    nothing = drawn_of([(0.0, 0.0)] * 5, Draw(0, 0, 3), n_parts=2)
    assert as_lists(nothing) == ([], [], 0.0) and nothing.rows.shape == (0, 2)


def test_weights_by_the_threshold_estimate_the_inertia():
    """The mean over many draws of sum(count * distance / probability) is the sum of all."""
    rows = [(float(x * x % 101), 0.0) for x in range(1, 500)]
    exact = sum(min(reference.distance(row, c, WEIGHTS) for c in CENTROIDS) for row in rows)
    estimates = []
    for seed in range(200):
        found = drawn_of(rows, Draw(seed, 0, 10))
        distances = definition_distances(
            list(found.rows.T), np.array(CENTROIDS), np.array(WEIGHTS)
        ).min(axis=0)
        chances = np.minimum(1, distances / found.threshold)
        estimates.append((found.counts * distances / chances).sum())
    assert abs(np.mean(estimates) / exact - 1) < 0.05


def test_absurd_distances_are_drawn_first():
    rows = [(0.0, 1e-160), (1.0, 0.0), (2.0**499, 0.0)]
    found = drawn_of(rows, Draw(0, 0, 2), weights=[2.0**40, 1.0])
    assert found.rows.tolist()[0] == [2.0**499, 0.0] and np.isfinite(found.threshold)


def test_bounded_memory():
    kept = HashSample.from_json(kept_of(ROWS, Draw(0, 0, 5)))
    assert len(kept.rows) == kept.capacity == 6
