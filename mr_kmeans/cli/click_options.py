"""Options that commands share, and the engine that each belongs to."""

from __future__ import annotations

import click

from mr_kmeans import options as defaults
from mr_kmeans.errors import UsageError

LEDGER = 'rejected.csv'

OF_JOBS = ('runner', 'conf_path', 'jobconf', 'variant', 'ship_numpy', 'no_pack')
OF_SQL = ('database', 'table', 'query', 'plan', 'centers_table', 'view')


def text_options(
    columns: str,
    id_column: str,
    found_out: str,
    missing: str,
    ledger: str = LEDGER,
    order: str = '',
):
    """Options on how text is read.

    Parameters
    ----------
    columns, id_column, found_out, missing : str
        What holds without these options, and without --header and --delimiter.
    ledger : str
        The file that lists bad rows.
    order : str
        A sentence on the order of --columns.
    """

    def add(command):
        for option in reversed(
            [
                click.option(
                    '--columns',
                    metavar='LIST',
                    help=(
                        'Features: names, numbers from 1, ranges a-b of either, comma-separated. '
                        f'{order}Default: {columns}.'
                    ),
                ),
                click.option(
                    '--id-column',
                    metavar='COLUMN',
                    help=(
                        'A column that names the rows; it need not be numeric. Default:'
                        f' {id_column}.'
                    ),
                ),
                click.option(
                    '--header/--no-header',
                    default=None,
                    help=f'Whether files begin with a header. Default: {found_out}.',
                ),
                click.option(
                    '--delimiter',
                    metavar='CHAR',
                    help=(
                        'comma, tab, semicolon, pipe, space (runs of white space) or one'
                        f' character. Default: {found_out}.'
                    ),
                ),
                click.option(
                    '--missing',
                    type=click.Choice(defaults.MISSING),
                    help=(
                        'A row with a missing value (empty, NA, NaN, null, \\N, ?, ...) is a bad'
                        f' row, or is left out; {ledger} lists it. Default: {missing}.'
                    ),
                ),
                click.option(
                    '--max-bad-rows',
                    type=int,
                    metavar='N',
                    default=0,
                    show_default=True,
                    help=(
                        f'Go on without up to N bad rows; {ledger} lists them. With more, exit code'
                        ' 3.'
                    ),
                ),
            ]
        ):
            command = option(command)
        return command

    return add


def job_options(command):
    """Options on how jobs are run."""
    for option in reversed(
        [
            click.option(
                '-r',
                '--runner',
                type=click.Choice(defaults.RUNNERS),
                default='inline',
                show_default=True,
                help=(
                    "inline: on all cores of this machine; local: mrjob's simulation of Hadoop, a"
                    ' process per task; hadoop: the cluster that HADOOP_CONF_DIR names. INPUT and'
                    ' output may then be hdfs://.'
                ),
            ),
            click.option(
                '-c',
                '--conf-path',
                metavar='FILE',
                type=click.Path(exists=True, dir_okay=False),
                help=(
                    "mrjob's configuration. Default: MRJOB_CONF in the environment, ~/.mrjob.conf,"
                    ' /etc/mrjob.conf.'
                ),
            ),
            click.option(
                '-D',
                'jobconf',
                metavar='KEY=VALUE',
                multiple=True,
                help='A Hadoop property for the jobs; may be repeated. Default: none.',
            ),
            click.option(
                '--ship-numpy',
                metavar='VERSION',
                help=(
                    'Send numpy along, for nodes that have none: for their Python, such as 3.9, or'
                    ' 3.9-aarch64. Default: they have one.'
                ),
            ),
            click.option(
                '--no-pack',
                is_flag=True,
                help='Read the text in every pass instead of packing it once.',
            ),
            click.option('--overwrite', is_flag=True, help='Replace what is in the output folder.'),
            click.option(
                '-q', '--quiet', is_flag=True, help='Say nothing on standard error but errors.'
            ),
            click.option('-v', '--verbose', is_flag=True, help="Show mrjob's log."),
            click.option(
                '--json', 'as_json', is_flag=True, help='Print the result as one JSON document.'
            ),
        ]
    ):
        command = option(command)
    return command


def sql_options(database: str, files: str):
    """Options on rows in a database.

    Parameters
    ----------
    database : str
        What holds without --database.
    files : str
        How --query reads files.
    """

    def add(command):
        for option in reversed(_sql_options(database, files)):
            command = option(command)
        return command

    return add


def _sql_options(database: str, files: str):
    return [
        click.option(
            '--engine',
            type=click.Choice(defaults.ENGINES),
            default='mapreduce',
            show_default=True,
            help=(
                'Who makes the passes: MapReduce jobs, or SQL in a database; the result is the'
                ' same.'
            ),
        ),
        click.option(
            '--database',
            metavar='URL',
            help=(
                'With --engine sql: postgresql://... (or service=NAME and other settings of '
                f'libpq), or a DuckDB file. Default: {database}.'
            ),
        ),
        click.option(
            '--table',
            metavar='NAME',
            help='With --engine sql: rows of this table or view, [schema.]name. Default: none.',
        ),
        click.option(
            '--query',
            metavar='SELECT',
            help=(
                'With --engine sql: rows of this query, which is evaluated once. '
                f'{files}, as in "SELECT * FROM \'x.parquet\'". Default: none.'
            ),
        ),
    ]


def check_options(engine: str, inputs) -> None:
    """Refuse an option of the other engine, even if its value is the default; for MapReduce, refuse
    to start without input.

    Raises
    ------
    UsageError
    """
    context = click.get_current_context()
    other = OF_JOBS if engine == defaults.SQL else OF_SQL
    for option in context.command.params:
        if (
            option.name in other
            and context.get_parameter_source(option.name) == click.core.ParameterSource.COMMANDLINE
        ):
            raise UsageError(
                f'{option.opts[-1]} goes with --engine '
                + (defaults.MAPREDUCE if engine == defaults.SQL else defaults.SQL)
            )
    if engine == defaults.MAPREDUCE and not inputs:
        raise UsageError('INPUT is missing: name files, or a --table with --engine sql')
