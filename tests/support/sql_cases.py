"""What the tests of the SQL engine share: runs by jobs and by SQL, on the same rows."""

import contextlib
import os
import subprocess
import sys

import duckdb
import psycopg

from mr_kmeans.commands.fit import fit
from mr_kmeans.options import FitOptions, SqlOptions, TextOptions

DATA = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), 'data'
)
ROOT = os.path.dirname(DATA)


def run(inputs, out, k, text=None, sql=None, **options):
    """Return the model of a fit; `options` are those of FitOptions, and resume, overwrite,
    watch."""
    others = {
        name: options.pop(name) for name in ('resume', 'overwrite', 'watch') if name in options
    }
    return fit(
        [str(path) for path in inputs],
        str(out),
        FitOptions(k, **options),
        TextOptions(**(text or {})),
        sql=None if sql is None else SqlOptions(**sql),
        **others,
    )


def command(*arguments, **environment):
    """Return the finished process of the command mr-kmeans."""
    return subprocess.run(
        [sys.executable, '-m', 'mr_kmeans', *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
        env=dict(os.environ, **environment),
    )


class DuckBase:
    """A DuckDB file."""

    def __init__(self, path, settings=''):
        self.path = str(path)
        self.url = 'duckdb:' + self.path + settings

    @contextlib.contextmanager
    def open(self):
        with duckdb.connect(self.path) as connection:
            yield lambda sql, rows=False: connection.execute(sql).fetchall()


class PostgresBase:
    """A database of a PostgreSQL server."""

    def __init__(self, url):
        self.url = url

    @contextlib.contextmanager
    def open(self):
        with psycopg.connect(self.url, autocommit=True) as connection:

            def execute(sql):
                cursor = connection.execute(sql)
                return cursor.fetchall() if cursor.description else []

            yield execute
