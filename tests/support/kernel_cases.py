"""Data that are hard to label right, for the tests of the kernel."""

import numpy as np

from mr_kmeans.exact.column import from_floats, max_abs, to_floats
from mr_kmeans.exact.grid import choose_grid

FEATURES = (
    'lattice',
    'binary lattice',
    'decimals',
    'far decimals',
    'far lattice',
    'raw',
    'far raw',
    'tiny',
    'denormal',
    'huge',
    'tiny beside huge',
    'heavy tail',
    'constant',
    'wide integers',
    'squares underflow',
)

CENTROIDS = (
    'points',
    'few points',
    'means',
    'midpoints',
    'outside',
    'next to points',
    'one far away',
    'one out of sight',
)


def feature(rng, kind, n):
    """Return n float64 values of one feature."""
    if kind == 'lattice':
        return rng.integers(-2, 3, n).astype(float)
    if kind == 'binary lattice':
        return rng.integers(-2, 3, n) / 4
    if kind == 'decimals':
        return rng.normal(scale=5, size=n).round(int(rng.integers(0, 6)))
    if kind == 'far decimals':
        return 1e12 + rng.integers(-20, 21, n) / 100
    if kind == 'far lattice':
        return 1e12 + rng.integers(-2, 3, n)
    if kind == 'raw':
        return rng.normal(size=n)
    if kind == 'far raw':
        return 1e6 + rng.normal(size=n) / 1000
    if kind == 'tiny':
        return rng.integers(-3, 4, n) * 1e-300
    if kind == 'denormal':
        return rng.integers(-3, 4, n) * 5e-324
    if kind == 'huge':
        return rng.normal(size=n) * 2.0**496
    if kind == 'tiny beside huge':
        return np.where(
            rng.random(n) < 0.3, rng.integers(-2, 3, n) * 1e100, rng.integers(-2, 3, n) * 1e-300
        )
    if kind == 'heavy tail':
        return np.exp(rng.normal(scale=6, size=n)).round(3)
    if kind == 'constant':
        return np.full(n, 0.1)
    if kind == 'wide integers':
        return rng.integers(-(2**50), 2**50, n).astype(float)
    if kind == 'squares underflow':
        return rng.integers(-50, 51, n) * 1e-162
    raise ValueError(kind)


def centroids_of(rng, kind, x, k):
    """Return k centroids, float64 of shape (k, d), for data x of shape (d, n)."""
    d, n = x.shape
    chosen = x[:, rng.integers(0, n, k)].T.copy()
    if kind == 'few points':
        chosen = chosen[rng.integers(0, max(1, k // 3), k)]
    elif kind == 'means':
        chosen = np.array([x[:, rng.integers(0, n, 7)].mean(axis=1) for _ in range(k)])
    elif kind == 'midpoints':
        chosen = (chosen + x[:, rng.integers(0, n, k)].T) / 2
    elif kind == 'outside':
        chosen = np.clip(chosen * 1000 + 1000, -(2.0**500), 2.0**500)
    elif kind == 'next to points':
        chosen = np.nextafter(chosen, rng.choice([-np.inf, np.inf], (k, d)))
    elif kind == 'one far away':
        chosen[-1] = np.clip(chosen[-1] * 1e9 + 1e15, -(2.0**500), 2.0**500)
    elif kind == 'one out of sight':
        chosen[-1] = np.abs(x).max() * 1e19 + chosen[-1]
    return np.clip(chosen, -(2.0**500), 2.0**500) + 0.0


def gridded(x):
    """Return (grids, integers, gridded values) of data x, a sequence of d float64 arrays."""
    columns = [from_floats(column) for column in x]
    grids = [choose_grid(column.decimals, max_abs(to_floats(column))) for column in columns]
    integers = [grid.to_integers(column) for grid, column in zip(grids, columns)]
    return grids, integers, [grid.to_floats(column) for grid, column in zip(grids, integers)]
