"""Passes over rows in memory, without a job: the reference labels and sums."""

import numpy as np
import reference

from mr_kmeans.algorithm.draw import DrawnRows
from mr_kmeans.algorithm.lloyd import PassCost, Passes, RowFacts, collect
from mr_kmeans.exact.column import from_floats
from mr_kmeans.exact.points import Origin, Points
from mr_kmeans.exact.survey import Survey, Surveyor


def facts_of(rows, weights=None):
    """Return what the driver knows of the rows."""
    surveys = []
    for space in (None, Survey.space):
        surveyor = Surveyor(0, 2, surveys[0].space(['a', 'b']) if space else None)
        surveyor.add(
            Points(
                [from_floats(np.array(column)) for column in zip(*rows)],
                np.arange(len(rows)),
                None,
                Origin('', 0),
            )
        )
        surveys.append(Survey.of_records(surveyor.records()))
    return RowFacts.of_survey(surveys[1], surveys[1].space(['a', 'b'], weights))


def pass_over(rows, iteration, facts):
    """Return the records that a job would return: the reference's labels and sums, the product's
    division."""
    steps = reference.choose_grids(rows)
    integers = reference.to_integers(rows, steps)
    labels = reference.label(
        reference.to_points(integers, steps), iteration.centroids.tolist(), facts.space.weights
    )
    sums = reference.cluster_sums(integers, labels, len(iteration.centroids))
    return [
        (
            cluster,
            {
                'count': count,
                'totals': totals,
                'centroid': [
                    grid.ratio(total, count) for grid, total in zip(facts.space.grids, totals)
                ],
            },
        )
        for cluster, (count, totals) in enumerate(zip(*sums))
        if count
    ]


class PassesInMemory(Passes):
    """Passes over rows in memory."""

    def __init__(self, rows, facts, cost=None):
        self.facts, self._rows, self._cost = facts, rows, cost or PassCost()

    def __call__(self, iterations, draw=None):
        return [
            collect(
                pass_over(self._rows, iteration, self.facts),
                *iteration.centroids.shape,
                len(self._rows),
            )._replace(cost=self._cost, drawn=draw and self._draw(iteration, draw))
            for iteration in iterations
        ]

    def _draw(self, iteration, draw):
        drawn, threshold = reference.draw_rows(
            self._rows, iteration.centroids.tolist(), self.facts.space.weights, *draw
        )
        rows = np.array([row for row, _ in drawn]).reshape(len(drawn), len(self._rows[0]))
        return DrawnRows(rows, np.array([count for _, count in drawn], dtype=int), threshold)
