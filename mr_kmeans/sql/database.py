"""The interface of a database. A subclass holds only what differs: connection, types, parameters,
errors.
"""

from __future__ import annotations

import math
from contextlib import contextmanager, nullcontext
from typing import (
    ContextManager,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)

from mr_kmeans.errors import RunError, UsageError
from mr_kmeans.sql import templates
from mr_kmeans.sql.identifiers import quote

QUERY_TABLE = 'mr_kmeans_query'


class StillUsed(RunError):
    """A table cannot be dropped, as a view reads it."""


class DamagedDatabase(RunError):
    """The file of a database is damaged.

    Attributes
    ----------
    found : str
        What the engine says about it.
    """

    def __init__(self, message: str, found: str):
        super().__init__(message)
        self.found = found


class SourceColumn(NamedTuple):
    """A column of the user's table.

    Attributes
    ----------
    name, type : str
    value : str or None
        An expression of `{column}` that gives its value as float64, correctly rounded; None when it
        is not numeric.
    """

    name: str
    type: str
    value: Optional[str]

    def expression(self) -> str:
        """Return the value of a numeric column as SQL."""
        assert self.value is not None, 'columns that are not numeric are refused before'
        return self.value.replace('{column}', quote(self.name))


class Database:
    """A connection to a database.

    Attributes
    ----------
    name : str
        For the user.
    dialect : str
        In the names of its own statements' files.
    own_statements : sequence of str
    temporary_schema : str
        Where temporary tables are.
    max_name_bytes : int
        Bytes of an identifier.
    max_columns : int
        Columns of a select list.
    max_terms : int
        Maximum number of squares (k * d) in the statement `fast`, planned again in every pass.
    max_features : int
        Of a run.
    max_chain : float
        Terms of a sum written ``a + b + c``; longer ones are folds over a list.
    max_hashed : int
        Features up to which the statement `hashes` is used, and `hashes_wide` beyond.
    barrier : str
        Clause behind which the planner computes a step once, rather than in each use of it.
    extreme_products_fail : bool
        A product that overflows, or underflows to 0, is an error.
    screens : bool
        There is a statement `screened`.
    """

    name = dialect = temporary_schema = barrier = ''
    own_statements: Sequence[str] = ()
    max_name_bytes = max_columns = max_terms = max_features = max_hashed = 0
    max_chain = math.inf
    extreme_products_fail = screens = False

    def check_features(self, d: int) -> None:
        """Refuse more features than the statements can have.

        Raises
        ------
        UsageError
        """
        if d > self.max_features:
            raise UsageError(
                f'{d:,} features: --engine sql takes {self.max_features:,} at most in {self.name}.'
                ' Choose fewer with --columns, or use the jobs, on files (--engine mapreduce).'
            )

    def fetch(self, sql: str, parameters: Mapping[str, object] = {}) -> List[Tuple]:
        """Execute one statement with bound parameters; return its rows, [] when it has none.

        Raises
        ------
        KMeansError
        """
        raise NotImplementedError

    def run(
        self,
        statement: str,
        parameters: Mapping[str, object] = {},
        d: int = 1,
        k: int = 1,
        names: Mapping[str, object] = {},
    ) -> List[Tuple]:
        """Execute a statement of a .sql file."""
        return self.fetch(self.statement(statement, d, k, names), parameters)

    def statement(self, name: str, d: int = 1, k: int = 1, names: Mapping[str, object] = {}) -> str:
        """Return a statement: the engine's own file of that name, or the common one."""
        return templates.load(
            f'{name}.{self.dialect}' if name in self.own_statements else name,
            d,
            k,
            names,
            self.max_chain,
        )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything in the block, or nothing."""
        raise NotImplementedError
        yield

    def snapshot(self) -> ContextManager[None]:
        """Let everything read in the block be of one moment; nothing has to be done if nobody else
        can write.
        """
        return nullcontext()

    def lock(self, table: str) -> None:
        """Keep other sessions from writing to a table (its quoted name) until the transaction
        ends.
        """

    def describe(self, source: str) -> List[SourceColumn]:
        """Return the columns of a table (its quoted name) or query (in parentheses)."""
        raise NotImplementedError

    def table_comment(self, table: str) -> Optional[str]:
        """Return the comment of a table (its quoted name), '' when it has none; None when there is
        no such table.
        """
        raise NotImplementedError

    def is_view(self, table: str) -> bool:
        """Tell whether a table (its quoted name) that exists is a view."""
        raise NotImplementedError

    def prepare_hashes(self) -> None:
        """Define what the row hash needs."""

    def snapshot_query(self, query: str) -> str:
        """Evaluate a query, once, into a temporary table; return its name."""
        self.fetch(copy_of(query))
        return QUERY_TABLE

    def load(self, batches) -> int:
        """Load batches of float64 columns, lists of d ndarrays, into the temporary table
        mr_kmeans_rows (v_1, …); return the rows.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Close the connection, which removes its temporary tables."""
        raise NotImplementedError


def copy_of(query: str) -> str:
    """Return the statement that evaluates a query into QUERY_TABLE."""
    return (
        f'CREATE TEMP TABLE {QUERY_TABLE} AS SELECT * FROM (\n{query.strip().rstrip(";")}\n) AS'
        ' mr_kmeans_source'
    )
