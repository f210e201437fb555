"""What the statement `screened` is given: shifts, scales, scores of centroids, and the margin within which scores prove nothing.

Notation: v = 2**-24 and u = 2**-53, the unit roundoffs of FLOAT and float64; tau = 2**-126, the smallest normal FLOAT;
gamma_n(e) = n e / (1 - n e), which bounds the relative error of n roundings. x is the value on its grid, which the definition
sees too; m_j are float64 numbers of our choice, a is a power of two. In exact numbers

    y_j = a sqrt(w_j) (x_j - m_j),   b_kj = a sqrt(w_j) (c_kj - m_j),   |y| <= Y <= 1,   |b_k| <= B <= 1,
    r_k = y.b_k - |b_k|**2 / 2  =  |y|**2 / 2 - |y - b_k|**2 / 2.

Let D_k be the distance the definition computes and R_k = |y|**2 / 2 - a**2 D_k / 2. The definition makes d + 3 roundings, and its
products may underflow, each by 2**-1075, then times w:

    |R_k - r_k| <= gamma_{d+4}(u) (Y + B)**2 / 2 + d (1 + max w) 2**-1075 a**2.

The score S_k is computed of y and b, each with at most 4 roundings u and one v, or rounded to a multiple of tau; with d products,
d sums in any order, fused or not, and of |b_k|**2 / 2, with d + 4 roundings u and one v:

    |S_k - r_k| <= (gamma_{d+6}(v) + gamma_{d+12}(u)) (Y B + B**2 / 2) + 16 (d + 2) tau.

With E the sum of both, a nearest centroid l has R_l >= R_k and so S_l >= S_k - 2 E for all k. If only one is left, it is the label.

The largest score is found in L = ceil(log2 k) rounds, in FLOAT: (a + b + |a - b|) / 2 has the four roundings of numbers of at most
2 S, S >= |S_k|, of which the last is halved away: at most 3 v S too large. Taking the margin off makes one more rounding of at most
2 v S. So what is left has S_l >= max S_k - margin for margin = 2 E + 3 (L + 1) v S.
"""
from __future__ import annotations

import math
from typing import Dict, List, NamedTuple, Optional, Sequence

import numpy as np

from mr_kmeans.space import Space
from mr_kmeans.sql.engine import Engine
from mr_kmeans.sql.statements import numbered

_U, _V, _TAU = 2.0 ** -53, 2.0 ** -24, 2.0 ** -126
_SLACK = 1 + 2.0 ** -7

UNIT = 1024
"""In the statement, of a cluster that is left, to which its number is added; sums of all, below 2**24, are exact in FLOAT."""

_MOST = 2.0 ** 400
"""Beyond it, on either side, of weights, scales and distances there is no screen, and no overflow or underflow to think of."""


class Screen(NamedTuple):
    """Parameters of the statement.

    Attributes
    ----------
    shifts, scales : list of d float
    b : ndarray of shape (k, d)
    halves : ndarray of shape (k,)
        |b|**2 / 2.
    margin : float
    """

    shifts: List[float]
    scales: List[float]
    b: np.ndarray
    halves: np.ndarray
    margin: float

    def parameters(self) -> Dict[str, float]:
        """Return them by name."""
        named = {f'b_{cluster}_{j}': value for cluster, row in enumerate(self.b.tolist()) for j, value in enumerate(row, 1)}
        named.update(numbered('shift', self.shifts), **numbered('scale', self.scales), **numbered('h', self.halves.tolist(), 0))
        return dict(named, margin=self.margin)


def make_screen(space: Space, minima: Sequence[float], maxima: Sequence[float], centroids: np.ndarray) -> Optional[Screen]:
    """Return the screen for data in a range; None where the numbers are too large, too small or all the same.

    Parameters
    ----------
    space : Space
    minima, maxima : sequence of d float
        Of the values, before they were rounded to their grids.
    centroids : ndarray of shape (k, d)
    """
    d = len(minima)
    weights = np.array(space.weights, dtype=np.float64)
    shifts = np.median(centroids, axis=0)
    steps = np.array([float(grid.step) for grid in space.grids])
    if not all(np.all(np.abs(numbers) < _MOST) for numbers in (weights, minima, maxima, centroids)) or d * _V > 2.0 ** -11:
        return None
    if np.any((weights > 0) & (weights < 1 / _MOST)):
        return None
    roots = np.sqrt(weights)
    reach = (np.maximum(np.abs(np.array(minima) - shifts), np.abs(np.array(maxima) - shifts)) + steps) * roots
    differences = (centroids - shifts) * roots
    norms = math.sqrt(float((reach * reach).sum())) * _SLACK, math.sqrt(float((differences * differences).sum(axis=1).max())) * _SLACK
    if not 1 / _MOST < max(norms) < _MOST:
        return None
    scale = math.ldexp(1.0, -math.frexp(max(norms))[1])
    b = differences * scale
    largest, longest = (norm * scale for norm in norms)
    most = largest * longest + longest * longest / 2
    error = ((_gamma(d + 6, _V) + _gamma(d + 12, _U)) * most
             + _gamma(d + 4, _U) * (largest + longest) ** 2 / 2 + 16 * (d + 2) * _TAU
             + d * (1 + float(weights.max())) * scale * scale * 2.0 ** -1070)
    n_rounds = (len(centroids) - 1).bit_length()
    return Screen(shifts.tolist(), (roots * scale).tolist(), b, (b * b).sum(axis=1) / 2, (2 * error + 3 * (n_rounds + 1) * _V * most) * _SLACK)


def screened(engine: Engine, d: int, k: int, points: str = 'mr_kmeans_points') -> str:
    """Return the statement for k < UNIT centroids, with a round of `larger` for each halving of the scores."""
    rounds: List[str] = []
    scores, last = [f's_{cluster}' for cluster in range(k)], 'scores'
    while len(scores) > 1:
        this, n_pairs = f'round_{len(rounds) + 1}', len(scores) // 2
        winners = [f'{this}_{pair}' for pair in range(n_pairs)]
        names = {**numbered('a', scores[::2], 0), **numbered('b', scores[1::2], 0), **numbered('larger', winners, 0)}
        rounds.append(engine.statement('larger', d, n_pairs, dict(names, round=this, before=last)))
        scores, last = winners + scores[2 * n_pairs:], this
    marks = numbered('mark', (str(UNIT + cluster) for cluster in range(k)), 0)
    return engine.statement('screened', d, k, dict(marks, points=points, rounds='\n'.join(rounds), last_round=last, largest=scores[0], unit=str(UNIT)))


def _gamma(n: int, unit: float) -> float:
    return n * unit / (1 - n * unit)
