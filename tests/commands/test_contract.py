"""A result is a function of the rows as a multiset, the options and the seed: of nothing else, to
the last bit, and the reference's."""

import csv
import functools
import itertools
import math
import os
import shutil

import pytest
import reference
import runs
from data_kinds import KINDS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pairwise import pairwise

from mr_kmeans.commands.assign import assign
from mr_kmeans.formats import sequencefile
from mr_kmeans.inputs import source
from mr_kmeans.jobs import mr_pack
from mr_kmeans.options import JobOptions, TextOptions

LOCAL = [
    ('in-mapper', True, 1, 'thirds'),
    ('in-mapper', False, 7, 'random_rows'),
    ('combiner', True, 7, 'thirds'),
    ('combiner', False, 1, 'random_rows'),
    ('two-job', True, 1, 'random_rows'),
    ('two-job', False, 7, 'thirds'),
]
"""Variant, packed, files, rows: any two values meet in one of the six."""

QUICK = ('random_rows', 'ties_and_duplicates', 'thirds')
SOME = [kind if kind in QUICK else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS]

WAYS_TO_ASSIGN = [(1, True, 'in order'), (7, True, 'shuffled'), (2, False, 'reversed')]


@functools.cache
def case_of(kind):
    return KINDS[kind]()


@functools.cache
def expected(kind, max_iter):
    case = case_of(kind)
    return runs.outcome_of_reference(case.rows, case.start, case.weights, max_iter)


def check_run(folder, kind, combining, order, n_files, pack, max_iter, runner='inline'):
    """Make a run, and compare all it leaves with the reference."""
    case = case_of(kind)
    paths = runs.write_rows(folder, runs.ordered(case.rows, order), n_files)
    runs.fit(
        paths,
        folder / 'out',
        len(case.start),
        combining,
        runner,
        pack,
        init=runs.write_start(folder / 'start.csv', case.start),
        max_iter=max_iter,
        feature_weights=case.weights,
    )
    assert runs.outcome_of_run(folder / 'out') == expected(kind, max_iter)


@pytest.fixture
def n_tasks(monkeypatch):
    """A function that sets the number of tasks of a job, where there are as many files, whatever
    the machine."""
    return lambda n: monkeypatch.setattr(source, 'usable_cores', lambda: n)


@pytest.fixture
def small_pieces(monkeypatch):
    """A function that cuts files so that a few rows share a split, for three tasks, and makes a
    block of packed rows 8 rows."""

    def cut():
        monkeypatch.setattr(source, 'usable_cores', lambda: 3)
        monkeypatch.setattr(source, 'MIN_SPLIT_BYTES', 1)
        monkeypatch.setattr(mr_pack, 'rows_per_block', lambda d: 8)
        monkeypatch.setattr(
            mr_pack, 'Writer', functools.partial(sequencefile.Writer, sync_interval=1)
        )

    return cut


# Every way to run


def ways_to_run():
    """Return cases in which any two values meet; quick are those of QUICK, and the first of each
    other kind."""
    cases = pairwise(
        list(KINDS), runs.COMBININGS, runs.ORDERS, runs.FILE_COUNTS, [True, False], [False, True]
    )
    seen = set()
    for case in cases:
        is_quick = case[0] in QUICK or case[0] not in seen
        seen.add(case[0])
        yield pytest.param(*case, marks=[] if is_quick else [pytest.mark.slow])


@pytest.mark.parametrize('kind, combining, order, n_files, pack, in_pieces', list(ways_to_run()))
def test_any_two_ways_agree(
    kind, combining, order, n_files, pack, in_pieces, tmp_path, n_tasks, small_pieces
):
    n_tasks(n_files)
    if in_pieces:
        small_pieces()
    check_run(tmp_path, kind, combining, order, n_files, pack, max_iter=1)


@pytest.mark.slow
@pytest.mark.parametrize('n_files', runs.FILE_COUNTS)
@pytest.mark.parametrize('order', runs.ORDERS)
@pytest.mark.parametrize('kind', KINDS)
def test_all_ways_agree(kind, order, n_files, tmp_path, n_tasks):
    """Every variant, and no combiner; packed for every other kind of rows, so that each way is
    packed for four kinds and not for four."""
    n_tasks(n_files)
    case = case_of(kind)
    paths = runs.write_rows(tmp_path, runs.ordered(case.rows, order), n_files)
    start = runs.write_start(tmp_path / 'start.csv', case.start)
    pack = (list(KINDS).index(kind) + runs.ORDERS.index(order) + n_files) % 2 == 0
    for combining in (*runs.VARIANTS, 'combiner, never called'):
        runs.fit(
            paths,
            tmp_path / 'out',
            len(case.start),
            combining,
            pack=pack,
            overwrite=True,
            init=start,
            max_iter=1,
            feature_weights=case.weights,
        )
        assert runs.outcome_of_run(tmp_path / 'out') == expected(kind, 1)


@pytest.mark.slow
@pytest.mark.parametrize('combining, pack, n_files, kind', LOCAL)
def test_local_runner_agrees(combining, pack, n_files, kind, tmp_path):
    check_run(tmp_path, kind, combining, 'shuffled', n_files, pack, max_iter=1, runner='local')


def test_any_two_values_meet_in_the_local_cases():
    for i, j in itertools.combinations(range(4), 2):
        pairs = {(case[i], case[j]) for case in LOCAL}
        assert pairs == set(
            itertools.product({case[i] for case in LOCAL}, {case[j] for case in LOCAL})
        )


@pytest.mark.parametrize('kind', SOME)
def test_a_run_to_its_end(kind, tmp_path):
    check_run(tmp_path, kind, 'in-mapper', 'in order', 2, True, max_iter=100)
    assert expected(kind, 100).stopped_by == reference.NO_MOVE


def test_each_kind_of_data_has_its_property():
    """Ties happen, a cluster stays empty, values vanish: else the cases above would prove less than
    they say."""
    case = case_of('ties_and_duplicates')
    ties = [
        row
        for row in case.rows
        if sorted(reference.distance(row, c, [1.0, 1.0]) for c in case.start)[0]
        == sorted(reference.distance(row, c, [1.0, 1.0]) for c in case.start)[1]
    ]
    assert (
        len(ties) > 20
        and len(set(case.rows)) == 25
        and expected('ties_and_duplicates', 2).empty[1:] == [1, 1]
    )
    assert [
        len(expected(kind, 100).counts) > 3
        for kind in KINDS
        if kind not in ('many_features', 'tiny_beside_huge')
    ] == [True] * 6
    grids = {kind: reference.choose_grids(case_of(kind).rows) for kind in KINDS}
    assert [step.denominator for step in grids['random_rows']] == [10**4] * 3
    assert all(step.denominator % 3 and step.denominator % 10 for step in grids['thirds'])
    assert grids['tiny_beside_huge'][0] > 10**80 and 0 < grids['tiny_beside_huge'][1] < 1e-320
    assert (
        max(len(case_of(kind).rows) for kind in KINDS) <= 200
        and len(case_of('many_features').rows[0]) == 200
    )


# Any data

FEATURES = {
    'lattice': st.integers(-3, 3).map(float),
    'decimals': st.integers(-(10**6), 10**6).map(lambda i: i / 1000),
    'far': st.integers(-50, 50).map(lambda i: 1e6 + i / 100),
    'thirds': st.integers(-20, 20).map(lambda i: i / 3),
    'wide': st.integers(-(2**50), 2**50).map(float),
    'any': st.floats(-(2.0**500), 2.0**500),
    'tiny or huge': st.sampled_from([0.0, 1e-300, -1e-300, 1e100, -3e99, 5e-324, 1.0]),
}
WEIGHTS = st.sampled_from([1.0, 1.0, 0.0, 1e-9, 0.1, 3.0, 1e9])


@st.composite
def problems(draw):
    """Return (rows, start, weights): up to 20 rows in up to 3 features; centroids are rows or
    numbers of their size."""
    kinds = draw(st.lists(st.sampled_from(sorted(FEATURES)), min_size=1, max_size=3))
    row = st.tuples(*[FEATURES[kind] for kind in kinds])
    rows = draw(st.lists(row, min_size=1, max_size=20))
    rows = rows + draw(st.lists(st.sampled_from(rows), max_size=5))  # duplicates
    points = reference.to_integers(rows, reference.choose_grids(rows))
    start = draw(
        st.lists(
            st.one_of(st.sampled_from(rows), row),
            min_size=1,
            max_size=min(5, len(set(points))),
            unique=True,
        )
    )
    return (
        rows,
        start,
        draw(st.one_of(st.none(), st.lists(WEIGHTS, min_size=len(kinds), max_size=len(kinds)))),
    )


def check_any(folder, problem, order, n_files, combining, pack):
    rows, start, weights = problem
    shutil.rmtree(folder)
    paths = runs.write_rows(folder, runs.ordered(rows, order), n_files)
    runs.fit(
        paths,
        folder / 'out',
        len(start),
        combining,
        pack=pack,
        init=runs.write_start(folder / 'start.csv', start),
        max_iter=3,
        tol=0.01,
        feature_weights=weights,
    )
    assert runs.outcome_of_run(folder / 'out') == runs.outcome_of_reference(
        rows, start, weights, 3, 0.01
    )


WAYS = [
    st.sampled_from(values)
    for values in (runs.ORDERS, runs.FILE_COUNTS, runs.COMBININGS, [True, False])
]
GIVEN = {'suppress_health_check': [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]}


@settings(max_examples=10, **GIVEN)
@given(problems(), *WAYS)
def test_any_rows(tmp_path, problem, order, n_files, combining, pack):
    check_any(tmp_path, problem, order, n_files, combining, pack)


@pytest.mark.slow
@settings(max_examples=60, **GIVEN)
@given(problems(), *WAYS)
def test_many_more_rows(tmp_path, problem, order, n_files, combining, pack):
    check_any(tmp_path, problem, order, n_files, combining, pack)


# Starts


@pytest.mark.parametrize('kind', SOME)
def test_random_start_is_the_rows_of_smallest_hash(kind, tmp_path):
    case = case_of(kind)
    paths = runs.write_rows(tmp_path, runs.ordered(case.rows, 'shuffled'), 7)
    runs.fit(
        paths, tmp_path / 'out', 3, init='random', seed=5, max_iter=1, feature_weights=case.weights
    )
    start = runs.start_of_rows(case.rows, 3, seed=5)
    assert runs.outcome_of_run(tmp_path / 'out') == runs.outcome_of_reference(
        case.rows, start, case.weights, 1
    )


@pytest.mark.parametrize('kind', SOME)
def test_sampled_start_leaves_no_trace_of_the_order(kind, tmp_path):
    case, outcomes = case_of(kind), []
    for order, n_files, pack in zip(runs.ORDERS, runs.FILE_COUNTS, [False, True, True]):
        paths = runs.write_rows(tmp_path / order, runs.ordered(case.rows, order), n_files)
        runs.fit(
            paths,
            tmp_path / order / 'out',
            3,
            pack=pack,
            seed=5,
            max_iter=2,
            n_init=2,
            feature_weights=case.weights,
        )
        outcomes.append(runs.outcome_of_run(tmp_path / order / 'out'))
    assert outcomes[0] == outcomes[1] == outcomes[2]
    start = outcomes[0].centroids[0]
    assert start == sorted(start) and len(set(start)) == 3
    assert outcomes[0] == runs.outcome_of_reference(case.rows, start, case.weights, 2)


def test_another_seed_is_another_start(tmp_path):
    case = case_of('random_rows')
    paths = runs.write_rows(tmp_path, case.rows)
    starts = [
        runs.fit(paths, tmp_path / str(seed), 3, init='random', seed=seed, max_iter=1).hash
        for seed in (0, 1)
    ]
    assert starts[0] != starts[1]


# Labels


def read_labels(folder):
    """Return the rows of the parts, in the order of their names."""
    rows = []
    for name in sorted(os.listdir(folder)):
        assert name.startswith('part-') and name.endswith('.csv')
        with open(folder / name, encoding='utf-8') as file:
            header, *lines = csv.reader(file)
            assert header == ['file', 'row', 'id', 'cluster_id', 'distance']
            rows += lines
    return rows


def expected_labels(paths, points, centroids, weights, ids=None):
    """Return the lines of LABELS for points in the order in which the files have them."""
    lines, labels = [], reference.label(points, centroids, weights)
    for number, path in enumerate(paths):
        first, end = (len(points) * n // len(paths) for n in (number, number + 1))
        for i in range(first, end):
            distance = math.sqrt(reference.distance(points[i], centroids[labels[i]], weights))
            lines.append(
                [path, str(i - first + 1), ids[i] if ids else '', str(labels[i]), repr(distance)]
            )
    return lines


@pytest.mark.parametrize(
    'kind, way',
    [
        pytest.param(
            kind, way, marks=[] if (i + j) % 3 == 0 and kind in QUICK else [pytest.mark.slow]
        )
        for i, kind in enumerate(KINDS)
        for j, way in enumerate(WAYS_TO_ASSIGN)
    ],
)
def test_labels_of_the_rows_of_the_run(kind, way, tmp_path, small_pieces):
    """In the input's order, whatever the files and the pieces they are read in; the files may be
    others than those of the run."""
    case, (n_files, pack, order) = case_of(kind), way
    small_pieces()
    rows = runs.ordered(case.rows, order)
    paths = runs.write_rows(tmp_path, rows, n_files)
    runs.fit(
        paths[::-1] if pack else runs.write_rows(tmp_path / 'others', case.rows),
        tmp_path / 'out',
        len(case.start),
        init=runs.write_start(tmp_path / 'start.csv', case.start),
        max_iter=1,
        feature_weights=case.weights,
    )
    done = assign(
        str(tmp_path / 'out'), paths, str(tmp_path / 'labels'), jobs=JobOptions(pack=pack)
    )
    weights = case.weights or [1.0] * len(rows[0])
    assert read_labels(tmp_path / 'labels') == expected_labels(
        paths, points_of(rows), expected(kind, 1).centroids[-1], weights
    )
    assert done.n_samples == len(rows) and done.parts == sorted(os.listdir(tmp_path / 'labels'))


def points_of(rows):
    grids = reference.choose_grids(rows)
    return reference.to_points(reference.to_integers(rows, grids), grids)


def test_labels_carry_the_ids(tmp_path, small_pieces):
    small_pieces()
    rows = case_of('random_rows').rows
    ids = ['n%d' % i if i % 3 else 'a "b", %d' % i for i in range(len(rows))]
    paths = [str(tmp_path / name) for name in ('one.csv', 'two, too.csv')]
    for number, path in enumerate(paths):
        part = slice(60 * number, 60 * number + 60)
        with open(path, 'w', encoding='ascii') as file:
            csv.writer(file, lineterminator='\r\n').writerows(
                [['x1', 'name', 'x2', 'x3']]
                + [
                    [repr(x1), name, repr(x2), repr(x3)]
                    for (x1, x2, x3), name in zip(rows[part], ids[part])
                ]
            )
    centroids = runs.outcome_of_reference(rows, rows[:3], None, 1).centroids[-1]
    start = runs.write_start(tmp_path / 'start.csv', rows[:3])
    for pack in (True, False):
        out = tmp_path / ('out%d' % pack)
        runs.fit_text(
            paths, out, 3, TextOptions(id_column='name'), pack=pack, init=start, max_iter=1
        )
        assign(str(out), paths, str(tmp_path / ('labels%d' % pack)), jobs=JobOptions(pack=pack))
        assert read_labels(tmp_path / ('labels%d' % pack)) == expected_labels(
            paths, rows, centroids, [1.0] * 3, ids
        )


NEW_ROWS = {
    'random_rows': [
        (0.123456, 1e-9, -3.0),
        (1e300**0.5, 5.0, 0.0),
        (1 / 3, 2 / 3, 0.1),
        (-7.5, 1e15 + 0.5, 2.0),
    ],
    'thirds': [
        (0.1, 1e-17, 1 / 9),
        (1e6 + 1 / 3, 0.0, 0.0),
        (2.0**60 + 2.0**9, -1e140, 3.0),
        (5e-324, 1 / 3, 0.2),
    ],
    'tiny_beside_huge': [
        (1.0, 5e-324, 1e-300),
        (1e99, 1e10, 1e-323),
        (2.0**499, 1e-310, 2.0**-400),
        (-1e101, -(2.0**499), 1e-301),
    ],
}


@pytest.mark.parametrize('kind', NEW_ROWS)
def test_labels_of_new_rows(kind, tmp_path):
    """Values on a decimal grid count as parsed, whatever their decimals and size; on a binary one
    they are rounded to the step."""
    case, new = case_of(kind), NEW_ROWS[kind]
    runs.fit(
        runs.write_rows(tmp_path / 'rows', case.rows),
        tmp_path / 'out',
        len(case.start),
        init=runs.write_start(tmp_path / 'start.csv', case.start),
        max_iter=1,
    )
    grids = reference.choose_grids(case.rows)
    points = [
        tuple(
            (
                value
                if step.denominator == 10**4
                else reference.to_float(reference.to_integers([(value,)], [step])[0][0] * step)
            )
            for value, step in zip(row, grids)
        )
        for row in new
    ]
    centroids = expected(kind, 1).centroids[-1]
    paths, lines = [], []
    for i, part in enumerate(
        [[0], [1], [2], [3], [0, 1, 2, 3]]
    ):  # a file is a batch, which is labeled as a whole
        paths += runs.write_rows(tmp_path / str(i), [new[i] for i in part])
        lines += expected_labels(paths[-1:], [points[i] for i in part], centroids, [1.0] * 3)
    assign(str(tmp_path / 'out'), paths, str(tmp_path / 'labels'))
    assert read_labels(tmp_path / 'labels') == lines
