"""The survey by SQL: counts, ranges and decimals; sums on the grids; the fingerprint; a sample of
distinct rows.
"""

from __future__ import annotations

import base64
from typing import Dict, Iterator, List, NamedTuple, Sequence, Tuple

import numpy as np

from mr_kmeans.exact.column import RAW
from mr_kmeans.exact.grid import BINARY, DECIMAL, MAX_VALUE, Grid, choose_grid
from mr_kmeans.exact.hashing import HashSample, chain_start
from mr_kmeans.exact.moments import Moments
from mr_kmeans.exact.survey import SAMPLE_ROUND, Survey
from mr_kmeans.sql import expressions
from mr_kmeans.sql.database import Database
from mr_kmeans.sql.templates import numbered

_WORD, _HALF = 2**64, 2**63
_MIX = expressions.mix('h', 'b')

SPARE = 1.5
"""Factor by which more rows than wanted are looked for in a sample; among distinct rows, few
samples are then too small."""

PART = 64
"""Number of features per statement: planning takes long for more, and PostgreSQL's select lists are
limited."""


class Ranges(NamedTuple):
    """What is known of the rows before their grids are known.

    Attributes
    ----------
    n_rows, n_good, n_too_large : int
        All; those that can be used; those with a value that cannot be squared. The others miss a
        value.
    minima, maxima : list of d float
    decimals : list of d int
    """

    n_rows: int
    n_good: int
    n_too_large: int
    minima: List[float]
    maxima: List[float]
    decimals: List[int]

    def grids(self) -> List[Grid]:
        """Return the grid of each feature."""
        return [
            choose_grid(decimals, max(-low, high) + 0.0)
            for decimals, low, high in zip(self.decimals, self.minima, self.maxima)
        ]


def find_ranges(engine: Database, d: int) -> Ranges:
    """Return the ranges of the view mr_kmeans_values, in a pass per PART features."""
    values: List = []
    counts: Tuple = ()
    limits = {'limit': expressions.number(MAX_VALUE), 'nan': expressions.NAN}
    for part in _parts(d):
        ranges = ', '.join(
            engine.statement(
                'range', names={'v': f'v_{j}', 'decimals': expressions.decimals(f'v_{j}')}
            )
            for j in part
        )
        is_too_large = 'false' if counts else engine.statement('too_large', d, names=limits)
        row = engine.run(
            'ranges', d=d, names=dict(limits, ranges=ranges, is_too_large=is_too_large)
        )[0]
        counts = counts or row[:3]
        values += row[3:]
    n_rows, n_good, n_too_large = counts
    if not n_good:
        return Ranges(n_rows, 0, n_too_large, [], [], [])
    return Ranges(
        n_rows,
        n_good,
        n_too_large,
        [low + 0.0 for low in values[::3]],
        [high + 0.0 for high in values[1::3]],
        [RAW if decimals == expressions.UNDECIDED else int(decimals) for decimals in values[2::3]],
    )


def find_moments(engine: Database, ranges: Ranges, grids: Sequence[Grid]) -> List[Moments]:
    """Return the moments of each feature, from a pass over the view mr_kmeans_points per PART
    features.
    """
    sums: List = []
    for part in _parts(len(grids)):
        names = {
            'moments': ', '.join(engine.statement('moments', names={'i': f'i_{j}'}) for j in part)
        }
        count, *found = engine.run('sums', names=names)[0]
        sums += found
    moments = []
    for j, grid in enumerate(grids):
        total, high, mixed, low = (int(value) for value in sums[4 * j : 4 * j + 4])
        decimals = RAW if grid.kind == BINARY else ranges.decimals[j]
        moments.append(
            Moments(
                count,
                ranges.minima[j],
                ranges.maxima[j],
                decimals,
                grid,
                total,
                (high << 54) + (mixed << 28) + low,
            )
        )
    return moments


def count_vanished(engine: Database, grids: Sequence[Grid]) -> int:
    """Return how many values are not 0, but are on their grid: only binary ones round."""
    if all(grid.kind == DECIMAL for grid in grids):
        return 0
    names = numbered(
        'vanishes', (expressions.vanishes(f'v_{j}', grid) for j, grid in enumerate(grids, 1))
    )
    return int(
        engine.run(
            'vanished', d=len(grids), names=dict(names, limit=expressions.number(MAX_VALUE))
        )[0][0]
    )


def find_fingerprint(engine: Database, d: int, n: int) -> int:
    """Return the sum of the row hashes modulo 2**64."""
    total = engine.run('fingerprint', d=d, names=hashes_of(engine, d))[0][0]
    return (int(total or 0) + n * _HALF) % _WORD


def find_sample(
    engine: Database, d: int, n: int, seed: int, capacity: int
) -> Tuple[int, HashSample]:
    """Return the fingerprint, and the `capacity` distinct rows of the smallest seeded hashes.

    Rows up to a limit are requested; as hashes are spread evenly, it is known about where they end.
    Where many rows are equal, fewer are found than there should be, and the limit is raised.
    """
    limit = min(_WORD - 1, int(_WORD * SPARE * capacity / n) + 1)
    names = seeded_hashes_of(engine, d, seed, SAMPLE_ROUND)
    while True:
        rows = engine.run('sample', {'most': limit - _HALF}, d, names=names)
        drawn = [row for row in rows if row[0] is not None]
        if len(drawn) >= capacity or limit == _WORD - 1:
            fingerprint = (sum(int(row[-1]) for row in rows) + n * _HALF) % _WORD
            return fingerprint, _to_sample(drawn[:capacity], capacity, d)
        limit = min(_WORD - 1, limit * max(4, int(2 * capacity / (len(drawn) + 1))))


def survey(
    engine: Database, ranges: Ranges, grids: Sequence[Grid], seed: int, capacity: int
) -> Survey:
    """Return what is known of the rows of the view mr_kmeans_points."""
    d = len(grids)
    moments = find_moments(engine, ranges, grids)
    n = moments[0].count
    engine.prepare_hashes()
    fingerprint, sample = find_sample(engine, d, n, seed, capacity)
    return Survey(n, count_vanished(engine, grids), fingerprint, moments, sample, {})


def _parts(d: int) -> Iterator[range]:
    """Return the numbers of the features, PART at a time."""
    return (range(first, min(first + PART, d + 1)) for first in range(1, d + 1, PART))


def hashes_of(engine: Database, d: int) -> Dict[str, str]:
    """Return the name `hashes` of a statement: the select that makes `hashed`, the rows with their
    hashes.
    """
    start = chain_start(0, 0)
    names = {'d': d, 'start': start, 'signed_start': _signed(start), 'mix': _MIX}
    is_wide = d > engine.max_hashed
    return {'hashes': engine.statement('hashes_wide' if is_wide else 'hashes', d, names=names)}


def seeded_hashes_of(engine: Database, d: int, seed: int, round: int) -> Dict[str, str]:
    """Return the names `hashes` and `seeded` of a statement: the selects that make `hashed`, and
    `seeded` from it, with the hashes for a seed and a round besides.
    """
    word = chain_start(seed, round)
    names = {'word': word, 'signed_word': _signed(word), 'mix': _MIX}
    return dict(hashes_of(engine, d), seeded=engine.statement('seeded', names=names))


def _signed(word: int) -> int:
    """Return 64 bits as a signed integer, for a database without unsigned ones."""
    return word - _WORD if word >= _HALF else word


def _to_sample(rows: Sequence[Tuple], capacity: int, d: int) -> HashSample:
    hashes = np.array([row[0] + _HALF for row in rows], dtype=np.uint64)
    values = np.array([row[1:-2] for row in rows], dtype=np.float64).reshape(len(rows), d) + 0.0
    counts = np.array([row[-2] for row in rows], dtype=np.int64)
    return HashSample.from_json(
        [capacity, d]
        + [
            base64.b64encode(array.astype(array.dtype.newbyteorder('<')).tobytes()).decode('ascii')
            for array in (hashes, values, counts)
        ]
    )
