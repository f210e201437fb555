"""The search for a start: restarts on rows in memory, crossed with each other, the best improved.

Each restart is rows drawn and merged to k (oversampling.py) and a few of Lloyd's iterations. It is
crossed with the best solutions so far (crossover.py). If it or a child is better than all before,
that one is improved: some more centroids are added where rows are far from theirs, and the pairs
that cost least are merged until k are left (after breathing k-means, Fritzke, arXiv:2006.15666).
Each new best is kept; in the end all of these are iterated further, and the best of them is the
start.

The pool of n restarts contains that of n - 1, so more restarts are never worse. The search ends
early if the first restarts agree; with many clusters, also if a restart and its children gain
little, and nothing is added and merged.
"""

from __future__ import annotations

import functools
from fractions import Fraction
from typing import Callable, Iterable, Iterator, List, NamedTuple, Sequence, Tuple

import numpy as np

from mr_kmeans.algorithm.starts import crossover
from mr_kmeans.algorithm.starts.oversampling import oversampled
from mr_kmeans.algorithm.starts.problem import Problem, Solution, iterate
from mr_kmeans.exact.feature_space import FeatureSpace
from mr_kmeans.exact.hashing import Draws

RESTART_ITERATIONS = 10
"""Number of Lloyd's iterations of a restart and of a child; they rank solutions in a fraction of
the time. Uniform data (20,000 x 10, k = 20) need 95 to 314 iterations, clustered data 1 to 30.
"""

FINAL_ITERATIONS = 100
"""Maximum number of further iterations of the best solutions, which need not converge, since
iterations on the whole data follow.
"""

AGREEING = 3
"""Number of restarts that must find the same solution for the search to end."""

PARENTS = 4
"""Number of best solutions with which a restart is crossed."""

MORE = 5
"""Number of centroids added at once when a solution is improved; then one fewer after failures."""

ATTEMPTS = 2
"""Number of attempts with that many added centroids, of which the best counts."""

GROWN_ITERATIONS = 3
"""Number of Lloyd's iterations with the added centroids."""

LARGE_K = 400
"""Number of clusters beyond which the search is shorter: restarts are nearly alike, one crossing
gains 1 to 5 % (k = 1000, 20,000 x 32), and a few centroids added and merged gain 0.01 %.
"""

LARGE_PARENTS = 2
"""Number of best solutions with which a restart is crossed if k is large."""

LEAST_GAIN = 0.001
"""Part of the inertia that a restart must gain if k is large, or the search ends."""

WAVE = 4
"""Number of restarts after the first ones that are made at a time; if the search ends, the rest of
them was in vain.
"""

IMPROVING_STREAM = 2**33
"""Stream of the draws of improvements, distinct from those of restarts."""

Run = Callable[[Callable, Iterable], Iterable]
Watch = Callable[[int], None]


def unwatched(n_restarts: int) -> None:
    """Ignore the number of restarts made so far."""


class Found(NamedTuple):
    """What a search has found.

    Attributes
    ----------
    centroids : ndarray of shape (k, d), float64
        In ascending order.
    problem : Problem
        The rows of the search.
    """

    centroids: np.ndarray
    problem: Problem

    @property
    def inertia(self) -> float:
        """The inertia of the centroids on the rows of the search."""
        return self.problem.inertia(self.centroids)


def best_start(
    points: np.ndarray,
    counts: np.ndarray,
    space: FeatureSpace,
    k: int,
    seed: int = 0,
    n_init: int = 10,
    run: Run = map,
) -> Found:
    """Return the best start found on rows that count several times.

    Parameters
    ----------
    points : ndarray of shape (m, d), float64
        Rows in any order; equal ones count together.
    counts : integer ndarray of shape (m,)
        How often each row counts, >= 1. Draws lose precision if their sum exceeds 2**40.
    space : FeatureSpace
        Its grids hold the rows.
    k, seed, n_init : int
    run : callable
        Function like the built-in map; a parallel one gives the same result.

    Raises
    ------
    DataError
        If there are fewer than k distinct rows, or fewer with nonzero weighted distances from each
        other.
    """
    order = np.lexsort(points.T[::-1])
    points, counts = points[order], np.asarray(counts, dtype=np.int64)[order]
    first = np.ones(len(points), dtype=bool)
    first[1:] = (points[1:] != points[:-1]).any(axis=1)
    counts = np.add.reduceat(counts, np.flatnonzero(first))
    problem = Problem.of(points[first], counts, space.grids, space.weights, k, seed)
    return Found(in_order(search(problem, n_init, run).centroids), problem)


def search(problem: Problem, n_init: int, run: Run = map, watch: Watch = unwatched) -> Solution:
    """Return the best solution of `n_init` restarts.

    Parameters
    ----------
    problem : Problem
    n_init : int
        At least 1.
    run : callable
        Function like the built-in map; a parallel one gives the same result.
    watch : callable
        Receives the number of restarts made so far.
    """
    if n_init < 1:
        raise ValueError(f'n_init={n_init} should be >= 1')
    records = _records(problem, n_init, run, watch)
    return min(run(functools.partial(finish, problem), records), key=score)


def quick_search(
    problem: Problem, n_init: int, run: Run = map, watch: Watch = unwatched
) -> Solution:
    """Return the best solution of `n_init` restarts, which is not finished; see `search`."""
    return _records(problem, n_init, run, watch)[-1]


def _records(problem: Problem, n_init: int, run: Run, watch: Watch) -> List[Solution]:
    """Return the solutions that were better than all before them."""
    is_large = problem.k > LARGE_K
    pool = Pool()
    records: List[Solution] = []
    for number, new in enumerate(_restarts(problem, n_init, run)):
        n_parents = LARGE_PARENTS if is_large else PARENTS
        parents = [one for one in pool.solutions[:n_parents] if one.score != new.score]
        children = list(run(functools.partial(cross, problem, new), parents))
        best = min([new, *children], key=score)
        if not records or best.score < records[-1].score:
            best = best if is_large or not number else improve(problem, best, number, run)
            records.append(best)
        pool.add([best, new, *children])
        watch(number + 1)
        if number + 1 == AGREEING and len(pool.solutions) == 1 and new.converged:
            break
        if is_large and number + 1 >= AGREEING and not _gains(problem, records, best):
            break
    return records


def _gains(problem: Problem, records: List[Solution], best: Solution) -> bool:
    """Return whether the last restart has lowered the inertia by enough to go on."""
    if best is not records[-1]:
        return False
    before, after = (problem.inertia(one.centroids) for one in records[-2:])
    return before - after > LEAST_GAIN * before


def in_order(centroids: np.ndarray) -> np.ndarray:
    """Return centroids in ascending order, compared feature by feature."""
    return centroids[np.lexsort(centroids.T[::-1])]


class Pool:
    """The best distinct solutions, the best first."""

    def __init__(self) -> None:
        self.solutions: List[Solution] = []

    def add(self, solutions: Sequence[Solution]) -> None:
        """Add the solutions whose scores are new; of equal ones, the first stays."""
        for solution in solutions:
            if all(solution.score != other.score for other in self.solutions):
                self.solutions.append(solution)
        self.solutions = sorted(self.solutions, key=score)[: PARENTS + 1]


def _restarts(problem: Problem, n_init: int, run: Run) -> Iterator[Solution]:
    """Yield the restarts; those after the first ones only if they are needed."""
    start = 0
    while start < n_init:
        stop = min(n_init, start + WAVE if start else AGREEING)
        yield from run(functools.partial(restart, problem), range(start, stop))
        start = stop


def score(solution: Solution) -> Fraction:
    """Return the number by which solutions are compared."""
    return solution.score


def restart(problem: Problem, number: int) -> Solution:
    """Make one restart.

    Raises
    ------
    DataError
        If fewer than k rows have nonzero weighted distances from each other.
    """
    return iterate(problem, oversampled(problem, number), RESTART_ITERATIONS)


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


def improve(problem: Problem, solution: Solution, number: int, run: Run = map) -> Solution:
    """Add centroids to a solution and merge as many, as long as that lowers the inertia.

    Parameters
    ----------
    problem : Problem
    solution : Solution
    number : int
        The number of the restart; others have other draws.
    run : callable
        Function like the built-in map.
    """
    n_more, attempt = min(MORE, problem.k), 0
    if problem.k > crossover.MAX_CLUSTERS:
        return solution
    while n_more:
        streams = [(number, attempt + i, IMPROVING_STREAM) for i in range(ATTEMPTS)]
        changed = run(functools.partial(grow_and_merge, problem, solution, n_more), streams)
        best, attempt = min(changed, key=score), attempt + ATTEMPTS
        if best.score < solution.score:
            solution = best
        else:
            n_more -= 1
    return solution


def grow_and_merge(
    problem: Problem, solution: Solution, n_more: int, stream: Tuple[int, ...]
) -> Solution:
    """Return a solution with other centroids: some were added, and pairs merged."""
    nearest = problem.distances(solution.centroids)
    draws = Draws(problem.seed, *stream)
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
    """Continue a solution that has not converged."""
    return (
        solution if solution.converged else iterate(problem, solution.centroids, FINAL_ITERATIONS)
    )
