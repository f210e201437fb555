"""Passes over rows in memory, without a job: the reference labels and sums."""

import numpy as np
import reference

from mr_kmeans.algorithm.lloyd import RowFacts
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
