"""How good the clusters are: the inertia of fits with several seeds beside the best that is known,
scikit-learn and breathing k-means; rows far from all others; starts by name; the time of the start.

Prints Markdown tables and exits with 1 when a goal is missed. What scikit-learn and bkmeans find is
kept in the folder and not computed again.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import quality_data
import quality_time
from quality_fits import PEERS, WITHIN, Peers, fits, load, plus_plus, seeds_of
from quality_report import ROUNDING, judged, machine, median, ratio, say, table

LIB = os.path.dirname(os.path.abspath(__file__))

FEW_CLUSTERS = 26
GOALS = {True: (1.001, 1.005), False: (1.005, 1.015)}
"""For few clusters, and for many: the median and the worst of the seeds, times the best known."""
SHUTTLE_K = (7, 20, 50, 100)
SHUTTLE_GOALS = (1.0, 1.02, 4)
"""The median and the worst of the seeds, times the best of ten starts of scikit-learn (median of
the seeds); the median of the passes until the inertia is as good as the last."""

FAR_DISTANCES = (200, 1000, 5000)
FAR_K, FAR_FOUND = 23, 0.1
"""Clusters, one for each blob and group; a group is found when a centroid is so near, as a part of
the distance."""

PAPER_SETS = (
    ('mixture:1', (50,)),
    ('mixture:10', (50,)),
    ('mixture:100', (50,)),
    ('spam58', (20, 50, 100)),
)
PAPER_ITERATIONS = 1000

OTHER_SETS = (
    ('satimage', (6, 50)),
    ('optdigits', (10, 100)),
    ('segment', (7, 50)),
    ('phoneme', (5, 40)),
    ('magic', (8, 60)),
    ('pareto', (10, 50)),
    ('lognormal', (8, 100)),
    ('rare', (20, 40)),
    ('duplicates', (20, 100)),
    ('counts', (12, 64)),
    ('traffic', (10, 50)),
    ('uniform', (20, 80)),
)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog='bench_quality', description=__doc__)
    parser.add_argument(
        'tables',
        nargs='*',
        metavar='TABLE',
        help='any of: %s; without one, all but large, which takes minutes' % ', '.join(TABLES),
    )
    parser.add_argument('--seeds', type=int, help='seeds 0, 1, ... (11; for known and others 5)')
    parser.add_argument('--data', help='folder with a3.csv.gz, unbalance.csv.gz and cloud.csv.gz')
    parser.add_argument(
        '--sets', nargs='+', metavar='SET[/K]', help='of known, others, paper: only these'
    )
    parser.add_argument(
        '--peers',
        nargs='*',
        choices=list(PEERS),
        default=list(PEERS),
        help='of known and others: ten starts of scikit-learn, one, bkmeans (all)',
    )
    parser.add_argument('--rows', type=int, help='of the made sets (as each is defined)')
    parser.add_argument('--cores', type=int, default=2, help='of each side in large (%(default)s)')
    parser.add_argument(
        '--folder',
        default=os.path.join(tempfile.gettempdir(), 'mr_kmeans_bench'),
        help='where the data are made and kept: 0.3 GB and more (%(default)s)',
    )
    options = parser.parse_args(arguments)
    unknown = set(options.tables) - set(TABLES)
    if unknown:
        parser.error('unknown table %s; there are %s' % (min(unknown), ', '.join(TABLES)))
    print(machine() + '\n')
    missed = []
    os.makedirs(options.folder, exist_ok=True)
    for name in options.tables or [name for name in TABLES if name != 'large']:
        with tempfile.TemporaryDirectory(prefix='quality-', dir=options.folder) as options.out:
            missed += TABLES[name](options)
    for goal in missed:
        print('MISSED: ' + goal)
    return bool(missed)


def wanted(options, pairs):
    """Return the sets and k that were asked for, of {set: k, ...}."""
    if options.sets is None:
        return [(name, k) for name, ks in pairs for k in ks]
    asked = [one.rpartition('/') for one in options.sets]
    everything = dict(pairs)
    return [
        pair
        for before, slash, last in asked
        for pair in ([(before, int(last))] if slash else [(last, k) for k in everything[last]])
    ]


# Inertia beside the best known, and beside what other programs find


def known(options):
    """Measure on the sets that have been searched for long."""
    with open(os.path.join(LIB, 'best_known.json')) as file:
        best = {name: ks for name, ks in json.load(file).items() if name != 'comment'}
    pairs = [(name, [int(k) for k in ks]) for name, ks in best.items()]
    return beside_peers(
        options, 'the best known', pairs, lambda name, k: best.get(name, {}).get(str(k))
    )


def others(options):
    """Measure on sets for which nothing was chosen or tuned."""
    return beside_peers(options, 'the best of this table', OTHER_SETS, lambda name, k: None)


def beside_peers(options, what, pairs, best_of):
    seeds = seeds_of(options, 5)
    peers = Peers(options.folder, options.peers)
    rows, missed = [], []
    for name, k in wanted(options, pairs):
        x = load(options, name)
        if x is None:
            continue
        found = [fit.inertia for fit in fits(options, name, x, k, seeds)]
        theirs = {peer: peers.inertias(peer, x, k, seeds) for peer in PEERS}
        lowest = min(found + sum(theirs.values(), []))
        best = best_of(name, k) or lowest
        if lowest < best * (1 - ROUNDING):
            say(f'{name}, k = {k}: {lowest!r} is below the best known, {best!r}')
        typical, worst = median(found), max(found)
        goals = list(zip(('median', 'worst'), (typical, worst), GOALS[k <= FEW_CLUSTERS]))
        checks = [(f'{name}, k = {k}: {one}', value / best, goal) for one, value, goal in goals]
        if theirs['bkmeans']:
            to = median(theirs['bkmeans'])
            checks.append((f"{name}, k = {k}: median / bkmeans' median", typical / to, 1.0))
        verdict, more = judged(checks)
        missed += more
        rows.append(
            [name, '%d x %d' % x.shape, str(k), ratio(typical, best), ratio(worst, best)]
            + [ratio(median(theirs[peer]), best) for peer in PEERS]
            + [verdict]
        )
    print(
        'Inertia / %s, seeds 0 to %d; goals: median <= %g and worst <= %g for k <= %d, else %g and'
        " %g; the median no higher than bkmeans'\n"
        % (what, len(seeds) - 1, *GOALS[True], FEW_CLUSTERS, *GOALS[False])
    )
    header = 'set, rows x features, k, ours (median), worst, scikit-learn (ten starts), one start'
    table([*header.split(', '), 'bkmeans', 'goals'], rows)
    return missed


# Rows far from the others


def shuttle(options):
    """Measure where few rows carry the inertia."""
    seeds = seeds_of(options, 11)
    peers = Peers(options.folder)
    x = load(options, 'shuttle')
    rows, missed = [], []
    for k in SHUTTLE_K:
        found = fits(options, 'shuttle', x, k, seeds)
        ten = median(peers.inertias('ten', x, k, seeds))
        one = [value / ten for value in peers.inertias('one', x, k, seeds)]
        ours = [fit.inertia / ten for fit in found]
        passes = [fit.passes for fit in found]
        values = median(ours), max(ours), median(passes)
        checks = zip(('median', 'worst', 'passes'), values, SHUTTLE_GOALS)
        verdict, more = judged([(f'shuttle, k = {k}: {what}', *rest) for what, *rest in checks])
        missed += more
        rows.append(
            [str(k), '%.4g' % ten, *('%.4f' % value for value in (min(ours), *values[:2]))]
            + ['%.4f, %.4f' % (median(one), max(one))]
            + ['%d (%d to %d)' % (values[2], min(passes), max(passes)), verdict]
        )
    print(
        'shuttle, inertia / the best of ten starts of scikit-learn (median of the seeds), seeds 0'
        ' to %d; goals: median <= %g, worst <= %g, passes to within %.1f %% of the end <= %d\n'
        % (len(seeds) - 1, *SHUTTLE_GOALS[:2], 100 * WITHIN - 100, SHUTTLE_GOALS[2])
    )
    header = 'k, ten starts, ours (best), median, worst'
    table([*header.split(', '), 'one start (median, worst)', 'passes', 'goals'], rows)
    return missed


def far(options):
    """Measure how often three groups of five rows are found among all rows."""
    seeds = seeds_of(options, 11)
    peers = Peers(options.folder)
    rows, missed = [], []
    for distance in FAR_DISTANCES:
        name = f'far:{distance}'
        x = quality_data.far_groups(distance, options.rows or 1_000_000)
        found = fits(options, name, x, FAR_K, seeds)
        hits = sum(has_centroids(fit.centroids, distance) for fit in found)
        best = min(fit.inertia for fit in found)
        one = peers.inertias('one', x, FAR_K, seeds) if 'one' in options.peers else []
        verdict, more = judged([(f'{name}: not found', len(seeds) - hits, 0)])
        missed += more
        rows.append(
            ['%d' % distance, '%d of %d' % (hits, len(seeds))]
            + [ratio(median([fit.inertia for fit in found]), best)]
            + [ratio(max(fit.inertia for fit in found), best)]
            + [ratio(median(one), best), ratio(max(one, default=None), best), verdict]
        )
    print(
        '%s rows in 20 blobs, of these three groups of five far away, k = %d, seeds 0 to %d;'
        ' inertia / our best; goal: all groups found\n'
        % (format(len(x), ','), FAR_K, len(seeds) - 1)
    )
    header = 'distance, all found, ours (median), worst, scikit-learn (one start; median), worst'
    table([*header.split(', '), 'goal'], rows)
    return missed


def has_centroids(centroids, distance):
    """Tell whether each far group has a centroid of its own."""
    between = quality_data.far_centers(distance)[:, None] - np.array(centroids)
    return bool((np.hypot(*between.transpose(2, 0, 1)).min(axis=1) < FAR_FOUND * distance).all())


# The sets of the k-means|| paper


def paper(options):
    """Measure what the k-means|| paper does: seed cost, and iterations until nothing changes."""
    seeds = seeds_of(options, 11)
    rows = []
    for name, k in wanted(options, PAPER_SETS):
        x = load(options, name)
        for method in ('random', 'k-means++', 'k-means||', 'sample'):
            if method == 'k-means++':
                found = [plus_plus(x, k, seed, PAPER_ITERATIONS) for seed in seeds]
            else:
                more = {'init': method, 'tol': 0, 'max_iter': PAPER_ITERATIONS}
                found = [
                    (fit.seed_inertia, fit.inertia, fit.n_iter)
                    for fit in fits(options, name, x, k, seeds, **more)
                ]
            seed_cost, final, n_iter = (median(values) for values in zip(*found))
            rows.append([name, str(k), method, '%.4g' % seed_cost, '%.5g' % final, '%d' % n_iter])
    print(
        'As in the k-means|| paper (arXiv 1203.6402), tol 0, medians of the seeds 0 to %d;'
        " mixture:R is GAUSSMIXTURE, 10,000 x 15; k-means++ is scikit-learn's\n" % (len(seeds) - 1)
    )
    table(['set', 'k', 'start', 'seed cost', 'final cost', 'iterations'], rows)
    return []


TABLES = {
    'known': known,
    'shuttle': shuttle,
    'far': far,
    'paper': paper,
    'others': others,
    'time': quality_time.start,
    'large': quality_time.large,
}


if __name__ == '__main__':
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit('bench_quality: exit code %d of: %s' % (error.returncode, ' '.join(error.cmd)))
