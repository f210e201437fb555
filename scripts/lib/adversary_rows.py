"""Nasty numbers for soak_adversary: columns of texts, and what a fit of their rows needs.

A column is made as texts, since how a number is written is half of the attack; its values are what
Python's float makes of them.
"""

import random
from decimal import Decimal
from typing import List, NamedTuple, Optional, Tuple

import reference

LARGEST = 2**500
DENORMAL = 5e-324


class Problem(NamedTuple):
    """Rows, and a fit of them; `start` is a list of rows, 'random' or 'sample'."""

    texts: List[Tuple[str, ...]]
    rows: List[Tuple[float, ...]]
    k: int
    start: object
    weights: Optional[List[float]]
    max_iter: int
    tol: float
    kinds: List[str]


def make_problem(chance: random.Random) -> Problem:
    """Return a problem of 1 to 60 rows of up to 6 features; now and then of some thousand rows."""
    many = chance.random() < 0.04
    n = chance.randint(1500, 4000) if many else chance.choice([1, 2, 3, chance.randint(4, 60)])
    kinds = chance.choices(list(KINDS), k=chance.randint(1, 2 if many else 6))
    columns = [KINDS[kind](chance, n) for kind in kinds]
    texts = list(zip(*columns))
    if chance.random() < 0.3:  # few distinct rows, each several times
        few = texts[: chance.randint(1, 5)]
        texts = [chance.choice(few) for _ in texts]
    rows = [tuple(float(text) + 0.0 for text in row) for row in texts]
    k, start = make_start(chance, rows)
    weights = [chance.choice([0.0, 1e-9, 0.1, 1.0, 3.0, 1e6]) for _ in kinds[1:]]
    weights.insert(chance.randrange(len(kinds)), 2.0)  # not all of them 0
    tol = chance.choice([0.0, 1e-4, 0.3])
    return Problem(
        texts,
        rows,
        k,
        start,
        weights if chance.random() < 0.15 else None,
        chance.randint(1, 4),
        tol,
        kinds,
    )


def make_start(chance, rows):
    """Return k and a start: k distinct rows as a fit knows them, 'random' or 'sample'."""
    points = sorted(set(points_of(rows)))
    k = chance.choice([1, len(points), len(points), 2, 3, chance.randint(1, 8)])
    k = min(k, len(points), 8 if len(rows) > 100 else 40)
    if chance.random() < 0.03 and len(points) < 40:
        return len(points) + 1, 'random'  # one more than there are: refused
    if chance.random() < 0.3:
        return k, 'sample' if chance.random() < 0.5 or len(rows) > 100 else 'random'
    start = chance.sample(points, k)
    if chance.random() < 0.3:  # near the rows, or far from them, but on none
        moved = [
            tuple(value + chance.choice([0.0, 1.0, 1e-9, abs(value) / 3]) for value in row)
            for row in start
        ]
        start = [row if max(map(abs, row)) <= LARGEST else old for row, old in zip(moved, start)]
    start = list(dict.fromkeys(start))
    return len(start), start


def points_of(rows):
    """Return the rows on their grids."""
    grids = reference.choose_grids(rows)
    return reference.to_points(reference.to_integers(rows, grids), grids)


# Columns: n texts of numbers each


def denormals(chance, n):
    return [repr(chance.randint(-9, 9) * DENORMAL) for _ in range(n)]


def edges(chance, n):
    """The largest numbers that are taken, and what lies just below."""
    values = [2.0**500, -(2.0**500), 2.0**499, 1e150, 0.0, -1.0]
    return [repr(chance.choice(values)) for _ in range(n)]


def offset_eighths(chance, n):
    """1e15 and something small that is exact."""
    return [repr(1e15 + chance.randint(0, 60) / 8) for _ in range(n)]


def offset_decimals(chance, n):
    base = chance.choice([10**6, 10**12, -(10**9)])
    return ['%d.%02d' % (base, chance.randint(0, 99)) for _ in range(n)]


def seventeen_digits(chance, n):
    return ['%.17g' % chance.gauss(0, 10.0 ** chance.randint(-3, 3)) for _ in range(n)]


def many_digits(chance, n):
    """More digits than any float has."""
    return [
        '%s%d.%s'
        % (
            chance.choice(['', '-', '+']),
            chance.randint(0, 99),
            ''.join(chance.choices('0123456789', k=chance.randint(18, 60))),
        )
        for _ in range(n)
    ]


def exponents(chance, n):
    return [
        '%s%d%s%+d'
        % (
            chance.choice(['', '-']),
            chance.randint(0, 999),
            chance.choice('eE'),
            chance.randint(-20, 20),
        )
        for _ in range(n)
    ]


def mixed_steps(chance, n):
    """No two rows need have the same number of decimals."""
    return ['%.*f' % (chance.randint(0, 7), chance.gauss(0, 50)) for _ in range(n)]


def fifteen_decimals(chance, n):
    """At the end of what is a decimal step, and one beyond."""
    places = chance.choice([14, 15, 16])
    return ['%.*f' % (places, chance.random()) for _ in range(n)]


def constant(chance, n):
    return [chance.choice(['7', '-0', '0.1', '1e140', '1e-310'])] * n


def lattice(chance, n):
    """All ties."""
    return [str(chance.randint(-2, 2)) for _ in range(n)]


def halves(chance, n):
    return [str(chance.randint(-4, 4) / 2) for _ in range(n)]


def zeros(chance, n):
    """Zero, in all ways there are to write it, and a one."""
    words = ['0', '-0', '-0.0', '+0', '0e9', '-.0', '0.', '1', '-0e-400', '1e-400']
    return [chance.choice(words) for _ in range(n)]


def tiny_beside_huge(chance, n):
    return [chance.choice(['1e100', '-1e100', '1e-300', '3.3e99', '0', '2e-308']) for _ in range(n)]


def near_2_51(chance, n):
    """Integers where a decimal grid ends, and where float64 has no more ones."""
    base = 2 ** chance.choice([50, 51, 52, 53])
    return [str(base + chance.randint(-4, 4)) for _ in range(n)]


def coincident_clusters(chance, n):
    """Three places, and rows that are off them by hardly anything."""
    return [
        repr(chance.choice([-1.0, 0.5, 3.0]) + chance.choice([0, 0, 1e-9, -1e-12]))
        for _ in range(n)
    ]


def decimals_in_full(chance, n):
    """Floats with all their digits, hundreds for small ones."""
    return [
        format(Decimal(chance.choice([1e-300, 0.1, 2.0**-1074, 1 / 3, 1e22])), 'f')
        for _ in range(n)
    ]


def leading_zeros(chance, n):
    return [
        '%s%05d.%d00'
        % (chance.choice(['', '+', '-']), chance.randint(0, 300), chance.randint(0, 9))
        for _ in range(n)
    ]


KINDS = {
    function.__name__: function
    for function in (
        denormals,
        edges,
        offset_eighths,
        offset_decimals,
        seventeen_digits,
        many_digits,
        exponents,
        mixed_steps,
        fifteen_decimals,
        constant,
        lattice,
        halves,
        zeros,
        tiny_beside_huge,
        near_2_51,
        coincident_clusters,
        decimals_in_full,
        leading_zeros,
    )
}
