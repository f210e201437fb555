"""PostgreSQL, through psycopg. The environment, service file and password file of libpq apply."""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from typing import Iterator, List, Mapping, Optional, Tuple
from urllib.parse import unquote, urlsplit

import numpy as np
import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus

from mr_kmeans.errors import DataError, KMeansError, RunError, UsageError
from mr_kmeans.exact.grid import MAX_VALUE
from mr_kmeans.sql.database import QUERY_TABLE, Database, SourceColumn, StillUsed, copy_of

_PLAIN = ('smallint', 'integer', 'bigint', 'real', 'double precision')
_TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\$(?P<name>[a-z]\w*)\b(?!\$)|%""")

_NUMERIC = (
    f"CASE WHEN abs({{column}}) > {int(MAX_VALUE)} AND {{column}} <> CAST('NaN' AS numeric) THEN"
    " CAST('Infinity' AS float8) WHEN abs({column}) <= 2.470328229206232720e-324 THEN 0 ELSE"
    ' CAST({column} AS float8) END'
)
"""A NUMERIC beyond float64, on either side, cannot be cast; it is too large, or rounds to 0."""

COPY_ROWS = 16384
"""Number of rows sent at once: 2 MB with 10 features."""

_COPY_HEADER = b'PGCOPY\n\xff\r\n\0' + bytes(8)
_COPY_END = b'\xff\xff'


class Postgres(Database):
    """A session of a PostgreSQL server.

    Parameters
    ----------
    url : str
        ``postgresql://…`` or ``key=value …``; never shown, as it may hold a password.
    """

    name, dialect, temporary_schema = 'PostgreSQL', 'postgres', 'pg_temp'
    own_statements = ('fast_many', 'hash_function', 'hashes', 'measured', 'seeded')
    max_name_bytes = 63
    max_columns = 1600
    max_terms = 8192
    max_features = max_hashed = 400
    extreme_products_fail = True
    barrier = 'OFFSET 0'

    def __init__(self, url: str):
        self._secrets = _secrets(url)
        try:
            self._connection = psycopg.connect(url, autocommit=True, application_name='mr_kmeans')
        except psycopg.Error as error:
            reason = (
                self._clean(error)
                if is_clear(url)
                else 'the URL cannot be read; write @ : / in a password as %40 %3A %2F'
            )
            raise RunError(f'--database: no connection to PostgreSQL: {reason}') from None
        # compiling the statement `fast` takes longer than running it: 100,000 points, 10 features,
        # k = 20: 4.2 s, without 1.0 s
        self._connection.execute('SET jit = off')
        # each statement is made for its own parameters; a prepared one would be planned without
        # them after five iterations
        self._connection.prepare_threshold = None

    def fetch(self, sql: str, parameters: Mapping[str, object] = {}) -> List[Tuple]:
        try:
            cursor = self._connection.execute(for_psycopg(sql), dict(parameters))
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise self._explain(error) from None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        try:
            with self._connection.transaction():
                yield
        except psycopg.Error as error:
            raise self._explain(error) from None

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        with self.transaction():
            self.fetch('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ')
            yield

    def lock(self, table: str) -> None:
        self.fetch(f'LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE')

    def snapshot_query(self, query: str) -> str:
        try:
            # without parameters, so that nothing in it is mistaken for one; binary: by the extended
            # protocol, which takes one command
            self._connection.execute(copy_of(query), binary=True)
        except errors.SyntaxError as error:
            if 'multiple commands' in str(error):
                raise UsageError('--query should be one SELECT') from None
            raise self._explain(error) from None
        except psycopg.Error as error:
            raise self._explain(error) from None
        return QUERY_TABLE

    def describe(self, source: str) -> List[SourceColumn]:
        try:
            cursor = self._connection.execute(for_psycopg(f'SELECT * FROM {source} LIMIT 0'), {})
        except psycopg.Error as error:
            raise self._explain(error) from None
        columns = [(column.name, column.type_code) for column in cursor.description or []]
        names = dict(
            self.fetch(
                'SELECT CAST(oid AS bigint), format_type(oid, NULL) FROM pg_type WHERE oid ='
                ' ANY($oids)',
                {'oids': [kind for _, kind in columns]},
            )
        )
        return [SourceColumn(name, names[kind], _value(names[kind])) for name, kind in columns]

    def table_comment(self, table: str) -> Optional[str]:
        found = self.fetch(
            "SELECT coalesce(obj_description(oid, 'pg_class'), '') FROM pg_class WHERE oid ="
            ' to_regclass($name)',
            {'name': table},
        )
        return found[0][0] if found else None

    def is_view(self, table: str) -> bool:
        return self.fetch(
            "SELECT relkind = 'v' FROM pg_class WHERE oid = to_regclass($name)", {'name': table}
        )[0][0]

    def prepare_hashes(self) -> None:
        if not self.fetch("SELECT to_regproc('pg_temp.mr_kmeans_hash') IS NOT NULL")[0][0]:
            self.run('hash_function')

    def load(self, batches) -> int:
        n_rows = 0
        for columns in batches:
            if not n_rows:
                self.fetch(
                    'CREATE TEMP TABLE mr_kmeans_rows ('
                    + ', '.join(f'v_{j + 1} float8' for j in range(len(columns)))
                    + ')'
                )
            try:
                with self._connection.cursor().copy(
                    'COPY mr_kmeans_rows FROM STDIN (FORMAT BINARY)'
                ) as copy:
                    copy.write(_COPY_HEADER)
                    for start in range(0, len(columns[0]), COPY_ROWS):
                        copy.write(
                            _copy_rows([column[start : start + COPY_ROWS] for column in columns])
                        )
                    copy.write(_COPY_END)
            except psycopg.Error as error:
                raise self._explain(error) from None
            n_rows += len(columns[0])
        if n_rows:
            self.fetch('ANALYZE mr_kmeans_rows')
        return n_rows

    def close(self) -> None:
        if (
            self._connection.info.transaction_status == TransactionStatus.ACTIVE
        ):  # a signal came; the server would go on
            with suppress(psycopg.Error):
                self._connection.cancel()
        self._connection.close()

    def _clean(self, error: Exception) -> str:
        text = ' '.join(line.strip() for line in str(error).splitlines() if line.strip())
        for secret in self._secrets:
            text = text.replace(secret, '***')
        return text

    def _explain(self, error: psycopg.Error) -> KMeansError:
        """Return the package's error for one of PostgreSQL's."""
        text = error.diag.message_primary or self._clean(error)
        if isinstance(error, errors.DependentObjectsStillExist):
            return StillUsed(
                f'PostgreSQL: {text}: {error.diag.message_detail}'
            )  # the hint is to drop them all
        if error.diag.message_hint and not isinstance(error, errors.InsufficientPrivilege):
            text += f' ({error.diag.message_hint})'
        if self._connection.broken or isinstance(
            error, (psycopg.OperationalError, errors.AdminShutdown)
        ):
            if isinstance(error, (errors.DiskFull, errors.OutOfMemory, errors.QueryCanceled)):
                return RunError(
                    f'PostgreSQL: {text}. Nothing of this iteration was kept; --resume continues'
                    ' the run.'
                )
            return RunError(
                f'the connection to PostgreSQL is gone: {self._clean(error)}. Nothing of this'
                ' iteration was kept; --resume continues the run.'
            )
        if isinstance(error, errors.InsufficientPrivilege):
            return RunError(
                f'PostgreSQL: {text}. The user of --database must be allowed to read the table, to'
                ' make temporary tables and to create the centroid table.'
            )
        if isinstance(error, psycopg.DataError):
            return DataError(f'PostgreSQL: {text}')
        if isinstance(error, psycopg.ProgrammingError):
            return UsageError(f'PostgreSQL: {text}')
        return RunError(f'PostgreSQL: {text}')


def for_psycopg(sql: str) -> str:
    """Return a statement with psycopg's placeholders: ``%(name)s`` for ``$name``, percent signs
    doubled; quoted text is unchanged.
    """

    def replace(match):
        if match.group('name'):
            return f'%({match.group("name")})s'
        return match.group().replace('%', '%%')

    return _TOKEN.sub(replace, sql)


def _value(kind: str) -> Optional[str]:
    if kind in _PLAIN:
        return 'CAST({column} AS float8)'
    return _NUMERIC if kind == 'numeric' else None


def _copy_rows(columns) -> bytes:
    """Return rows in the format of binary COPY: the number of fields, then each field's length and
    bytes.
    """
    kind = np.dtype(
        [('n', '>i2')]
        + [field for j in range(len(columns)) for field in ((f'l{j}', '>i4'), (f'v{j}', '>f8'))]
    )
    rows = np.empty(len(columns[0]), dtype=kind)
    rows['n'] = len(columns)
    for j, column in enumerate(columns):
        rows[f'l{j}'] = 8
        rows[f'v{j}'] = column
    return rows.tobytes()


def is_clear(url: str) -> bool:
    """Return whether a URL can be read in only one way; otherwise part of a password may be
    mistaken for a host, a port or a name.
    """
    try:
        conninfo_to_dict(url)
    except psycopg.Error:
        return False
    authority = re.match(r'(?i)postgres(?:ql)?://([^/?]*)', url)
    return not authority or url.count('@') <= 1 and url.count('@') == authority.group(1).count('@')


def _secrets(url: str) -> List[str]:
    """Return the parts of a URL that must not be shown: the password, as written and decoded, and
    the URL itself.
    """
    found = [url]
    with suppress(ValueError):
        found += [urlsplit(url).password or '']
    found += re.findall(r"""(?i)password\s*=\s*('(?:[^'\\]|\\.)*'|[^\s&]+)""", url)
    found += re.findall(r'://[^:/@]*:([^@]*)@', url)
    found += [unquote(secret) for secret in found] + [secret.strip("'") for secret in found]
    return sorted({secret for secret in found if secret}, key=len, reverse=True)
