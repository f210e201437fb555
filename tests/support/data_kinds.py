"""Rows that k-means gets wrong when something is only nearly exact, each kind with a start and
weights."""

import random
from typing import List, NamedTuple, Optional, Tuple


class Case(NamedTuple):
    rows: List[Tuple[float, ...]]
    start: List[Tuple[float, ...]]
    weights: Optional[List[float]] = None


def decimals(rng, n, d, places, scale=10):
    return [tuple(round(rng.gauss(0, scale), places) for _ in range(d)) for _ in range(n)]


def random_rows():
    """Integers first, then one decimal, then four: no two files have the same number of
    decimals."""
    rng = random.Random(1)
    rows = decimals(rng, 40, 3, 0) + decimals(rng, 40, 3, 1) + decimals(rng, 40, 3, 4)
    return Case(rows, rows[::30])


def ties_and_duplicates():
    """A lattice with every point several times, centroids on it, and one so far away that it stays
    empty."""
    rng = random.Random(2)
    rows = [(float(rng.randint(-2, 2)), float(rng.randint(-2, 2))) for _ in range(150)]
    return Case(rows, [(0.0, 2.0), (0.0, -2.0), (2.0, 0.0), (-2.0, 0.0), (900.0, 900.0)])


def weights_far_apart():
    """Three features of one scale whose weights are not; and one that does not count."""
    rng = random.Random(3)
    rows = [
        (
            round(rng.gauss(0, 1e6), 1),
            round(rng.gauss(0, 1), 3),
            round(rng.gauss(0, 1e-6), 9),
            float(rng.randint(0, 9)),
        )
        for _ in range(100)
    ]
    return Case(rows, rows[:4], [1e-12, 1.0, 1e12, 0.0])


def far_from_the_origin():
    rng = random.Random(4)
    rows = [tuple(1e6 + rng.randint(-30, 30) / 100 for _ in range(3)) for _ in range(120)]
    return Case(rows, rows[:5])


def one_feature():
    rng = random.Random(5)
    rows = [(rng.choice([-1, 1]) * rng.randint(0, 40) / 8,) for _ in range(200)]
    return Case(rows, [(-1.0,), (1.0,), (0.0,), (2.5,)])


def many_features():
    rng = random.Random(6)
    rows = decimals(rng, 40, 200, 2)
    return Case(rows, rows[:4])


def thirds():
    """Values without a common decimal step: a binary grid, which rounds."""
    rng = random.Random(7)
    rows = [(rng.randint(-9, 9) / 3, rng.gauss(0, 1), rng.randint(-4, 4) / 7) for _ in range(100)]
    return Case(rows, [(0.0, 0.0, 0.0), (1 / 3, 0.5, 1 / 7), rows[5], rows[6]])


def tiny_beside_huge():
    """1e-300 beside 1e100, which becomes 0; denormal numbers alone, which do not."""
    rng = random.Random(8)
    rows = [
        (
            rng.choice([1e100, -1e100, 1e-300, 3.3e99]),
            rng.randint(-3, 3) * 5e-324,
            rng.choice([1e-300, 2e-300, 0.0]),
        )
        for _ in range(80)
    ]
    return Case(rows, [(0.0, 0.0, 0.0), (1e100, 0.0, 1e-300), (-1e99, 5e-324, 0.0)])


KINDS = {
    function.__name__: function
    for function in (
        random_rows,
        ties_and_duplicates,
        weights_far_apart,
        far_from_the_origin,
        one_feature,
        many_features,
        thirds,
        tiny_beside_huge,
    )
}
