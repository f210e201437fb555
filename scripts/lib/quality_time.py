"""Tables of bench_quality that are about time: the start, and a whole fit with many clusters."""

import json
import os
import sys

import bench_data
import process_tree
from quality_fits import fits, load, seeds_of
from quality_report import judged, median, table

TIME_GOALS = {'blobs': 0.3, 'uniform': 1.5}
"""Seconds of the start, 20,000 x 10, k = 20."""
LARGE_ROWS, LARGE_FEATURES, LARGE_K, LARGE_GOAL = 500_000, 32, 1000, 0.7

INTELEX = """
import json, sys
import polars
from sklearnex import patch_sklearn
patch_sklearn(verbose=False)
from sklearn.cluster import KMeans
x = polars.read_csv(sys.argv[1]).to_numpy()
model = KMeans(int(sys.argv[2]), n_init=1, random_state=int(sys.argv[3])).fit(x)
print(json.dumps({'inertia': model.inertia_, 'n_iter': model.n_iter_}))
"""


def start(options):
    """Measure the seconds of the start: of all before iteration 1, less those with `random`."""
    seeds = seeds_of(options, 11)
    rows, missed = [], []
    for name, goal in TIME_GOALS.items():
        x = load(options, name)
        found = {
            init: median(
                [
                    fit.first_seconds
                    for fit in fits(options, name, x, 20, seeds, init=init, max_iter=1)
                ]
            )
            for init in ('random', 'sample')
        }
        seconds = max(found['sample'] - found['random'], 0.0)
        verdict, more = judged([(f'{name}: seconds of the start', seconds, goal)])
        missed += more
        rows.append([name, '%d x %d' % x.shape, '%.2f' % seconds, '%g' % goal, verdict])
    print('Seconds of the start, k = 20, medians of the seeds 0 to %d\n' % (len(seeds) - 1))
    table(['set', 'rows x features', 'seconds', 'goal', ''], rows)
    return missed


def large(options):
    """Measure a whole fit with many clusters, each side in a fresh process."""
    n = options.rows or LARGE_ROWS
    path = bench_data.blob_file(options.folder, n, LARGE_FEATURES, LARGE_K)
    out = os.path.join(options.out, 'run')
    sides = {
        'mr-kmeans': [sys.executable, '-m', 'mr_kmeans', 'fit', path, '-k', str(LARGE_K)]
        + ['-o', out, '--json', '-q', '--seed', '0'],
        'polars, scikit-learn-intelex': [sys.executable, '-c', INTELEX, path, str(LARGE_K), '0'],
    }
    done = {side: process_tree.run(command, options.cores) for side, command in sides.items()}
    models = {side: json.loads(one.stdout) for side, one in done.items()}
    us, them = sides
    in_time = done[us].seconds / done[them].seconds
    in_inertia = models[us]['inertia'] / models[them]['inertia']
    verdict, missed = judged(
        [('large: seconds', in_time, LARGE_GOAL), ('large: inertia', in_inertia, 1.0)]
    )
    print(
        'CSV to model, %s rows x %d features, k = %d, %d cores, seed 0\n'
        % (format(n, ','), LARGE_FEATURES, LARGE_K, options.cores)
    )
    rows = [
        [side, '%.1f' % done[side].seconds, '%.6g' % models[side]['inertia']]
        + [str(models[side]['n_iter']), '']
        for side in sides
    ]
    rows.append(['ratio', '%.2f' % in_time, '%.5f' % in_inertia, '', verdict])
    table(['', 'seconds', 'inertia', 'iterations', 'goals'], rows)
    return missed
