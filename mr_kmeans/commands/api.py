"""The Python API: `fit` and `assign` with plain keywords.

The command line calls the same two functions and prints what they return.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
from typing import Iterable, Iterator, Optional, Sequence, Union

from mr_kmeans import arguments
from mr_kmeans import options as defaults
from mr_kmeans.algorithm.candidate import IterationStats
from mr_kmeans.arguments import Column, Path
from mr_kmeans.commands.assign import assign as assign_rows
from mr_kmeans.commands.fit import fit as fit_rows
from mr_kmeans.errors import UsageError, in_words
from mr_kmeans.options import FitOptions, JobOptions, SqlOptions, TextOptions
from mr_kmeans.run.directory import MODEL, RunDirectory
from mr_kmeans.run.loop import Watch
from mr_kmeans.run.model_file import Model, read_model
from mr_kmeans.run.result import AssignResult, FitResult, read_result
from mr_kmeans.runners.mrjob_options import stores_of

# Else Python prints the warnings of a library whose user has not set up logging.
logging.getLogger('mr_kmeans').addHandler(logging.NullHandler())


def fit(
    inputs: Union[Path, Iterable[Path], None] = None,
    *,
    k: int,
    out: Optional[Path] = None,
    init: Path = defaults.SAMPLE,
    n_init: int = defaults.DEFAULT_N_INIT,
    max_iter: int = defaults.DEFAULT_MAX_ITER,
    tol: float = defaults.DEFAULT_TOL,
    tol_inertia: Optional[float] = None,
    seed: int = defaults.DEFAULT_SEED,
    feature_weights: Optional[Sequence[float]] = None,
    columns: Union[Column, Sequence[Column], None] = None,
    id_column: Optional[Column] = None,
    delimiter: Optional[str] = None,
    header: Optional[bool] = None,
    missing: Optional[str] = None,
    max_bad_rows: int = 0,
    engine: str = defaults.MAPREDUCE,
    database: Optional[Path] = None,
    table: Optional[str] = None,
    query: Optional[str] = None,
    plan: str = defaults.DEFAULT_PLAN,
    centers_table: Optional[str] = None,
    runner: str = defaults.INLINE,
    conf_path: Optional[Path] = None,
    jobconf: Union[str, Sequence[str]] = (),
    variant: str = defaults.DEFAULT_VARIANT,
    pack: bool = True,
    ship_numpy: Optional[str] = None,
    resume: bool = False,
    overwrite: bool = False,
    break_lock: bool = False,
    watch: Optional[Watch] = None,
) -> FitResult:
    """Cluster rows into k clusters.

    Only the rows and `k` are needed. The result depends on the rows, `k`, `init`, `n_init`,
    `max_iter`, `tol`, `tol_inertia`, `seed` and `feature_weights` alone, to the last bit.

    Parameters
    ----------
    inputs : path or iterable of paths, optional
        Files, globs and folders, as str or pathlib.Path; with runner='hadoop' also ``hdfs://``.
        Without them, the rows are those of `table` or `query`.
    k : int
        The number of clusters. Wherever an int is taken, an integer of numpy will do.
    out : path, optional
        The folder of the run, which `assign` and `resume` can use later. By default the run is made
        in a temporary folder, removed at the end, and only the result in memory remains. The
        environment variable TMPDIR says where temporary folders are; packed rows can take as much
        space as the text.
    init : str or path
        'sample' (k-means++ and Lloyd's algorithm in memory on a sample), 'k-means||' (on
        rows drawn in passes over all rows), 'random' (k distinct rows), a centroid file, or the
        folder or model.json of an earlier run.
    n_init : int
        Number of starts tried in memory; the best is kept.
    max_iter : int
        Maximum number of iterations.
    tol : float
        Stop when no centroid moved farther than this, in standard deviations of the features (root
        mean square over the features).
    tol_inertia : float, optional
        Stop when a pass lowers the inertia by less than this part of it, such as 1e-5. For many
        clusters, a few of which may go on moving at no gain.
    seed : int
        Random seed, from 0 to 2**64 - 1.
    feature_weights : sequence of float, optional
        Weights of the squared differences, in the order of the features; 1 by default.
    columns : str, int, or list of str and int, optional
        The features. A list has names and numbers from 1; a str is as on the command line, such as
        ``'width,4-6'``. By default all columns but the id column and an index.
    id_column : str or int, optional
        A column that names the rows; it need not be numeric.
    delimiter : str, optional
        ``'comma'``, ``'tab'``, ``'semicolon'``, ``'pipe'``, ``'space'`` or one character. By
        default it is detected, as is `header`.
    header : bool, optional
        Whether the files begin with a header.
    missing : str, optional
        'fail' (a row with a missing value is a bad row, the default) or 'skip'.
    max_bad_rows : int
        Bad rows that may be left out; with more, DataError is raised.
    engine : str
        'mapreduce' or 'sql': jobs compute, or a database.
    database : str or path, optional
        With engine='sql': ``postgresql://…`` or a DuckDB file. By default a DuckDB file in `out`.
    table, query : str, optional
        With engine='sql': the table, view or query that has the rows.
    plan : str
        With engine='sql': 'fast', or 'ranking', which is plain, readable SQL.
    centers_table : str, optional
        With engine='sql': the table of the centroids of every iteration.
    runner : str
        Where the jobs run: 'inline' (all cores of this machine), 'local' (mrjob's simulation of
        Hadoop) or 'hadoop'.
    conf_path : path, optional
        mrjob's configuration file.
    jobconf : str or sequence of str
        Hadoop properties, ``'KEY=VALUE'``.
    variant : str
        How the sums of an iteration are combined: 'in-mapper', 'combiner' or 'two-job'.
    pack : bool
        Parse the text once, into packed blocks, instead of in every pass.
    ship_numpy : str, optional
        The version of the nodes' Python, such as ``'3.9'``: send numpy along to nodes without one.
    resume : bool
        Continue the run in `out`.
    overwrite : bool
        Replace the run in `out`.
    break_lock : bool
        Replace the lock of another run in `out` that is known to be gone.
    watch : callable, optional
        Is called with the `IterationStats` of each iteration when its inertia is known.

    Returns
    -------
    FitResult
        `model`, a Model, is the result; `iterations`, `rejected` and `path` tell how it came about.

    Raises
    ------
    UsageError
        When a parameter is wrong, or there is a run in `out` already.
    DataError
        When the rows cannot be used.
    RunError
        When a job or the storage fails; LockedError, a subclass, when another run holds `out`.

    Examples
    --------
    >>> from mr_kmeans import fit
    >>> result = fit('data/worked_example.csv', k=2)
    >>> result.model
    Model(k=2, features=['x'], n_samples=9, inertia=150.0, hash='38bdd6ff...')
    >>> result.model.centroids.tolist(), result.model.counts, len(result.iterations)
    ([[7.0], [25.0]], [6, 3], 2)
    """
    weights = arguments.optional(arguments.reals, 'feature_weights', feature_weights)
    start = arguments.path('init', init)
    options = FitOptions(k, start, n_init, max_iter, tol, seed, weights, tol_inertia)
    text = _text(columns, id_column, delimiter, header, missing, max_bad_rows)
    jobs = _jobs(runner, conf_path, jobconf, variant, pack, ship_numpy)
    sql = _sql(database, table, query, plan, centers_table)
    defaults.check_engine(engine, jobs, sql)
    files = arguments.paths('inputs', inputs, needed=engine != defaults.SQL)
    if out is None:
        _check_no_folder(sql, resume=resume, overwrite=overwrite, break_lock=break_lock)
    with in_words(), _folder(out) as folder:
        stores = stores_of(jobs)
        model = fit_rows(
            files,
            folder,
            options,
            text,
            jobs,
            resume,
            overwrite,
            _ignore if watch is None else watch,
            sql if engine == defaults.SQL else None,
            break_lock,
            stores,
        )
        result = read_result(RunDirectory(folder, stores=stores), model)
        return result if out is not None else result._replace(path=None)


def assign(
    model: Union[Path, FitResult, Model],
    inputs: Union[Path, Iterable[Path], None] = None,
    *,
    labels: Path,
    columns: Union[Column, Sequence[Column], None] = None,
    id_column: Optional[Column] = None,
    delimiter: Optional[str] = None,
    header: Optional[bool] = None,
    missing: Optional[str] = None,
    max_bad_rows: int = 0,
    engine: str = defaults.MAPREDUCE,
    database: Optional[Path] = None,
    table: Optional[str] = None,
    query: Optional[str] = None,
    view: bool = False,
    runner: str = defaults.INLINE,
    conf_path: Optional[Path] = None,
    jobconf: Union[str, Sequence[str]] = (),
    pack: bool = True,
    ship_numpy: Optional[str] = None,
    overwrite: bool = False,
) -> AssignResult:
    """Write the nearest centroid of every row, and the distance to it.

    Parameters
    ----------
    model : path, FitResult or Model
        The folder of a finished run, or what `fit` returned.
    inputs : path or iterable of paths, optional
        Files, globs and folders. Without them, the rows are those of `table` or `query`.
    labels : path
        The folder of CSV files to write (file, row, id, cluster_id, distance); with engine='sql',
        the name of a table.
    columns : str, int, or list of str and int, optional
        By default those that are called as the features of the model.
    id_column, delimiter, header, missing : optional
        As in `fit`; by default as in the run.
    max_bad_rows : int
        Bad rows that may be left out; with more, DataError is raised.
    engine, database, table, query : optional
        As in `fit`.
    view : bool
        With engine='sql': write a view, which labels rows when it is read, not a table.
    runner, conf_path, jobconf, pack, ship_numpy : optional
        As in `fit`.
    overwrite : bool
        Replace `labels`, if it holds labels.

    Returns
    -------
    AssignResult

    Raises
    ------
    UsageError, DataError, RunError
        As in `fit`.

    Examples
    --------
    >>> import os, tempfile
    >>> from mr_kmeans import assign, fit
    >>> result = fit('data/worked_example.csv', k=2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     labels = os.path.join(folder, 'labels')
    ...     done = assign(result, 'data/worked_example.csv', labels=labels)
    ...     with open(os.path.join(labels, done.parts[0])) as file:
    ...         lines = file.read().splitlines()
    >>> done.n_samples, lines[:2]
    (9, ['file,row,id,cluster_id,distance', 'data/worked_example.csv,1,,0,5.0'])
    """
    text = _text(columns, id_column, delimiter, header, missing, max_bad_rows)
    jobs = _jobs(runner, conf_path, jobconf, defaults.DEFAULT_VARIANT, pack, ship_numpy)
    sql = _sql(database, table, query)
    view = arguments.flag('view', view)
    defaults.check_engine(engine, jobs, sql, view=view)
    files = arguments.paths('inputs', inputs, needed=engine != defaults.SQL)
    target = arguments.path('labels', labels)
    overwrite = arguments.flag('overwrite', overwrite)
    with in_words(), _folder_of(model) as folder:
        if engine != defaults.SQL:
            return assign_rows(folder, files, target, text, jobs, overwrite)
        from mr_kmeans.sql.assign import assign_table

        if files:
            raise UsageError(
                'assign --engine sql labels the rows of a --table or --query; files are labeled by'
                ' the jobs'
            )
        text.check()
        sql.check_inputs(files, text)
        return assign_table(read_model(RunDirectory(folder)), target, text, sql, view, overwrite)


def _text(
    columns: Union[Column, Sequence[Column], None], id_column: Optional[Column], *rest
) -> TextOptions:
    """Return options on text."""
    return TextOptions(arguments.optional(arguments.columns, 'columns', columns), id_column, *rest)


def _jobs(
    runner: str, conf_path: Optional[Path], jobconf: Union[str, Sequence[str]], *rest
) -> JobOptions:
    """Return options on jobs."""
    conf = arguments.optional(arguments.path, 'conf_path', conf_path)
    return JobOptions(runner, conf, arguments.texts('jobconf', jobconf), *rest)


def _sql(database: Optional[Path], *rest) -> SqlOptions:
    """Return options on a database."""
    return SqlOptions(arguments.optional(arguments.path, 'database', database), *rest)


def _check_no_folder(sql: SqlOptions, **given: object) -> None:
    """Refuse what needs a folder that stays."""
    for name, value in given.items():
        if arguments.flag(name, value):
            raise UsageError(f'out is missing: {name}=True needs the folder of a run')
    if sql.database is not None:
        raise UsageError(
            'out is missing: in a database, a run keeps its centroids in a table that is known by'
            ' the folder. Name one.'
        )


@contextlib.contextmanager
def _folder(out: Optional[Path]) -> Iterator[str]:
    """Give the folder of a run, or a temporary one where none is named."""
    if out is not None:
        yield arguments.path('out', out)
        return
    with tempfile.TemporaryDirectory(prefix='mr_kmeans-') as folder:
        yield os.path.join(folder, 'run')


@contextlib.contextmanager
def _folder_of(model: Union[Path, FitResult, Model]) -> Iterator[str]:
    """Give the folder of a run, or a temporary one with the model where it has none."""
    if isinstance(model, FitResult):
        model = model.model if model.path is None else model.path
    if not isinstance(model, Model):
        yield arguments.path('model', model)
        return
    with _folder(None) as folder:
        os.mkdir(folder)
        model.write(os.path.join(folder, MODEL))
        yield folder


def _ignore(stats: IterationStats) -> None:
    """Do nothing with an iteration."""
