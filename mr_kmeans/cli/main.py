"""The command mr-kmeans: a shell around the library. Results go to standard output, messages to
standard error.
"""

from __future__ import annotations

import os

# before numpy is imported: there is a process per core, and a BLAS that starts threads in each
# would be slower
for _variable in (
    'OPENBLAS_NUM_THREADS',
    'OMP_NUM_THREADS',
    'MKL_NUM_THREADS',
    'VECLIB_MAXIMUM_THREADS',
):
    os.environ.setdefault(_variable, '1')

import json  # noqa: E402
import logging  # noqa: E402
import sys  # noqa: E402

import click  # noqa: E402

from mr_kmeans import __version__  # noqa: E402
from mr_kmeans import options as defaults  # noqa: E402
from mr_kmeans.cli.click_options import (  # noqa: E402
    check_options,
    job_options,
    sql_options,
    text_options,
)
from mr_kmeans.cli.group import Commands  # noqa: E402
from mr_kmeans.cli.show import LogHandler, Messages, give_up, show_fit, show_labels  # noqa: E402
from mr_kmeans.errors import UsageError, of_os_error  # noqa: E402

EPILOG = (
    'Exit codes: 0 done; 1 the run failed (a job, the storage, a missing file); 2 usage; 3 the'
    ' data are unusable; 4 another run holds OUT; 129 the terminal was closed; 130 interrupted; 143'
    ' terminated.'
)


@click.group(cls=Commands, epilog=EPILOG, context_settings={'help_option_names': ['--help', '-h']})
@click.version_option(__version__, prog_name='mr-kmeans')
def main():
    """Cluster the rows of CSV files of any size - on this machine, in a database, or on Hadoop - by
    k-means.

    \b
    mr-kmeans fit points.csv -k 3 -o run           centroids, inertia, model hash
    mr-kmeans assign run points.csv -o labels      the nearest centroid of each row
    """


@main.command(epilog=EPILOG, short_help='Cluster rows into K clusters.')
@click.argument('inputs', metavar='INPUT...', nargs=-1)
@click.option('-k', 'k', type=int, required=True, help='Number of clusters.')
@click.option('-o', '--output', 'out', metavar='OUT', required=True, help='The output folder.')
@click.option(
    '--variant',
    type=click.Choice(defaults.VARIANTS),
    default='in-mapper',
    show_default=True,
    help='How the sums of an iteration are combined; the result is the same.',
)
@click.option(
    '--init',
    metavar='METHOD|FILE|RUN',
    default=defaults.SAMPLE,
    show_default=True,
    help=(
        'The start: sample: k-means++ and Lloyd in memory on a sample; k-means||: the same on '
        'rows drawn in passes over all rows; random: k distinct rows; '
        'a centroid file; or the centroids of an earlier run, by its folder or model.json: '
        'the final ones, or the last, if the run is not finished. A missing file: exit code 1.'
    ),
)
@click.option(
    '--n-init',
    type=int,
    default=defaults.DEFAULT_N_INIT,
    show_default=True,
    help='Number of starts tried in memory; the best is kept.',
)
@click.option(
    '--max-iter',
    type=int,
    default=defaults.DEFAULT_MAX_ITER,
    show_default=True,
    help='Maximum number of iterations.',
)
@click.option(
    '--tol',
    type=float,
    default=defaults.DEFAULT_TOL,
    show_default=True,
    help='Stop when no centroid moves farther than this, in standard deviations of the features.',
)
@click.option(
    '--tol-inertia',
    type=float,
    metavar='REL',
    help='Stop when a pass lowers the inertia by less than this part of it. Default: off.',
)
@click.option(
    '--seed',
    type=int,
    default=defaults.DEFAULT_SEED,
    show_default=True,
    help='Random seed.',
)
@click.option(
    '--resume', is_flag=True, help='Continue the run in OUT, after its last complete iteration.'
)
@click.option(
    '--break-lock',
    is_flag=True,
    help=(
        'End the lock of another run in OUT that is gone, such as one of a machine that died; not'
        ' that of a process that is alive on this host.'
    ),
)
@text_options(
    'all columns but the id column and an index',
    'none',
    'found out and said',
    defaults.DEFAULT_MISSING,
)
@sql_options('for INPUT and --query, a DuckDB file in OUT', 'Without --database, of files')
@click.option(
    '--sql-plan',
    'plan',
    type=click.Choice(defaults.SQL_PLANS),
    default='fast',
    show_default=True,
    help='ranking: the statement that says what is done; fast: the same bits, sooner.',
)
@click.option(
    '--centers-table',
    metavar='NAME',
    help=(
        'With --engine sql: the table of the centroids of every iteration. Default:'
        ' cluster_centers_ and the name of the folder OUT, in a --database; cluster_centers in the'
        ' file in OUT.'
    ),
)
@job_options
def fit(
    inputs,
    k,
    out,
    variant,
    init,
    n_init,
    max_iter,
    tol,
    tol_inertia,
    seed,
    resume,
    break_lock,
    columns,
    id_column,
    header,
    delimiter,
    missing,
    max_bad_rows,
    engine,
    database,
    table,
    query,
    plan,
    centers_table,
    runner,
    conf_path,
    jobconf,
    ship_numpy,
    no_pack,
    overwrite,
    quiet,
    verbose,
    as_json,
):
    """Cluster the rows of INPUT (files, globs, folders; CSV, TSV, semicolons, bars or white space;
    .gz, .bz2) into K clusters.

    The files in OUT: centroids.csv and iterations.csv (every iteration), model.json (the result),
    rejected.csv (rows that could not be used), and what --resume and assign need.

    Passes over the data: one to pack the text and survey the rows (a second where values have no
    common decimal step), one per iteration, and one more unless no centroid moved. Memory does not
    grow with the number of rows.
    """
    from mr_kmeans.commands import api

    messages = messages_of(quiet, verbose)
    check_options(engine, inputs)
    result = api.fit(
        inputs,
        k=k,
        out=out,
        init=init,
        n_init=n_init,
        max_iter=max_iter,
        tol=tol,
        tol_inertia=tol_inertia,
        seed=seed,
        columns=columns,
        id_column=id_column,
        delimiter=delimiter,
        header=header,
        missing=missing,
        max_bad_rows=max_bad_rows,
        engine=engine,
        database=database,
        table=table,
        query=query,
        plan=plan,
        centers_table=centers_table,
        runner=runner,
        conf_path=conf_path,
        jobconf=jobconf,
        variant=variant,
        pack=not no_pack,
        ship_numpy=ship_numpy,
        resume=resume,
        overwrite=overwrite,
        break_lock=break_lock,
        watch=messages.watch,
    )
    if as_json:
        iterations = [stats._asdict() for stats in result.iterations]
        show(json.dumps(dict(result.model.to_json(), iterations=iterations)) + '\n')
    else:
        seen = messages.has_shown_iterations and sys.stdout.isatty() and sys.stderr.isatty()
        show(
            show_fit(
                result.model,
                result.iterations,
                out,
                with_iterations=not seen,
                averaged=result.averaged,
            )
        )


@main.command(epilog=EPILOG, short_help='Label rows by the model of a fit.')
@click.argument('out', metavar='OUT')
@click.argument('inputs', metavar='INPUT...', nargs=-1)
@click.option(
    '-o',
    '--output',
    'labels',
    metavar='LABELS',
    required=True,
    help='The folder to write; by SQL, the table.',
)
@text_options(
    "those with the names of the model's features",
    'that of the run',
    'what was given to fit, else detected',
    'as in the run',
    'LABELS.rejected.csv',
    "Names of the model's features may come in any order; other names, and numbers, are the"
    " features in the model's order. ",
)
@sql_options(
    'none, since the labels are written there',
    'It may read files, where --database is a DuckDB file',
)
@click.option(
    '--view',
    is_flag=True,
    help='With --engine sql: write a view, that labels rows when it is read, not a table.',
)
@job_options
def assign(
    out,
    inputs,
    labels,
    columns,
    id_column,
    header,
    delimiter,
    missing,
    max_bad_rows,
    engine,
    database,
    table,
    query,
    view,
    runner,
    conf_path,
    jobconf,
    ship_numpy,
    no_pack,
    overwrite,
    quiet,
    verbose,
    as_json,
):
    """Label the rows of INPUT by the model in OUT: a folder of CSV files,
    file,row,id,cluster_id,distance.

    Rows come in the input's order, numbered from 1 below the header. The distance is Euclidean, in
    the run's weights. One pass over rows that the run has packed, two over other text. Rows that
    could not be used are listed beside LABELS, in LABELS.rejected.csv.

    After a fit by --query, labels go to a table, with the columns of the query:

    \b
    mr-kmeans assign run -o labels --engine sql --database run/kmeans.duckdb \\
        --query "SELECT * FROM 'rows.parquet'"
    """
    from mr_kmeans.commands import api

    messages_of(quiet, verbose)
    check_options(engine, inputs)
    done = api.assign(
        out,
        inputs,
        labels=labels,
        columns=columns,
        id_column=id_column,
        delimiter=delimiter,
        header=header,
        missing=missing,
        max_bad_rows=max_bad_rows,
        engine=engine,
        database=database,
        table=table,
        query=query,
        view=view,
        runner=runner,
        conf_path=conf_path,
        jobconf=jobconf,
        pack=not no_pack,
        ship_numpy=ship_numpy,
        overwrite=overwrite,
    )
    if as_json:
        show(json.dumps(done._asdict()) + '\n')
    else:
        show(show_labels(done))


def messages_of(quiet: bool, verbose: bool) -> Messages:
    """Set up standard error: our messages, and mrjob's log if verbose; our errors explain what
    fails.
    """
    if quiet and verbose:
        raise UsageError('-q and -v exclude each other')
    messages = Messages(quiet)
    heard = LogHandler(messages)
    for name, level, handler in (
        ('mrjob', logging.ERROR, logging.NullHandler()),
        ('mr_kmeans', logging.ERROR if quiet else logging.INFO, heard),
    ):
        log = logging.getLogger(name)
        log.handlers = [heard if verbose else handler]
        log.setLevel(logging.DEBUG if verbose else level)
        log.propagate = False
    return messages


def show(text: str) -> None:
    """Print a result, whatever the encoding of standard output."""
    if hasattr(sys.stdout, 'reconfigure'):
        sys.stdout.reconfigure(errors='backslashreplace')
    try:
        click.echo(text, nl=False)
    except BrokenPipeError:
        raise
    except OSError as error:
        give_up(sys.stdout)
        raise of_os_error(error, 'standard output') from None


if __name__ == '__main__':
    main(prog_name='mr-kmeans')
