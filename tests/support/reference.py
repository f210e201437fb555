"""k-means by the definition, with Python's numbers alone: what every variant, runner and engine has
to agree with to the bit.

Written from the contract (ARCHITECTURE.md), not from the package: no numpy, nothing imported from
mr_kmeans. Labels are decided in floats, in the definition's order; sums, means, inertia and weights
are exact (integers and Fractions) and rounded once. Rows are sequences of d floats.
"""

import math
import re
import struct
from fractions import Fraction
from typing import List, NamedTuple, Optional, Tuple

NUMBER = re.compile(r'[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?', re.ASCII)
MISSING = {
    '',
    'na',
    'n/a',
    'nan',
    '+nan',
    '-nan',
    'null',
    'none',
    '?',
    '<na>',
    '#n/a',
    '#na',
    '#n/a n/a',
    '\\n',
    '1.#ind',
    '-1.#ind',
    '1.#qnan',
    '-1.#qnan',
}
LARGEST = 2.0**500
NO_MOVE, TOL, MAX_ITER = 'no centroid moved', 'tol', 'max-iter'


class Iteration(NamedTuple):
    """One iteration's centroids, how they came about, and the pass over the data that labeled the
    rows by them."""

    centroids: List[Tuple[float, ...]]
    counts: List[int]  # rows averaged into each centroid; zeros in iteration 0
    shift: Optional[float]  # from the iteration before, in standard deviations; None in iteration 0
    moved: Optional[int]  # clusters whose centroid changed
    empty: Optional[int]  # clusters that kept theirs for want of rows
    labels: List[int]
    partition: List[int]  # rows of each label
    exact_inertia: Fraction
    inertia: float
    stopped_by: Optional[str]  # of the last iteration: NO_MOVE, TOL or MAX_ITER


def reference_fit(rows, start, weights=None, max_iter=100, tol=1e-4):
    """Return all iterations of a run, from the `start` (k rows) on; without `weights` each feature
    counts 1."""
    grids = choose_grids(rows)
    integers = to_integers(rows, grids)
    points = to_points(integers, grids)
    weights = [1.0] * len(grids) if weights is None else weights
    deviations = standard_deviations(integers, grids)
    centroids, counts, change, iterations = (
        [tuple(map(float, c)) for c in start],
        [0] * len(start),
        (None, None, None),
        [],
    )
    while True:
        labels = label(points, centroids, weights)
        sums = cluster_sums(integers, labels, len(centroids))
        exact = inertia_by_sums(centroids, sums, integers, grids, weights)
        stop = stopping_rule(len(iterations), change, max_iter, tol)
        iterations.append(
            Iteration(centroids, counts, *change, labels, sums[0], exact, to_float(exact), stop)
        )
        if stop:
            return iterations
        new, counts = means(sums, grids, centroids), sums[0]
        change = (
            shift(centroids, new, deviations),
            sum(a != b for a, b in zip(centroids, new)),
            counts.count(0),
        )
        centroids = new


def stopping_rule(iteration, change, max_iter, tol):
    """Return why the run ends with this iteration, or None."""
    moved_by, moved, _ = change
    if iteration and moved == 0:
        return NO_MOVE
    if iteration and moved_by <= tol:
        return TOL
    return MAX_ITER if iteration == max_iter else None


# Values and grids


def parse(fields):
    """Return the row of a list of fields; None when a value is missing.

    >>> parse([' 1.5', '-0', '1e3'])
    (1.5, 0.0, 1000.0)
    >>> parse(['1', 'NA']) is None
    True
    """
    fields = [field.strip() for field in fields]
    if any(field.lower() in MISSING for field in fields):
        return None
    for field in fields:
        if not NUMBER.fullmatch(field) or abs(float(field)) > LARGEST:
            raise ValueError('%r is not a number that can be used' % field)
    return tuple(float(field) + 0.0 for field in fields)


def choose_grids(rows):
    """Return the step of each feature's grid, a Fraction: 10**-p, or 2**e where no p is enough."""
    return [choose_grid(column) for column in zip(*rows)]


def choose_grid(values):
    largest = max(abs(value) for value in values)
    for p in range(16):
        scale = 10**p
        if Fraction(largest) * scale < 2**51 and all(
            round(Fraction(value) * scale) / scale == value for value in values
        ):
            return Fraction(1, scale)
    return Fraction(2) ** max(math.frexp(largest)[1] - 1 - 52, -1074)


def to_integers(rows, grids):
    """Return each row as integers, multiples of the steps; ties to even."""
    return [tuple(round(Fraction(value) / step) for value, step in zip(row, grids)) for row in rows]


def to_points(integers, grids):
    """Return the gridded values: from here on a row's x."""
    return [tuple(to_float(i * step) for i, step in zip(row, grids)) for row in integers]


def to_float(exact):
    """Round a Fraction once; inf when it is too large."""
    try:
        return exact.numerator / exact.denominator
    except OverflowError:
        return math.inf


# One pass


def distance(x, centroid, weights):
    """Return the squared distance of the definition.

    >>> distance((0.0, 4.0), (3.0, 0.0), (1.0, 0.5))
    17.0
    """
    total = 0.0
    for value, coordinate, weight in zip(x, centroid, weights):
        t = value - coordinate
        t = t * t
        t = weight * t
        total = total + t
    return total


def label(points, centroids, weights):
    """Return each point's cluster: the nearest centroid, the lowest id of equally near ones."""
    labels = []
    for x in points:
        distances = [distance(x, centroid, weights) for centroid in centroids]
        labels.append(distances.index(min(distances)))
    return labels


def cluster_sums(integers, labels, k):
    """Return the counts of k clusters, and their sums: k lists of d integers."""
    counts, sums = [0] * k, [[0] * len(integers[0]) for _ in range(k)]
    for row, cluster in zip(integers, labels):
        counts[cluster] += 1
        sums[cluster] = [a + b for a, b in zip(sums[cluster], row)]
    return counts, sums


def means(sums, grids, previous):
    """Return the new centroids: exact means, rounded once; an empty cluster keeps its own."""
    return [
        (
            tuple(to_float(total * step / count) for total, step in zip(totals, grids))
            if count
            else old
        )
        for count, totals, old in zip(*sums, previous)
    ]


def inertia_by_sums(centroids, sums, integers, grids, weights):
    """Return Sum_j w_j [Sum x_j**2 - Sum_k (2 c_kj S_kj - n_k c_kj**2)], a Fraction."""
    total = Fraction(0)
    for j, (step, weight) in enumerate(zip(grids, weights)):
        part = sum(row[j] ** 2 for row in integers) * step**2
        for count, totals, centroid in zip(*sums, centroids):
            c = Fraction(centroid[j])
            part -= 2 * c * totals[j] * step - count * c * c
        total += Fraction(weight) * part
    return total


def inertia_by_rows(centroids, labels, integers, grids, weights):
    """Return the same by its meaning: each row's exact weighted squared distance to its centroid,
    added up."""
    return sum(
        (
            Fraction(weight) * (i * step - Fraction(c)) ** 2
            for row, cluster in zip(integers, labels)
            for i, step, c, weight in zip(row, grids, centroids[cluster], weights)
        ),
        Fraction(0),
    )


# Spread


def variances(integers, grids):
    """Return the population variance of each feature, a Fraction."""
    n = len(integers)
    return [
        (n * sum(i * i for i in column) - sum(column) ** 2) * step**2 / n**2
        for column, step in zip(zip(*integers), grids)
    ]


def standard_deviations(integers, grids):
    return [square_root(variance) for variance in variances(integers, grids)]


def square_root(exact):
    """Return the float nearest to the root of a Fraction (found to 2**-1200, far below a float's
    last bit)."""
    return to_float(Fraction(math.isqrt(4**1200 * exact.numerator // exact.denominator), 2**1200))


def standardizing_weights(rows):
    """Return 1 / variance of each feature, 0 for a constant one."""
    grids = choose_grids(rows)
    return [
        to_float(1 / variance) if variance else 0.0
        for variance in variances(to_integers(rows, grids), grids)
    ]


def shift(old, new, deviations):
    """Return the largest move of a centroid, as a root mean square over the features that vary, in
    standard deviations."""
    varying = [j for j, deviation in enumerate(deviations) if deviation > 0]
    largest = 0.0
    for before, after in zip(old, new):
        squares = 0.0
        for j in varying:
            step = (after[j] - before[j]) / deviations[j]
            squares = squares + step * step
        largest = max(largest, squares)
    return math.sqrt(largest / len(varying)) if varying else 0.0


# Chance


def row_hash(row, *more):
    """Return the hash of a row of floats (None is a missing value): SplitMix64 over 0, 0, the
    values' bits, and more numbers."""
    return chain(0, 0, *map(float_bits, row), *more)


def seeded_hash(row, seed, round):
    """Return the hash of a row for a seed and a round."""
    return row_hash(row, chain(seed, round))


def chain(*numbers):
    state = 0
    for number in numbers:
        state = split_mix(state + number)
    return state


def float_bits(value):
    if value is None:
        return 0x7FF8000000000000
    return int.from_bytes(struct.pack('>d', value + 0.0), 'big')


def split_mix(z):
    """Return the output of SplitMix64 in state z (the first number of seed 1234567, as its authors'
    C code prints it).

    >>> split_mix(1234567)
    6457827717110365317
    """
    z = (z + 0x9E3779B97F4A7C15) % 2**64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    return z ^ (z >> 31)


def fingerprint(rows):
    """Return the sum of all row hashes modulo 2**64."""
    return sum(map(row_hash, rows)) % 2**64


def draw_rows(rows, centroids, weights, seed, number, n_rows):
    """Return a draw: distinct rows with their counts, the largest distance / u first, and the
    threshold, the first that is not among them; u is a row's hash in (0, 1]."""
    points = to_points(to_integers(rows, choose_grids(rows)), choose_grids(rows))
    counts = {}
    for point in points:
        counts[tuple(point)] = counts.get(tuple(point), 0) + 1
    scores = []
    for point in counts:
        nearest = min(distance(point, centroid, weights) for centroid in centroids)
        u = ((seeded_hash(point, seed, 16 + number) >> 11) + 1) / 2**53
        if nearest > 0:
            scores.append((-min(nearest, 2.0**960) / u, point))
    scores.sort()
    threshold = -scores[n_rows][0] if len(scores) > n_rows else 0.0
    return [(point, counts[point]) for _, point in scores[:n_rows]], threshold


def hash_sample(rows, capacity, seed, round):
    """Return the `capacity` distinct rows of smallest (hash, values), each with its
    multiplicity."""
    distinct = sorted(set(map(tuple, rows)), key=lambda row: (seeded_hash(row, seed, round), row))
    return [(row, sum(tuple(other) == row for other in rows)) for row in distinct[:capacity]]
