"""Starts that make passes: the same model for any splits, order, runner, variant and engine, and
after a run that was broken off in the middle of the start."""

import contextlib
import itertools
import random

import pytest
import reference
import runs
from far_rows import SEED, K, clean_rows, far_rows, small_sample  # noqa: F401
from logged import logged
from passes import PassesInMemory, facts_of
from samples import sample_of
from sql_cases import DuckBase, run

from mr_kmeans.algorithm.starts.from_sample import SampleStart
from mr_kmeans.algorithm.starts.parallel import ParallelStart
from mr_kmeans.inputs import source
from mr_kmeans.run.directory import RunDirectory
from mr_kmeans.runners.launch_local import LocalLauncher

pytestmark = pytest.mark.usefixtures('small_sample')

ROWS = {'far': far_rows(), 'clean': clean_rows()}
STARTS = {
    'sample': lambda: SampleStart(K, SEED, 2),
    'k-means||': lambda: ParallelStart(K, SEED, 2),
}
CASES = pytest.mark.parametrize(
    'init, data', [('sample', 'far'), ('sample', 'clean'), ('k-means||', 'far')]
)
BETTER = 'looking for a better start'


def expected(init, data, cache={}):  # noqa: B006
    """Return the hash of the model: the start by passes in memory, then the reference."""
    if (init, data) not in cache:
        rows, start = ROWS[data], STARTS[init]()
        sample = sample_of(rows, start.capacity(2), SEED)
        centroids = start.find(sample, PassesInMemory(rows, facts_of(rows))).tolist()
        cache[init, data] = runs.outcome_of(
            reference.reference_fit(rows, centroids), rows, features=['x1', 'x2']
        ).hash
    return cache[init, data]


def options_of(init):
    return {'init': init, 'seed': SEED, 'n_init': 2}


@CASES
@pytest.mark.parametrize(
    'variant, pack, n_files, order',
    [
        ('in-mapper', True, 1, 'in order'),
        ('in-mapper', False, 7, 'shuffled'),
        ('combiner', True, 2, 'reversed'),
        ('two-job', False, 2, 'shuffled'),
    ],
)
def test_any_two_ways_agree(init, data, variant, pack, n_files, order, tmp_path, monkeypatch):
    monkeypatch.setattr(source, 'usable_cores', lambda: n_files)
    wanted, lines = expected(init, data), logged()
    paths = runs.write_rows(tmp_path, runs.ordered(ROWS[data], order), n_files)
    model = runs.fit(paths, tmp_path / 'out', K, variant, 'inline', pack, **options_of(init))
    assert model.hash == wanted
    assert sum(BETTER in line for line in lines) == (init == 'sample' and data == 'far')


@pytest.mark.slow
@pytest.mark.parametrize('init, data', [('sample', 'far')])
def test_the_local_runner_agrees(init, data, tmp_path):
    paths = runs.write_rows(tmp_path, ROWS[data], 2)
    model = runs.fit(paths, tmp_path / 'out', K, runner='local', **options_of(init))
    assert model.hash == expected(init, data)


@CASES
@pytest.mark.parametrize('kind', ['own', 'duckdb', 'postgres'])
@pytest.mark.parametrize('plan', ['fast', pytest.param('ranking', marks=pytest.mark.slow)])
def test_sql_agrees(init, data, kind, plan, tmp_path, request):
    sql = {'plan': plan}
    if kind == 'postgres':
        sql['database'] = request.getfixturevalue('postgres_base').url
    elif kind == 'duckdb':
        sql['database'] = DuckBase(tmp_path / 'base.duckdb').url
    paths = runs.write_rows(tmp_path, ROWS[data], 2)
    model = run(paths, tmp_path / 'out', K, sql=sql, **options_of(init))
    assert model.hash == expected(init, data)


@pytest.mark.parametrize('sql', [False, True])
def test_the_first_iteration_takes_the_pass_of_the_start(sql, tmp_path, monkeypatch):
    """There is one pass less than starts and iterations need, and all tables are as ever."""
    paths = runs.write_rows(tmp_path, ROWS['clean'], 2)
    count, options = counted_passes(monkeypatch, sql), {} if sql else None
    model = run(paths, tmp_path / 'out', K, sql=options, tol=0.0, **options_of('sample'))
    folder = RunDirectory(str(tmp_path / 'out'))
    assert len(count) == len(folder.iteration_numbers()) - 1 == model.n_iter
    stats = [folder.read_iteration(number)['stats'] for number in (1, 2)]
    assert [one['job_seconds'] > 0 for one in stats] == [False, True]
    assert [one['rows'] for one in stats] == [len(ROWS['clean'])] * 2


BREAKS = [
    pytest.param(
        *case, marks=[] if case in (('far', False, 2), ('far', True, 1)) else [pytest.mark.slow]
    )
    for case in itertools.product(ROWS, (False, True), range(4))
]


@pytest.mark.parametrize('data, sql, n_passes', BREAKS)
def test_a_start_that_was_broken_off_is_made_again(data, sql, n_passes, tmp_path, monkeypatch):
    """Killed in the survey, in any pass of the start, or in the first one after it."""
    paths, options = runs.write_rows(tmp_path, ROWS[data], 2), {} if sql else None
    with monkeypatch.context() as patched:
        counted_passes(patched, sql, n_passes)
        with contextlib.suppress(KeyboardInterrupt):
            run(paths, tmp_path / 'out', K, sql=options, **options_of('sample'))
    model = run(paths, tmp_path / 'out', K, sql=options, resume=True, **options_of('sample'))
    assert model.hash == expected('sample', data)
    whole = run(paths, tmp_path / 'whole', K, sql=options, **options_of('sample'))
    assert runs.outcome_of_run(tmp_path / 'out') == runs.outcome_of_run(tmp_path / 'whole')
    assert whole.hash == model.hash


def counted_passes(monkeypatch, sql, most=None):
    """Return a list of the passes that are made; the one after `most` is broken off."""
    from mr_kmeans.sql.passes import SqlPasses

    made, kind, name = [], *((SqlPasses, '_make') if sql else (LocalLauncher, 'run'))
    original = getattr(kind, name)

    def counting(self, what, *arguments, **options):
        if sql or 'Lloyd' in what.__name__:
            if most is not None and len(made) == most:
                raise KeyboardInterrupt
            made.append(what)
        return original(self, what, *arguments, **options)

    monkeypatch.setattr(kind, name, counting)
    return made


@pytest.mark.parametrize('sql', [False, True])
@pytest.mark.parametrize('n_passes', [0, 3, 5, 6])
@pytest.mark.slow
def test_k_means_parallel_that_was_broken_off_is_made_again(n_passes, sql, tmp_path, monkeypatch):
    paths, options = runs.write_rows(tmp_path, ROWS['far'], 2), {} if sql else None
    with monkeypatch.context() as patched:
        counted_passes(patched, sql, n_passes)
        with contextlib.suppress(KeyboardInterrupt):
            run(paths, tmp_path / 'out', K, sql=options, **options_of('k-means||'))
    model = run(paths, tmp_path / 'out', K, sql=options, resume=True, **options_of('k-means||'))
    assert model.hash == expected('k-means||', 'far')


def test_seeds_differ(tmp_path):
    paths = runs.write_rows(tmp_path, random.Random(1).sample(ROWS['far'], 600))
    models = [runs.fit(paths, tmp_path / str(seed), 40, seed=seed, n_init=1) for seed in (1, 2)]
    assert models[0].hash != models[1].hash
