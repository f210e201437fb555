"""The contract of `Start`: the same centroids for the same rows in any order; passes over all rows
for a start that needs them."""

import random

import numpy as np
import pytest
import reference
import runs
from passes import PassesInMemory, facts_of
from sql_cases import run

from mr_kmeans.algorithm.lloyd import Iteration, inertia_of
from mr_kmeans.algorithm.starts.base import Start
from mr_kmeans.algorithm.starts.from_sample import GivenStart, RandomStart, SampleStart
from mr_kmeans.algorithm.starts.parallel import ParallelStart
from mr_kmeans.commands.forked_search import ReportedSampleStart
from mr_kmeans.commands.init_file import Initial
from mr_kmeans.exact.column import from_floats
from mr_kmeans.exact.hashing import HashSample, row_hashes, seeded_hashes
from mr_kmeans.exact.survey import SAMPLE_ROUND
from mr_kmeans.options import PARALLEL, RANDOM, SAMPLE, FitOptions

K = 3
_CHANCE = random.Random(5)
ROWS = [
    (centre + _CHANCE.randrange(-9, 10) / 10, float(_CHANCE.randrange(4)))
    for centre in (0, 40, 90)
    for _ in range(30)
]
CENTROIDS = [[1.0, 2.0], [41.5, 0.0], [90.0, 1.25]]


class StartByPass(Start):
    """Rows of the sample, of which a pass over all rows chooses the best: for these tests."""

    def __init__(self, k):
        self.k = k

    def capacity(self, d):
        return 4 * self.k

    def find(self, sample, passes):
        tries = [sample.rows[first : first + self.k] for first in range(0, 4 * self.k, self.k)]
        made = [Iteration(0, np.array(one), [0] * self.k) for one in tries if len(one) == self.k]
        found = passes(made)
        costs = [inertia_of(one, result, passes.facts) for one, result in zip(made, found)]
        return made[costs.index(min(costs))].centroids


class NamedFeatures:
    """What `Initial.start` asks of a source of rows."""

    features, has_names = ['a', 'b'], True


def given(init):
    return Initial(str(init)).start(FitOptions(K, init=str(init)), NamedFeatures())


def of_file(tmp_path):
    path = tmp_path / 'start.csv'
    path.write_text('b,a\n' + ''.join('%r,%r\n' % (b, a) for a, b in CENTROIDS))
    return given(path)


def of_earlier_run(tmp_path):
    path = tmp_path / 'rows.csv'
    path.write_text('a,b\n' + ''.join('%r,%r\n' % row for row in ROWS))
    runs.fit([str(path)], tmp_path / 'out', K, init='random', max_iter=1)
    return given(tmp_path / 'out')


STARTS = {
    'sample': lambda tmp_path: SampleStart(K, seed=1, n_init=3),
    'sample, reported': lambda tmp_path: ReportedSampleStart(K, 1, 3),
    'sample, by name': lambda tmp_path: given(SAMPLE),
    'k-means||': lambda tmp_path: ParallelStart(K, seed=1, n_init=3),
    'k-means||, by name': lambda tmp_path: given(PARALLEL),
    'random': lambda tmp_path: RandomStart(K),
    'random, by name': lambda tmp_path: given(RANDOM),
    'given': lambda tmp_path: GivenStart(np.array(CENTROIDS)),
    'a file': of_file,
    'an earlier run': of_earlier_run,
    'by passes': lambda tmp_path: StartByPass(K),
}


@pytest.fixture(params=STARTS)
def start(request, tmp_path):
    return STARTS[request.param](tmp_path)


def sample_of(rows, capacity):
    """Return a sample, merged from two parts."""
    whole = HashSample(capacity, 2)
    for part in (rows[::2], rows[1::2]):
        columns = [from_floats(np.array(column)) for column in zip(*part)]
        one = HashSample(capacity, 2)
        one.add(seeded_hashes(row_hashes(columns), 0, SAMPLE_ROUND), columns)
        whole.merge(one)
    return whole


def find(start, rows):
    return start.find(sample_of(rows, start.capacity(2)), PassesInMemory(rows, facts_of(rows)))


def test_a_start_returns_k_distinct_centroids(start):
    centroids = find(start, ROWS)
    assert start.k == K <= start.capacity(2)
    assert (centroids.shape, centroids.dtype) == ((K, 2), np.float64)
    assert np.isfinite(centroids).all()
    assert len(set(map(tuple, centroids.tolist()))) == K


def test_a_start_is_the_same_for_rows_in_any_order(start):
    first = find(start, ROWS)
    for rows in (ROWS[::-1], random.Random(2).sample(ROWS, len(ROWS)), ROWS):
        assert find(start, rows).tobytes() == first.tobytes()


def test_a_start_does_not_change_its_sample(start):
    sample = sample_of(ROWS, start.capacity(2))
    before = sample.to_json()
    start.find(sample, PassesInMemory(ROWS, facts_of(ROWS)))
    assert sample.to_json() == before


def test_starts_by_name_are_the_functions_they_name(tmp_path):
    assert find(given(RANDOM), ROWS).tolist() == [
        list(row) for row in sorted(row for row, _ in reference.hash_sample(ROWS, K, 0, 1))
    ]
    assert find(of_file(tmp_path), ROWS).tolist() == CENTROIDS
    by_name, reported = find(given(SAMPLE), ROWS), find(SampleStart(K, 0, 10), ROWS)
    assert by_name.tobytes() == reported.tobytes()


@pytest.mark.parametrize('sql', [False, True])
def test_a_fit_makes_passes_for_its_start(sql, tmp_path, monkeypatch):
    monkeypatch.setattr(Initial, '_search', lambda self, options: StartByPass(options.k))
    path = tmp_path / 'rows.csv'
    path.write_text('a,b\n' + ''.join('%r,%r\n' % row for row in ROWS))
    model = run([path], tmp_path / 'out', K, sql={} if sql else None)
    expected = find(StartByPass(K), ROWS).tolist()
    outcome = runs.outcome_of(reference.reference_fit(ROWS, expected), ROWS, features=['a', 'b'])
    assert model.hash == outcome.hash
