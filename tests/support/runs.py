"""Whole runs, and what the reference says they come to: the same `Outcome` of both, to be compared
to the last bit."""

import csv
import hashlib
import json
import os
import random
import struct
from typing import List, NamedTuple, Optional, Tuple

import reference
from mr_lloyd_bare import MRLloydBare
from mr_lloyd_piecemeal import MRLloydPiecemeal

import mr_kmeans.commands.fit
import mr_kmeans.mapreduce.rows
from mr_kmeans.options import FitOptions, JobOptions

VARIANTS = ('in-mapper', 'combiner', 'two-job')
ORDERS = ('in order', 'reversed', 'shuffled')
FILE_COUNTS = (1, 2, 7)

mr_kmeans.mapreduce.rows.JOBS.setdefault('combiner, never called', MRLloydBare)
mr_kmeans.mapreduce.rows.JOBS.setdefault('combiner, piecemeal', MRLloydPiecemeal)
COMBININGS = tuple(mr_kmeans.mapreduce.rows.JOBS)


class Outcome(NamedTuple):
    """What a run came to."""

    centroids: List[List[Tuple[float, ...]]]  # of every iteration, the start first
    counts: List[List[int]]
    inertia: List[float]
    shift: List[Optional[float]]
    moved: List[Optional[int]]
    empty: List[Optional[int]]
    partition: List[int]  # rows nearest to each of the last centroids
    stopped_by: str
    hash: str


# The rows


def feature_names(d):
    return ['x%d' % (j + 1) for j in range(d)]


def ordered(rows, order):
    """Return the rows in one of the ORDERS."""
    if order == 'reversed':
        return rows[::-1]
    return random.Random(7).sample(rows, len(rows)) if order == 'shuffled' else list(rows)


def write_rows(folder, rows, n_files=1):
    """Write rows as CSV with a header into files of about equal length; return the paths. A file
    may be left without a row."""
    os.makedirs(folder, exist_ok=True)
    paths = []
    for number in range(n_files):
        paths.append(os.path.join(folder, 'rows-%d.csv' % number))
        part = rows[len(rows) * number // n_files : len(rows) * (number + 1) // n_files]
        with open(paths[-1], 'w', encoding='ascii') as file:
            file.write(
                ''.join(
                    ','.join(line) + '\n'
                    for line in [feature_names(len(rows[0]))] + [map(repr, row) for row in part]
                )
            )
    return paths


def write_start(path, start):
    """Write a centroid file of iteration 0; return the path."""
    with open(path, 'w', encoding='ascii') as file:
        file.write(
            ','.join(['iteration', 'cluster_id', 'count'] + feature_names(len(start[0]))) + '\n'
        )
        for cluster_id, row in enumerate(start):
            file.write(
                ','.join(['0', str(cluster_id), '0'] + [repr(value) for value in row]) + '\n'
            )
    return str(path)


# The product


def fit(
    paths,
    out,
    k,
    combining='in-mapper',
    runner='inline',
    pack=True,
    overwrite=False,
    resume=False,
    **options,
):
    """Make a run with a variant or one of COMBININGS; return its model."""
    return fit_text(paths, out, k, None, combining, runner, pack, overwrite, resume, **options)


def fit_text(
    paths,
    out,
    k,
    text,
    combining='in-mapper',
    runner='inline',
    pack=True,
    overwrite=False,
    resume=False,
    **options,
):
    """Make a run; `text` says how its files are read."""
    jobs = AnyVariant(runner=runner, variant=combining, pack=pack)
    return mr_kmeans.commands.fit.fit(
        paths, str(out), FitOptions(k, **options), text, jobs, resume, overwrite
    )


class AnyVariant(JobOptions):
    """COMBININGS are more than the variants that a user has."""

    def check(self):
        assert self.variant in COMBININGS


def outcome_of_run(out):
    """Read what a finished run has left in its directory."""
    with open(os.path.join(out, 'centroids.csv'), encoding='utf-8') as file:
        header, *lines = csv.reader(file)
    centroids, counts = [], []
    for iteration, cluster_id, count, *values in lines:
        if cluster_id == '0':
            centroids.append([])
            counts.append([])
        assert (int(iteration), int(cluster_id)) == (len(centroids) - 1, len(centroids[-1]))
        centroids[-1].append(tuple(map(float, values)))
        counts[-1].append(int(count))
    with open(os.path.join(out, 'iterations.csv'), encoding='utf-8') as file:
        rows = list(csv.DictReader(file))
    assert [int(row['iteration']) for row in rows] == list(range(len(centroids)))
    with open(os.path.join(out, 'model.json'), encoding='utf-8') as file:
        model = json.load(file)
    assert (
        header[3:] == model['features']
        and model['n_iter'] == len(rows) - 1
        and model['k'] == len(centroids[-1])
    )
    assert list(map(tuple, model['centroids'])) == centroids[-1] and model['inertia'] == float(
        rows[-1]['inertia']
    )
    assert model['converged'] == (model['stopped_by'] != reference.MAX_ITER)
    whole = [[int(row[name]) if row[name] else None for row in rows] for name in ('moved', 'empty')]
    return Outcome(
        centroids,
        counts,
        [float(row['inertia']) for row in rows],
        [float(row['shift']) if row['shift'] else None for row in rows],
        *whole,
        model['counts'],
        model['stopped_by'],
        model['hash'],
    )


# The reference


def outcome_of_reference(rows, start, weights=None, max_iter=100, tol=1e-4):
    """Return what a run has to come to."""
    return outcome_of(reference.reference_fit(rows, start, weights, max_iter, tol), rows, weights)


def outcome_of(iterations, rows, weights=None, features=None):
    """Return what a run has come to with the last of these iterations of the reference."""
    last, weights = iterations[-1], weights or [1.0] * len(rows[0])
    hash = model_hash(
        features or feature_names(len(rows[0])), rows, weights, last.centroids, last.partition
    )
    columns = [
        list(column)
        for column in zip(
            *[
                (it.centroids, it.counts, it.inertia, it.shift, it.moved, it.empty)
                for it in iterations
            ]
        )
    ]
    return Outcome(*columns, last.partition, last.stopped_by, hash)


def model_hash(features, rows, weights, centroids, counts):
    """Return the SHA-256 over the documented bytes, from the documentation alone."""
    packed = b'mr_kmeans model 1\n' + struct.pack('<Q', len(features))
    for name in features:
        packed += struct.pack('<I', len(name.encode())) + name.encode()
    for step, column in zip(reference.choose_grids(rows), zip(*rows)):
        packed += struct.pack('<ci', *grid_of_step(step, max(map(abs, column))))
    packed += struct.pack('<%dd' % len(weights), *weights) + struct.pack('<Q', len(centroids))
    for row in centroids:
        packed += struct.pack('<%dd' % len(row), *[value + 0.0 for value in row])
    return hashlib.sha256(packed + struct.pack('<%dQ' % len(counts), *counts)).hexdigest()


def grid_of_step(step, largest):
    """Return b'd' and p, or b'b' and e, of a step 10**-p or 2**e; a step of 1 may be either."""
    p = len(str(step.denominator)) - 1
    if step.numerator == 1 and step.denominator == 10**p and largest / step < 2**51:
        return b'd', p
    return b'b', step.numerator.bit_length() - step.denominator.bit_length()


def start_of_rows(rows, k, seed=0):
    """Return the k distinct rows, on their grid, of the smallest hashes, in ascending order: the
    start `random`."""
    grids = reference.choose_grids(rows)
    points = reference.to_points(reference.to_integers(rows, grids), grids)
    return sorted(row for row, _ in reference.hash_sample(points, k, seed, 1))
