"""The centroids scaled and shifted for the screens (screen.py explains the notation and proves the
bounds).
"""

from __future__ import annotations

import functools
import math
from typing import List, NamedTuple

import numpy as np

from mr_kmeans.exact.grid import DECIMAL, MAX_INTEGER

_RHO_RANGE = (2.0**-60, 2.0**40)
_MAX_SHIFT = 120
_MAX_SCALE = 900
"""Maximum exponent of the scale a, below which b_kj does not lose digits by underflow of
float64.
"""

_MAX_SQUARE = 2.0**1000
"""Bound on all squared distances, so that neither the definition nor its intermediate terms
overflow.
"""

_MAX_STEP = 2**500


class Geometry(NamedTuple):
    """The centroids as used by the screens (names as in the docstring of screen.py).

    Attributes
    ----------
    ids : int32 ndarray of shape (K,)
        The cluster of each screened centroid, in ascending order of its norm.
    features : list of int
        The d screened features, those of weight > 0.
    b : float64 ndarray of shape (K, d)
    origin : list of d int
        m_j, at most 2**53 in magnitude.
    shifts : list of d int
        e_j.
    rho : float64 ndarray of shape (d,)
    far : list of d bool
        Whether a sqrt(w_j) |m_j| s_j > 1.
    near_norm, inexact_norm : float
        N and M.
    scale : int
        a is 2**scale.
    floor : float
        a**2 d (1 + max w) 2**-1075.
    """

    ids: np.ndarray
    features: List[int]
    b: np.ndarray
    origin: List[int]
    shifts: List[int]
    rho: np.ndarray
    far: List[bool]
    near_norm: float
    inexact_norm: float
    scale: int
    floor: float

    @classmethod
    def of(cls, centroids, grids, weights, origin=None):
        """Prepare centroids of shape (k, d) for screening, or return None if the bound would not
        hold.

        Of coincident centroids only the one with the lowest id is screened: the others tie with it
        and lose. `origin` (the integers m of all features) is by default the median of the
        centroids; labels do not depend on it.
        """
        features = [j for j, weight in enumerate(weights) if weight > 0]
        centroids = np.asarray(centroids, dtype=np.float64)[:, features] + 0.0
        grids, weights = (
            [grids[j] for j in features],
            np.asarray(weights, dtype=np.float64)[features],
        )
        if (
            not features
            or not np.isfinite(centroids).all()
            or not _bounded(centroids, grids, weights)
        ):
            return None
        _, ids = np.unique(centroids, axis=0, return_index=True)
        centroids = centroids[ids]
        if origin is None:
            origin = [
                _nearest_integer(value, grid) for value, grid in zip(_medians(centroids), grids)
            ]
        else:
            origin = [origin[j] for j in features]
        origin = [int(np.float32(m)) for m in origin]
        high, low = _split_origin(origin, grids)
        roots = np.sqrt(weights)
        with np.errstate(under='ignore'):
            b = roots * ((centroids - high) - low)
            largest = float(np.abs(b).max()) * math.sqrt(len(features))
            scale = -math.frexp(largest)[1]
            if abs(scale) > _MAX_SCALE:
                return None
            b = np.ldexp(b, scale)
            norms = np.sqrt((b * b).sum(axis=1))
        order = np.argsort(norms, kind='stable')
        shifts, rho = _scale_features(roots, grids, scale)
        inexact = [grid.kind == DECIMAL and grid.exponent > 0 for grid in grids]
        with np.errstate(over='ignore', under='ignore'):
            reach = np.ldexp(roots * np.abs(high), scale)
            far = reach > 1
            floor = float(np.ldexp(len(features) * (1 + weights.max()), 2 * scale - 1075))
            near_norm, inexact_norm = (
                float(np.sqrt((part * part).sum())) for part in (reach[~far], reach[inexact])
            )
        return cls(
            ids[order].astype(np.int32),
            features,
            b[order],
            origin,
            shifts,
            rho,
            far.tolist(),
            near_norm,
            inexact_norm,
            scale,
            floor,
        )


def _medians(centroids):
    """Return the (lower) median of every feature; np.median would first import numpy.ma, in every
    task.
    """
    return np.sort(centroids, axis=0)[(len(centroids) - 1) // 2]


def _bounded(centroids, grids, weights):
    """Return whether no distance of a gridded point to a centroid can overflow."""
    if any(grid.step > _MAX_STEP for grid in grids):
        return False
    with np.errstate(over='ignore', under='ignore'):
        reach = np.array([_largest(grid) for grid in grids]) + np.abs(centroids).max(axis=0)
        squares = reach * reach
        return bool(squares.max() < _MAX_SQUARE and (weights * squares).sum() < _MAX_SQUARE)


@functools.cache  # many features share a grid
def _largest(grid):
    """Return the rounded largest value on a grid."""
    return _to_float(MAX_INTEGER * grid.step)


def _nearest_integer(value, grid):
    """Return about value / step as an integer of at most 2**53."""
    numerator, denominator = float(value).as_integer_ratio()
    p, q = grid.step_ratio
    return max(-MAX_INTEGER, min(MAX_INTEGER, round_ratio(numerator * q, denominator * p)))


def _split_origin(origin, grids):
    """Return m s as the sum of two float64 arrays of shape (d,), the nearest values and the
    rest.
    """
    high, low = [], []
    for m, grid in zip(origin, grids):
        p, q = grid.step_ratio
        high.append(m * p / q)
        numerator, denominator = high[-1].as_integer_ratio()
        low.append((m * p * denominator - numerator * q) / (q * denominator))
    return np.array(high), np.array(low)


def _scale_features(roots, grids, scale):
    """Return e_j and rho_j = 2**scale sqrt(w_j) s_j 2**e_j."""
    shifts, rhos = [], []
    for root, grid in zip(roots.tolist(), grids):
        root_mantissa, root_exponent = math.frexp(root)
        step_mantissa, step_exponent = math.frexp(_to_float(grid.step))
        mantissa, more = math.frexp(root_mantissa * step_mantissa)
        exponent = root_exponent + step_exponent + more + scale
        shift = 0
        if not _RHO_RANGE[0] <= math.ldexp(mantissa, min(exponent, 1000)) <= _RHO_RANGE[1]:
            shift = max(-_MAX_SHIFT, min(_MAX_SHIFT, -exponent))
        shifts.append(shift)
        rhos.append(math.ldexp(mantissa, min(exponent + shift, 1000)))
    return shifts, np.array(rhos)


def round_ratio(numerator, denominator):
    """Return the nearest integer to a ratio of integers, in a tie the even one.

    >>> [round_ratio(numerator, 2) for numerator in (1, 3, -1, -3, 4)]
    [0, 2, 0, -2, 2]
    """
    floor, rest = divmod(numerator, denominator)
    return floor + (2 * rest > denominator or (2 * rest == denominator and floor % 2))


def _to_float(exact):
    return exact.numerator / exact.denominator
