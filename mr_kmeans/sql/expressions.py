"""SQL expressions that the driver writes from grids, limits and weights. They contain numbers only,
no text of users.
"""

from __future__ import annotations

import math

from mr_kmeans.exact.column import MAX_DECIMALS
from mr_kmeans.exact.grid import DECIMAL, Grid

UNDECIDED = 99
"""Value for "no number of decimals"."""


def number(value: float) -> str:
    """Return a float64 as an expression: exact, a float64 in every database."""
    return f"CAST('{float(value)!r}' AS float8)"


NAN = "CAST('NaN' AS float8)"


def decimals(x: str) -> str:
    """Return the smallest p of 0 to 15 with rint(x * 10**p) / 10**p = x, else UNDECIDED.

    Beyond 2**52 / 10**p the test means nothing; the exact limit, 2**51, is checked by
    `choose_grid`.
    """
    cases = [
        f'WHEN NOT abs({x}) < {number(2.0**52)} THEN {UNDECIDED} WHEN CAST(CAST({x} AS bigint) AS'
        f' float8) = {x} THEN 0'
    ]
    for p in range(1, MAX_DECIMALS + 1):
        power = number(10.0**p)
        cases.append(
            f'WHEN abs({x}) >= {number(2.0**52 / 10.0**p)} THEN {UNDECIDED} '
            f'WHEN CAST(CAST({x} * {power} AS bigint) AS float8) / {power} = {x} THEN {p}'
        )
    return f'CASE {" ".join(cases)} ELSE {UNDECIDED} END'


def grid_integer(x: str, grid: Grid) -> str:
    """Return the grid integer of a value of the data the grid was chosen from; casts round ties to
    even.
    """
    if grid.kind == DECIMAL:
        return (
            f'CAST({x} * {number(10.0**grid.exponent)} AS bigint)'
            if grid.exponent
            else f'CAST({x} AS bigint)'
        )
    # what is nearer to 0 than to a step is 0; some databases refuse a quotient that underflows
    half = math.ldexp(0.5, grid.exponent)
    return (
        f'CASE WHEN abs({x}) <= {number(half)} THEN 0 ELSE CAST({_divided(x, grid.exponent)} AS'
        ' bigint) END'
    )


def of_integer(i: str, grid: Grid) -> str:
    """Return the gridded value of a grid integer."""
    if grid.kind == DECIMAL:
        return f'CAST({i} AS float8) / {number(10.0**grid.exponent)}'
    return f'CAST({i} AS float8) * {number(math.ldexp(1.0, grid.exponent))}'


def grid_value(x: str, grid: Grid) -> str:
    """Return the gridded value of a value of the data the grid was chosen from."""
    if grid.kind == DECIMAL:
        return x
    return of_integer(grid_integer(x, grid), grid)


def vanishes(x: str, grid: Grid) -> str:
    """Return whether a value that is not 0 is on its grid."""
    return (
        'false'
        if grid.kind == DECIMAL
        else f'{x} <> 0 AND abs({x}) <= {number(math.ldexp(0.5, grid.exponent))}'
    )


def snapped(x: str, grid: Grid) -> str:
    """Return the value of any row as it is labeled: unchanged on a decimal grid, rounded to the
    step on a binary one.
    """
    if grid.kind == DECIMAL:
        return x
    return (
        f'CASE WHEN abs({x}) < {number(math.ldexp(2.0**53, grid.exponent))} THEN'
        f' {grid_value(x, grid)} ELSE {x} END'
    )


def _divided(x: str, exponent: int) -> str:
    """Return x / 2**exponent, in two steps where the factor is no float64; exact for x of at least
    a step's half.
    """
    if exponent >= -1022:
        return f'{x} * {number(math.ldexp(1.0, -exponent))}'
    return f'{x} * {number(2.0**537)} * {number(math.ldexp(1.0, -exponent - 537))}'


def mix(h: str, bits: str) -> str:
    """Return the step of the row hash (hashing.py) as a lambda of DuckDB."""
    word = f'(({h}::UHUGEINT + {bits} + 11400714819323198485) & 18446744073709551615)::UBIGINT'
    for shift, factor in ((30, 13787848793156543929), (27, 10723151780598845931)):
        word = (
            f'(xor({word}, {word} >> {shift})::UHUGEINT * {factor} & 18446744073709551615)::UBIGINT'
        )
    return f'lambda {h}, {bits}: xor({word}, {word} >> 31)'
