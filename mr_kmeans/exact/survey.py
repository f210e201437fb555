"""The survey: the facts that one pass determines about the rows (counts, moments, a fingerprint and
a sample), and their merge.

The same records are sent from the survey job's mapper to its reducer, and from a pack task to the
driver:

=============================  ====================================================================
key                            value
=============================  ====================================================================
``['rows']``                   ``{'rows': points, 'vanished': values that become 0 on their grid,
                               'fingerprint': sum of the row hashes mod 2**64}``
``['feature', j]``             the `Moments` of feature j
``['sample']``                 the `HashSample` of the seed
``['split', file, start]``     the `Tally` of a split of text
=============================  ====================================================================
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from mr_kmeans.exact import hashing
from mr_kmeans.exact.column import Column
from mr_kmeans.exact.feature_space import FeatureSpace
from mr_kmeans.exact.grid import BINARY, Grid, choose_grid
from mr_kmeans.exact.moments import Moments
from mr_kmeans.exact.points import Origin, Points
from mr_kmeans.json_fields import Field
from mr_kmeans.messages import counted

SAMPLE_ROUND = 1
"""Round of `hashing.seeded_hashes` for the sample."""

_WORD = 2**64


class Surveyor:
    """Collector of a task's survey.

    Parameters
    ----------
    seed : int
    capacity : int
        The capacity of the sample.
    space : FeatureSpace, optional
        The space on whose grids rows are rounded first; without it they are used unchanged.
    """

    def __init__(self, seed: int, capacity: int, space: Optional[FeatureSpace] = None):
        self._seed, self._capacity, self._space = seed, capacity, space
        self._rows = self._fingerprint = self._vanished = 0
        self._moments: List[Moments] = []
        self._sample: Optional[hashing.HashSample] = None

    def add(self, points: Points) -> None:
        """Add a batch of points."""
        columns = points.columns
        if self._space is None:
            moments = [Moments.of(column) for column in columns]
        else:
            moments, columns = self._on_grids(columns, self._space)
        self._moments = (
            [a.merge(b) for a, b in zip(self._moments, moments)] if self._moments else moments
        )
        if self._sample is None:
            self._sample = hashing.HashSample(self._capacity, len(columns))
        self._rows += len(points.rows)
        hashes = hashing.row_hashes(columns)
        self._fingerprint = (self._fingerprint + hashing.fingerprint(hashes)) % _WORD
        self._sample.add(hashing.seeded_hashes(hashes, self._seed, SAMPLE_ROUND), columns)

    def _on_grids(
        self, columns: List[Column], space: FeatureSpace
    ) -> Tuple[List[Moments], List[Column]]:
        """Return the moments of columns on their grids, and the gridded values as columns."""
        integers = space.to_integers(columns)
        self._vanished += sum(
            grid.count_vanished(*one) for grid, *one in zip(space.grids, columns, integers)
        )
        moments = [Moments.of_grid(*one) for one in zip(columns, space.grids, integers)]
        return moments, space.to_columns(integers)

    def records(self) -> Iterator[Tuple[list, object]]:
        """Yield the task's records, except the tallies."""
        if not self._rows:
            return
        yield (
            ['rows'],
            {'rows': self._rows, 'vanished': self._vanished, 'fingerprint': self._fingerprint},
        )
        for j, moments in enumerate(self._moments):
            yield ['feature', j], moments.to_json()
        yield ['sample'], self._sample.to_json()


def merge_values(key: Sequence, values: Iterable) -> object:
    """Merge the values of one key; this is associative and commutative."""
    values = iter(values)
    merged = next(values)
    if key[0] == 'feature':
        merged = Moments.from_json(merged)
        for value in values:
            merged = merged.merge(Moments.from_json(value))
        return merged.to_json()
    if key[0] == 'sample':
        merged = hashing.HashSample.from_json(merged)
        for value in values:
            merged.merge(hashing.HashSample.from_json(value))
        return merged.to_json()
    for value in values:
        if key[0] != 'rows':
            raise ValueError(f'two records for {key}')
        merged = {
            'rows': merged['rows'] + value['rows'],
            'vanished': merged['vanished'] + value['vanished'],
            'fingerprint': (merged['fingerprint'] + value['fingerprint']) % _WORD,
        }
    return merged


class Survey(NamedTuple):
    """The facts known about the rows.

    Attributes
    ----------
    n_samples : int
    vanished : int
        The number of values that are not 0 but become 0 on their grid.
    fingerprint : int
    moments : list of d Moments
    sample : HashSample or None
    tallies : dict of Origin to dict
        `Tally.to_json` of each split of text.
    """

    n_samples: int
    vanished: int
    fingerprint: int
    moments: List[Moments]
    sample: Optional[hashing.HashSample]
    tallies: Dict[Origin, Dict]

    @classmethod
    def of_records(cls, records: Iterable[Tuple[Sequence, Any]]) -> Survey:
        """Return the survey given by records, one or several per key."""
        merged: Dict[Tuple, Any] = {}
        sample: Optional[hashing.HashSample] = None
        for key, value in records:  # one by one: each of many tasks may have a sample
            key = tuple(key)
            if key[0] == 'sample':
                part = hashing.HashSample.from_json(value)
                if sample is None:
                    sample = part
                else:
                    sample.merge(part)
            else:
                merged[key] = merge_values(key, [merged[key], value]) if key in merged else value
        rows = merged.get(('rows',), {'rows': 0, 'vanished': 0, 'fingerprint': 0})
        features = sorted(key[1] for key in merged if key[0] == 'feature')
        return cls(
            rows['rows'],
            rows['vanished'],
            rows['fingerprint'],
            [Moments.from_json(merged['feature', j]) for j in features],
            sample,
            {Origin(key[1], key[2]): value for key, value in merged.items() if key[0] == 'split'},
        )

    def grids(self) -> List[Grid]:
        """Return the grid of each feature."""
        return [choose_grid(moments.decimals, moments.largest) for moments in self.moments]

    @property
    def needs_grids(self) -> bool:
        """Whether rows change on their grid, so that sums, fingerprint and sample require another
        pass with the space.
        """
        return any(grid.kind == BINARY for grid in self.grids())

    def space(
        self, features: Sequence[str], weights: Optional[Sequence[float]] = None
    ) -> FeatureSpace:
        """Return the space of the run; weights are 1 by default."""
        return FeatureSpace(
            list(features),
            self.grids(),
            [1.0] * len(self.moments) if weights is None else [float(w) for w in weights],
        )

    @property
    def is_cut(self) -> bool:
        """Whether a task did not read all of its text because of too many bad rows."""
        return any(tally.get('stopped') for tally in self.tallies.values())

    def to_json(self, space: FeatureSpace) -> Dict:
        """Return what a run stores, as plain JSON types, without the sample and the tallies."""
        return {
            'n_samples': self.n_samples,
            'vanished': self.vanished,
            'fingerprint': self.fingerprint,
            'moments': [moments.to_json() for moments in self.moments],
            'space': space.to_json(),
        }

    @classmethod
    def from_json(cls, plain: Dict) -> Survey:
        """Return the survey that `to_json` wrote.

        Raises
        ------
        FieldError
            If a field is invalid or contradicts another.
        """
        field = Field(plain)
        n_samples = field.get('n_samples').whole(1)
        grids, moments = FeatureSpace.from_json(field.get('space').value).grids, []
        for one, grid in zip(field.get('moments').items(len(grids), 'features'), grids):
            found = Moments.from_json(one.value, one.name)
            one.check(found.count == n_samples, f'of {n_samples} values')
            same = found.fits(grid) and choose_grid(found.decimals, found.largest) == grid
            one.check(same, f'of values on the grid {grid.to_json()}')
            moments.append(found)
        return cls(
            n_samples,
            field.get('vanished').whole(),
            field.get('fingerprint').whole(0, _WORD - 1),
            moments,
            None,
            {},
        )


def differing(was: Survey, was_space: FeatureSpace, now: Survey, now_space: FeatureSpace) -> str:
    """Return the first difference between two surveys in words; empty if the rows are the same, in
    any order.
    """
    if was.n_samples != now.n_samples:
        return f'there were {counted(was.n_samples, "row")}, now {now.n_samples:,}'
    for name, old, new, old_grid, new_grid in zip(
        was_space.features, was.moments, now.moments, was_space.grids, now_space.grids
    ):
        if old.to_json() != new.to_json() or old_grid != new_grid:
            return f'there are other values in column {name!r}'
    return (
        ''
        if was.fingerprint == now.fingerprint
        else 'the values of each column have the same sums, those of the rows differ'
    )
