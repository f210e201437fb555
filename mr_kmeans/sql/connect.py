"""The choice of a database by its URL."""

from __future__ import annotations

import logging
import re

from mr_kmeans.errors import RunError, UsageError
from mr_kmeans.run.directory import DATABASE, RunDirectory
from mr_kmeans.sql.database import DamagedDatabase, Database

log = logging.getLogger(__name__)

POSTGRES_URL = re.compile(
    r'(?i)postgres(ql)?:|(host|hostaddr|port|dbname|user|password|service|passfile|ssl\w+|options)\s*='
)
KEY = re.compile(r'\w+\s*=')
"""Start of libpq's ``key=value``, with any key. A folder may be called year=2024, too, so the
ending of a DuckDB file is checked first."""
DUCKDB_FILES = ('.duckdb', '.ddb', '.db')


def connect(url: str, may_make: bool = False) -> Database:
    """Return a connection.

    Parameters
    ----------
    url : str
        ``postgresql://…`` or libpq's ``key=value …``; ``duckdb:PATH``, or a path that ends in one
        of DUCKDB_FILES; ``duckdb:`` alone is in memory.
    may_make : bool
        Make a file of DuckDB that is not there.

    Raises
    ------
    UsageError, RunError
    """
    try:
        is_duck = url.lower().startswith('duckdb:')
        if not POSTGRES_URL.match(url) and (
            is_duck or url.lower().partition('?')[0].endswith(DUCKDB_FILES)
        ):
            from mr_kmeans.sql.duck import Duck

            return Duck(url[7:] if is_duck else url, may_make)
        if POSTGRES_URL.match(url) or KEY.match(url):
            from mr_kmeans.sql.postgres import Postgres

            return Postgres(url)
    except ImportError as error:
        raise _lacking(error) from None
    raise UsageError(
        '--database should be postgresql://..., duckdb:PATH, or the path of a file that ends in '
        + ', '.join(DUCKDB_FILES)
    )


def connect_own(run: RunDirectory) -> Database:
    """Return a connection to the DuckDB file in a run's folder; a damaged file is replaced, since
    the folder has the centroids as well.

    Raises
    ------
    RunError
    """
    url = f'duckdb:{run.path(DATABASE)}'
    try:
        return connect(url, may_make=True)
    except DamagedDatabase as error:
        run.check_lock()
        run.remove_database()
        log.info(f'{run.path(DATABASE)} is damaged, and is made again ({error.found})')
        return connect(url, may_make=True)


def _lacking(error: ImportError) -> RunError:
    """Return the error for a missing or incomplete package, such as psycopg without libpq."""
    package = (error.name or 'psycopg').partition('.')[0]
    wanted = "'psycopg[binary]'" if package == 'psycopg' else package
    return RunError(f'--engine sql needs the package {package} ({error}): pip install {wanted}')
