"""Fits of bench_quality: ours by `mr_kmeans.fit` on a CSV file, and those of the programs beside it
on the same rows in memory.

What a peer finds for a set, k and seed is kept in a file, with its version, since it stays the
same; ours is always measured.
"""

import hashlib
import importlib.metadata
import json
import logging
import os
import time
from typing import NamedTuple

import numpy as np
import quality_data
from quality_report import say

import mr_kmeans

WITHIN = 1.001
"""Times the final inertia: where a fit has as good as arrived."""

BETTER_START, ITS_PASSES = 'looking for a better start', 2
"""What is logged when the start is improved by passes, and how many these are at most."""

PEERS = {'ten': 'scikit-learn', 'one': 'scikit-learn', 'bkmeans': 'bkmeans'}
"""What is measured beside ours, and the package it takes: ten starts, one, breathing k-means."""


class Ours(NamedTuple):
    """What a fit has found.

    Attributes
    ----------
    inertia, seed_inertia : float
        Of the last and of the first centroids.
    n_iter : int
    passes : int
        Over the rows with centroids, those of the start among them, until the inertia was as good
        as the last; at most.
    centroids : ndarray of shape (k, d)
    seconds, first_seconds : float
        All, and those before iteration 1: reading, packing, the start.
    """

    inertia: float
    seed_inertia: float
    n_iter: int
    passes: int
    centroids: np.ndarray
    seconds: float
    first_seconds: float


def ours(path, k, seed, folder, **options):
    """Fit with the inline runner; `folder` keeps the packed rows for the next fit of a file."""
    out, messages = os.path.join(folder, 'run'), Messages()
    started = time.perf_counter()
    with messages:
        result = mr_kmeans.fit(path, k=k, seed=seed, out=out, overwrite=True, **options)
    seconds = time.perf_counter() - started
    searched = any(BETTER_START in line for line in messages.lines)
    inertias = [stats.inertia for stats in result.iterations]
    near = next(i for i, value in enumerate(inertias) if value <= WITHIN * inertias[-1])
    return Ours(
        result.model.inertia,
        inertias[0],
        result.model.n_iter,
        near + 1 + ITS_PASSES * searched,
        result.model.centroids,
        seconds,
        result.iterations[0].seconds,
    )


class Messages(logging.Handler):
    """What a fit logs."""

    def __init__(self):
        super().__init__()
        self.lines, self._log = [], logging.getLogger('mr_kmeans')

    def emit(self, record):
        self.lines.append(record.getMessage())

    def __enter__(self):
        self._log.setLevel(logging.INFO)
        self._log.addHandler(self)

    def __exit__(self, *error):
        self._log.removeHandler(self)


def seeds_of(options, default):
    return range(options.seeds or default)


def load(options, name):
    """Return a set, or None with a message where it is not on this machine."""
    try:
        x = quality_data.load(name, options.data)
    except quality_data.MissingData as error:
        say(f'left out: {error}')
        return None
    made = name.partition(':')[0] in quality_data.MADE
    return x[: options.rows] if made else x


def fits(options, name, x, k, seeds, **more):
    """Return our fits of a set, one for each seed."""
    path = quality_data.csv_file(options.folder, name, x)
    found = []
    for seed in seeds:
        fit = ours(path, k, seed, options.out, **more)
        say(
            '%s, k = %d, seed %d: %.8g after %d iterations, %.1f s'
            % (name, k, seed, fit.inertia, fit.n_iter, fit.seconds)
        )
        found.append(fit)
    return found


class Peers:
    """The programs beside ours.

    Parameters
    ----------
    folder : str
        Has the file of what is known.
    chosen : sequence of str
        Of `PEERS`.
    """

    def __init__(self, folder, chosen=tuple(PEERS)):
        self.chosen = tuple(chosen)
        self._path = os.path.join(folder, 'peers.json')

    def inertias(self, peer, x, k, seeds):
        """Return the inertia for each seed; none of a peer that was not chosen."""
        return [self.fit(peer, x, k, seed)['inertia'] for seed in seeds if peer in self.chosen]

    def fit(self, peer, x, k, seed):
        """Return inertia, iterations and seconds of a fit."""
        version = importlib.metadata.version(PEERS[peer])
        digest = hashlib.sha256(np.ascontiguousarray(x).tobytes()).hexdigest()[:16]
        key = f'{peer} {version} {digest} k={k} seed={seed}'
        found = self._known().get(key)
        if found is None:
            started = time.perf_counter()
            inertia, n_iter = getattr(self, '_' + peer)(x, k, seed)
            found = {'inertia': inertia, 'n_iter': n_iter}
            found['seconds'] = round(time.perf_counter() - started, 2)
            self._keep(key, found)
        return found

    def _known(self):
        if not os.path.exists(self._path):
            return {}
        with open(self._path) as file:
            return json.load(file)

    def _keep(self, key, found):
        known = dict(self._known(), **{key: found})
        os.makedirs(os.path.dirname(self._path), exist_ok=True)
        part = '%s.%d' % (self._path, os.getpid())
        with open(part, 'w') as file:
            json.dump(known, file, indent=0, sort_keys=True)
        os.replace(part, self._path)

    def _ten(self, x, k, seed, n_init=10):
        from sklearn.cluster import KMeans

        model = KMeans(k, n_init=n_init, random_state=seed).fit(x)
        return float(model.inertia_), int(model.n_iter_)

    def _one(self, x, k, seed):
        return self._ten(x, k, seed, n_init=1)

    def _bkmeans(self, x, k, seed):
        from bkmeans import BKMeans

        model = BKMeans(n_clusters=k, random_state=seed).fit(x)
        return float(model.inertia_), int(model.n_iter_)


def plus_plus(x, k, seed, max_iter):
    """Return seed cost, final cost and iterations of k-means++ and Lloyd's algorithm until nothing
    changes.
    """
    from sklearn.cluster import KMeans, kmeans_plusplus
    from sklearn.metrics import pairwise_distances_argmin_min

    centers, _ = kmeans_plusplus(x, k, random_state=seed)
    seed_cost = float((pairwise_distances_argmin_min(x, centers)[1] ** 2).sum())
    model = KMeans(k, init=centers, n_init=1, max_iter=max_iter, tol=0).fit(x)
    return seed_cost, float(model.inertia_), int(model.n_iter_)
