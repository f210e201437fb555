"""Seconds of an iteration by SQL, with both databases and both plans, beside those of a job of the
inline runner on packed blocks.

Rows lie in tables of double precision. All sides take turns, so that a machine that slows down does
so for each. Prints a Markdown table and exits with 1 when the target is missed.
"""

import argparse
import contextlib
import csv
import os
import statistics
import subprocess
import sys
import tempfile

import bench_data
import duckdb
import process_tree
import psycopg

TARGET = 3.0
"""Of the seconds of a job, for DuckDB's fast plan."""

JOB, GOAL, NO_SCREEN = 'inline, packed', 'DuckDB, fast', 'DuckDB, fast, no screen'

COMMAND_WITHOUT_SCREEN = """
from mr_kmeans.cli.main import main
from mr_kmeans.sql.duck import Duck
Duck.screens = False
main()
"""


def main():
    parser = argparse.ArgumentParser(prog='bench_sql', description=__doc__)
    parser.add_argument('--rows', type=int, default=2_000_000, help='of 10 features (%(default)s)')
    parser.add_argument(
        '--slow-rows',
        type=int,
        default=200_000,
        help='rows of the sides that take long: PostgreSQL, and the plan `ranking` (%(default)s)',
    )
    parser.add_argument('--iterations', type=int, default=5, help='in each turn (%(default)s)')
    parser.add_argument(
        '--repeats',
        type=int,
        default=3,
        help='turns; the median of all iterations counts (%(default)s)',
    )
    parser.add_argument('--cores', type=int, default=2, help='that each side may use (%(default)s)')
    parser.add_argument('--without-postgres', action='store_true', help='leave PostgreSQL out')
    parser.add_argument(
        '--folder',
        default=os.path.join(tempfile.gettempdir(), 'mr_kmeans_bench'),
        help='where the data are made and kept, and results written: 1 GB (%(default)s)',
    )
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        found = measure(options, find_sides(options, stack))
    sys.exit(report(options, found))


def find_sides(options, stack):
    """Return {name: (rows, arguments of `fit`)}; the tables are there as long as the stack is."""
    few, many = options.slow_rows, options.rows
    folder = stack.enter_context(
        tempfile.TemporaryDirectory(prefix='sql-', dir=made(options.folder))
    )
    paths = {rows: bench_data.blob_file(options.folder, rows) for rows in {few, many}}
    base = os.path.join(folder, 'points.duckdb')
    with duckdb.connect(base) as connection:
        for rows, path in paths.items():
            connection.execute('CREATE TABLE points_%d AS SELECT * FROM read_csv(?)' % rows, [path])
    url = 'duckdb:%s?threads=%d' % (base, options.cores)
    sides = {
        JOB: (many, [paths[many]]),
        GOAL: (many, by_sql(url, many, 'fast')),
        NO_SCREEN: (many, by_sql(url, many, 'fast')),
        'DuckDB, ranking': (few, by_sql(url, few, 'ranking')),
    }
    if not options.without_postgres:
        url = postgres(stack, few, paths[few])
        sides.update(
            {'PostgreSQL, ' + plan: (few, by_sql(url, few, plan)) for plan in ('fast', 'ranking')}
        )
    return sides


def made(folder):
    os.makedirs(folder, exist_ok=True)
    return folder


def by_sql(url, rows, plan):
    return ['--engine', 'sql', '--database', url, '--table', 'points_%d' % rows, '--sql-plan', plan]


def postgres(stack, rows, path):
    """Start the server of the tests with a table of the rows; return its URL."""
    sys.path.append(
        os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'tests', 'support')
    )
    from postgres_server import PostgresServer

    server = PostgresServer()
    stack.callback(server.remove)
    with psycopg.connect(server.url(), autocommit=True) as connection, open(path, 'rb') as file:
        names = file.readline().decode().strip().split(',')
        connection.execute(
            'CREATE TABLE points_%d (%s)' % (rows, ', '.join(name + ' float8' for name in names))
        )
        with connection.cursor().copy('COPY points_%d FROM STDIN (FORMAT CSV)' % rows) as copy:
            for chunk in iter(lambda: file.read(1 << 20), b''):
                copy.write(chunk)
        connection.execute('ANALYZE')
    return server.url()


def measure(options, sides):
    """Return {name: (rows, seconds of each iteration)}."""
    found = {name: (rows, []) for name, (rows, _) in sides.items()}
    with tempfile.TemporaryDirectory(prefix='out-', dir=options.folder) as folder:
        for _ in range(options.repeats):
            for number, (name, (_, arguments)) in enumerate(sides.items()):
                seconds = seconds_per_iteration(
                    options, os.path.join(folder, str(number)), arguments, name != NO_SCREEN
                )
                print(
                    '%s: %s' % (name, ' '.join('%.3f' % value for value in seconds)),
                    file=sys.stderr,
                    flush=True,
                )
                found[name][1].extend(seconds)
    return found


def seconds_per_iteration(options, out, arguments, with_screen):
    """Return the seconds of each iteration of a run, the start left out; the folder's packed rows
    are used again."""
    more = '--overwrite', '--init', 'random', '--tol', 0, '--max-iter', options.iterations
    command = process_tree.fit_command(arguments, out, *more)
    if not with_screen:
        command[1:3] = ['-c', COMMAND_WITHOUT_SCREEN]  # in place of -m mr_kmeans
    process_tree.run(command, options.cores)
    with open(os.path.join(out, 'iterations.csv'), newline='') as file:
        return [float(row['seconds']) for row in csv.DictReader(file) if int(row['iteration']) > 0]


def report(options, found):
    """Print the table; return whether the target is missed."""
    seconds = {name: statistics.median(values) for name, (_, values) in found.items()}
    per_row = {name: seconds[name] / rows for name, (rows, _) in found.items()}
    print(
        'One iteration, 10 features, k = 20, %d cores, medians of %d:\n'
        % (options.cores, options.repeats * options.iterations)
    )
    print('| | rows | seconds | ns a row | times a job |\n|---|---|---|---|---|')
    for name, (rows, _) in found.items():
        target = ' (target %g)' % TARGET if name == GOAL else ''
        print(
            '| %s | %s | %.3f | %.0f | %.1f%s |'
            % (
                name,
                format(rows, ','),
                seconds[name],
                1e9 * per_row[name],
                per_row[name] / per_row[JOB],
                target,
            )
        )
    missed = per_row[GOAL] > TARGET * per_row[JOB]
    if missed:
        print('\nMISSED: %s is more than %g times %s' % (GOAL, TARGET, JOB))
    return missed


if __name__ == '__main__':
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit('bench_sql: exit code %d of: %s' % (error.returncode, ' '.join(error.cmd)))
