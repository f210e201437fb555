"""Make the runs listed in a file, and print as JSON what each came to and what it was computed
with.

Usage: soak_runs.py LIST FOLDER. LIST is JSON: [{name, paths, fit, text, jobs}, ...], the last three
arguments of the options' classes. Needs nothing but what mr_kmeans requires: it runs on every
Python that soak.py finds.
"""

import hashlib
import json
import logging
import os
import platform
import shutil
import sys

import numpy
from threadpoolctl import threadpool_info

from mr_kmeans.commands.assign import assign
from mr_kmeans.commands.fit import fit
from mr_kmeans.options import FitOptions, JobOptions, TextOptions


def main(list_path, folder):
    logging.getLogger('mrjob').setLevel(logging.ERROR)
    with open(list_path) as file:
        found = {run['name']: digest_of(run, folder) for run in json.load(file)}
    blas = next((pool for pool in threadpool_info() if pool['user_api'] == 'blas'), {})
    print(
        json.dumps(
            {
                'python': platform.python_version(),
                'numpy': numpy.__version__,
                'blas': '%s %s' % (blas.get('internal_api', 'none'), blas.get('architecture', '')),
                'runs': found,
            }
        )
    )


def digest_of(run, folder):
    """Return the model hash, and a hash of all centroids, inertias and shifts on the way and of all
    labels and distances."""
    out, labels = os.path.join(folder, 'out'), os.path.join(folder, 'labels')
    for path in (out, labels):
        shutil.rmtree(path, ignore_errors=True)
    text, jobs = TextOptions(**run['text']), JobOptions(**run['jobs'])
    model = fit(run['paths'], out, FitOptions(**run['fit']), text, jobs)
    assign(out, run['paths'], labels, text, jobs)
    digest = hashlib.sha256()
    with open(os.path.join(out, 'centroids.csv'), 'rb') as file:
        digest.update(file.read())
    with open(os.path.join(out, 'iterations.csv')) as file:
        digest.update('\n'.join(','.join(line.split(',')[:5]) for line in file).encode())
    for name in sorted(os.listdir(labels)):
        with open(os.path.join(labels, name), 'rb') as file:
            digest.update(file.read().partition(b'\n')[2])
    return [model.hash, digest.hexdigest()]


if __name__ == '__main__':
    main(*sys.argv[1:])
