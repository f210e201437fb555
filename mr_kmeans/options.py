"""The options of a run, checked once at the door."""
from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass, field
from typing import Dict, List, Optional

from mr_kmeans.errors import UsageError
from mr_kmeans.masking import HIDDEN, is_secret

DEFAULT_N_INIT = 10
DEFAULT_MAX_ITER = 100
DEFAULT_TOL = 1e-4
DEFAULT_SEED = 0

HADOOP = 'hadoop'
RUNNERS = ('inline', 'local', HADOOP)
VARIANTS = ('in-mapper', 'combiner', 'two-job')
SAMPLE, RANDOM = 'sample', 'random'
MISSING = ('fail', 'skip')
ENGINES = ('mapreduce', 'sql')
SQL_PLANS = ('fast', 'ranking')
DEFAULT_CENTERS_TABLE = 'cluster_centers'

_PROPERTY = re.compile(r'\w[^=\s]*=')


@dataclass
class JobOptions:
    """How jobs are run; none of it affects a result.

    Attributes
    ----------
    runner : str
        One of RUNNERS.
    conf_path : str or None
        mrjob's configuration file.
    jobconf : list of str
        ``KEY=VALUE``, for Hadoop.
    variant : str
        One of VARIANTS, for the Lloyd iteration.
    pack : bool
        Parse the text once, into packed blocks.
    ship_numpy : str or None
        The version of the nodes' Python, such as ``3.9``, or ``3.9-aarch64``: a numpy for it is sent along.
    """

    runner: str = 'inline'
    conf_path: Optional[str] = None
    jobconf: List[str] = field(default_factory=list)
    variant: str = 'in-mapper'
    pack: bool = True
    ship_numpy: Optional[str] = None

    def check(self) -> None:
        """Raise UsageError for values out of range."""
        _check_choice('--runner', self.runner, RUNNERS)
        if self.ship_numpy is not None and self.runner != HADOOP:
            raise UsageError(f'--ship-numpy is for the nodes of a cluster, and -r {self.runner} has none')
        if self.ship_numpy is not None and not re.fullmatch(r'3\.\d+(-(x86_64|aarch64))?', self.ship_numpy):
            raise UsageError(f"--ship-numpy {self.ship_numpy}: should be the version of the nodes' Python, such as 3.9 (or 3.9-aarch64)")
        _check_choice('--variant', self.variant, VARIANTS)
        for item in self.jobconf:
            if not _PROPERTY.match(item):
                raise UsageError(f'-D {HIDDEN if is_secret(item) else item}: should be KEY=VALUE, such as mapreduce.map.memory.mb=2048')


@dataclass
class TextOptions:
    """How text is read; None is found out from the files.

    Attributes
    ----------
    columns, id_column, delimiter : str or None
        As on the command line.
    header : bool or None
    missing : str
        One of MISSING.
    max_bad_rows : int
        More rejected rows than that end the run.
    """

    columns: Optional[str] = None
    id_column: Optional[str] = None
    delimiter: Optional[str] = None
    header: Optional[bool] = None
    missing: str = 'fail'
    max_bad_rows: int = 0

    def check(self) -> None:
        """Raise UsageError for values out of range."""
        _check_choice('--missing', self.missing, MISSING)
        _check_least('--max-bad-rows', self.max_bad_rows, 0)


@dataclass
class FitOptions:
    """What a fit computes; the result is a function of these and the rows.

    Attributes
    ----------
    k : int
    init : str
        SAMPLE, RANDOM, or the path of a centroid file.
    n_init : int
        Restarts on the sample.
    max_iter : int
    tol : float
        On `shift`, in standard deviations.
    seed : int
        0 … 2**64 - 1.
    feature_weights : list of float, or None
        Of the squared differences, in feature order; 1 by default.
    """

    k: int
    init: str = SAMPLE
    n_init: int = DEFAULT_N_INIT
    max_iter: int = DEFAULT_MAX_ITER
    tol: float = DEFAULT_TOL
    seed: int = DEFAULT_SEED
    feature_weights: Optional[List[float]] = None

    def check(self) -> None:
        """Raise UsageError for values out of range."""
        _check_least('-k', self.k, 1)
        _check_least('--n-init', self.n_init, 1)
        _check_least('--max-iter', self.max_iter, 1)
        if not 0 <= self.tol < math.inf:
            raise UsageError(f'--tol {self.tol} should be a number >= 0, in standard deviations')
        if not 0 <= self.seed < 2 ** 64:
            raise UsageError(f'--seed {self.seed} should be from 0 to 2**64 - 1')

    def to_json(self) -> Dict:
        """Return plain JSON types."""
        return asdict(self)


@dataclass
class SqlOptions:
    """Where rows are clustered by SQL; none of it affects a result.

    Attributes
    ----------
    database : str or None
        A URL or path; for rows in files, None is a DuckDB file in the output folder.
    table, query : str or None
        Where the rows are: one of the two, or neither when they are in files.
    plan : str
        One of SQL_PLANS.
    centers_table : str
    """

    database: Optional[str] = None
    table: Optional[str] = None
    query: Optional[str] = None
    plan: str = 'fast'
    centers_table: str = DEFAULT_CENTERS_TABLE

    def check(self) -> None:
        """Raise UsageError for values out of range."""
        _check_choice('--sql-plan', self.plan, SQL_PLANS)
        if self.table is not None and self.query is not None:
            raise UsageError('--table and --query exclude each other')

    def check_inputs(self, inputs, text: TextOptions) -> None:
        """Raise UsageError unless the rows are either in files or in the database."""
        in_database = self.table is not None or self.query is not None
        if bool(inputs) == in_database:
            raise UsageError('--engine sql takes rows either from INPUT or from --table or --query'
                             + (', not from both' if in_database else ''))
        if in_database and self.database is None:
            raise UsageError('--table and --query need --database')
        if in_database and (text.delimiter is not None or text.header is not None):
            raise UsageError('--delimiter and --header are of text; a table has none')


def _check_least(option: str, value: int, least: int) -> None:
    if value < least:
        raise UsageError(f'{option} {value} should be >= {least}')


def _check_choice(option: str, value: str, choices) -> None:
    if value not in choices:
        raise UsageError(f'{option} {value} should be one of {", ".join(choices)}')
