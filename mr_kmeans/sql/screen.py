"""What the statements `pack` and `screened` are given: shifts, scales, centroids, and the margin
within which scores prove nothing.

Notation: v = 2**-24 and u = 2**-53, the unit roundoffs of FLOAT and float64; tau = 2**-126, the
smallest normal FLOAT; gamma_n(e) = n e / (1 - n e), which bounds the relative error of n roundings.
x is the value on its grid, which the definition sees too; m_j are float64 numbers of our choice, a
is a power of two. In exact numbers

    y_j = a sqrt(w_j) (x_j - m_j),   b_kj = a sqrt(w_j) (c_kj - m_j),
    |y| <= Y <= 1,   |b_k| <= B <= 1,
    r_k = y.b_k - |b_k|**2 / 2  =  |y|**2 / 2 - |y - b_k|**2 / 2.

Let D_k be the distance the definition computes and R_k = |y|**2 / 2 - a**2 D_k / 2. The definition
makes d + 3 roundings, and its products may underflow, each by 2**-1075, then times w:

    |R_k - r_k| <= gamma_{d+4}(u) (Y + B)**2 / 2 + d (1 + max w) 2**-1075 a**2.

The score S_k is computed of y and b, each with at most 4 roundings u and one v, or rounded to a
multiple of tau; with d products, d sums in any order, fused or not, and of |b_k|**2 / 2, with d + 4
roundings u and one v:

    |S_k - r_k| <= (gamma_{d+6}(v) + gamma_{d+12}(u)) (Y B + B**2 / 2) + 16 (d + 2) tau.

With E the sum of both, a nearest centroid l has R_l >= R_k and so S_l >= S_k - 2 E for all k. If
only one is left, it is the label.

The largest score is found in L = ceil(log2 k) rounds, in FLOAT. With S >= |S_k|, (a + b + |a - b|)
/ 2 makes three roundings of at most 2 v S, and halves them: it is at most 3 v S too large. The
margin is taken off with one more rounding. So a nearest centroid is not below what is left, for a
margin of 2 E + 3 (L + 1) v S.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from mr_kmeans.exact.feature_space import FeatureSpace
from mr_kmeans.exact.survey import Survey
from mr_kmeans.sql.database import Database
from mr_kmeans.sql.expressions import of_integer
from mr_kmeans.sql.templates import numbered

MAX_CLOSE = 0.02
"""Maximum share of points that may be left to the definition. They are collected in memory, which
need not hold all points."""

TRIED = 20_000
"""Number of points on which the screen is tried before it is used on more."""

UNIT = 1024
"""Value that marks a remaining cluster in the statement, to which its number is added; sums of all,
below 2**24, are exact in FLOAT."""

_U, _V, _TAU = 2.0**-53, 2.0**-24, 2.0**-126
_SLACK = 1 + 2.0**-7
_MAX_MAGNITUDE = 2.0**400
"""Limit of weights, scales and distances, in both directions, beyond which the screen is not used,
so that no overflow or underflow has to be considered."""


class Scaling(NamedTuple):
    """How the packed points are shifted and scaled.

    Attributes
    ----------
    shifts, scales : ndarrays of shape (d,)
        m_j, and a sqrt(w_j).
    unit : float
        a.
    reach : float
        Y.
    """

    shifts: np.ndarray
    scales: np.ndarray
    unit: float
    reach: float


class Screen(NamedTuple):
    """Parameters of the statement `screened`.

    Attributes
    ----------
    b : ndarray of shape (k, d)
    halves : ndarray of shape (k,)
        |b|**2 / 2.
    margin : float
    """

    b: np.ndarray
    halves: np.ndarray
    margin: float

    def parameters(self) -> Dict[str, float]:
        """Return them by name."""
        named = {
            f'b_{cluster}_{j}': value
            for cluster, row in enumerate(self.b.tolist())
            for j, value in enumerate(row, 1)
        }
        return dict(named, **numbered('h', self.halves.tolist(), 0), margin=self.margin)


def make_scaling(
    space: FeatureSpace, minima: Sequence[float], maxima: Sequence[float], centroids: np.ndarray
) -> Optional[Scaling]:
    """Return the scaling for data in a range; None where the numbers are too large, too small or
    all the same.

    Parameters
    ----------
    space : FeatureSpace
    minima, maxima : sequence of d float
        Of the values, before they were rounded to their grids.
    centroids : ndarray of shape (k, d)
        The first of the run; those that follow are means, or among these.
    """
    weights, low, high = (
        np.array(numbers, dtype=np.float64) for numbers in (space.weights, minima, maxima)
    )
    shifts = np.median(centroids, axis=0)
    steps = np.array([float(grid.step) for grid in space.grids])
    if (
        not all(
            np.all(np.abs(numbers) < _MAX_MAGNITUDE) for numbers in (weights, low, high, centroids)
        )
        or len(low) * _V > 2.0**-11
    ):
        return None
    if np.any((weights > 0) & (weights < 1 / _MAX_MAGNITUDE)):
        return None
    roots = np.sqrt(weights)
    reach = _norm((np.maximum(np.abs(low - shifts), np.abs(high - shifts)) + steps) * roots)
    largest = max(reach, max(_norm(row) for row in (centroids - shifts) * roots))
    if not 1 / _MAX_MAGNITUDE < largest < _MAX_MAGNITUDE:
        return None
    unit = math.ldexp(1.0, -math.frexp(largest)[1])
    return Scaling(shifts, roots * unit, unit, reach * unit)


def make_screen(
    scaling: Scaling, weights: Sequence[float], centroids: np.ndarray
) -> Optional[Screen]:
    """Return the screen for centroids; None for centroids that the scaling does not fit."""
    k, d = centroids.shape
    b = (centroids - scaling.shifts) * scaling.scales
    longest = max(_norm(row) for row in b)
    if not longest <= 1:
        return None
    most = scaling.reach * longest + longest * longest / 2
    error = (
        (_gamma(d + 6, _V) + _gamma(d + 12, _U)) * most
        + _gamma(d + 4, _U) * (scaling.reach + longest) ** 2 / 2
        + 16 * (d + 2) * _TAU
        + d * (1 + max(weights)) * scaling.unit * scaling.unit * 2.0**-1070
    )
    n_rounds = (k - 1).bit_length()
    return Screen(b, (b * b).sum(axis=1) / 2, (2 * error + 3 * (n_rounds + 1) * _V * most) * _SLACK)


def pack(engine: Database, space: FeatureSpace, scaling: Scaling, largest: Sequence[int]) -> None:
    """Make the temporary table mr_kmeans_packed.

    Parameters
    ----------
    largest : sequence of d int
        Bounds of the points' absolute values, in steps of their grids.
    """
    columns = [
        f'CAST(i_{j} AS INTEGER)' if size < 2**31 else f'i_{j}' for j, size in enumerate(largest, 1)
    ]
    engine.run(
        'pack',
        {
            **numbered('shift', scaling.shifts.tolist()),
            **numbered('scale', scaling.scales.tolist()),
        },
        len(columns),
        names=numbered('i', columns),
    )


def screened(
    engine: Database, space: FeatureSpace, k: int, points: str = 'mr_kmeans_packed'
) -> str:
    """Return the statement for k < UNIT centroids, with a round of `larger` for each halving of the
    scores.
    """
    d = len(space.grids)
    rounds: List = []
    scores, last = [f's_{cluster}' for cluster in range(k)], 'scores'
    while len(scores) > 1:
        this, n_pairs = f'round_{len(rounds) + 1}', len(scores) // 2
        winners = [f'{this}_{pair}' for pair in range(n_pairs)]
        names = {
            **numbered('a', scores[::2], 0),
            **numbered('b', scores[1::2], 0),
            **numbered('larger', winners, 0),
        }
        rounds.append(engine.statement('larger', d, n_pairs, dict(names, round=this, before=last)))
        scores, last = winners + scores[2 * n_pairs :], this
    names = {
        **numbered('mark', (str(UNIT + cluster) for cluster in range(k)), 0),
        **numbered('x', (of_integer(f'i_{j}', grid) for j, grid in enumerate(space.grids, 1))),
    }
    return engine.statement(
        'screened',
        d,
        k,
        dict(
            names,
            points=points,
            rounds='\n'.join(rounds),
            last_round=last,
            largest=scores[0],
            unit=str(UNIT),
        ),
    )


class Screening:
    """Passes by the statement `screened`, as long as it leaves few points to the definition.

    Parameters
    ----------
    engine : Database
        With the views mr_kmeans_points and mr_kmeans_centers.
    space : FeatureSpace
    survey : Survey

    Attributes
    ----------
    n_close : int
        Points that the last pass left to the definition.
    """

    def __init__(self, engine: Database, space: FeatureSpace, survey: Survey):
        self._engine, self._space, self._survey = engine, space, survey
        self._scaling: Optional[Scaling] = None
        self._is_useful = True
        self.n_close = 0

    def ask(self, centroids: np.ndarray) -> Optional[List[Tuple]]:
        """Return (cluster_id, count, sum of i_1, ...) of each cluster with points; None if the
        screen does not help.
        """
        if self._is_useful and self._scaling is None:
            self._begin(centroids)
        scaling = self._scaling if self._is_useful else None
        screen = scaling and make_screen(scaling, self._space.weights, centroids)
        if not screen:
            self.n_close = 0
            return None
        answer = self._engine.fetch(
            screened(self._engine, self._space, len(centroids)), screen.parameters()
        )
        self._count(answer, self._survey.n_samples)
        return [row[:-1] for row in answer]

    def _begin(self, centroids: np.ndarray) -> None:
        """Pack the points; try the screen on some if there are many."""
        moments = self._survey.moments
        self._scaling = make_scaling(
            self._space,
            [one.minimum for one in moments],
            [one.maximum for one in moments],
            centroids,
        )
        scaling = self._scaling
        screen = scaling and make_screen(scaling, self._space.weights, centroids)
        if not (scaling and screen):
            self._is_useful = False
            return
        pack(
            self._engine,
            self._space,
            scaling,
            [
                int(Fraction(max(-one.minimum, one.maximum)) / grid.step) + 1
                for one, grid in zip(moments, self._space.grids)
            ],
        )
        if self._survey.n_samples > TRIED:
            sample = f'(SELECT * FROM mr_kmeans_packed USING SAMPLE {TRIED})'
            self._count(
                self._engine.fetch(
                    screened(self._engine, self._space, len(centroids), sample), screen.parameters()
                ),
                TRIED,
            )

    def _count(self, answer: List[Tuple], n_points: int) -> None:
        self.n_close = sum(row[-1] for row in answer)
        self._is_useful = self.n_close <= MAX_CLOSE * n_points
        if not self._is_useful:
            self._engine.fetch('DROP TABLE mr_kmeans_packed')


def _norm(row: np.ndarray) -> float:
    """Return at least the norm."""
    return math.sqrt(float((row * row).sum())) * _SLACK


def _gamma(n: int, unit: float) -> float:
    return n * unit / (1 - n * unit)
