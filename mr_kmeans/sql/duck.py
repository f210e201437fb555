"""DuckDB, in this process."""

from __future__ import annotations

import difflib
import errno
import os
import re
import threading
from contextlib import contextmanager, suppress
from typing import Iterator, List, Mapping, Optional, Tuple
from urllib.parse import parse_qsl

import duckdb

from mr_kmeans.errors import MAKE_ROOM, DataError, KMeansError, RunError, UsageError
from mr_kmeans.run.directory import DATABASE
from mr_kmeans.sql.database import DamagedDatabase, Database, SourceColumn
from mr_kmeans.sql.identifiers import parse_table

SETTINGS = ('threads', 'memory_limit', 'temp_directory', 'access_mode')
"""Settings that may follow the path: ``duckdb:rows.duckdb?threads=2``."""

MORE_MEMORY = (
    'Let it use more memory, or fewer threads, by settings behind the path: --database'
    " 'rows.duckdb?memory_limit=8GB&threads=2'."
)

_PLAIN = (
    'TINYINT',
    'SMALLINT',
    'INTEGER',
    'BIGINT',
    'UTINYINT',
    'USMALLINT',
    'UINTEGER',
    'UBIGINT',
    'FLOAT',
    'DOUBLE',
)
_LONG = ('HUGEINT', 'UHUGEINT')
_DAMAGE = re.compile(
    'Corrupt database file|not a valid DuckDB database|Could not read enough bytes'
    '|Failure while replaying WAL'
)
"""Messages of DuckDB about a file that it cannot open because it is damaged."""

_DECIMAL = re.compile(r'DECIMAL\((\d+),(\d+)\)')
_EXACT_DIGITS = 15
"""Maximum number of digits of a decimal that is an integer below 2**53 divided by a power of ten,
which is one correctly rounded division."""


class Duck(Database):
    """DuckDB.

    Parameters
    ----------
    path : str
        Of the database's file, with settings after a ``?``; '' for one in memory.
    may_make : bool
        Create the file if it does not exist; otherwise its absence is an error.
    """

    name, dialect, temporary_schema = 'DuckDB', 'duckdb', 'temp'
    own_statements = (
        'fast_many',
        'hashes',
        'hashes_wide',
        'larger',
        'measured',
        'measured_many',
        'pack',
        'screened',
        'seeded',
    )
    max_name_bytes = 1000
    max_columns = 20_000
    max_terms = 512  # planned in 0.2 s, 1,140 in 1.9 s
    max_features = 2_000
    max_chain = 64  # a fold of 500 terms is twice as fast as a chain, and does not nest
    max_hashed = 64  # a chain of 4 selects each, planned in a time that grows with the square
    screens = True

    def __init__(self, path: str, may_make: bool):
        path, _, settings = path.partition('?')
        path = path[2:] if path.startswith('///') else path
        self._path = path or ':memory:'
        config = dict(parse_qsl(settings, keep_blank_values=True))
        unknown = [name for name in config if name not in SETTINGS]
        if unknown:
            raise UsageError(
                f'--database: DuckDB is given {", ".join(SETTINGS)} after the path, not'
                f' {unknown[0]!r}'
            )
        folder = os.path.dirname(os.path.abspath(self._path))
        if path and not os.path.isdir(folder):
            raise RunError(f'--database: there is no folder {folder}')
        if not may_make and self._path != ':memory:' and not os.path.exists(self._path):
            raise RunError(f'--database: there is no file {self._path}')
        is_new = not os.path.lexists(self._path)
        try:
            self._connection = duckdb.connect(self._path, config=dict(config))
        except duckdb.Error as error:
            if is_new:  # DuckDB leaves a file that it could not write, and refuses it the next time
                for name in (self._path, self._path + '.wal'):
                    with suppress(OSError):
                        os.unlink(name)
            if _DAMAGE.search(_first_line(error)):
                raise _damaged(f'--database {self._path}', error) from None
            raise RunError(
                f'--database {self._path}: DuckDB cannot open it: {_said(error)}'
            ) from None

    def fetch(self, sql: str, parameters: Mapping[str, object] = {}) -> List[Tuple]:
        with explained(self._path):
            return self._apart(
                lambda: self._connection.execute(sql, dict(parameters) or None).fetchall()
            )

    def _apart(self, work):
        """Return what a function returns, called in another thread.

        DuckDB runs the handlers of signals within a query, and makes of what they raise a
        RuntimeError, or ignores it and continues. It does so in the main thread only.
        """
        done, failed, ended = [], [], threading.Event()

        def call():
            try:
                done.append(work())
            except BaseException as error:
                failed.append(error)
            finally:
                ended.set()

        thread = threading.Thread(target=call)
        thread.start()
        try:
            ended.wait()  # an interrupted join() takes the thread for ended, in Python 3.11
        except BaseException:
            while not ended.is_set():  # the query may not have begun, and would not know
                self._connection.interrupt()
                ended.wait(0.02)
            raise
        if failed:
            raise failed[0]
        return done[0]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.fetch('BEGIN')
        try:
            yield
            self.fetch('COMMIT')
        except BaseException:
            with suppress(
                duckdb.Error, RuntimeError
            ):  # the transaction is gone already, or another signal came
                self._connection.execute('ROLLBACK')
            raise

    def describe(self, source: str) -> List[SourceColumn]:
        return [
            SourceColumn(name, kind, _value(kind))
            for name, kind, *_ in self.fetch(f'DESCRIBE SELECT * FROM {source}')
        ]

    def table_comment(self, table: str) -> Optional[str]:
        found = self._find(table)
        return found[0][0] if found else None

    def is_view(self, table: str) -> bool:
        return self._find(table)[0][1]

    def _find(self, table: str) -> List[Tuple]:
        """Return (comment, whether it is a view) of a table, if it exists. DuckDB's names are not
        case-sensitive.
        """
        *before, name = parse_table(table)
        is_base = 'SELECT 1 FROM duckdb_databases() WHERE lower(database_name) = lower($name)'
        if len(before) == 1 and self.fetch(is_base, {'name': before[0]}):
            before += ['main']
        base, schema = [None, None, *before][-2:]
        return self.fetch(
            """
            SELECT comment, is_view
            FROM (SELECT coalesce(comment, '') AS comment, false AS is_view, table_name AS name,
                         schema_name, database_name
                  FROM duckdb_tables()
                  UNION ALL
                  SELECT coalesce(comment, ''), true, view_name, schema_name, database_name
                  FROM duckdb_views())
            WHERE lower(name) = lower($name)
                  AND lower(schema_name) = lower(coalesce($schema, current_schema()))
                  AND lower(database_name) = lower(coalesce($base, current_database()))
            """,
            {'name': name, 'schema': schema, 'base': base},
        )

    def snapshot_query(self, query: str) -> str:
        with explained():
            found = duckdb.extract_statements(query)
        if len(found) != 1 or found[0].type != duckdb.StatementType.SELECT:
            raise UsageError('--query should be one SELECT')
        return super().snapshot_query(query)

    def load(self, batches) -> int:
        n_rows = 0
        for columns in batches:
            into = (
                'INSERT INTO mr_kmeans_rows ' if n_rows else 'CREATE TEMP TABLE mr_kmeans_rows AS '
            )
            with explained():
                self._connection.register(
                    'mr_kmeans_batch', {f'v_{j}': column for j, column in enumerate(columns, 1)}
                )
                self.fetch(into + 'SELECT * FROM mr_kmeans_batch')
                self._connection.unregister('mr_kmeans_batch')
            n_rows += len(columns[0])
        return n_rows

    def close(self) -> None:
        self._connection.close()


def _value(kind: str):
    decimal = _DECIMAL.fullmatch(kind)
    if kind in _PLAIN or (decimal and int(decimal.group(1)) <= _EXACT_DIGITS):
        return 'CAST({column} AS float8)'
    if kind in _LONG or decimal:
        return 'CAST(CAST({column} AS VARCHAR) AS float8)'
    return None


@contextmanager
def explained(path: str = 'the database') -> Iterator[None]:
    """Raise the package's errors in place of DuckDB's, which do not name the file. DuckDB turns
    what a signal handler raises into an error of its own.
    """
    try:
        yield
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except duckdb.Error as error:
        raise explain(error, path) from None
    except RuntimeError as error:
        if 'interrupted' in str(error).lower():
            raise KeyboardInterrupt from None
        raise


def explain(error: Exception, path: str = 'the database') -> KMeansError:
    """Return the package's error for one of DuckDB's."""
    line = _first_line(error)
    if line.startswith('Corrupt database file'):
        return _damaged(path, error)
    if isinstance(error, duckdb.CatalogException):
        return UsageError(f'DuckDB: {line}')
    if isinstance(error, (duckdb.BinderException, duckdb.ParserException)):
        return UsageError(f'DuckDB: {line}')
    if isinstance(error, (duckdb.ConversionException, duckdb.OutOfRangeException)):
        return DataError(f'DuckDB: {line}')
    return RunError(f'DuckDB: {_said(error)}')


def _damaged(place: str, error: Exception) -> DamagedDatabase:
    """Return the error for a file that DuckDB finds damaged."""
    found = f'DuckDB: {_first_line(error)}'
    return DamagedDatabase(
        f'{place}: damaged ({found}). Take another database, or remove this file if it is'
        f" the run's own {DATABASE}: the centroids are in the folder as well.",
        found,
    )


def _said(error: Exception) -> str:
    """Return the message of DuckDB, and what to do if memory or the disk is full."""
    line = _first_line(error)
    if isinstance(error, duckdb.OutOfMemoryException):
        return f'{line.rstrip(".")}. {MORE_MEMORY}'
    return f'{line}. {MAKE_ROOM}' if os.strerror(errno.ENOSPC) in line else line


def _without_far_names(text: str) -> str:
    """Return an error without the name that it proposes, unless that is near to the one given."""
    found = re.search(r'with name (\S+) does not exist!\s*Did you mean "([^"]+)"\??', text)
    if not found:
        return text
    given, proposed = (name.strip('"').rpartition('.')[2].lower() for name in found.groups())
    if difflib.get_close_matches(given, [proposed], n=1):
        return text
    return text[: found.end(1)] + ' does not exist' + text[found.end() :]


def _first_line(error: Exception) -> str:
    """Return DuckDB's message without the place in the statement and without its advice."""
    text = _without_far_names(str(error)).split('\n\nLINE ')[0].split('Possible solutions:')[0]
    return ' '.join([line.strip() for line in text.splitlines() if line.strip()][:2])
