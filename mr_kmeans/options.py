"""The options of a run, which are checked once, at the beginning.

`check` converts the attributes to plain types (a Path to str, numpy's integers to int, an array to
a list) or raises a UsageError that names the parameter.
"""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass, field
from typing import Dict, List, Optional, Union

from mr_kmeans import arguments
from mr_kmeans.errors import UsageError
from mr_kmeans.masking import HIDDEN, is_secret

DEFAULT_N_INIT = 10
DEFAULT_MAX_ITER = 100
DEFAULT_TOL = 1e-4
DEFAULT_SEED = 0

INLINE, HADOOP = 'inline', 'hadoop'
RUNNERS = (INLINE, 'local', HADOOP)
VARIANTS = ('in-mapper', 'combiner', 'two-job')
DEFAULT_VARIANT = 'in-mapper'
SAMPLE, RANDOM, PARALLEL = 'sample', 'random', 'k-means||'
INITS = (SAMPLE, RANDOM, PARALLEL)
MISSING = ('fail', 'skip')
DEFAULT_MISSING = 'fail'
MAPREDUCE, SQL = ENGINES = ('mapreduce', 'sql')
SQL_PLANS = ('fast', 'ranking')
DEFAULT_PLAN = 'fast'

_PROPERTY = re.compile(r'\w[^=\s]*=')


@dataclass
class JobOptions:
    """How jobs are run; this never affects a result.

    Attributes
    ----------
    runner : str
        One of RUNNERS.
    conf_path : path or None
        mrjob's configuration file.
    jobconf : str or list of str
        Properties for Hadoop, ``KEY=VALUE``.
    variant : str
        One of VARIANTS, for the Lloyd iteration.
    pack : bool
        Whether to parse the text only once, into packed blocks.
    ship_numpy : str or None
        The version of the nodes' Python, such as ``3.9`` or ``3.9-aarch64``, for which numpy is
        sent along.
    """

    runner: str = INLINE
    conf_path: Optional[str] = None
    jobconf: List[str] = field(default_factory=list)
    variant: str = DEFAULT_VARIANT
    pack: bool = True
    ship_numpy: Optional[str] = None

    def check(self) -> None:
        """Convert the values to plain types; raise UsageError for invalid ones."""
        self.runner = arguments.one_of('--runner', 'runner', self.runner, RUNNERS)
        self.conf_path = arguments.optional(arguments.path, 'conf_path', self.conf_path)
        self.jobconf = arguments.texts('jobconf', self.jobconf)
        self.pack = arguments.flag('pack', self.pack)
        self.ship_numpy = arguments.optional(arguments.text, 'ship_numpy', self.ship_numpy)
        if self.ship_numpy is not None and self.runner != HADOOP:
            raise UsageError(
                f'--ship-numpy is for the nodes of a cluster, and -r {self.runner} has none'
            )
        if self.ship_numpy is not None and not re.fullmatch(
            r'3\.\d+(-(x86_64|aarch64))?', self.ship_numpy
        ):
            raise UsageError(
                f"--ship-numpy {self.ship_numpy}: should be the version of the nodes' Python, such"
                ' as 3.9 (or 3.9-aarch64)'
            )
        self.variant = arguments.one_of('--variant', 'variant', self.variant, VARIANTS)
        for item in self.jobconf:
            if not _PROPERTY.match(item):
                raise UsageError(
                    f'-D {HIDDEN if is_secret(item) else item}: should be KEY=VALUE, such as'
                    ' mapreduce.map.memory.mb=2048'
                )


@dataclass
class TextOptions:
    """How text is read; None means detected from the files.

    Attributes
    ----------
    columns : str, list, or None
        As on the command line, or a list of names, numbers from 1, and ranges.
    id_column : str, int or None
        A name or a number from 1.
    delimiter : str or None
        As on the command line.
    header : bool or None
    missing : str or None
        One of MISSING; None is DEFAULT_MISSING for a fit, and that of the run for `assign`.
    max_bad_rows : int
        The maximum number of rejected rows; more of them end the run.
    """

    columns: Union[str, List[Union[str, int]], None] = None
    id_column: Union[str, int, None] = None
    delimiter: Optional[str] = None
    header: Optional[bool] = None
    missing: Optional[str] = None
    max_bad_rows: int = 0

    def check(self) -> None:
        """Convert the values to plain types; raise UsageError for invalid ones."""
        self.columns = arguments.optional(arguments.columns, 'columns', self.columns)
        self.id_column = arguments.optional(arguments.column, 'id_column', self.id_column)
        self.delimiter = arguments.optional(arguments.text, 'delimiter', self.delimiter)
        self.header = arguments.optional(arguments.flag, 'header', self.header)
        if self.missing is not None:
            self.missing = arguments.one_of('--missing', 'missing', self.missing, MISSING)
        self.max_bad_rows = arguments.whole('max_bad_rows', self.max_bad_rows)
        arguments.check_least('--max-bad-rows', self.max_bad_rows, 0)


@dataclass
class FitOptions:
    """The options of the computation; the result is a function of these and the rows.

    Attributes
    ----------
    k : int
    init : str or path
        One of INITS, or the path of a centroid file, or of an earlier run (its folder or its
        model.json).
    n_init : int
        The number of starts tried in memory.
    max_iter : int
    tol : float
        The tolerance for `shift`, in standard deviations.
    tol_inertia : float or None
        The part of the inertia by which a pass must lower it; None for no such limit.
    seed : int
        0 … 2**64 - 1.
    feature_weights : list of float, or None
        The weights of the squared differences, in feature order; 1 by default.
    """

    k: int
    init: str = SAMPLE
    n_init: int = DEFAULT_N_INIT
    max_iter: int = DEFAULT_MAX_ITER
    tol: float = DEFAULT_TOL
    seed: int = DEFAULT_SEED
    feature_weights: Optional[List[float]] = None
    tol_inertia: Optional[float] = None

    def check(self) -> None:
        """Convert the values to plain types; raise UsageError for invalid ones."""
        self.k, self.init = arguments.whole('k', self.k), arguments.path('init', self.init)
        self.n_init = arguments.whole('n_init', self.n_init)
        self.max_iter = arguments.whole('max_iter', self.max_iter)
        arguments.check_least('-k', self.k, 1)
        arguments.check_least('--n-init', self.n_init, 1)
        arguments.check_least('--max-iter', self.max_iter, 1)
        self.tol, self.seed = arguments.real('tol', self.tol), arguments.whole('seed', self.seed)
        if self.feature_weights is not None:
            self.feature_weights = arguments.reals('feature_weights', self.feature_weights)
            arguments.check_weights('feature_weights', self.feature_weights)
        if not 0 <= self.tol < math.inf:
            raise UsageError(f'--tol {self.tol} should be a number >= 0, in standard deviations')
        self.tol_inertia = arguments.optional(arguments.real, 'tol_inertia', self.tol_inertia)
        if self.tol_inertia is not None and not 0 < self.tol_inertia < 1:
            raise UsageError(
                f'--tol-inertia {self.tol_inertia} should be a number between 0 and 1, such as 1e-5'
            )
        if not 0 <= self.seed < 2**64:
            raise UsageError(f'--seed {self.seed} should be from 0 to 2**64 - 1')

    def to_json(self) -> Dict:
        """Return the options as plain JSON types."""
        return asdict(self)


@dataclass
class SqlOptions:
    """Where rows are clustered by SQL; this never affects a result.

    Attributes
    ----------
    database : str, path or None
        A URL or path; for rows in files and of a query, None is a DuckDB file in the output folder.
    table, query : str or None
        The source of the rows: one of the two, or neither if they are in files.
    plan : str
        One of SQL_PLANS.
    centers_table : str or None
        The table of centroids; None means a name made for the run (sql/identifiers.py).
    """

    database: Optional[str] = None
    table: Optional[str] = None
    query: Optional[str] = None
    plan: str = DEFAULT_PLAN
    centers_table: Optional[str] = None

    def check(self) -> None:
        """Convert the values to plain types; raise UsageError for invalid ones."""
        self.plan = arguments.one_of('--sql-plan', 'plan', self.plan, SQL_PLANS)
        self.database = arguments.optional(arguments.path, 'database', self.database)
        self.table = arguments.optional(arguments.text, 'table', self.table)
        self.query = arguments.optional(arguments.text, 'query', self.query)
        self.centers_table = arguments.optional(arguments.text, 'centers_table', self.centers_table)
        if self.table is not None and self.query is not None:
            raise UsageError('--table and --query exclude each other')

    def check_inputs(self, inputs, text: TextOptions) -> None:
        """Raise UsageError unless the rows are either in files or in the database."""
        in_database = self.table is not None or self.query is not None
        if bool(inputs) == in_database:
            raise UsageError(
                '--engine sql takes rows either from INPUT or from --table or --query'
                + (', not from both' if in_database else '')
            )
        if self.table is not None and self.database is None:
            raise UsageError(
                '--table needs --database, where the table is. For rows in files, give '
                'INPUT, or a --query such as "SELECT * FROM \'rows.parquet\'".'
            )
        if in_database and (text.delimiter is not None or text.header is not None):
            raise UsageError('--delimiter and --header are for text; a table has neither')


def check_groups(**groups) -> None:
    """Check groups of options, each given as (options, class).

    Raises
    ------
    UsageError
    """
    for name, (group, kind) in groups.items():
        arguments.instance(name, group, kind)
        group.check()


def check_engine(engine: str, jobs: JobOptions, sql: SqlOptions, **others_of_sql: bool) -> None:
    """Check the engine, and that the given options apply to it.

    Raises
    ------
    UsageError
    """
    engine = arguments.one_of('--engine', 'engine', engine, ENGINES)
    check_groups(jobs=(jobs, JobOptions), sql=(sql, SqlOptions))
    if engine == SQL:
        wrong = _given(jobs)
    else:
        wrong = [*_given(sql), *(name for name, value in others_of_sql.items() if value)]
    if wrong:
        other = MAPREDUCE if engine == SQL else SQL
        raise UsageError(f'{wrong[0]} requires engine={other!r}')


def _given(group: Union[JobOptions, SqlOptions]) -> List[str]:
    """Return the names of the options that are not the default."""
    default = asdict(type(group)())
    return [name for name, value in asdict(group).items() if value != default[name]]
