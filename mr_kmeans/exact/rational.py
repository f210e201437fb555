"""Exact rational arithmetic on the sums, rounded once: centroids, inertia, standardizing weights.

Python's ``int / int`` rounds correctly for operands of any size; float division of large sums would
not. Here, x is the exact integer times the grid's step, and sums are in steps.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Dict

import numpy as np

_ROOT_BITS = 64
"""Number of bits of an integer square root before it is rounded to the 53 of a float64; one more
bit means "and some more".
"""


def mean_centroids(counts, totals, grids, previous):
    """Return the mean of each cluster's points, exact except for one rounding per coordinate.

    Parameters
    ----------
    counts : list of k int
    totals : list of k lists of d int
        Sums of the grid integers.
    grids : list of d Grid
    previous : ndarray of shape (k, d)
        The previous centroids, which empty clusters keep.

    Returns
    -------
    ndarray of shape (k, d), float64
    """
    centroids = np.array(previous, dtype=np.float64)
    for c, count in enumerate(counts):
        if count:
            centroids[c] = [grid.ratio(total, count) for grid, total in zip(grids, totals[c])]
    return centroids


def rounded_sum(terms: np.ndarray) -> float:
    """Return the sum of float64 terms, rounded once: the same in any order.

    >>> rounded_sum(np.array([1e16, 1.0, -1e16]))
    1.0
    """
    try:
        return math.fsum(terms.tolist())
    except OverflowError:
        return math.inf


def inertia_fraction(centroids, counts, totals, total_squares, grids, weights):
    """Return the exact weighted sum of the squared distances of points to the centroid of their
    cluster.

    Sum_j w_j [Sum x_j**2 - Sum_c (2 c_j S_cj - n_c c_j**2)] for a partition with counts n and sums
    S, and centroids that need not be its means: the expanded square, summed over the points, so
    that inertia costs nearly nothing.

    Parameters
    ----------
    centroids : ndarray of shape (k, d)
    counts : list of k int
    totals : list of k lists of d int
        Sums of the grid integers.
    total_squares : list of d int
        Sums of their squares, over all points.
    grids : list of d Grid
    weights : sequence of d float

    Returns
    -------
    Fraction
    """
    # numerators by the odd part of their denominators, and the common power of two
    sums: Dict = {}
    for j, (grid, weight) in enumerate(zip(grids, weights)):
        pairs = [float(value).as_integer_ratio() for value in centroids[:, j]]
        denominator = max(
            (den for _, den in pairs), default=1
        )  # powers of two: the largest one is the common one
        numerators = [num * (denominator // den) for num, den in pairs]
        cross = sum(num * row[j] for num, row in zip(numerators, totals))
        squares = sum(num * num * count for num, count in zip(numerators, counts))
        p, q = grid.step_ratio
        numerator, bits = float(weight).as_integer_ratio()
        numerator *= (
            total_squares[j] * (p * denominator) ** 2
            - 2 * p * q * cross * denominator
            + squares * q * q
        )
        twos = (q & -q).bit_length() - 1
        bits = bits.bit_length() - 1 + 2 * (denominator.bit_length() - 1 + twos)
        total, common = sums.get(q >> twos, (0, 0))
        most = max(bits, common)
        sums[q >> twos] = (total << most - common) + (numerator << most - bits), most
    return sum((Fraction(total, q * q << bits) for q, (total, bits) in sums.items()), Fraction(0))


def inertia(centroids, counts, totals, total_squares, grids, weights):
    """Return `inertia_fraction` rounded once to a float; inf if it is too large."""
    exact = inertia_fraction(centroids, counts, totals, total_squares, grids, weights)
    try:
        return exact.numerator / exact.denominator
    except OverflowError:
        return math.inf


def standardizing_weights(n, totals, total_squares, grids):
    """Return the weights that standardize: 1 / variance (population), exact except for one
    rounding.

    Parameters
    ----------
    n : int
        Number of points.
    totals, total_squares : list of d int
        Sums of the grid integers and of their squares over all points.
    grids : list of d Grid

    Returns
    -------
    list of d float
        n**2 / (n Sum x**2 - (Sum x)**2); 0 for a constant feature.

    Raises
    ------
    OverflowError
        If a weight is too large for a float64 (a standard deviation below about 1e-154).
    """
    weights = []
    for j, grid in enumerate(grids):
        spread = n * total_squares[j] - totals[j] ** 2
        if not spread:
            weights.append(0.0)
            continue
        exact = n * n / (spread * grid.step**2)
        try:
            weights.append(exact.numerator / exact.denominator)
        except OverflowError:
            raise OverflowError(
                f'feature {j + 1} varies too little to be standardized: the weight 1/variance '
                'exceeds the largest float64'
            ) from None
    return weights


def standard_deviations(n, totals, total_squares, grids):
    """Return the population standard deviation of each feature, correctly rounded; 0 for a constant
    one.

    Parameters
    ----------
    n, totals, total_squares, grids
        As in `standardizing_weights`.

    Returns
    -------
    list of d float
    """
    return [
        _root(
            (n * total_squares[j] - totals[j] ** 2) * grid.step**2 / (n * n) if n else Fraction(0)
        )
        for j, grid in enumerate(grids)
    ]


def shift(old, new, deviations):
    """Return how far the centroid that moved farthest has moved, in standard deviations.

    This is the maximum over clusters of sqrt(mean over features of ((new - old) / s)**2), with
    constant features (s = 0) left out of the mean. Features are added in order, so the result is
    the same to the last bit everywhere.

    Parameters
    ----------
    old, new : ndarray of shape (k, d)
    deviations : sequence of d float
        The features' standard deviations s.

    Returns
    -------
    float
    """
    squares, varying = np.zeros(len(old)), 0
    with np.errstate(over='ignore', under='ignore'):
        for j, deviation in enumerate(deviations):
            if deviation > 0:
                step = (new[:, j] - old[:, j]) / deviation
                squares = squares + step * step
                varying += 1
    return math.sqrt(float(squares.max()) / varying) if varying and len(old) else 0.0


def moved(old, new):
    """Return the number of clusters whose centroid differs between `old` and `new`, both of shape
    (k, d).
    """
    return int(np.count_nonzero((np.asarray(old) != np.asarray(new)).any(axis=1)))


def _root(exact):
    """Return the square root of a Fraction as the nearest float."""
    numerator, denominator = exact.numerator, exact.denominator
    halvings = max(0, _ROOT_BITS - (numerator.bit_length() - denominator.bit_length()) // 2)
    scaled = numerator << 2 * halvings
    root = math.isqrt(scaled // denominator)
    inexact = root * root * denominator != scaled
    return (2 * root + inexact) / (1 << halvings + 1)
