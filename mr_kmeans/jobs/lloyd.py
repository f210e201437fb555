"""The base of all variants of the Lloyd iteration: labels and sums of a task's points, and the
merge in the reducer.

A pass may serve several candidates at once: each ``--centroids`` file is one, and they are numbered
in this order. Keys are ``[candidate, cluster_id]``, values ``[count, totals]`` with the totals in
steps of the features' grids. With ``--draw``, rows are drawn as well (algorithm/draw.py): their
keys are ``[candidate, "drawn"]``, their values those of `Drawer`.
"""

from __future__ import annotations

import re
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from mr_kmeans.algorithm.assigner import Assigner
from mr_kmeans.algorithm.draw import Draw, Drawer, hashes_of, merge
from mr_kmeans.algorithm.sums import PartialSums
from mr_kmeans.errors import UsageError
from mr_kmeans.formats.centroid_file import read_centroid_file
from mr_kmeans.jobs.base import PointsJob

DRAWN = 'drawn'
"""In keys, in the place of a cluster: rows that are drawn."""


class LloydJob(PointsJob):
    """Assign each point to its nearest centroid and sum the points per cluster."""

    DOING = 'a pass over the rows'

    drawers: Sequence[Drawer] = ()

    def configure_args(self):
        super().configure_args()
        self.add_space_arg()
        self.add_file_arg(
            '--centroids',
            metavar='FILE',
            action='append',
            help=(
                'a centroid file; its last iteration is used. May be given several times: '
                'each is a candidate, and all share one pass'
            ),
        )
        self.add_passthru_arg(
            '--draw',
            metavar='SEED,NUMBER,ROWS',
            help='also draw rows that are far from the centroids, three whole numbers',
        )

    def load_draw(self) -> Optional[Draw]:
        """Return what to draw, None for nothing."""
        text = self.options.draw
        if text is None:
            return None
        if not re.fullmatch(r'\d+,\d+,[1-9]\d*', text, re.ASCII):
            raise UsageError(
                '--draw: expected SEED,NUMBER,ROWS in whole numbers, such as 0,0,100; found:'
                f' {text}'
            )
        return Draw(*map(int, text.split(',')))

    def load_candidates(self):
        """Return the feature space, and an `Assigner` per candidate; all centroids have the
        same d.
        """
        space = self.load_space()
        assigners, self.sizes = [], []
        for path in self.options.centroids:
            with open(path, encoding='utf-8') as stream:
                centroids = read_centroid_file(stream.read(), path)[-1].centroids
            self.sizes.append(len(centroids))
            assigners.append(Assigner(centroids, space.grids, np.array(space.weights)))
        return space, assigners

    def assigned(self, batches) -> Iterator[Tuple[int, np.ndarray, List[np.ndarray]]]:
        """Yield (candidate, labels (n,), grid integers d × (n,)) for each batch and candidate;
        count the rows.
        """
        space, assigners = self.load_candidates()
        draw = self.load_draw()
        if draw is not None:
            self.drawers = [Drawer(draw, len(space.grids)) for _ in assigners]
        for points in batches:
            integers = space.to_integers(points.columns)
            self.count('rows', len(points.rows))
            if draw is not None:
                columns = space.to_columns(integers)
                hashes = hashes_of(columns, draw)
            for candidate, assigner in enumerate(assigners):
                labels, n_slow = assigner.assign(integers)
                self.count('slow_rows', n_slow)
                if draw is not None:
                    distances = assigner.distances(integers, labels)
                    self.drawers[candidate].add(columns, hashes, distances)
                yield candidate, labels, integers

    def map_points(self, batches):
        """Yield the sums of a task's points, then what it has drawn, once per candidate."""
        yield from self.map_sums(batches)
        for candidate, drawer in enumerate(self.drawers):
            yield [candidate, DRAWN], drawer.to_json()

    def map_sums(self, batches):
        """Yield (key, value) of the sums of a task's points."""
        raise NotImplementedError

    def reducer(self, key, values):
        """Merge the sums of a cluster and divide: ([candidate, cluster], [count, totals]), … →
        ([candidate, cluster], {count, totals, centroid}); merge what was drawn.
        """
        if key[1] == DRAWN:
            yield key, merge(values)
            return
        space = self.load_space()
        count, totals = merge_all(values)
        centroid = [grid.ratio(total, count) for grid, total in zip(space.grids, totals)]
        yield key, {'count': count, 'totals': totals, 'centroid': centroid}


def merge_values(key, values):
    """Merge what tasks send of one key: partial sums, or drawn rows."""
    return merge(values) if key[1] == DRAWN else merge_all(values)


class TaskSums:
    """The partial sums of a task, per candidate."""

    def __init__(self):
        self._sums: Dict[int, PartialSums] = {}

    def add(self, candidate: int, k: int, labels: np.ndarray, integers: List[np.ndarray]) -> None:
        """Add the sums of a batch."""
        if candidate not in self._sums:
            self._sums[candidate] = PartialSums(k, len(integers))
        self._sums[candidate].add(labels, integers)

    def items(self):
        """Yield ([candidate, cluster], [count, totals]) of each cluster that has points."""
        for candidate, sums in self._sums.items():
            for cluster, (count, totals) in enumerate(zip(sums.counts, sums.totals)):
                if count:
                    yield [candidate, cluster], [count, totals]


def merge_all(values):
    """Merge the [count, totals] of one cluster into one; in whole numbers this is associative and
    commutative.
    """
    count, totals = 0, None
    for more, others in values:
        count += more
        totals = others if totals is None else [a + b for a, b in zip(totals, others)]
    return [count, totals]
