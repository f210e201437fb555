"""Small samples for tests of starts."""

import base64

import numpy as np

from mr_kmeans.algorithm.starts.problem import Problem
from mr_kmeans.exact.column import from_floats
from mr_kmeans.exact.grid import DECIMAL, Grid
from mr_kmeans.exact.hashing import HashSample, row_hashes, seeded_hashes
from mr_kmeans.exact.survey import SAMPLE_ROUND


def sample_of(rows, capacity=1000, seed=0):
    rows = np.array(rows, dtype=np.float64)
    columns = [from_floats(column) for column in rows.T]
    sample = HashSample(capacity, rows.shape[1])
    sample.add(seeded_hashes(row_hashes(columns), seed, SAMPLE_ROUND), columns)
    return sample


def with_multiplicities(sample, multiplicities):
    """Return a sample whose rows occur as often as given, in the order of their hashes."""
    words = np.array(multiplicities, dtype='<i8').tobytes()
    return HashSample.from_json([*sample.to_json()[:-1], base64.b64encode(words).decode('ascii')])


def decimal(d, exponent=0):
    return [Grid(DECIMAL, exponent)] * d


def blobs(k, n=400, d=3, seed=0):
    rng = np.random.default_rng(seed)
    centers = rng.permutation(k * k)[:k, None] * 10.0 + np.zeros(d)
    return np.round(centers[np.arange(n) % k] + rng.uniform(-1, 1, (n, d)), 2), centers


def problem_of(sample, grids, weights, k, seed=0):
    return Problem.of(sample.rows, sample.multiplicities, grids, weights, k, seed)
