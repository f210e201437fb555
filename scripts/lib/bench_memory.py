"""The peak memory of a map task of each job, and of the driver, with more and more rows of 10
features with 4 decimals.

A task is a process that the inline runner forks; what is measured is its largest resident set,
which the kernel tells when it has ended (wait4). Pages shared with the driver, such as the code of
Python and numpy, count in full. Prints a Markdown table and exits with 1 when the memory at the
largest number of rows exceeds that at the smallest by more than the target.
"""

import argparse
import collections
import json
import logging
import os
import resource
import shutil
import subprocess
import sys
import tempfile

import bench_data

TARGET = 1.2
UNIT = 1 if sys.platform == 'darwin' else 1024
"""Bytes that ru_maxrss counts in."""

PROCESSES = ('pack', 'iteration', 'assign', 'driver')


def main():
    parser = argparse.ArgumentParser(prog='bench_memory', description=__doc__)
    parser.add_argument(
        '--rows', type=int, nargs='+', default=[1_000_000, 10_000_000], help='(%(default)s)'
    )
    parser.add_argument('--k', type=int, default=20, help='clusters (%(default)s)')
    parser.add_argument('--no-pack', action='store_true', help='read the text in every pass')
    parser.add_argument(
        '--folder',
        default=os.path.join(tempfile.gettempdir(), 'mr_kmeans_bench'),
        help='where the data are made and kept, and results written: 2 GB (%(default)s)',
    )
    options = parser.parse_args()
    found = {}
    for rows in sorted(options.rows):
        print('%d rows' % rows, file=sys.stderr, flush=True)
        path, out = (
            bench_data.blob_file(options.folder, rows),
            os.path.join(options.folder, 'memory'),
        )
        command = [
            sys.executable,
            __file__,
            path,
            out,
            str(options.k),
            '' if options.no_pack else 'pack',
        ]
        shutil.rmtree(out, ignore_errors=True)
        environ = dict(
            os.environ, **{name + '_NUM_THREADS': '1' for name in ('OPENBLAS', 'OMP', 'MKL')}
        )
        found[rows] = json.loads(subprocess.check_output(command, env=environ))
        shutil.rmtree(out, ignore_errors=True)
    sys.exit(report(found))


def report(found):
    """Print the table; return whether a target is missed."""
    few, many = min(found), max(found)
    print("Peak resident memory, MB (the largest of a job's tasks; how many there were):\n")
    names = [name for name in PROCESSES if name in found[few]]
    lines = [['rows'] + names, ['---'] * (1 + len(names))]
    lines += [
        ['%d' % rows]
        + ['%.0f (%d)' % (max(found[rows][name]) / 1e6, len(found[rows][name])) for name in names]
        for rows in sorted(found)
    ]
    ratios = {name: max(found[many][name]) / max(found[few][name]) for name in names}
    lines.append(['ratio (target %g)' % TARGET] + ['%.3f' % ratios[name] for name in names])
    for line in lines:
        print('| %s |' % ' | '.join(line))
    missed = [name for name in names if ratios[name] > TARGET]
    for name in missed:
        print('MISSED: memory of %s grows by %.3f, should be <= %g' % (name, ratios[name], TARGET))
    return bool(missed)


def measure(path, out, k, pack):
    """Run fit and assign in this process, which should be a fresh one; print the peak memory of all
    tasks, by job, and its own."""
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    from mr_kmeans.commands.assign import assign
    from mr_kmeans.commands.fit import fit
    from mr_kmeans.options import FitOptions, JobOptions
    from mr_kmeans.runners.launch_local import LocalLauncher

    logging.getLogger('mrjob').setLevel(logging.ERROR)
    jobs = {
        'MRPack': 'pack',
        'MRSurvey': 'pack',
        'MRLloydInMapper': 'iteration',
        'MRAssign': 'assign',
    }
    peaks, running, run = collections.defaultdict(list), [], LocalLauncher.run

    def wait(pid, flags):
        ended, status, usage = os.wait4(pid, flags)
        if ended:
            peaks[running[-1]].append(usage.ru_maxrss * UNIT)
        return ended, status

    def run_noted(launcher, job_class, *args, **kwargs):
        running.append(jobs[job_class.__name__])
        return run(launcher, job_class, *args, **kwargs)

    os.waitpid, LocalLauncher.run = wait, run_noted
    options = JobOptions(pack=pack)
    fit([path], out, FitOptions(k, init='random', max_iter=2), jobs=options)
    assign(out, [path], os.path.join(out + '-labels'), jobs=options, overwrite=True)
    shutil.rmtree(out + '-labels')
    peaks['driver'].append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT)
    print(json.dumps(peaks))


if __name__ == '__main__':
    if len(sys.argv) > 4 and not sys.argv[1].startswith('-'):
        measure(sys.argv[1], sys.argv[2], int(sys.argv[3]), bool(sys.argv[4]))
    else:
        main()
