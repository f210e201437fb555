"""One Lloyd iteration over the same points, ours on packed blocks in memory and scikit-learn's
compiled one.

Usage: bench_kernel.py ROWS FEATURES K ITERATIONS SEED, with the number of threads limited to 1 by
the environment. Prints JSON: `ours` and `theirs` in ns a row (median over the iterations, each side
from our centroids), `slow`, the share of rows that the definition decided, and fails when the
centroids that come out differ.
"""

import json
import statistics
import sys
import time

import bench_data
import numpy as np
from sklearn.cluster._k_means_lloyd import lloyd_iter_chunked_dense

from mr_kmeans.algorithm.assigner import Assigner
from mr_kmeans.algorithm.sums import PartialSums
from mr_kmeans.exact.column import from_integers
from mr_kmeans.exact.grid import choose_grid
from mr_kmeans.exact.points import Origin, Points
from mr_kmeans.exact.rational import mean_centroids
from mr_kmeans.formats.blocks import decode_block, encode_block, rows_per_block


def main(n, d, k, n_iterations, seed):
    integers = np.concatenate(list(bench_data.blobs(n, d, k, seed)))
    x = integers / 10**bench_data.DECIMALS
    start = x[np.random.default_rng(seed + 1).choice(n, k, replace=False)]
    blocks = pack(integers)
    grids = [choose_grid(bench_data.DECIMALS, float(abs(column).max())) for column in x.T]
    ours, theirs, slow, centroids = [], [], 0, start
    for _ in range(n_iterations):
        began = time.perf_counter()
        mine, counts, n_slow = our_iteration(blocks, centroids, grids)
        between = time.perf_counter()
        other = their_iteration(x, centroids)
        ours.append(between - began)
        theirs.append(time.perf_counter() - between)
        slow += n_slow
        if all(counts) and not np.allclose(
            mine, other, rtol=0, atol=1e-9
        ):  # theirs moves empty clusters, ours stay
            sys.exit('bench_kernel: the two came to different centroids')
        centroids = mine
    print(
        json.dumps(
            {
                'ours': 1e9 * statistics.median(ours) / n,
                'theirs': 1e9 * statistics.median(theirs) / n,
                'slow': slow / (n * n_iterations),
            }
        )
    )


def pack(integers):
    size, blocks = rows_per_block(integers.shape[1]), []
    for begin in range(0, len(integers), size):
        part = integers[begin : begin + size]
        columns = [
            from_integers(np.ascontiguousarray(column), bench_data.DECIMALS) for column in part.T
        ]
        blocks.append(
            encode_block(
                Points(columns, np.arange(begin, begin + len(part)), None, Origin('blobs.csv', 0))
            )
        )
    return blocks


def our_iteration(blocks, centroids, grids):
    """Return the new centroids, the counts, and how many rows were decided by the definition."""
    k, d = centroids.shape
    assigner, sums, n_slow = Assigner(centroids, grids, np.ones(d)), PartialSums(k, d), 0
    for block in blocks:
        columns = decode_block(block, 'memory').columns
        integers = [grid.to_integers(column) for grid, column in zip(grids, columns)]
        labels, slow = assigner.assign(integers)
        sums.add(labels, integers)
        n_slow += slow
    counts = sums.counts
    return mean_centroids(counts, sums.totals, grids, centroids), counts, n_slow


def their_iteration(x, centers):
    k, n = len(centers), len(x)
    new, labels, shift = np.zeros_like(centers), np.full(n, -1, dtype=np.int32), np.zeros(k)
    lloyd_iter_chunked_dense(
        x, np.ones(n), np.ascontiguousarray(centers), new, np.zeros(k), labels, shift, 1
    )
    return new


if __name__ == '__main__':
    main(*map(int, sys.argv[1:]))
