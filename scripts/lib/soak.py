"""Make the same runs in every way there is and compare what comes out to the last bit.

matrix   every variant, with and without its combiner, x order of rows x number of files x packed or
         not x runner, against the reference
random   random problems of awkward data, each run in one random way, against the reference
pythons  a list of runs on each Python 3.9 to 3.13 found (PATH, ~/.pyenv) with numpy 1.26 and the
         newest 2.x, in environments of their own
cpus     the same list with each kernel of OpenBLAS that this CPU can run, and without numpy's own
         vector instructions
hadoop   on a real Hadoop: variants x files x maps x packed or not x HDFS or local; then tasks,
         nodes, the driver and the NameNode killed at random moments of a fit; all against the
         inline runner
adversary  nasty data, kills, corrupted states, inputs that change (soak_adversary.py says more)

Prints Markdown tables, and exits with 1 when any two results differ.
"""

import argparse
import collections
import glob
import itertools
import json
import logging
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import environment

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [ROOT, os.path.join(ROOT, 'tests', 'support')]

import kernel_cases  # noqa: E402
import numpy as np  # noqa: E402
import runs  # noqa: E402
import soak_adversary  # noqa: E402
from data_kinds import KINDS  # noqa: E402
from pairwise import pairwise  # noqa: E402

from mr_kmeans.inputs import source  # noqa: E402

NUMPYS = ['1.26.*', '2.*']
NO_WHEEL = {('3.13', '1.26.*')}
"""numpy 1.26 was not released for Python 3.13."""

CORES = {
    'Prescott': 'sse3',
    'Nehalem': 'sse4_2',
    'Sandybridge': 'avx',
    'Haswell': 'avx2',
    'Zen': 'avx2',
    'SkylakeX': 'avx512f',
}
"""Kernels of OpenBLAS, and a flag of /proc/cpuinfo that each needs."""

NO_VECTORS = (
    'AVX2 FMA3 AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR X86_V3'
    ' X86_V4'
)
"""What NPY_DISABLE_CPU_FEATURES takes; numpy passes over those it has not or cannot do without."""


def main():
    parser = argparse.ArgumentParser(
        prog='soak', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'part', nargs='*', help='matrix, random, pythons, cpus, hadoop, adversary (all)'
    )
    parser.add_argument(
        '--max-iter', type=int, default=2, help='iterations of a run of the matrix (%(default)s)'
    )
    parser.add_argument(
        '--local',
        choices=['pairs', 'all'],
        default='pairs',
        help=(
            'on the local runner, which takes seconds a job: so many ways that any two values meet,'
            ' or all (%(default)s)'
        ),
    )
    parser.add_argument('--problems', type=int, default=300, help='of `random` (%(default)s)')
    parser.add_argument(
        '--hadoop',
        choices=['pairs', 'all'],
        default='pairs',
        help=(
            'fits of `hadoop` that nothing breaks: so many that any two values meet, or all 72'
            ' (%(default)s)'
        ),
    )
    parser.add_argument('--faults', type=int, default=50, help='of `hadoop` (%(default)s)')
    parser.add_argument(
        '--seed', type=int, default=0, help='of `random`, `hadoop` and `adversary` (%(default)s)'
    )
    soak_adversary.add_options(parser)
    options = parser.parse_args()
    parts = {
        'matrix': matrix,
        'random': random_problems,
        'pythons': pythons,
        'cpus': cpus,
        'hadoop': on_hadoop,
        'adversary': adversary,
    }
    if set(options.part) - set(parts):
        parser.error('parts are ' + ', '.join(parts))
    logging.getLogger('mrjob').setLevel(logging.ERROR)
    for number in (
        signal.SIGTERM,
        signal.SIGHUP,
    ):  # as Ctrl-C: the Hadoop that was started is stopped
        if signal.getsignal(number) != signal.SIG_IGN:  # by nohup
            signal.signal(number, signal.default_int_handler)
    folder, differences = tempfile.mkdtemp(prefix='mr_kmeans_soak.'), []
    try:
        for name in options.part or parts:
            began = time.monotonic()
            differences += parts[name](options, os.path.join(folder, name))
            say('%s: %.0f s' % (name, time.monotonic() - began))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for difference in differences:
        print('DIFFERENT: ' + difference)
    print('No two results differ.' if not differences else '%d results differ.' % len(differences))
    sys.exit(bool(differences))


def say(text):
    print(text, file=sys.stderr, flush=True)


def table(title, header, rows):
    print(title + '\n')
    for row in [header, ['---'] * len(header), *rows]:
        print('| %s |' % ' | '.join(map(str, row)))
    print(flush=True)


def on_hadoop(options, folder):
    """Run fits on a real Hadoop, and break them; return the differences."""
    import soak_hadoop  # needs the extra hadoop

    return soak_hadoop.hadoop(options, folder, say, table)


def adversary(options, folder):
    """Do what somebody would who wants a wrong result; return the differences."""
    os.mkdir(folder)
    return soak_adversary.adversary(options, folder, say, table)


# Every way to run


def matrix(options, folder):
    """Compare every way with the reference; return the differences."""
    ways = [
        way + ('inline',)
        for way in itertools.product(
            KINDS, runs.COMBININGS, runs.ORDERS, runs.FILE_COUNTS, [True, False]
        )
    ]
    factors = (list(KINDS), list(runs.VARIANTS), runs.ORDERS, runs.FILE_COUNTS, [True, False])
    ways += [
        way + ('local',)
        for way in (itertools.product(*factors) if options.local == 'all' else pairwise(*factors))
    ]
    expected, differences, counts = {}, [], collections.Counter()
    for number, (kind, combining, order, n_files, pack, runner) in enumerate(ways):
        case = KINDS[kind]()
        source.usable_cores = lambda n=n_files: n  # as many tasks as files
        if kind not in expected:
            expected[kind] = runs.outcome_of_reference(
                case.rows, case.start, case.weights, options.max_iter
            )
        shutil.rmtree(folder, ignore_errors=True)
        paths = runs.write_rows(folder, runs.ordered(case.rows, order), n_files)
        start = runs.write_start(os.path.join(folder, 'start.csv'), case.start)
        out = os.path.join(folder, 'out')
        runs.fit(
            paths,
            out,
            len(case.start),
            combining,
            runner,
            pack,
            init=start,
            max_iter=options.max_iter,
            feature_weights=case.weights,
        )
        agrees = runs.outcome_of_run(out) == expected[kind]
        counts[kind, runner] += 1
        counts[kind, runner, 'different'] += not agrees
        if not agrees:
            differences.append('matrix: ' + ', '.join(map(str, ways[number])))
        if number % 100 == 99:
            say('matrix: %d of %d' % (number + 1, len(ways)))
    table(
        '%d runs of at most %d iterations, each compared with the reference in every iteration'
        ' (centroids, counts, inertia, shift) and hash: %d ways to combine x %d orders x %d numbers'
        ' of files x packed or not, inline; %s on the local runner.'
        % (
            len(ways),
            options.max_iter,
            len(runs.COMBININGS),
            len(runs.ORDERS),
            len(runs.FILE_COUNTS),
            'all' if options.local == 'all' else 'pairs of values',
        ),
        ['rows', 'inline', 'local', 'different', 'model hash'],
        [
            [
                kind.replace('_', ' '),
                counts[kind, 'inline'],
                counts[kind, 'local'],
                counts[kind, 'inline', 'different'] + counts[kind, 'local', 'different'],
                expected[kind].hash[:16],
            ]
            for kind in KINDS
        ],
    )
    return differences


# Random problems


def random_problems(options, folder):
    """Compare random problems, each in one random way, with the reference; return the
    differences."""
    differences, n_iterations = [], 0
    for number in range(options.problems):
        rows, start, weights = random_problem([options.seed, number])
        chance = random.Random('%d %d' % (options.seed, number))
        order, n_files, combining, pack = map(
            chance.choice, (runs.ORDERS, runs.FILE_COUNTS, runs.COMBININGS, [True, False])
        )
        shutil.rmtree(folder, ignore_errors=True)
        paths = runs.write_rows(folder, runs.ordered(rows, order), n_files)
        out, file = (
            os.path.join(folder, 'out'),
            runs.write_start(os.path.join(folder, 'start.csv'), start),
        )
        runs.fit(
            paths,
            out,
            len(start),
            combining,
            pack=pack,
            init=file,
            max_iter=3,
            tol=0.0,
            feature_weights=weights,
        )
        expected = runs.outcome_of_reference(rows, start, weights, 3, 0.0)
        n_iterations += len(expected.counts) - 1
        if runs.outcome_of_run(out) != expected:
            differences.append('random: --seed %d, problem %d' % (options.seed, number))
        if number % 100 == 99:
            say('random: %d of %d' % (number + 1, options.problems))
    table(
        'Random problems of the kinds %s, of --seed %d, each run in one random way and compared'
        ' with the reference:' % (', '.join(kernel_cases.FEATURES), options.seed),
        ['problems', 'iterations', 'different'],
        [[options.problems, n_iterations, len(differences)]],
    )
    return differences


def random_problem(seed):
    """Return (rows, start, weights): 2 to 60 rows of up to 6 features."""
    rng = np.random.default_rng(seed)
    n, kinds = int(rng.integers(2, 61)), rng.choice(kernel_cases.FEATURES, rng.integers(1, 7))
    x = (
        np.clip(
            np.array([kernel_cases.feature(rng, kind, n) for kind in kinds]), -(2.0**500), 2.0**500
        )
        + 0.0
    )
    rows = list(map(tuple, x.T.tolist()))
    centroids = kernel_cases.centroids_of(
        rng, rng.choice(kernel_cases.CENTROIDS), x, int(rng.integers(1, 8))
    )
    start = list(dict.fromkeys(map(tuple, centroids.tolist())))[: len(runs.start_of_rows(rows, 8))]
    weights = (
        [rng.choice([0.0, 1e-9, 0.1, 1.0, 1e6]) for _ in kinds] if rng.random() < 0.4 else None
    )
    return rows, start, weights and list(map(float, weights))


# Other Pythons and numpys


def pythons(options, folder):
    """Compare a list of runs on each Python and numpy with what it comes to here; return the
    differences."""
    runs_path, rows, differences = write_list(folder), [], []
    baseline = run_list(sys.executable, runs_path, folder)
    for python, numpy in itertools.product(find_pythons(), NUMPYS):
        version = subprocess.check_output(
            [python, '-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], text=True
        ).strip()
        if (version, numpy) in NO_WHEEL:
            rows.append([version, numpy, '', 'no wheels'])
            continue
        say('pythons: %s with numpy %s' % (version, numpy))
        home = os.path.join(folder, 'environment')
        made = make_environment(python, numpy, home)
        if made is None:
            rows.append([version, numpy, '', 'pip could not install it'])
            continue
        found = run_list(made, runs_path, folder)
        shutil.rmtree(home)
        different = compare(
            'pythons: Python %s, numpy %s' % (found['python'], found['numpy']), found, baseline
        )
        rows.append(
            [found['python'], found['numpy'], found['blas'], agreement(different, baseline)]
        )
        differences += different
    table(
        '%d runs (model hash; centroids, inertia and shift of all iterations; labels and'
        ' distances), compared with Python %s, numpy %s:'
        % (len(baseline['runs']), baseline['python'], baseline['numpy']),
        ['Python', 'numpy', 'BLAS', 'agree'],
        rows,
    )
    return differences


def find_pythons():
    """Return the paths of the Pythons 3.9 to 3.13 found, one each."""
    candidates = [
        path for minor in range(9, 14) for path in [shutil.which('python3.%d' % minor)] if path
    ]
    candidates += sorted(glob.glob(os.path.expanduser('~/.pyenv/versions/*/bin/python3')))
    found = {}
    for path in candidates:
        done = subprocess.run(
            [path, '-c', 'import sys, venv, ensurepip; print(sys.version_info[1])'],
            capture_output=True,
            text=True,
        )
        if done.returncode == 0 and 9 <= int(done.stdout) <= 13:
            found.setdefault(int(done.stdout), path)
    return [found[minor] for minor in sorted(found)]


def make_environment(python, numpy, home):
    """Return the Python of a new environment with what mr_kmeans requires and this numpy; None when
    pip can't."""
    requirements = [
        line
        for line in environment.read_requirements(os.path.join(ROOT, 'setup.cfg'), [])
        if not line.startswith('numpy')
    ]
    subprocess.run([python, '-m', 'venv', '--clear', home], check=True)
    made = environment.python_of(home)
    done = subprocess.run(
        [
            made,
            '-m',
            'pip',
            'install',
            '--quiet',
            '--disable-pip-version-check',
            '--no-input',
            '--only-binary',
            'numpy',
            'numpy==' + numpy,
            *requirements,
        ],
        stdout=sys.stderr,
    )
    return made if done.returncode == 0 else None


# Other CPUs


def cpus(options, folder):
    """Compare a list of runs with each kernel of OpenBLAS; return the differences."""
    runs_path, rows, differences, flags = write_list(folder), [], [], cpu_flags()
    baseline = run_list(sys.executable, runs_path, folder)
    settings = [({'OPENBLAS_CORETYPE': core}, flag in flags) for core, flag in CORES.items()]
    settings.append(({'NPY_DISABLE_CPU_FEATURES': NO_VECTORS}, True))
    for setting, possible in settings:
        name = ' '.join(
            '%s=%s' % (key, value.split()[0] + ' ...' * (' ' in value))
            for key, value in setting.items()
        )
        if not possible:
            rows.append([name, '', 'not on this CPU'])
            continue
        say('cpus: ' + name)
        found = run_list(sys.executable, runs_path, folder, setting)
        different = compare('cpus: ' + name, found, baseline)
        rows.append([name, found['blas'], agreement(different, baseline)])
        differences += different
    table(
        'The same runs with %s forced, compared with %s:' % ('OpenBLAS kernels', baseline['blas']),
        ['setting', 'in use', 'agree'],
        rows,
    )
    return differences


def cpu_flags():
    """Return what this CPU can do, in the words of /proc/cpuinfo; nothing where there is none."""
    try:
        with open('/proc/cpuinfo') as file:
            return set(
                re.search(r'^flags\s*:(.*)$', file.read(), re.MULTILINE).group(1).split()
            ) | {'sse3'}
    except (OSError, AttributeError):
        return set()


# A list of runs


def write_list(folder):
    """Write data and a list of runs over them; return its path."""
    os.makedirs(folder)
    listed = []
    for number, (kind, make) in enumerate(KINDS.items()):
        case, home = make(), os.path.join(folder, kind)
        paths = runs.write_rows(home, case.rows, runs.FILE_COUNTS[number % 3])
        start = runs.write_start(os.path.join(home, 'start.csv'), case.start)
        jobs = {'variant': runs.VARIANTS[number % 3], 'pack': number % 2 == 0}
        for init in (start, 'sample'):
            listed.append(
                {
                    'name': '%s from %s' % (kind, os.path.basename(init)),
                    'paths': paths,
                    'text': {},
                    'jobs': jobs,
                    'fit': {
                        'k': len(case.start) if init == start else 3,
                        'init': init,
                        'max_iter': 5,
                        'feature_weights': case.weights,
                    },
                }
            )
    for name, columns, k, max_iter in (
        ('iris.csv', None, 3, 50),
        ('wine.csv', '1-13', 5, 50),
        ('spam.csv.gz', '1-57', 20, 5),
        ('shuttle.csv.bz2', '1-9', 7, 5),
    ):
        listed.append(
            {
                'name': name,
                'paths': [os.path.join(ROOT, 'data', name)],
                'text': {'columns': columns},
                'jobs': {},
                'fit': {'k': k, 'max_iter': max_iter, 'n_init': 2},
            }
        )
    path = write_blobs(folder)
    listed.append(
        {
            'name': 'blobs',
            'paths': [path],
            'text': {},
            'jobs': {},
            'fit': {'k': 100, 'max_iter': 3, 'init': 'random'},
        }
    )
    with open(os.path.join(folder, 'runs.json'), 'w') as file:
        json.dump(listed, file)
    return file.name


def write_blobs(folder):
    """Write points of 64 features: a matrix product large enough for a BLAS to cut up in its own
    way."""
    import bench_data

    return bench_data.blob_file(folder, 20_000, 64, 30, 0)


def run_list(python, runs_path, folder, more=()):
    """Return what the runs came to on a Python, with more variables in its environment."""
    environ = dict(os.environ, PYTHONPATH=ROOT, PYTHONWARNINGS='ignore', **dict(more))
    script = os.path.join(ROOT, 'scripts', 'lib', 'soak_runs.py')
    return json.loads(
        subprocess.check_output(
            [python, script, runs_path, folder], env=environ, text=True
        ).splitlines()[-1]
    )


def compare(name, found, baseline):
    return [
        '%s, %s' % (name, run)
        for run in baseline['runs']
        if found['runs'].get(run) != baseline['runs'][run]
    ]


def agreement(different, baseline):
    return '%d of %d' % (len(baseline['runs']) - len(different), len(baseline['runs']))


if __name__ == '__main__':
    main()
