"""The search for a start: restarts on the sample, crossed with each other, and the best improved.

Each restart is greedy k-means++ and a few of Lloyd's iterations. It is crossed with the best
solutions so far (crossover.py). Where it or a child is better than all before, that one is
improved: some more centroids are added where rows are far from theirs, and the pairs that cost
least are merged until k are left (after breathing k-means, Fritzke, arXiv:2006.15666). Each new
best is kept; in the end all of these are iterated on, and the best of them is the start.

The pool of n restarts contains that of n - 1, so that more restarts are never worse. The search
ends early when the first restarts agree.
"""

from __future__ import annotations

import functools
from typing import Callable, Iterator, List, Sequence

import numpy as np

from mr_kmeans.algorithm.assigner import Assigner
from mr_kmeans.algorithm.starts import crossover
from mr_kmeans.algorithm.starts.problem import Problem, Solution, iterate
from mr_kmeans.errors import DataError
from mr_kmeans.exact.hashing import Draws
from mr_kmeans.messages import at_most_clusters, counted

RESTART_ITERATIONS = 10
"""Lloyd's iterations of a restart, and of a child: they rank solutions for a fraction of the time.
Uniform data (20,000 x 10, k = 20) need 95 to 314 iterations, clustered ones 1 to 30."""

FINAL_ITERATIONS = 100
"""Most iterations of a finalist. Those on the whole data continue from there, so they need not
converge."""

AGREEING = 3
"""Restarts that have to find the same solution for the search to end."""

PARENTS = 4
"""Best solutions that a restart is crossed with."""

MORE = 5
"""Centroids that are added at once at first when a solution is improved, then one fewer after each
failure."""

FAILURES = 2
"""Attempts with a number of added centroids that fail before it is lowered."""

GROWN_ITERATIONS = 3
"""Lloyd's iterations with the added centroids."""

IMPROVING = 2**33
"""Keeps the draws of improvements apart from those of the steps of k-means++, which are numbered
from 0."""

Run = Callable[[Callable, Sequence], Iterator]


class Pool:
    """The best distinct solutions, best first."""

    def __init__(self) -> None:
        self.solutions: List[Solution] = []

    def add(self, solutions: Sequence[Solution]) -> None:
        """Add solutions whose scores are not here yet; of equal ones, the first stays."""
        for solution in solutions:
            if all(solution.score != other.score for other in self.solutions):
                self.solutions.append(solution)
        self.solutions = sorted(self.solutions, key=score)[: PARENTS + 1]


def search(problem: Problem, n_init: int, run: Run = map) -> Solution:
    """Return the best solution of `n_init` restarts.

    Parameters
    ----------
    problem : Problem
    n_init : int
        At least 1.
    run : callable
        Like the built-in map; one that works in parallel gives the same result.
    """
    pool, records = Pool(), []
    restarts = _restarts(problem, n_init, run)
    for number, restart in enumerate(restarts):
        parents = [one for one in pool.solutions[:PARENTS] if one.score != restart.score]
        children = list(run(functools.partial(cross, problem, restart), parents))
        best = min([restart, *children], key=score)
        if not records or best.score < records[-1].score:
            best = improve(problem, best, number) if number else best
            records.append(best)
        pool.add([best, restart, *children])
        if number + 1 == AGREEING and len(pool.solutions) == 1 and restart.converged:
            break
    finished = run(functools.partial(finish, problem), records)
    return min(finished, key=score)


def _restarts(problem: Problem, n_init: int, run: Run) -> Iterator[Solution]:
    """Yield the restarts; those after the first ones only if they are wanted."""
    for numbers in (range(min(n_init, AGREEING)), range(AGREEING, n_init)):
        yield from run(functools.partial(restart, problem), numbers)


def score(solution: Solution):
    """Return what solutions are compared by."""
    return solution.score


def restart(problem: Problem, number: int) -> Solution:
    """Make one restart.

    Raises
    ------
    DataError
        When fewer than k rows lie apart in the weighted distance.
    """
    chosen = problem.rows.choose(problem.k, problem.seed, number)
    if len(chosen) < problem.k:
        raise DataError(
            f'-k {problem.k}: of the {counted(len(problem.multiplicities), "distinct row")} looked'
            f' at, no more than {len(chosen)} can be told apart: the squared distance of any other'
            f' to one of these is 0 in float64. {at_most_clusters(len(chosen))} Or multiply the'
            ' columns by a large number.'
        )
    return iterate(problem, problem.centroids_at(chosen), RESTART_ITERATIONS)


def cross(problem: Problem, one: Solution, other: Solution) -> Solution:
    """Return a child of two solutions."""
    if problem.k > crossover.MAX_CLUSTERS:
        return one
    centroids = crossover.merged(
        np.vstack([one.centroids, other.centroids]),
        np.array(one.counts + other.counts),
        problem.k,
        problem.weights,
    )
    return iterate(problem, centroids, RESTART_ITERATIONS)


def improve(problem: Problem, solution: Solution, number: int) -> Solution:
    """Add centroids to a solution and merge as many, until that lowers the inertia no more."""
    if problem.k > crossover.MAX_CLUSTERS:
        return solution
    n_more, draws = min(MORE, problem.k), Draws(problem.seed, number, IMPROVING)
    failures = 0
    while n_more:
        changed = _grow_and_merge(problem, solution, n_more, draws)
        if changed.score < solution.score:
            solution, failures = changed, 0
        else:
            failures += 1
            if failures == FAILURES:
                n_more, failures = n_more - 1, 0
    return solution


def _grow_and_merge(problem: Problem, solution: Solution, n_more: int, draws: Draws) -> Solution:
    assigner = Assigner(solution.centroids, problem.grids, problem.weights)
    labels, _ = assigner.assign(problem.integers)
    nearest = assigner.distances(problem.integers, labels)
    more = problem.rows.choose_more(nearest, n_more, problem.k, draws)
    if not more:
        return solution
    grown = iterate(
        problem, np.vstack([solution.centroids, problem.centroids_at(more)]), GROWN_ITERATIONS
    )
    centroids = crossover.merged(
        grown.centroids, np.array(grown.counts), problem.k, problem.weights
    )
    return iterate(problem, centroids, RESTART_ITERATIONS)


def finish(problem: Problem, solution: Solution) -> Solution:
    """Continue from a solution that has not converged."""
    return (
        solution if solution.converged else iterate(problem, solution.centroids, FINAL_ITERATIONS)
    )
