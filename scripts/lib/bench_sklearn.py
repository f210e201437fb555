"""mr-kmeans against scikit-learn: CSV to model, one iteration of the kernel, how an iteration's
time grows with the rows; the parser against pandas, and the survey against the parser.

Prints Markdown tables and exits with 1 when a target is missed.
"""

import argparse
import csv
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

import bench_data
import process_tree

SCIKIT_LEARN = """
import json, sys
import pandas
from sklearn.cluster import KMeans
path, k, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
model = KMeans(k, init='k-means++', n_init=1, tol=1e-4, random_state=seed)
model.fit(pandas.read_csv(path))
print(json.dumps({'inertia': model.inertia_, 'n_iter': model.n_iter_}))
"""

TIME_TARGET, MEMORY_TARGET = 0.7, 0.3
SAME_INERTIA = 1 + 1e-5
"""Runs that stop by a tolerance in the same optimum differ in inertia by less."""
KERNEL_TARGETS = {(10, 20): 2.0, (64, 100): 1.2}
SCALING_TARGET = 1.1
ODD_TARGET = 2.0
SURVEY_FEATURES, SURVEY_TARGET = (10, 64), 0.25
SURVEY_CAPACITY = 20_000
"""Rows of the default sample."""
ODD_KINDS = (
    'quoted',
    'commas in quotes',
    'doubled quotes',
    'empty, not used',
    'empty in four',
    'empty in every',
)
FLOOR, FLOOR_ROWS = 'floor', 1000


def main():
    parser = argparse.ArgumentParser(prog='bench_sklearn', description=__doc__)
    parser.add_argument(
        'part',
        nargs='?',
        choices=['total', 'parse', 'survey', 'kernel', 'scaling', 'all'],
        default='all',
    )
    parser.add_argument(
        '--rows', type=int, default=10_000_000, help='rows of `total` (%(default)s)'
    )
    parser.add_argument(
        '--kernel-values',
        type=int,
        default=10_000_000,
        help='rows times features of `kernel` (%(default)s)',
    )
    parser.add_argument(
        '--parsed-rows',
        type=int,
        default=1_000_000,
        help='rows of each file of `parse` (%(default)s)',
    )
    parser.add_argument(
        '--scaling-rows', type=int, nargs='+', default=[1_000_000, 5_000_000, 20_000_000]
    )
    parser.add_argument(
        '--iterations',
        type=int,
        default=8,
        help='iterations of `scaling` and `kernel` (%(default)s)',
    )
    parser.add_argument(
        '--repeats', type=int, default=3, help='of which the median counts (%(default)s)'
    )
    parser.add_argument(
        '--cores',
        type=int,
        default=2,
        help='cores each side may use in `total` and `scaling` (%(default)s)',
    )
    parser.add_argument(
        '--folder',
        default=os.path.join(tempfile.gettempdir(), 'mr_kmeans_bench'),
        help='where the data are made and kept, and results written: 2.5 GB and more (%(default)s)',
    )
    parser.add_argument('--seed', type=int, default=0)
    options = parser.parse_args()
    parts = {
        'total': total,
        'parse': parse,
        'survey': survey,
        'kernel': kernel,
        'scaling': scaling,
    }
    chosen = parts.values() if options.part == 'all' else [parts[options.part]]
    missed = [target for part in chosen for target in part(options)]
    for target in missed:
        print('MISSED: ' + target)
    sys.exit(bool(missed))


def say(text):
    print(text, file=sys.stderr, flush=True)


def table(header, *rows):
    """Print a Markdown table."""
    print('| %s |' % ' | '.join(header))
    print('|%s' % ('---|' * len(header)))
    for row in rows:
        print('| %s |' % ' | '.join(row))
    print(flush=True)


def check(name, value, target):
    """Return what is missed: `value` should not exceed `target`."""
    return [] if value <= target else ['%s is %.3f, should be <= %g' % (name, value, target)]


# CSV to model


def total(options):
    """Compare whole runs, each in a fresh process, alternately; memory in a run of its own."""
    path = data_file(options, options.rows)
    read_through(path)
    out = os.path.join(options.folder, 'out')
    sides = {
        'mr-kmeans': lambda seed: process_tree.fit_command([path], out, '--seed', seed),
        'scikit-learn': lambda seed: [sys.executable, '-c', SCIKIT_LEARN, path, '20', str(seed)],
    }
    times, models, peaks = {}, {}, {}
    for repeat in range(options.repeats + 1):
        for side, command in sides.items():
            shutil.rmtree(out, ignore_errors=True)
            last = repeat == options.repeats
            done = process_tree.run(
                command(repeat % options.repeats), options.cores, with_memory=last
            )
            model = json.loads(done.stdout)
            say(
                '%s: %.1f s, %s MB, %s iterations, inertia %s'
                % (
                    side,
                    done.seconds,
                    done.peak_bytes // 10**6 if last else '-',
                    model['n_iter'],
                    model['inertia'],
                )
            )
            if last:
                peaks[side] = done.peak_bytes
            else:
                times.setdefault(side, []).append(done.seconds)
                models.setdefault(side, []).append(model)
    shutil.rmtree(out, ignore_errors=True)
    return report_total(options, times, models, peaks)


def report_total(options, times, models, peaks):
    seconds = {side: statistics.median(values) for side, values in times.items()}
    inertia = {
        side: statistics.median(model['inertia'] for model in found)
        for side, found in models.items()
    }
    ratios = [of['mr-kmeans'] / of['scikit-learn'] for of in (seconds, peaks, inertia)]
    print(
        'CSV to model, %d rows x 10 features, k = 20, %d cores, medians of %d:\n'
        % (options.rows, options.cores, options.repeats)
    )
    table(
        ['', 'seconds', 'peak memory (PSS, all processes)', 'inertia', 'iterations'],
        *[
            [
                side,
                '%.1f' % seconds[side],
                '%d MB' % (peaks[side] // 10**6),
                '%.6g' % inertia[side],
                ', '.join(str(model['n_iter']) for model in models[side]),
            ]
            for side in seconds
        ],
        [
            'ratio',
            '%.2f (target %g)' % (ratios[0], TIME_TARGET),
            '%.2f (target %g)' % (ratios[1], MEMORY_TARGET),
            '%.6f' % ratios[2],
            '',
        ],
    )
    return (
        check('total time / scikit-learn', ratios[0], TIME_TARGET)
        + check('memory / scikit-learn', ratios[1], MEMORY_TARGET)
        + check('inertia / scikit-learn', ratios[2], SAME_INERTIA)
    )


def data_file(options, rows):
    say('data: %d rows' % rows)
    return bench_data.blob_file(options.folder, rows, seed=options.seed)


def read_through(path):
    """Bring a file into the page cache, so that the first run has no more to wait for than the
    others."""
    with open(path, 'rb', buffering=0) as file:
        while file.read(1 << 24):
            pass


# Text to numbers on one core


def parse(options):
    """Measure the parser on one core, in a fresh process."""
    found = on_one_core('bench_parse.py', options.parsed_rows, options.repeats, options.seed)
    clean, rows, missed = found['clean']['ours'], [], []
    for kind, one in found.items():
        ratio, slower = one['ours'] / one['theirs'], one['ours'] / clean
        if kind in ODD_KINDS:
            missed += check(f'parsing, {kind} / clean', slower, ODD_TARGET)
        rows.append(
            [
                kind,
                '%.0f' % (one['bytes'] / one['ours'] / 1e6),
                '%.0f' % (one['bytes'] / one['theirs'] / 1e6),
                '%.2f' % ratio,
                '%.2f' % slower + (' (target %g)' % ODD_TARGET if kind in ODD_KINDS else ''),
            ]
        )
    print(
        'Text to numbers, one core, %d rows, MB/s, median of %d:\n'
        % (options.parsed_rows, options.repeats)
    )
    table(['text', 'mr-kmeans', "pandas' read_csv", 'time ratio', 'time / clean'], *rows)
    return missed


def survey(options):
    """Measure the survey beside the parsing on one core, in a fresh process per number of
    features."""
    rows, missed = [], []
    for d in SURVEY_FEATURES:
        found = on_one_core(
            'bench_survey.py',
            options.kernel_values // d,
            d,
            SURVEY_CAPACITY,
            options.repeats,
            options.seed,
        )
        ratio = found['survey'] / found['parse']
        missed += check('survey / parsing of %d features' % d, ratio, SURVEY_TARGET)
        each = [1e9 * found[part] / (options.kernel_values // d) for part in ('parse', 'survey')]
        rows.append(
            [
                '%d' % d,
                *('%.0f' % one for one in each),
                '%.2f (target %g)' % (ratio, SURVEY_TARGET),
            ]
        )
    print('The survey, one core, ns of CPU time a row, least of %d:\n' % options.repeats)
    table(['features', 'parsing', 'survey', 'ratio'], *rows)
    return missed


def on_one_core(script, *arguments):
    """Run a script of this folder on one core, its BLAS on one thread; return what it prints."""
    environ = dict(
        os.environ, **{name + '_NUM_THREADS': '1' for name in ('OPENBLAS', 'OMP', 'MKL')}
    )
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), script)
    return json.loads(
        process_tree.run([sys.executable, path, *map(str, arguments)], 1, env=environ).stdout
    )


# One iteration on one core


def kernel(options):
    """Measure an iteration over packed blocks in memory, in a fresh process on one core for each
    shape."""
    rows, missed = [], []
    for (d, k), target in KERNEL_TARGETS.items():
        found = on_one_core(
            'bench_kernel.py',
            options.kernel_values // d,
            d,
            k,
            options.iterations * options.repeats,
            options.seed,
        )
        ratio = found['ours'] / found['theirs']
        missed += check('an iteration / scikit-learn at (%d, %d)' % (d, k), ratio, target)
        rows.append(
            [
                '%d, %d' % (d, k),
                '%.0f' % found['ours'],
                '%.0f' % found['theirs'],
                '%.2f (target %g)' % (ratio, target),
                '%.3g %%' % (100 * found['slow']),
            ]
        )
    print(
        'One iteration on packed blocks, one core, ns a row, median of %d:\n'
        % (options.iterations * options.repeats)
    )
    table(
        [
            'features, k',
            'mr-kmeans',
            "scikit-learn's Lloyd, one thread",
            'ratio',
            'decided by the definition',
        ],
        *rows,
    )
    return missed


# Seconds per iteration against rows


def scaling(options):
    """Measure the seconds of an iteration, less those of a job of as many tasks with hardly any
    rows."""
    few = [
        bench_data.blob_file(options.folder, FLOOR_ROWS, seed=seed) for seed in range(options.cores)
    ]
    files = {FLOOR: few, **{rows: [data_file(options, rows)] for rows in options.scaling_rows}}
    found = {size: [] for size in files}
    for _ in range(options.repeats):  # all sizes in turn: the machine's own speed changes meanwhile
        for size, paths in files.items():
            found[size] += seconds_per_iteration(options, paths)
            say('%s rows: %s' % (size, ' '.join('%.3f' % value for value in found[size])))
    seconds = {size: statistics.median(values) for size, values in found.items()}
    floor = seconds.pop(FLOOR)
    per_row = {rows: (value - floor) / rows for rows, value in seconds.items()}
    smallest = min(per_row.values())
    ratio = (
        max(per_row.values()) / smallest if smallest > 0 else float('inf')
    )  # too few rows to measure
    print(
        'Seconds per iteration, %d cores, median; floor (a job of %d tasks of %d rows) %.3f s:\n'
        % (options.cores, options.cores, FLOOR_ROWS, floor)
    )
    table(
        ['rows', 'seconds', 'ns a row, less the floor'],
        *[
            ['%d' % rows, '%.3f' % seconds[rows], '%.1f' % (1e9 * per_row[rows])]
            for rows in seconds
        ],
        ['largest / smallest', '', '%.3f (target %g)' % (ratio, SCALING_TARGET)],
    )
    return check('seconds per row, largest / smallest', ratio, SCALING_TARGET)


def seconds_per_iteration(options, paths):
    """Return the seconds of each iteration of a run, the start left out."""
    out = os.path.join(options.folder, 'out')
    shutil.rmtree(out, ignore_errors=True)
    process_tree.run(
        process_tree.fit_command(
            paths, out, '--init', 'random', '--tol', 0, '--max-iter', options.iterations
        ),
        options.cores,
    )
    with open(os.path.join(out, 'iterations.csv'), newline='') as file:
        found = [float(row['seconds']) for row in csv.DictReader(file) if int(row['iteration']) > 0]
    shutil.rmtree(out)
    return found


if __name__ == '__main__':
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit('bench_sklearn: exit code %d of: %s' % (error.returncode, ' '.join(error.cmd)))
