"""A pass as a statement: one transaction that reads the centroids, sums the points of each, and
appends the next iteration.
"""

from __future__ import annotations

import time
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np

from mr_kmeans.algorithm.draw import Draw
from mr_kmeans.algorithm.lloyd import (
    Iteration,
    PassCost,
    Passes,
    PassResult,
    RowFacts,
    collect,
)
from mr_kmeans.errors import RunError
from mr_kmeans.exact.survey import Survey
from mr_kmeans.sql.centroid_table import Centers
from mr_kmeans.sql.database import Database
from mr_kmeans.sql.drawn import find_drawn
from mr_kmeans.sql.limits import check_products
from mr_kmeans.sql.screen import UNIT, Screening
from mr_kmeans.sql.templates import numbered
from mr_kmeans.system.progress import current, still_running

RANKING = 'ranking'

MAX_TERMS = 8192
"""Maximum number of products (k * d) in the statement `screened`, which is planned again in every
pass: 1,140 in 0.2 s, 8,000 in 3 s. Each database has its own limit for `fast`."""

MAX_CLUSTERS = UNIT - 1
"""Maximum number of clusters in the statements `fast` and `screened`, whose inner selects have a
column for each."""


NextOf = Callable[[Iteration, PassResult], Optional[Iteration]]


class SqlPasses(Passes):
    """Makes passes in a database, for one candidate after the other.

    Parameters
    ----------
    engine : Database
        With the view mr_kmeans_points.
    centers : Centers
        The table that the statements read the centroids from.
    facts : RowFacts
    survey : Survey
    screening : Screening or None
        Of these rows, where the engine has a screen.
    plan : one of options.SQL_PLANS
    next_of : callable, optional
        Returns the iteration that is to be appended to the table after a pass, if there is one: of
        a run whose iterations the table keeps. Otherwise the table has those of the present pass
        alone.
    """

    def __init__(
        self,
        engine: Database,
        centers: Centers,
        facts: RowFacts,
        survey: Survey,
        screening: Optional[Screening],
        plan: str,
        next_of: Optional[NextOf] = None,
    ):
        self.facts = facts
        self._engine, self._centers, self._plan, self._next_of = engine, centers, plan, next_of
        self._totals = [
            moments.at(grid)[0] for moments, grid in zip(survey.moments, facts.space.grids)
        ]
        self._screening = screening

    def __call__(
        self, iterations: Sequence[Iteration], draw: Optional[Draw] = None
    ) -> List[PassResult]:
        """Make a pass for each candidate."""
        self._centers.watch(self.facts.space.weights)
        return [self._make(iteration, draw) for iteration in iterations]

    def _make(self, iteration: Iteration, draw: Optional[Draw]) -> PassResult:
        """Make a pass, in one transaction."""
        started = time.monotonic()
        with (
            current().meanwhile(lambda seconds: still_running('a pass over the rows', seconds)),
            self._centers.alone(),
        ):
            self._centers.put(iteration if self._next_of else iteration._replace(number=0))
            found = self._collect(self._ask(iteration), *iteration.centroids.shape)
            if draw is not None:
                drawn = find_drawn(self._engine, self.facts, iteration.centroids, draw)
                found = found._replace(drawn=drawn)
            self._put_next(iteration, found)
        cost = PassCost(
            job_seconds=time.monotonic() - started,
            rows=sum(found.counts),
            slow_rows=self._screening.n_close if self._screening else 0,
            blocks=1,
        )
        return found._replace(cost=cost)

    def _put_next(self, iteration: Iteration, found: PassResult) -> None:
        """Append the iteration that a pass leads to, if the table keeps them."""
        following = self._next_of(iteration, found) if self._next_of else None
        if following is not None:
            self._centers.put(following)

    def take(self, iteration: Iteration, found: PassResult) -> None:
        """Append what a pass would append that was made for the start."""
        if self._next_of:
            with self._centers.alone():
                self._centers.put(iteration)
                self._put_next(iteration, found)

    def _ask(self, iteration: Iteration) -> List[Tuple]:
        """Return (cluster_id, count, sum of i_1, …) of each cluster with points."""
        k, d = iteration.centroids.shape
        if self._engine.extreme_products_fail:
            check_products(self.facts, iteration.centroids)
        if self._plan == RANKING:
            return self._engine.run('ranking', d=d, k=k)
        is_wide = k > MAX_CLUSTERS or k + d > self._engine.max_columns
        if self._screening and not is_wide and k * d <= MAX_TERMS:
            answer = self._screening.ask(iteration.centroids)
            if answer:
                return answer
        if is_wide or k * d > self._engine.max_terms:
            return self._engine.run('fast_many', d=d, k=k)
        return self._ask_fast(iteration.centroids)

    def _ask_fast(self, centroids: np.ndarray) -> List[Tuple]:
        k, d = centroids.shape
        weights = self.facts.space.weights
        parameters: Dict[str, float] = {
            f'm_{cluster}_{j}': value
            for cluster, centroid in enumerate(centroids.tolist())
            for j, value in enumerate(centroid, 1)
        }
        statement = self._engine.statement(
            'fast',
            d,
            k,
            dict(numbered('cluster', map(str, range(k)), 0), barrier=self._engine.barrier),
        )
        if all(weight == 1.0 for weight in weights):
            for j in range(d, 0, -1):  # a product with 1 changes nothing
                statement = statement.replace(f'$w_{j} * ', '')
        else:
            parameters.update(numbered('w', weights))
        return self._engine.fetch(statement, parameters)

    def _collect(self, answer: Sequence[Tuple], k: int, d: int) -> PassResult:
        grids = self.facts.space.grids
        records = []
        for cluster, count, *totals in answer:
            if cluster is None:
                continue  # a row that has become NULL; the counts will tell
            totals = [int(total or 0) for total in totals]
            records.append(
                (
                    int(cluster),
                    {
                        'count': int(count),
                        'totals': totals,
                        'centroid': [
                            grid.ratio(total, int(count)) for grid, total in zip(grids, totals)
                        ],
                    },
                )
            )
        found = collect(records, k, d, self.facts.n_samples)
        if [sum(column) for column in zip(*found.totals)] != self._totals:
            raise RunError(
                'the sums of the pass are not those of the survey: the rows have changed. Nothing'
                ' of this pass was kept.'
            )
        return found
