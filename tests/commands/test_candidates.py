"""Candidates of different k share their passes: each comes to what its own fit comes to, to the
bit, in as many jobs as the slowest needs."""

import csv
import functools
import json
import sys

import candidates
import pytest
import reference
import runs
from candidates import by_jobs, by_sql, drive
from data_kinds import KINDS

from mr_kmeans.options import JobOptions, SqlOptions
from mr_kmeans.runners.launch_local import LocalLauncher

ROWS = KINDS['random_rows']().rows


def before_the_end(start, n):
    """Return the centroids of the n-th last iteration from a start: few passes are left."""
    return [list(row) for row in reference.reference_fit(ROWS, start)[-n].centroids]


STARTS = {
    'k=2': before_the_end(ROWS[:2], 3),
    'k=3': before_the_end(ROWS[40:43], 5),
    'k=7': before_the_end(ROWS[70:77], 4),
}


@functools.cache
def expected():
    """The iterations of each candidate alone, by the reference."""
    return {name: reference.reference_fit(ROWS, start) for name, start in STARTS.items()}


def n_passes(iterations):
    """How many passes a fit needs."""
    return len(iterations) - (iterations[-1].stopped_by == reference.NO_MOVE)


def check_found(found):
    """Compare hashes with those of the reference, and the number of passes with the slowest's."""
    hashes, n_made = found
    alone = {name: runs.outcome_of(iterations, ROWS) for name, iterations in expected().items()}
    assert hashes == {name: outcome.hash for name, outcome in alone.items()}
    needed = [n_passes(iterations) for iterations in expected().values()]
    assert sorted(needed) == [2, 3, 4]
    assert n_made == max(needed)


def without_times(path):
    with open(path, encoding='utf-8') as file:
        return [
            {
                name: row[name]
                for name in ('iteration', 'inertia', 'shift', 'moved', 'empty', 'rows')
            }
            for row in csv.DictReader(file)
        ]


@pytest.mark.parametrize(
    'runner, variant, pack, n_files',
    [
        ('inline', 'in-mapper', True, 3),
        ('inline', 'combiner', False, 2),
        ('inline', 'two-job', True, 2),
        ('local', 'in-mapper', True, 1),
        pytest.param('local', 'combiner', True, 2, marks=pytest.mark.slow),
        pytest.param('local', 'two-job', False, 2, marks=pytest.mark.slow),
    ],
)
def test_candidates_share_jobs(runner, variant, pack, n_files, tmp_path, monkeypatch):
    jobs, run = [], LocalLauncher.run

    def counted(self, job_class, *others, **named):
        jobs.append(job_class.__name__)
        return run(self, job_class, *others, **named)

    monkeypatch.setattr(LocalLauncher, 'run', counted)
    paths = runs.write_rows(tmp_path, ROWS, n_files)
    options = JobOptions(runner=runner, variant=variant, pack=pack)
    found = drive(tmp_path / 'out', STARTS, by_jobs(paths, options))
    check_found(found)
    assert sum(name.startswith('MRLloyd') for name in jobs) == found.n_passes


def test_a_candidates_folder_is_that_of_its_own_fit(tmp_path):
    paths = runs.write_rows(tmp_path, ROWS)
    drive(tmp_path / 'out', STARTS, by_jobs(paths, JobOptions()))
    for name, start in STARTS.items():
        alone, folder = tmp_path / name, tmp_path / 'out' / name
        init = runs.write_start(tmp_path / 'start.csv', start)
        runs.fit(paths, alone, len(start), init=init)
        assert (folder / 'centroids.csv').read_bytes() == (alone / 'centroids.csv').read_bytes()
        assert (
            without_times(folder / 'iterations.csv')[1:]
            == without_times(alone / 'iterations.csv')[1:]
        )
        assert sorted(path.name for path in (folder / 'iterations').iterdir()) == sorted(
            path.name for path in (alone / 'iterations').iterdir()
        )
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == [*STARTS, 'points']


@pytest.mark.parametrize('plan', ['fast', 'ranking'])
def test_candidates_in_a_database(plan, base, tmp_path):
    paths = runs.write_rows(tmp_path, ROWS, 2)
    sql = SqlOptions(database=base.url, plan=plan)
    check_found(drive(tmp_path / 'out', STARTS, by_sql(paths, sql)))
    with base.open() as execute:
        tables = execute('SELECT table_name FROM information_schema.tables')
    assert [name for (name,) in tables if name.startswith(('cluster', 'mr_kmeans'))] == []


@pytest.mark.slow
@pytest.mark.hadoop
def test_candidates_on_hadoop(cluster, tmp_path):
    paths = runs.write_rows(tmp_path, ROWS, 2)
    (tmp_path / 'starts.json').write_text(json.dumps(STARTS))
    for out in (tmp_path / 'out', 'hdfs:///run/candidates'):
        before = set(cluster.applications())
        command = [sys.executable, candidates.__file__, 'hadoop', out, tmp_path / 'starts.json']
        done = json.loads(cluster.run(*command, *paths))
        check_found(done)
        assert len(set(cluster.applications()) - before) == 1 + done[1]  # the first one packs
    listed = cluster.hdfs('-ls', '-R', '/run/candidates').decode()
    assert all(f'/run/candidates/{name}/centroids.csv' in listed for name in STARTS)
