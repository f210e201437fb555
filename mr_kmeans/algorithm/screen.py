"""The screen: matrix products that rule out, with certainty, all clusters except a few, mostly all
except one.

Distinct centroids c_1 ... c_K are screened, on the d features of weight > 0. Notation: u = 2**-53;
v the unit roundoff of the screen's own precision (2**-24 or 2**-53), tau its smallest normal
number; gamma_n(a) = n a / (1 - n a), so that n roundings of relative size a cause an error of at
most gamma_n(a) (Higham: Accuracy and Stability of Numerical Algorithms, lemma 3.1). i_j are the
point's grid integers and s_j the steps; the definition (distances.py) sees x_j = fl(i_j s_j). m_j
are arbitrary integers, a is a power of two. In exact numbers,

    y_j = a sqrt(w_j) (i_j - m_j) s_j,     b_kj = a sqrt(w_j) (c_kj - m_j s_j),     |b_k| <= 1,
    r_k = y.b_k - |b_k|**2 / 2  =  |y|**2 / 2 - a**2 Sum_j w_j (i_j s_j - c_kj)**2 / 2:

the nearest centroid has the largest r_k. Let D_k be the distance the definition computes and R_k =
|y|**2 / 2 + e.y + |e|**2 / 2 - a**2 D_k / 2, with e below not depending on k. The screen computes
scores S_k with |S_k - R_k| <= E_k. If cluster l is a nearest one by the definition, then R_l >= R_k
for all k, hence

    S_l + E_l >= max_k (S_k - E_k).

So clusters that do not fulfill this are out, and if only one is left, it is the label: it alone has
the smallest D.

**From R to r.** (1) x is rounded: y'_j = a sqrt(w_j) (x_j - m_j s_j) = y_j + e_j, |e| <= u (|y| +
M), where M is the norm of a sqrt(w_j) m_j s_j over the features with inexact x (decimal grids of at
least one decimal). |y' - b_k|**2 / 2 = |y - b_k|**2 / 2 + e.y + |e|**2 / 2 - e.b_k, and |e.b_k| <=
u (|y| + M) |b_k|. (2) The definition rounds t once (twice in the square), t * t, w * t and d - 1
sums (the first adds to 0): relative gamma_{d+3}(u) of |y' - b_k|**2 / 2 <= |y'|**2 + |b_k|**2 <= 2
(1 + 3u) |y|**2 + 3 u**2 M**2 + |b_k|**2. (3) Its products may underflow, each by 2**-1075 at most:
d (1 + max w) 2**-1075 in D, half of it times a**2 here. Overflow is ruled out beforehand
(`Geometry.of` in geometry.py returns None).

**From r to S.** S_k = fl(Sum_j z_j g_kj + 1 h_k), a matrix product in any order, with or without
fused operations. z_j is (i_j - m_j) 2**-e_j, rounded in one of two ways: for "far" features, whose
a sqrt(w_j) |m_j| s_j > 1, and always in float64, the difference is computed in integers and rounded
once; for others it is fl(fl(i_j) - m_j) with m_j a float32 number: two roundings v, and v |m_j|
absolute because |i_j| <= |i_j - m_j| + |m_j|. g_kj = fl(b_kj rho_j), rho_j = a sqrt(w_j) s_j
2**e_j, so that z_j g_kj ~ y_j b_kj. In float64, c_kj - m_j s_j is (c_kj - M1) - M2 with M1 = fl(m_j
s_j) and M2 the float of the rest: relative 3 u and absolute 3 u**2 |m_j s_j| (only where x is
inexact); the square roots, the step and the products make the relative error of g_kj less than 12 u
before its rounding v; that of h_k = -|b_k|**2 / 2 less than gamma_{d+12}(u). The product adds
gamma_{d+1}(v). Together, with 2 more v for the rounding of the comparison itself, P =
gamma_{d+6}(v) + gamma_{d+12}(u), and N the norm of a sqrt(w_j) m_j s_j over the features that are
not far:

    P (|y| |b_k| + |b_k|**2 / 2) + 2v N |b_k| + 3 u**2 M (|y| + |b_k|) + eta sqrt(d) (|y| + |b_k|) +
    16 (d + 2) tau.

eta: g_kj may underflow by tau (flushed to zero, at worst), b_kj in float64 by less than 2**-170 (a
<= 2**900 is required); |z_j| = |y_j| / rho_j <= 2**60 |y_j|, so eta = 2**60 tau + 2**-170. (rho_j
is within 2**-60 ... 2**40 with e_j = 0, or brought to 1/2 ... 1 by e_j; where |e_j| would pass 120
it is 120: then |z_j| < 1 and tau bounds the loss, or y overflows.) The last term: underflow of z_j,
of the d + 1 products and sums, of h_k and in the evaluation of E.

**|y|** is computed as Y = sqrt(Sum_j q_j z_j**2), q_j = rho_j**2, in the screen's precision: with d
+ 6 <= 2**-10 / v, |y| <= (1 + 2**-10) Y + o, o = sqrt(5 d tau) + 2v N for underflow and for the
absolute error of z.

E_k = e0 + e1 Y + e2 Y**2 collects all this, with a factor 1 + 2**-7 for its own rounding and that
of 1 +- small above. It grows with |b_k|: clusters are ordered by |b_k| and cut into a few groups,
each with the bound of its largest, so that a far centroid does not spoil the bound of the others.
Overflow makes Y infinite or a score NaN; then no cluster is out, or all are, and the row stays
undecided.
"""

from __future__ import annotations

import math
from typing import List, Tuple

import numpy as np

_U = 2.0**-53
_SLACK = 1 + 2.0**-7

_TINY_NORM = 2.0**-500
"""Added to computed norms, since their squares may have underflowed."""

_GROUP_RATIO = 4.0
"""Maximum ratio of |b| within a group of centroids: a bound is at most 4 times too large."""

_MAX_GROUPS = 6
"""Maximum number of groups, each of which is a pass over vectors; the last one takes the rest."""

_BLOCK = 255
"""Number of clusters whose candidates are counted in one byte."""


class Screen:
    """Scores and bounds in one precision, for tiles of points.

    Parameters
    ----------
    geometry : Geometry
        The geometry of at least two centroids.
    dtype : float32 or float64
    """

    def __init__(self, geometry, dtype):
        self.dtype = np.dtype(dtype)
        self.K, self.d = geometry.b.shape
        info = np.finfo(dtype)
        self._v, self._tau = float(info.eps) / 2, float(info.tiny)
        self.usable = (self.d + 6) * self._v <= 2.0**-10
        with np.errstate(over='ignore', under='ignore'):
            half_squares = -0.5 * (geometry.b * geometry.b).sum(axis=1)
            self._G = np.column_stack([geometry.b * geometry.rho, half_squares]).astype(dtype)
            self._q = (geometry.rho * geometry.rho).astype(dtype)
            self._groups = _group(np.sqrt(-2 * half_squares))
            self._bounds = [self._bound(norm, geometry) for _, norm in self._groups]
        self._ids = geometry.ids
        self._direct = self.K <= _BLOCK and int(geometry.ids.max()) < 256
        numbers = geometry.ids if self._direct else np.arange(self.K) % _BLOCK
        self._numbers = numbers.astype(np.uint8)[:, None]
        self._capacity = 0

    def _bound(self, norm, geometry):
        """Return e0, e1, e2 (see the module's docstring) for centroids with |b| <= `norm`."""
        d, v, tau = self.d, self._v, self._tau
        norm, near, rest = (
            value * (1 + 2.0**-20) + _TINY_NORM
            for value in (norm, geometry.near_norm, geometry.inexact_norm)
        )
        product = _gamma(d + 6, v) + _gamma(d + 12, _U)
        definition = _gamma(d + 3, _U)
        eta = (2.0**60 * tau + 2.0**-170) * math.sqrt(d)
        offset = math.sqrt(5 * d * tau) + 2 * v * near
        e1 = (product + _U) * norm + 3 * _U * _U * rest + eta
        e2 = 4 * definition
        e0 = (
            product * norm * norm / 2
            + (2 * v * near + _U * rest) * norm
            + (3 * _U * _U * rest + eta) * norm
            + definition * (3 * _U * _U * rest * rest + norm * norm)
            + geometry.floor
            + 16 * (d + 2) * tau
            + e1 * offset
            + e2 * offset * offset
        )
        return [self.dtype.type(coefficient * _SLACK) for coefficient in (e0, e1, e2)]

    def reserve(self, n):
        """Return the array of shape (d + 1, n) to be filled with the z_j of n points; its last row
        is already filled, with ones.
        """
        if n > self._capacity:
            self._capacity, dtype = n, self.dtype
            self._memory = (
                np.ones((self.d + 1, n), dtype),
                np.empty((self.d, n), dtype),
                np.empty((self.K, n), dtype),
                np.empty((3 + len(self._groups), n), dtype),
                np.empty((self.K, n), bool),
                np.empty((2 + min(self.K, _BLOCK), n), np.uint8),
            )
        self._Z, self._squares, self._S, vectors, self._mask, small = (
            array[:, :n] for array in self._memory
        )
        self._Y, self._best, self._limit, *self._errors = vectors
        self._number, self._count, self._masked = small[0], small[1], small[2:]
        return self._Z

    def run(self):
        """Screen the points in the array of `reserve`.

        Returns
        -------
        labels : integer ndarray of shape (n,)
            Correct for the points that are decided.
        undecided : bool ndarray of shape (n,)
        candidates : bool ndarray of shape (K, n)
            The clusters that are not ruled out for each point; none at all if a score is NaN. All
            three arrays are overwritten by the next run. Overflow and NaN are expected: the caller
            silences numpy.
        """
        np.matmul(self._G, self._Z, out=self._S)
        points = self._Z[: self.d]
        np.multiply(points, points, out=self._squares)
        np.matmul(self._q, self._squares, out=self._Y)
        self._compare()
        return self._read()

    def _compare(self):
        """Set the mask: S + E >= max (S - E)."""
        S, Y, best, limit = self._S, self._Y, self._best, self._limit
        np.sqrt(Y, out=Y)
        best.fill(-np.inf)
        for (rows, _), (e0, e1, e2), error in zip(self._groups, self._bounds, self._errors):
            np.multiply(Y, e2, out=error)
            error += e1
            error *= Y
            error += e0
            np.maximum.reduce(S[rows], axis=0, out=limit)
            limit -= error
            np.maximum(best, limit, out=best)
        for (rows, _), error in zip(self._groups, self._errors):
            np.subtract(best, error, out=limit)
            np.greater_equal(S[rows], limit, out=self._mask[rows])

    def _read(self):
        """Return what `run` returns, computed from the mask by sums of bytes: the number of a
        single candidate is the sum of all candidates' numbers.
        """
        mask = self._mask.view(np.uint8)
        if self._direct:
            self._sum(mask, self._numbers)
            return self._number, self._count != 1, self._mask
        positions, counts = np.zeros(mask.shape[1], np.int32), np.zeros(mask.shape[1], np.int32)
        for start in range(0, self.K, _BLOCK):
            self._sum(mask[start : start + _BLOCK], self._numbers[start : start + _BLOCK])
            positions += self._number
            positions += np.multiply(self._count, start, dtype=np.int32)
            counts += self._count
        return self._ids.take(positions, mode='clip'), counts != 1, self._mask

    def _sum(self, mask, numbers):
        masked = self._masked[: len(mask)]
        np.multiply(mask, numbers, out=masked)
        np.add.reduce(masked, axis=0, out=self._number)
        np.add.reduce(mask, axis=0, out=self._count)


def _gamma(n, a):
    return n * a / (1 - n * a) if n * a < 0.5 else math.inf


def _group(norms):
    """Split ascending `norms` into groups, a list of (slice, largest norm), the largest norms
    first.
    """
    groups: List[Tuple] = []
    stop = len(norms)
    while stop:
        start = int(np.searchsorted(norms, norms[stop - 1] / _GROUP_RATIO))
        if len(groups) == _MAX_GROUPS - 1:
            start = 0
        groups.append((slice(start, stop), float(norms[stop - 1])))
        stop = start
    return groups
