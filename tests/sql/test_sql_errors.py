"""What goes wrong by SQL: other rows on resume, signals, passwords, odd queries and names, several
runs in one table."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from sql_cases import DATA, ROOT, DuckBase, command, run

from mr_kmeans.algorithm.lloyd import Iteration
from mr_kmeans.errors import KMeansError, RunError, UsageError
from mr_kmeans.options import SqlOptions, TextOptions
from mr_kmeans.run.directory import RunDirectory
from mr_kmeans.sql.assign import assign_table
from mr_kmeans.sql.centroid_table import Centers
from mr_kmeans.sql.connect import connect
from mr_kmeans.sql.rows import SqlRows

pytestmark = pytest.mark.slow

CHANGED = 'the rows have changed.*--overwrite'


def make_points(base, n=60):
    with base.open() as execute:
        execute('CREATE TABLE points (id integer, a float8, b float8)')
        execute(
            'INSERT INTO points SELECT i, i * 7919 % 101, i * 31 % 97 FROM generate_series(0,'
            f' {n - 1}) AS s(i)'
        )
    return {'database': base.url, 'table': 'points'}


def permute(base):
    """Move the values of b between rows: each column has the sums it had."""
    with base.open() as execute:
        execute(
            'CREATE TABLE moved AS SELECT p.id, p.a, q.b FROM points AS p JOIN points AS q ON q.id'
            ' = (p.id + 1) % 60'
        )
        execute('DELETE FROM points')
        execute('INSERT INTO points SELECT * FROM moved')


@pytest.mark.parametrize('max_iter', [2, 300])
def test_a_run_is_not_resumed_with_other_rows_of_the_same_sums(tmp_path, base, max_iter):
    sql, text = make_points(base), {'columns': 'a,b'}
    first = run([], tmp_path / 'run', 4, text, sql, init='random', max_iter=max_iter)
    assert (
        run([], tmp_path / 'run', 4, text, sql, init='random', max_iter=max_iter, resume=True)
        == first
    )
    permute(base)
    files = sorted(os.listdir(tmp_path / 'run'))
    with pytest.raises(UsageError, match=CHANGED) as caught:
        run([], tmp_path / 'run', 4, text, sql, init='random', resume=True)
    assert caught.value.exit_code == 2 and sorted(os.listdir(tmp_path / 'run')) == files
    shutil.rmtree(tmp_path / 'run')  # only the centroid table is left
    with pytest.raises(UsageError, match=CHANGED):
        run([], tmp_path / 'run', 4, text, sql, init='random', resume=True)
    assert (
        run([], tmp_path / 'run', 4, text, sql, init='random', overwrite=True).fingerprint
        != first.fingerprint
    )


def test_a_complete_run_has_not_the_rows_of_later(tmp_path, base):
    sql, text = make_points(base), {'columns': 'a,b'}
    run([], tmp_path / 'run', 4, text, sql)
    with base.open() as execute:
        execute('DELETE FROM points WHERE id = 3')
    with pytest.raises(
        UsageError, match=r'the rows have changed.*there were 60 rows, there are 59'
    ):
        run([], tmp_path / 'run', 4, text, sql, resume=True)


LASTING = {
    'duckdb': (
        'CREATE VIEW points AS SELECT CAST(i % 97 AS float8) AS a FROM range(1000000000000) AS s(i)'
    ),
    'postgres': (
        'CREATE VIEW points AS SELECT i AS a FROM generate_series(1, 3) AS s(i), pg_sleep(100 * i)'
    ),
}


def signaled(number, out, arguments, is_time):
    """Return (exit code, standard error) of a fit that gets a signal a moment after it is time."""
    arguments = [
        sys.executable,
        '-m',
        'mr_kmeans',
        'fit',
        '--engine',
        'sql',
        '-o',
        out,
        '--init',
        'random',
        *arguments,
    ]
    process = subprocess.Popen(
        [str(one) for one in arguments],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        lines = []
        reader = threading.Thread(target=lambda: lines.extend(process.stderr), daemon=True)
        reader.start()
        deadline = time.monotonic() + 60
        while not is_time(lines) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.3)
        process.send_signal(number)
        code = process.wait(30)
        reader.join(10)
        return code, ''.join(lines)
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize('number, code', [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_in_the_survey(tmp_path, base, number, code):
    kind = 'postgres' if base.url.startswith('postgres') else 'duckdb'
    with base.open() as execute:
        execute(LASTING[kind])
    arguments = ['--database', base.url, '--table', 'points', '-k', 2]
    found, said = signaled(
        number,
        tmp_path / 'run',
        arguments,
        lambda lines: any('; 1 feature: a' in line for line in lines),
    )
    assert found == code, said
    assert ('interrupted' if code == 130 else 'terminated') in said and 'defect' not in said
    assert not (tmp_path / 'run' / 'lock').exists()
    if kind == 'postgres':
        time.sleep(0.5)
        with base.open() as execute:
            assert execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'mr_kmeans' AND"
                " state = 'active'"
            ) == [(0,)]


@pytest.mark.parametrize('number, code', [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_in_an_iteration(tmp_path, base, number, code):
    make_points(base, 20_000)
    arguments = [
        '--database',
        base.url,
        '--table',
        'points',
        '--columns',
        'a,b',
        '-k',
        200,
        '--sql-plan',
        'ranking',
        '--tol',
        0,
    ]
    first = tmp_path / 'run' / 'iterations' / '00000.json'
    found, said = signaled(number, tmp_path / 'run', arguments, lambda lines: first.exists())
    assert found == code, said
    assert 'defect' not in said


WRONG_URLS = [
    'postgresql://u:s3cr3t@pw@127.0.0.1:1/db',
    'host=127.0.0.1 port=1 password=s3cr3t pw',
    'postgresql://u:s3cr3t/pw@127.0.0.1:1/db',
    'postgresql://u:s3cr3t?pw@127.0.0.1:1/db',
    'postgresql://u:s3cr3t%pw@127.0.0.1:1/db',
    'postgres:u:s3cr3tpw@127.0.0.1:1/db',
    'postgresql://u:s3/cr@3t@pw/@127.0.0.1:1/db',
]


@pytest.mark.parametrize('url', WRONG_URLS)
def test_no_part_of_a_password_is_shown(url):
    with pytest.raises(RunError, match='%40 %3A %2F') as caught:
        connect(url)
    assert not [
        part
        for part in ('s3', 'cr', '3t', 'pw')
        if part in str(caught.value).replace('password', '')
    ]


def test_a_url_that_is_clear_is_explained():
    with pytest.raises(RunError, match='refused') as caught:
        connect('postgresql://u:s3cr%40t@127.0.0.1:1/db')
    assert 's3cr' not in str(caught.value)


def test_a_database_as_an_input(tmp_path):
    for engine in ([], ['--engine', 'sql']):
        done = command(
            'fit',
            'postgresql://u:s3cr3t@h/db?password=s3cr3t',
            '-k',
            2,
            '-o',
            tmp_path / 'run',
            *engine,
        )
        assert done.returncode == 2 and '--database' in done.stderr and 's3cr3t' not in done.stderr
    done = command('fit', 's3://key:s3cr3t@bucket/x', '-k', 2, '-o', tmp_path / 'run')
    assert 's3://***@bucket/x: no such store' in done.stderr


@pytest.mark.parametrize(
    'query',
    [
        'SELECT 1.0 AS a) AS q; DROP TABLE vic; SELECT * FROM (SELECT 1',
        'SELECT 1 AS a; DROP TABLE vic',
        'DROP TABLE vic',
        'SELECT 1 AS a) AS q; DROP TABLE vic; --',
    ],
)
def test_a_query_is_one_select(tmp_path, base, query):
    with base.open() as execute:
        execute('CREATE TABLE vic (a integer)')
    with pytest.raises(UsageError):
        run([], tmp_path / 'run', 1, {}, {'database': base.url, 'query': query})
    with base.open() as execute:
        assert execute('SELECT count(*) FROM vic') == [(0,)]


@pytest.mark.parametrize(
    'select',
    [
        "/* it's */ SELECT a, b FROM points",
        "SELECT a, b FROM points WHERE $$it's $a$$ <> 'x'",
        'SELECT id % 10 AS a, b FROM points -- 100% $b',
        "SELECT a, b AS \"%(b)s\" FROM points WHERE 'a' LIKE '%';",
    ],
)
def test_a_query_is_left_as_it_is(tmp_path, base, select):
    sql = make_points(base)
    model = run([], tmp_path / 'run', 2, {}, {'database': sql['database'], 'query': select})
    assert model.n_samples == 60


def test_a_slip_in_the_name_of_a_file_makes_none(tmp_path):
    base = DuckBase(tmp_path / 'base.duckdb')
    model = run([], tmp_path / 'run', 2, {'columns': 'a,b'}, make_points(base))
    for database in (
        str(tmp_path / 'bas.duckdb'),
        'duckdb:%s?threads=1' % (tmp_path / 'bas.duckdb'),
    ):
        for source in ({'table': 'points'}, {'query': 'SELECT 1 AS a'}):
            with pytest.raises(RunError, match='there is no file .*bas.duckdb'):
                run([], tmp_path / 'other', 2, {}, dict(source, database=database))
            with pytest.raises(RunError, match='there is no file .*bas.duckdb'):
                assign_table(
                    model, 'labels', TextOptions(), SqlOptions(database=database, **source)
                )
    assert not (tmp_path / 'bas.duckdb').exists()
    memory = {'database': 'duckdb:', 'query': 'SELECT 1 AS a'}
    assert run([], tmp_path / 'memory', 1, {}, memory).n_samples == 1
    run(
        [os.path.join(DATA, 'iris.csv')],
        tmp_path / 'files',
        2,
        None,
        {'database': str(tmp_path / 'new.duckdb')},
    )
    assert (tmp_path / 'new.duckdb').exists()


def test_a_table_that_another_run_uses_is_named(tmp_path, postgres_base):
    sql, text, tried = (
        dict(make_points(postgres_base), centers_table='shared'),
        {'columns': 'a,b'},
        [],
    )

    def other(stats):
        if stats.iteration == 0:
            with pytest.raises(RunError, match='another run is using.*--centers-table') as caught:
                run([], tmp_path / 'other', 2, text, sql, overwrite=True)
            tried.append(str(caught.value))

    run([], tmp_path / 'run', 2, text, sql, init='random', watch=other)
    assert len(tried) == 1 and 'CASCADE' not in tried[0] and 'DROP' not in tried[0]


def test_labels_that_a_view_reads_are_not_dropped(tmp_path, postgres_base):
    sql = make_points(postgres_base)
    model = run([], tmp_path / 'run', 2, {'columns': 'a,b'}, sql)
    assign_table(model, 'labels', TextOptions(columns='a,b'), SqlOptions(**sql))
    with postgres_base.open() as execute:
        execute('CREATE VIEW mine AS SELECT * FROM labels')
    with pytest.raises(KMeansError, match='view mine depends') as caught:
        assign_table(model, 'labels', TextOptions(columns='a,b'), SqlOptions(**sql), overwrite=True)
    assert 'CASCADE' not in str(caught.value)


def test_the_last_iteration_of_a_table_is_of_one_run(postgres_base):
    ours, theirs = connect(postgres_base.url), connect(postgres_base.url)
    try:
        tables = [Centers(engine, ('cluster_centers',), ['a']) for engine in (ours, theirs)]
        tables[0].create('x', False)
        tables[0].watch([1.0])

        def write():
            with tables[1].alone():
                tables[1].put(Iteration(7, np.array([[7.0]]), [1]))

        other = threading.Thread(target=write)
        with tables[0].alone():
            tables[0].put(Iteration(3, np.array([[3.0]]), [1]))
            other.start()
            other.join(0.5)
            assert other.is_alive() and ours.fetch('SELECT m_1 FROM mr_kmeans_centers') == [(3.0,)]
        other.join(30)
    finally:
        ours.close()
        theirs.close()


def test_the_survey_is_of_one_moment(tmp_path, postgres_base, monkeypatch):
    sql, text = make_points(postgres_base), {'columns': 'a,b'}
    define = SqlRows._define

    def then_add(self):
        found = define(self)
        with postgres_base.open() as execute:
            execute('INSERT INTO points VALUES (60, 1e6, 0.001)')
        return found

    monkeypatch.setattr(SqlRows, '_define', then_add)
    assert (
        run([], tmp_path / 'run', 2, text, sql).n_samples == 60
    )  # the passes see the rows of the survey
    assert '"n_samples": 60' in (tmp_path / 'run' / 'survey.json').read_text()


def test_folders_and_keys_in_the_name_of_a_database(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'year=2024').mkdir()
    make_points(DuckBase('year=2024/flowers.duckdb'))
    connect('year=2024/flowers.duckdb').close()
    for url in (
        'host=/nowhere dbname=my.db',
        'dbname=my.db host=/nowhere',
        'keepalives=1 host=/nowhere',
        'postgresql://127.0.0.1:1/my.db',
    ):
        with pytest.raises(RunError, match='PostgreSQL'):
            connect(url)


def test_the_lock_is_given_back_whatever_else_fails(tmp_path, monkeypatch):
    def fail(self):
        raise RunError('not closed')

    monkeypatch.setattr(SqlRows, 'close', fail)
    with pytest.raises(RunError, match='not closed'):
        run([os.path.join(DATA, 'iris.csv')], tmp_path / 'run', 2, None, {}, max_iter=1)
    assert not RunDirectory(str(tmp_path / 'run')).storage.exists(str(tmp_path / 'run' / 'lock'))


def test_a_damaged_database_is_named(tmp_path):
    """The file opens; the block that the table's rows are in is damaged."""
    path = tmp_path / 'base.duckdb'
    with DuckBase(path).open() as execute:
        execute('CREATE TABLE points AS SELECT range AS x, range * 2.5 AS y FROM range(100)')
    content = bytearray(path.read_bytes())
    content[274_532] ^= 1
    path.write_bytes(content)
    done = command(
        'fit',
        '-k',
        2,
        '-o',
        tmp_path / 'out',
        '--engine',
        'sql',
        '--database',
        path,
        '--table',
        'points',
    )
    assert done.returncode == 1 and f'{path}: damaged (DuckDB: Corrupt database file' in done.stderr
