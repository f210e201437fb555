"""The part `data` of soak_adversary: nasty numbers in nasty text and in tables, run in random ways.

What a run comes to is compared with the reference: centroids, counts, inertia and shift of every
iteration, hash, rejected lines, and each row's label, distance, id and line number.
"""

import collections
import contextlib
import csv
import math
import os
import random
from unittest import mock

import reference
import runs
from adversary_rows import make_problem, points_of
from adversary_runs import (
    Wrong,
    call,
    checked,
    compare,
    expect,
    fit_arguments,
    in_a_fork,
    write_start,
)
from adversary_tables import check_table
from adversary_text import as_arguments, write_text
from adversary_wild import check_wild
from commandline import Done

from mr_kmeans.inputs import source
from mr_kmeans.text import parse as text_parse

MOST_LISTED = 1000
"""Rejected lines of a split."""

VARIANTS = ('in-mapper', 'combiner', 'two-job')


def check_data(case, counts: collections.Counter, shared) -> None:
    """Run a random case; raise Wrong where it differs from what it has to be."""
    chance = random.Random(case.chance_seed)
    counts['cases'] += 1
    if chance.random() < 0.2:
        check_wild(case, chance, counts)
        return
    problem = make_problem(chance)
    counts['rows'] += len(problem.rows)
    expected = None
    for number in range(chance.choice([1, 2])):  # twice: in other files, in another order
        os.mkdir(case.path(f'text{number}'))
        text = write_text(chance, case.path(f'text{number}'), problem)
        counts['rejected lines'] += len(text.rejected)
        expected = expected or expected_iterations(problem)
        for way in range(chance.choice([1, 2])):
            out = case.path(f'out{number}.{way}')
            expected = check_text(chance, out, problem, text, expected, counts) or expected
        if os.path.exists(os.path.join(out, 'model.json')) and chance.random() < 0.6:
            check_labels(chance, case.path(f'labels{number}'), out, problem, text, expected[-1])
            counts['labels'] += len(problem.rows)
            counts['runs'] += 1
    if problem.weights is None and chance.random() < 0.4:
        check_table(case, chance, problem, expected, counts, shared)


def expected_iterations(problem):
    """Return what the reference makes of a problem; None where the start has to be read first."""
    start = problem.start
    if len(set(points_of(problem.rows))) < problem.k:
        return []
    if start == 'sample' or start == 'random' and len(problem.rows) > 100:
        return None
    if start == 'random':
        start = runs.start_of_rows(problem.rows, problem.k)
    return iterations_from(problem, start)


def iterations_from(problem, start):
    return reference.reference_fit(
        problem.rows, start, problem.weights, problem.max_iter, problem.tol
    )


# Fits of text


def check_text(chance, out, problem, text, expected, counts):
    """Fit files in a random way; return the iterations that it had to make."""
    more, setting = random_way(chance, text, counts)
    allowed = text.n_bad - 1 if text.n_bad and chance.random() < 0.1 else text.n_bad
    init = problem.start
    if not isinstance(init, str):
        init = write_start(out + '.start.csv', init, text.features)
    done = fit_text(problem, text, out, init, allowed, more, setting)
    counts['runs'] += 1
    if allowed < text.n_bad:
        expect(done, 3, 'bad rows')
        check_ledger(out, text)
        counts['refused'] += 1
        return expected
    if expected == []:
        expect(done, 3, 'fewer distinct rows than k')
        counts['refused'] += 1
        return expected
    expect(done, 0, 'a fit')
    check_ledger(out, text)
    found = runs.outcome_of_run(out)
    expected = expected or iterations_from(problem, found.centroids[0])
    compare(found, runs.outcome_of(expected, problem.rows, problem.weights, text.features), more)
    counts['iterations'] += len(expected) - 1
    return expected


def random_way(chance, text, counts):
    """Return arguments, and what else is set, for one of the ways to run a fit of files."""
    if chance.random() < 0.25:
        plan = chance.choice(['fast', 'ranking'])
        counts['sql'] += 1
        return ['--engine', 'sql', '--sql-plan', plan], contextlib.nullcontext
    runner = 'local' if chance.random() < 0.04 else 'inline'
    more = [
        '-r',
        runner,
        '--variant',
        chance.choice(VARIANTS),
        *['--no-pack'] * (chance.random() < 0.4),
    ]
    largest = max(map(os.path.getsize, text.paths))
    n_bytes, cores = max(5, largest // chance.choice([1, 2, 5, 30])), chance.choice([1, 2, 3, 7])
    piece = chance.choice([64, 1000, text_parse.PIECE_BYTES])

    @contextlib.contextmanager
    def setting():
        with (
            mock.patch.multiple(
                source,
                TEXT_SPLIT_BYTES=n_bytes,
                MIN_SPLIT_BYTES=n_bytes,
                usable_cores=lambda: cores,
            ),
            mock.patch.object(text_parse, 'PIECE_BYTES', piece),
        ):
            yield

    return more, setting if runner == 'inline' and chance.random() < 0.7 else contextlib.nullcontext


def fit_text(problem, text, out, init, allowed, more, setting):
    """Fit by the command; by the library where there are weights, for which there is no option."""
    options = dict(text.options, max_bad_rows=allowed)
    if problem.weights is None:
        return call(
            *fit_arguments(problem, out, init),
            *text.paths,
            *as_arguments(options),
            *more,
            setting=setting,
        )

    def work():
        import mr_kmeans.commands.fit
        from mr_kmeans.errors import KMeansError, of_defect
        from mr_kmeans.options import FitOptions, JobOptions, SqlOptions, TextOptions

        fitted = FitOptions(
            problem.k, init, 2, problem.max_iter, problem.tol, feature_weights=problem.weights
        )
        sql = SqlOptions(plan=more[3]) if 'sql' in more else None
        jobs = None if sql else JobOptions(more[1], variant=more[3], pack='--no-pack' not in more)
        try:
            with setting():
                mr_kmeans.commands.fit.fit(
                    text.paths, out, fitted, TextOptions(**options), jobs, sql=sql
                )
        except KMeansError as error:
            return error.exit_code, '', str(error)
        except Exception as error:
            return 1, '', of_defect(error)
        return 0, '', ''

    return checked(Done(*in_a_fork(work)))


# What must be true


def check_ledger(out, text):
    """Raise Wrong when rejected.csv does not list what was written to be rejected."""
    found, path = [], os.path.join(out, 'rejected.csv')
    if os.path.exists(path):
        with open(path, encoding='utf-8', errors='surrogateescape', newline='') as file:
            found = [(row['file'], int(row['line'])) for row in csv.DictReader(file)]
    if (
        len(text.rejected) > MOST_LISTED
        and len(found) >= MOST_LISTED
        and set(found) <= set(text.rejected)
    ):
        return
    if found != text.rejected:
        raise Wrong(
            f'rejected lines: {found[:5]} ({len(found)}), not {text.rejected[:5]} '
            f'({len(text.rejected)})'
        )


def check_labels(chance, labels, out, problem, text, last):
    """Label the rows of a fit; raise Wrong when one is not labeled by the definition."""
    options = (
        text.options
        if chance.random() < 0.5
        else {name: text.options[name] for name in ('missing', 'max_bad_rows')}
    )
    more = ['--no-pack'] if chance.random() < 0.5 else []
    expect(
        call('assign', out, *text.paths, '-o', labels, *as_arguments(options), *more), 0, 'assign'
    )
    points, weights = points_of(problem.rows), problem.weights or [1.0] * len(problem.kinds)
    found, expected = read_labels(labels), []
    for file, row, id, number in text.rows:
        label = last.labels[number]
        distance = math.sqrt(reference.distance(points[number], last.centroids[label], weights))
        expected.append((file, row, id, label, distance))
    for ours, theirs in zip(found, expected):
        if ours != theirs:
            raise Wrong(f'label {ours}, not {theirs}')
    if len(found) != len(expected):
        raise Wrong(f'{len(found)} labels, not {len(expected)}')


def read_labels(folder):
    """Return (file, row, id, cluster, distance) of every label, in order."""
    found = []
    for name in sorted(name for name in os.listdir(folder) if name.startswith('part-')):
        with open(os.path.join(folder, name), encoding='utf-8', newline='') as file:
            for row in csv.DictReader(file):
                found.append(
                    (
                        row['file'],
                        int(row['row']),
                        row['id'],
                        int(row['cluster_id']),
                        float(row['distance']),
                    )
                )
    return found
