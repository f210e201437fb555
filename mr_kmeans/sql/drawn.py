"""Rows far from the centroids, drawn by a statement: the same rows as the jobs draw
(algorithm/draw.py).
"""

from __future__ import annotations

from typing import Dict

import numpy as np

from mr_kmeans.algorithm.draw import MAX_DISTANCE, Draw, DrawnRows
from mr_kmeans.algorithm.lloyd import RowFacts
from mr_kmeans.sql import expressions
from mr_kmeans.sql.database import Database
from mr_kmeans.sql.survey import seeded_hashes_of
from mr_kmeans.sql.templates import numbered

UNIT = 2.0**-53
"""Step of u."""


def find_drawn(engine: Database, facts: RowFacts, centroids: np.ndarray, draw: Draw) -> DrawnRows:
    """Return rows drawn by their distances to the centroids, which the view mr_kmeans_centers
    has.
    """
    k, d = centroids.shape
    parameters: Dict[str, float] = {}
    is_wide = k * d > engine.max_terms and 'measured_many' in engine.own_statements
    if not is_wide:  # PostgreSQL's statement reads them from the view
        parameters.update(numbered('w', facts.space.weights))
        for cluster, centroid in enumerate(centroids.tolist()):
            parameters.update(numbered(f'm_{cluster}', centroid))
    engine.prepare_hashes()
    measured = 'measured_many' if is_wide else 'measured'
    most = {'most': expressions.number(MAX_DISTANCE)}
    names = {
        'measured': engine.statement(measured, d, k, most),
        'unit': expressions.number(UNIT),
        'capacity': str(draw.capacity),
        **seeded_hashes_of(engine, d, draw.seed, draw.round),
    }
    answer = engine.run('drawn', parameters, d, k, names)
    scores = np.array([row[0] for row in answer], dtype=np.float64)
    rows = np.array([row[1:-1] for row in answer], dtype=np.float64).reshape(len(answer), d)
    counts = np.array([row[-1] for row in answer], dtype=np.int64)
    return DrawnRows.of(draw, scores, rows + 0.0, counts)
