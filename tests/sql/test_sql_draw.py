"""Tests of draws in a database: the jobs' rows to the bit, for any data, k and d."""

import contextlib

import numpy as np
import pytest
import runs
from candidates import by_jobs, by_sql
from data_kinds import KINDS

from mr_kmeans.algorithm.draw import Draw
from mr_kmeans.algorithm.lloyd import Iteration, RowFacts
from mr_kmeans.errors import DataError
from mr_kmeans.options import FitOptions, JobOptions, SqlOptions
from mr_kmeans.run.directory import RunDirectory

BOTH = pytest.mark.parametrize('kind', ['duckdb', 'postgres'])
DRAWS = [Draw(3, 0, 5), Draw(-3, 4, 500)]


def draws_of(out, rows_in, case, many):
    """Return what passes draw with the case's start, or with many of its rows as centroids."""
    run = RunDirectory(str(out))
    with run.held(), contextlib.closing(rows_in(run)) as rows:
        options = FitOptions(len(case.start), feature_weights=case.weights)
        survey, space = rows.make(options, 5)
        passes = rows.passes(RowFacts.of_survey(survey, space), survey)
        start = np.array(list(case.rows[: len(case.rows) // 2]) if many else case.start)
        found = [passes([Iteration(0, start, [0] * len(start))], draw)[0].drawn for draw in DRAWS]
    return [(one.rows.tolist(), one.counts.tolist(), one.threshold) for one in found]


@BOTH
@pytest.mark.parametrize('many', [False, True])
@pytest.mark.parametrize('data', KINDS)
def test_sql_draws_the_rows_of_the_jobs(data, many, kind, tmp_path, request, monkeypatch):
    monkeypatch.setattr('mr_kmeans.sql.duck.Duck.max_terms', 20 if many else 512)
    url = (
        request.getfixturevalue('postgres_base').url
        if kind == 'postgres'
        else f'duckdb:{tmp_path}/base.duckdb'
    )
    case = KINDS[data]()
    paths = runs.write_rows(tmp_path, case.rows, 3)
    rows = by_sql(paths, SqlOptions(database=url))
    if kind == 'postgres' and data == 'tiny_beside_huge':  # some squares vanish
        with pytest.raises(DataError, match='which PostgreSQL refuses'):
            draws_of(tmp_path / 'sql', rows, case, many)
        return
    by_statement = draws_of(tmp_path / 'sql', rows, case, many)
    in_jobs = draws_of(tmp_path / 'jobs', by_jobs(paths, JobOptions(variant='two-job')), case, many)
    assert by_statement == in_jobs
    assert many or any(rows for rows, _, _ in in_jobs)
