"""mr-kmeans on a real Hadoop, beside Spark MLlib, Mahout 0.13 and a mapper that only reads; all
read the same files in HDFS.

Starts a Hadoop on this machine (scripts/hadoop), which is gone afterwards. Prints Markdown tables
and exits with 1 when a target is missed. Spark needs Java 17 or newer. Takes an hour, and 30 GB of
disk and 20 GB of memory for 40 million rows.
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile

import bench_mahout
import bench_spark
from bench_cluster import BenchCluster
from bench_sklearn import SAME_INERTIA, check, data_file, say, table

SPARK_TARGETS = {10_000_000: 0.8, 40_000_000: 0.4}
MAHOUT_TARGETS = {2_000_000: 0.5, 10_000_000: 0.15}
READ_TARGET = 0.7


def main():
    parser = argparse.ArgumentParser(prog='bench_hadoop', description=__doc__)
    parser.add_argument(
        'part', nargs='*', choices=['spark', 'mahout', 'read', []], help='all when none is named'
    )
    parser.add_argument(
        '--spark-rows',
        type=int,
        nargs='+',
        default=list(SPARK_TARGETS),
        help='rows of `spark` (%(default)s)',
    )
    parser.add_argument(
        '--mahout-rows',
        type=int,
        nargs='+',
        default=list(MAHOUT_TARGETS),
        help='rows of `mahout` (%(default)s)',
    )
    parser.add_argument(
        '--read-rows', type=int, default=20_000_000, help='rows of `read` (%(default)s)'
    )
    parser.add_argument(
        '--iterations',
        type=int,
        default=3,
        help='of which the median counts, in `mahout` and `read` (%(default)s)',
    )
    parser.add_argument(
        '--solvers',
        nargs='+',
        choices=bench_spark.SOLVERS,
        default=list(bench_spark.SOLVERS),
        help="Spark's, tried on the smallest size; the faster goes on (%(default)s)",
    )
    parser.add_argument(
        '--spark-memory', default='14g', help="heap of Spark's one process (%(default)s)"
    )
    parser.add_argument(
        '--folder',
        default=os.path.join(tempfile.gettempdir(), 'mr_kmeans_bench'),
        help='where the data are made and kept (%(default)s)',
    )
    parser.add_argument('--seed', type=int, default=0)
    options = parser.parse_args()
    for number in (
        signal.SIGTERM,
        signal.SIGHUP,
    ):  # as Ctrl-C: the Hadoop that was started is stopped
        if signal.getsignal(number) != signal.SIG_IGN:  # by nohup
            signal.signal(number, signal.default_int_handler)
    parts = {'spark': spark, 'mahout': mahout, 'read': read}
    with BenchCluster(os.path.join(options.folder, 'hadoop')) as cluster:
        missed = [
            target for name in options.part or parts for target in parts[name](options, cluster)
        ]
    for target in missed:
        print('MISSED: ' + target)
    sys.exit(bool(missed))


def target_of(targets, rows):
    """Return the target of the largest size that is not above `rows`; none below all."""
    return next(
        (targets[size] for size in sorted(targets, reverse=True) if size <= rows), float('inf')
    )


# CSV to model


def spark(options, cluster):
    """Compare whole runs in fresh processes: Spark with each of its solvers on the smallest size,
    then with the faster."""
    missed, rows, solvers = [], [], options.solvers
    for size in sorted(options.spark_rows):
        uri = cluster.put(data_file(options, size))
        ours = cluster.fit(uri, '--seed', options.seed)
        found = {
            solver: bench_spark.run(cluster, uri, solver, options.seed, options.spark_memory)
            for solver in solvers
        }
        solvers = [min(found, key=lambda solver: found[solver]['seconds'])]
        theirs, target = found[solvers[0]], target_of(SPARK_TARGETS, size)
        for side, run in (
            ('mr-kmeans', ours),
            *(('Spark, %s solver' % solver, run) for solver, run in found.items()),
        ):
            say(
                '%d rows, %s: %.1f s, %s iterations, inertia %s'
                % (size, side, run['seconds'], run['n_iter'], run['inertia'])
            )
        ratio = ours['seconds'] / theirs['seconds']
        missed += check('%d rows: time / Spark' % size, ratio, target)
        missed += check(
            '%d rows: inertia / Spark' % size, ours['inertia'] / theirs['inertia'], SAME_INERTIA
        )
        rows.append(
            [
                '%d' % size,
                '%.0f' % ours['seconds'],
                ', '.join('%.0f (%s)' % (run['seconds'], name) for name, run in found.items()),
                '%.2f (target %g)' % (ratio, target),
                '%.4g / %.4g' % (ours['inertia'], theirs['inertia']),
                '%d / %d' % (ours['n_iter'], theirs['n_iter']),
            ]
        )
        cluster.remove(uri)
    print(
        'CSV in HDFS to model, 10 features, k = 20, %d cores; Spark %s, local[%d], BLAS: %s:\n'
        % (os.cpu_count(), theirs['version'], os.cpu_count(), theirs['blas'])
    )
    table(
        [
            'rows',
            'mr-kmeans, s',
            'Spark, s (solver)',
            'ratio',
            'inertia, ours / theirs',
            'iterations, ours / theirs',
        ],
        *rows,
    )
    return missed


# Seconds of an iteration


def mahout(options, cluster):
    """Compare iterations, jobs and what lies between them, from random starts; Mahout in each way
    on the smallest size, then in the faster."""
    missed, rows, ways = [], [], list(bench_mahout.WAYS)
    for size in sorted(options.mahout_rows):
        uri = cluster.put(data_file(options, size))
        ours = cluster.fit(uri, '--init', 'random', '--tol', 0, '--max-iter', options.iterations)[
            'iterations'
        ]
        cluster.remove(uri)
        mine = statistics.median(row['seconds'] for row in ours if row['iteration'] > 0)
        found = bench_mahout.run(
            cluster, options.folder, size, options.seed, options.iterations, ways
        )
        say('%d rows: %.1f s; Mahout %s' % (size, mine, found))
        ways = [min(found, key=lambda way: found[way]['iteration'])]
        theirs = found[ways[0]]
        ratio, target = mine / theirs['iteration'], target_of(MAHOUT_TARGETS, size)
        missed += check('%d rows: an iteration / Mahout' % size, ratio, target)
        rows.append(
            [
                '%d' % size,
                '%.1f' % mine,
                ', '.join('%.1f (%s)' % (run['iteration'], way) for way, run in found.items()),
                '%.2f (target %g)' % (ratio, target),
                '%.0f' % theirs['start'],
            ]
        )
    print(
        'Seconds of an iteration on Hadoop, 10 features, k = 20, median of %d:\n'
        % options.iterations
    )
    table(['rows', 'mr-kmeans', 'Mahout (its tasks in)', 'ratio', "Mahout's random start"], *rows)
    return missed


# The rate of reading


def read(options, cluster):
    """Compare the map phase of an iteration with that of a mapper that only reads the same packed
    rows."""
    uri = cluster.put(data_file(options, options.read_rows))
    found = {'iteration': [], 'reading': []}
    cluster.fit(uri, '--init', 'random', '--max-iter', 1)
    for _ in range(options.iterations):
        for what, values in found.items():
            values.append(cluster.map_phase(what))
            say('%s: %.1f MB/s' % (what, values[-1] / 1e6))
    cluster.remove(uri)
    rates = {what: statistics.median(values) for what, values in found.items()}
    ratio = rates['iteration'] / rates['reading']
    print(
        'The map phase over the packed blocks of %d rows, median of %d:\n'
        % (options.read_rows, options.iterations)
    )
    table(
        ['an iteration, MB/s', 'only reading, MB/s', 'ratio'],
        [
            '%.0f' % (rates['iteration'] / 1e6),
            '%.0f' % (rates['reading'] / 1e6),
            '%.2f (target >= %g)' % (ratio, READ_TARGET),
        ],
    )
    return check('reading / rate of an iteration', 1 / ratio, 1 / READ_TARGET)


if __name__ == '__main__':
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(
            'bench_hadoop: exit code %d of: %s\n%s'
            % (error.returncode, ' '.join(map(str, error.cmd)), error.stderr or '')
        )
