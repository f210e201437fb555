"""The contract of `RowSource`: files by jobs, packed or as text, and databases answer alike."""

import contextlib

import numpy as np
import pytest
import reference
import runs
from candidates import by_jobs, by_sql
from passes import PassesInMemory

from mr_kmeans.algorithm.draw import Draw
from mr_kmeans.algorithm.lloyd import Iteration, RowFacts
from mr_kmeans.errors import UsageError
from mr_kmeans.options import FitOptions, JobOptions, SqlOptions, TextOptions
from mr_kmeans.run.directory import MANIFEST, SURVEY, RunDirectory
from mr_kmeans.run.row_source import RowSource
from mr_kmeans.sql.rows import SqlRows

ROWS = [(float(x), y) for x, y in zip((2, 4, 10, 12, 3, 20, 30, 11, 25), (0.5, 1.25, 0.0) * 3)]
OPTIONS = FitOptions(2)
STARTS = [ROWS[:2], ROWS[3:6], ROWS[:1]]


def of_jobs(**options):
    return lambda paths, base: by_jobs(paths, JobOptions(**options))


def of_files_in_sql(paths, base):
    return by_sql(paths, SqlOptions(database=base.url))


def of_table(paths, base):
    with base.open() as execute:
        execute('CREATE TABLE rows_of_mine (x1 float8, x2 float8)')
        execute('INSERT INTO rows_of_mine VALUES ' + ', '.join(map(str, ROWS)))
    sql = SqlOptions(database=base.url, table='rows_of_mine')
    return lambda run: SqlRows(run, None, TextOptions(missing='fail'), sql)


SOURCES = {
    'packed': (of_jobs(), 'duckdb'),
    'text': (of_jobs(pack=False), 'duckdb'),
    'combiner': (of_jobs(variant='combiner'), 'duckdb'),
    'two-job': (of_jobs(variant='two-job'), 'duckdb'),
    'files in DuckDB': (of_files_in_sql, 'duckdb'),
    'files in PostgreSQL': (of_files_in_sql, 'postgres'),
    'a table in DuckDB': (of_table, 'duckdb'),
    'a table in PostgreSQL': (of_table, 'postgres'),
}


@pytest.fixture(params=SOURCES)
def opened(request, tmp_path):
    """Return a function that opens the rows of a run in its directory, again and again."""
    from sql_cases import DuckBase

    make, kind = SOURCES[request.param]
    base = (
        request.getfixturevalue('postgres_base')
        if kind == 'postgres'
        else DuckBase(tmp_path / 'base.duckdb')
    )
    rows_in = make(runs.write_rows(tmp_path, ROWS, 2), base)

    @contextlib.contextmanager
    def open_rows():
        run = RunDirectory(str(tmp_path / 'out'))
        with run.held(), contextlib.closing(rows_in(run)) as rows:
            yield run, rows

    return open_rows


def check_passes(rows, survey, space):
    """Passes find what the reference finds, for several candidates at once, again and again."""
    facts = RowFacts.of_survey(survey, space)
    iterations = [Iteration(7, np.array(start), [0] * len(start)) for start in STARTS]
    expected = PassesInMemory(ROWS, facts)(iterations)
    passes = rows.passes(facts, survey)
    assert passes.facts == facts
    for some in (slice(0, 3), slice(2, 0, -1), slice(0, 1)):
        found = passes(iterations[some])
        assert [one[:3] for one in found] == [one[:3] for one in expected[some]]
        assert all(one.cost.rows == len(ROWS) and one.cost.job_seconds > 0 for one in found)
    [one] = rows.passes_of_fit(facts, survey, OPTIONS)([iterations[0]._replace(number=0)])
    assert one[:3] == expected[0][:3]


def check_draws(rows, survey, space):
    """Passes draw the rows that the reference draws, for several candidates at once."""
    facts = RowFacts.of_survey(survey, space)
    iterations = [Iteration(0, np.array(start), [0] * len(start)) for start in STARTS]
    passes = rows.passes(facts, survey)
    for draw in (Draw(0, 0, 3), Draw(-7, 2, 4), Draw(2**64 - 1, 0, 1), Draw(1, 1, 99)):
        found, expected = passes(iterations, draw), PassesInMemory(ROWS, facts)(iterations, draw)
        for one, other in zip(found, expected):
            assert one[:3] == other[:3]
            assert one.drawn.rows.tolist() == other.drawn.rows.tolist()
            assert one.drawn.counts.tolist() == other.drawn.counts.tolist()
            assert one.drawn.threshold == other.drawn.threshold
    [one] = passes([iterations[0]])
    assert one.drawn is None


def begin(run, rows):
    """Do what a fit does before its first iteration; return the survey and the space."""
    survey, space = rows.make(OPTIONS, 5)
    manifest = dict(rows.to_json(), options=OPTIONS.to_json())
    rows.begin(manifest, False)
    run.write_state(manifest, MANIFEST)
    run.write_state(survey.to_json(space), SURVEY)
    return survey, space


def test_rows_are_surveyed_and_passed_over(opened):
    with opened() as (run, rows):
        assert isinstance(rows, RowSource)
        assert (rows.features, rows.has_names) == (['x1', 'x2'], True)
        survey, space = begin(run, rows)
        assert (survey.n_samples, survey.fingerprint) == (9, reference.fingerprint(ROWS))
        assert list(map(tuple, survey.sample.rows.tolist())) == [
            row for row, _ in reference.hash_sample(ROWS, 5, 0, 1)
        ]
        assert space.features == rows.features and rows.ledger.n_rejected == 0
        assert isinstance(rows.scaling_hint({'x1': 'x1 / 10'}), str)
        check_passes(rows, survey, space)
        check_draws(rows, survey, space)


def test_passes_can_be_made_before_a_run_begins(opened):
    with opened() as (_, rows):
        check = rows.make(OPTIONS, 5)
        facts = RowFacts.of_survey(*check)
        iteration = Iteration(0, np.array(ROWS[:2]), [0, 0])
        [found] = rows.passes(facts, check[0])([iteration])
        assert found[:3] == PassesInMemory(ROWS, facts)([iteration])[0][:3]


def test_rows_are_made_again_for_a_run_that_is_resumed(opened):
    with opened() as (run, rows):
        survey, space = begin(run, rows)
        identity = rows.to_json()
    with opened() as (run, rows):
        assert rows.to_json() == identity
        rows.make_again(OPTIONS, 5, survey, space, [], '')
        check_passes(rows, survey, space)
        rows.compare(OPTIONS, 5, survey, space, '')


def test_other_rows_are_refused(opened):
    with opened() as (run, rows):
        survey, space = begin(run, rows)
    other = survey._replace(fingerprint=survey.fingerprint ^ 1)
    with opened() as (run, rows), pytest.raises(UsageError, match='--resume'):
        rows.compare(OPTIONS, 5, other, space, 'other files')
    with opened() as (run, rows), pytest.raises(UsageError, match='--resume'):
        rows.make_again(OPTIONS, 5, other, space, [], 'other files')


def test_nothing_is_recovered_without_a_run(opened):
    with opened() as (run, rows):
        manifest = dict(rows.to_json(), options=OPTIONS.to_json())
        assert rows.recover(manifest, OPTIONS, 5) == []


def test_only_the_runs_own_files_are_left(opened, tmp_path):
    with opened() as (run, rows):
        begin(run, rows)
    left = {path.name for path in (tmp_path / 'out').iterdir()}
    assert left <= {MANIFEST, SURVEY, 'points'}
