"""Tests of `--tol-inertia`: it stops a run where a pass gains little, on every engine and after
--resume."""

import json
import math
import random
from fractions import Fraction

import pytest
import runs
from sql_cases import DuckBase, run

from mr_kmeans.algorithm.lloyd import gains_little
from mr_kmeans.errors import UsageError
from mr_kmeans.options import TextOptions
from mr_kmeans.run.digest import with_digest, without_digest

_CHANCE = random.Random(5)
ROWS = [(round(_CHANCE.gauss(0, 9), 2), round(_CHANCE.gauss(0, 9), 2)) for _ in range(300)]
K, TOL_INERTIA = 12, 0.01


def fit(paths, out, **options):
    options = {'init': 'random', 'tol': 0.0, 'tol_inertia': TOL_INERTIA, **options}
    return runs.fit_text(paths, out, K, TextOptions(), **options)


def inertias(out):
    lines = (out / 'iterations.csv').read_text().splitlines()
    return [float(line.split(',')[1]) for line in lines[1:]]


def test_the_run_stops_after_the_first_pass_that_gains_less(tmp_path):
    paths = runs.write_rows(tmp_path, ROWS, 1)
    model = fit(paths, tmp_path / 'out')
    found = inertias(tmp_path / 'out')
    gains = [(Fraction(a) - Fraction(b)) / Fraction(a) for a, b in zip(found, found[1:])]
    assert model.stopped_by == 'tol-inertia' and model.converged
    assert min(gains[:-1]) >= Fraction(TOL_INERTIA) > gains[-1]
    longer = fit(paths, tmp_path / 'longer', tol_inertia=None)
    assert longer.n_iter > model.n_iter == len(gains)
    assert inertias(tmp_path / 'longer')[: len(gains) + 1] == inertias(tmp_path / 'out')
    content = json.loads((tmp_path / 'out' / 'model.json').read_text())
    assert content['stopped_by'] == 'tol-inertia' and content['inertia'] == model.inertia
    assert sum(model.counts) == len(ROWS)


def test_inertias_are_compared_exactly():
    assert not gains_little(None, 1.0, 0.5) and not gains_little(2.0, 1.0, None)
    assert not gains_little(math.inf, 1.0, 0.5) and not gains_little(math.inf, math.inf, 0.5)
    assert not gains_little(2.0, 1.0, 0.5) and gains_little(2.0, 1.0 + 2**-52, 0.5)
    assert gains_little(1.0, 1.5, 1e-9) and not gains_little(0.0, 0.0, 0.5)
    assert not gains_little(10.0, 9.0, 0.1 - 2**-55) and gains_little(10.0, 9.0, 0.1)


@pytest.mark.parametrize('variant', ['combiner', 'two-job'])
def test_variants_and_splits_stop_alike(variant, tmp_path):
    one = fit(runs.write_rows(tmp_path, ROWS, 1), tmp_path / 'one')
    (tmp_path / 'parts').mkdir()
    rows = ROWS[::-1]
    other = fit(runs.write_rows(tmp_path / 'parts', rows, 3), tmp_path / 'other', combining=variant)
    assert (other.hash, other.n_iter, other.stopped_by) == (one.hash, one.n_iter, one.stopped_by)


def test_sql_stops_alike(tmp_path):
    paths = runs.write_rows(tmp_path, ROWS, 1)
    jobs = fit(paths, tmp_path / 'jobs')
    base = DuckBase(tmp_path / 'base.duckdb')
    options = {'init': 'random', 'tol': 0.0, 'tol_inertia': TOL_INERTIA}
    sql = run(paths, tmp_path / 'sql', K, None, {'database': base.url}, **options)
    assert (sql.hash, sql.stopped_by) == (jobs.hash, 'tol-inertia')
    with base.open() as execute:
        [(last,)] = execute('SELECT max(iteration) FROM cluster_centers_sql')
    assert last == sql.n_iter
    sql = run(paths, tmp_path / 'cut', K, None, {'database': base.url}, max_iter=2, **options)
    resumed = run(paths, tmp_path / 'cut', K, None, {'database': base.url}, resume=True, **options)
    assert (sql.stopped_by, resumed.hash) == ('max-iter', jobs.hash)


@pytest.mark.parametrize('n', range(1, 4))
def test_a_resumed_run_stops_alike(n, tmp_path):
    paths = runs.write_rows(tmp_path, ROWS, 1)
    whole = fit(paths, tmp_path / 'whole')
    fit(paths, tmp_path / 'out', max_iter=n)
    resumed = fit(paths, tmp_path / 'out', resume=True)
    assert (resumed.hash, resumed.stopped_by) == (whole.hash, 'tol-inertia')
    assert fit(paths, tmp_path / 'out', resume=True).hash == whole.hash


def test_another_value_is_refused_on_resume(tmp_path):
    paths = runs.write_rows(tmp_path, ROWS, 1)
    fit(paths, tmp_path / 'out', max_iter=1)
    with pytest.raises(UsageError, match=r'tol_inertia was 0\.01, is 0\.02'):
        fit(paths, tmp_path / 'out', resume=True, tol_inertia=0.02)
    with pytest.raises(UsageError, match=r'tol_inertia was 0\.01, is None'):
        fit(paths, tmp_path / 'out', resume=True, tol_inertia=None)


def test_a_model_of_an_earlier_version_lacks_the_option(tmp_path):
    paths = runs.write_rows(tmp_path, ROWS, 1)
    model = fit(paths, tmp_path / 'out', tol_inertia=None)
    path = tmp_path / 'out' / 'model.json'
    content = without_digest(json.loads(path.read_text()))
    assert content['options'].pop('tol_inertia', 0) is None
    path.write_text(json.dumps(with_digest(content)))
    assert fit(paths, tmp_path / 'out', tol_inertia=None, resume=True).hash == model.hash
