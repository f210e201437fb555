"""Tables of databases for the part `data` of soak_adversary."""

import math
import random

import reference
import runs
from adversary_rows import points_of
from adversary_runs import Wrong, call, compare, expect, fit_arguments, in_a_fork, write_start

NAMES = [
    'x',
    'Width',
    'select',
    'a b',
    'q"x',
    "it's",
    'é',
    '%s',
    '{0}',
    'x-y',
    '1',
    'n;',
    'cluster',
    'ü' * 20,
]
OF_POSTGRES = 1e-120, 1e140
"""Beyond, on either side, PostgreSQL may be refused, as it would fail: squares of differences may
vanish or overflow."""


def check_table(case, chance: random.Random, problem, expected, counts, shared) -> None:
    """Fit and label the rows of a problem in a database; raise Wrong where something differs."""
    features = chance.sample(NAMES, len(problem.kinds))
    rows = list(enumerate(problem.rows))
    chance.shuffle(rows)
    lacking = [chance.choice([None, math.nan]) for _ in range(chance.choice([0, 0, 3]))]
    rows += [(-1, tuple([value] * len(features))) for value in lacking]
    server = shared.postgres() if chance.random() < 0.3 else None
    url = server or 'duckdb:' + case.path('base.duckdb')
    suffix = f'_{case.seed}_{case.number}'
    in_a_fork(lambda: make_table(url, 'points' + suffix, features, rows))
    counts['postgres' if server else 'sql'] += 1
    try:
        tables = [
            '--engine',
            'sql',
            '--database',
            url,
            '--table',
            'points' + suffix,
            '--columns',
            by_number(features),
        ]
        outcome = fit_table(
            case,
            chance,
            problem,
            expected,
            [*tables, '--centers-table', 'centers' + suffix],
            features,
            bool(server),
        )
        counts['runs'] += 1
        if outcome is not None:
            name = 'labels' + suffix
            view = ['--view'] if chance.random() < 0.5 else []
            done = call(
                'assign',
                case.path('table'),
                '-o',
                name,
                *tables,
                '--missing',
                'skip',
                '--id-column',
                'number',
                *view,
            )
            counts['runs'] += 1
            expect(done, 0, 'assign of a table')
            check_labels(in_a_fork(lambda: read_table(url, name)), problem, outcome[-1])
            counts['labels'] += len(problem.rows)
    finally:
        if server:
            in_a_fork(lambda: drop_tables(url, suffix))


def fit_table(case, chance, problem, expected, tables, features, is_postgres):
    """Fit the rows of a table; return the iterations, None when it was rightly refused."""
    init = problem.start
    if not isinstance(init, str):
        init = write_start(case.path('start.csv'), init, features)
    out = case.path('table')
    done = call(
        *fit_arguments(problem, out, init),
        '--missing',
        'skip',
        '--sql-plan',
        chance.choice(['fast', 'ranking']),
        *tables,
    )
    sizes = [abs(value) for row in problem.rows for value in row if value]
    least, most = OF_POSTGRES
    is_extreme = any(not least <= size <= most for size in sizes)
    if expected == [] or is_postgres and is_extreme and done.code:
        expect(done, 3, 'a table')
        return None
    expect(done, 0, 'fit of a table')
    found = runs.outcome_of_run(out)
    if not expected:
        expected = reference.reference_fit(
            problem.rows, found.centroids[0], None, problem.max_iter, problem.tol
        )
    compare(found, runs.outcome_of(expected, problem.rows, None, features), tables)
    return expected


def by_number(features):
    """Return --columns of a table whose first column is a number of the row."""
    return f'2-{len(features) + 1}'


def check_labels(found, problem, last):
    """Raise Wrong when a row of a table is not labeled by the definition."""
    points, weights = points_of(problem.rows), [1.0] * len(problem.kinds)
    expected = []
    for number, label in enumerate(last.labels):
        expected.append(
            [
                number,
                label,
                math.sqrt(reference.distance(points[number], last.centroids[label], weights)),
            ]
        )
    found = sorted(found)
    for ours, theirs in zip(found, expected):
        if ours != theirs:
            raise Wrong(f'label in a table {ours}, not {theirs}')
    if len(found) != len(expected):
        raise Wrong(f'{len(found)} labels in a table, not {len(expected)}')


# In a child: what a library of a database starts must not be in the soak's own process


def opened(url):
    """Return a connection whose `execute` takes `?`."""
    from sql_cases import DuckBase, PostgresBase

    return DuckBase(url[7:]).open() if url.startswith('duckdb:') else PostgresBase(url).open()


def make_table(url, name, features, rows):
    quoted = ', '.join('"%s" DOUBLE PRECISION' % name.replace('"', '""') for name in features)
    with opened(url) as execute:
        execute(f'CREATE TABLE {name} (number INTEGER, {quoted})')
        for start in range(0, len(rows), 500):
            execute(
                f'INSERT INTO {name} VALUES '
                + ', '.join(
                    '(%s)' % ', '.join([str(number), *map(literal, row)])
                    for number, row in rows[start : start + 500]
                )
            )


def literal(value):
    """Return a float as SQL has it."""
    return 'NULL' if value is None else f"CAST('{value!r}' AS DOUBLE PRECISION)"


def read_table(url, name):
    """Return (number, cluster, distance) of the rows of a table of labels."""
    with opened(url) as execute:
        sql = f'SELECT number, cluster_id, distance FROM {name}'
        return [
            list(row) for row in (execute(sql, True) if url.startswith('duckdb:') else execute(sql))
        ]


def drop_tables(url, suffix):
    with opened(url) as execute:
        (
            execute(f'DROP VIEW IF EXISTS labels{suffix}')
            if is_view(execute, 'labels' + suffix)
            else None
        )
        for name in 'labels', 'centers', 'points':
            execute(f'DROP TABLE IF EXISTS {name}{suffix} CASCADE')


def is_view(execute, name):
    return bool(execute(f"SELECT 1 FROM pg_views WHERE viewname = '{name}'"))
