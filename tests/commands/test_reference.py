"""The reference itself, against truths worked out by hand: it judges everything else."""

import math
from fractions import Fraction

import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from reference import reference_fit

EXAMPLE = [[x] for x in (2, 4, 10, 12, 3, 20, 30, 11, 25)]
LATTICE = st.integers(-3, 3).map(float)
DECIMALS = st.integers(-(10**6), 10**6).map(lambda i: i / 100)
ANY = st.floats(-1e12, 1e12)
ROWS = st.one_of(
    [
        st.lists(st.tuples(values, values), min_size=1, max_size=12)
        for values in (LATTICE, DECIMALS, ANY)
    ]
)


def test_worked_example():
    iterations = reference_fit(EXAMPLE, [[4], [10]])
    assert [[c for (c,) in it.centroids] for it in iterations] == [
        [4, 10],
        [3, 18],
        [4.75, 19.6],
        [7, 25],
        [7, 25],
    ]
    assert [it.counts for it in iterations] == [[0, 0], [3, 6], [4, 5], [6, 3], [6, 3]]
    assert [it.moved for it in iterations] == [None, 2, 2, 2, 0]
    assert iterations[-1].labels == [0, 0, 0, 0, 0, 1, 1, 0, 1]
    # (2-4)^2 + (3-4)^2 + (12-10)^2 + 10^2 + 20^2 + 1 + 15^2 = 735; 96 + 64 ... = 333;
    # (25+9+9+25+16+16) + (25+25) = 150
    assert [it.exact_inertia for it in iterations if it.centroids[1] != (19.6,)] == [
        735,
        333,
        150,
        150,
    ]
    assert iterations[2].inertia == pytest.approx(267.855, rel=1e-15)
    assert [it.stopped_by for it in iterations] == [None] * 4 + ['no centroid moved']


def test_stops_at_max_iter_and_at_tol():
    assert [it.stopped_by for it in reference_fit(EXAMPLE, [[4], [10]], max_iter=2)] == [
        None,
        None,
        'max-iter',
    ]
    assert [it.stopped_by for it in reference_fit(EXAMPLE, [[4], [10]], max_iter=0)] == ['max-iter']
    iterations = reference_fit(EXAMPLE, [[4], [10]], tol=0.2)
    assert len(iterations) == 3 and iterations[-1].stopped_by == 'tol'


def test_shift_is_in_standard_deviations():
    # variance of the nine numbers: (9 * 2319 - 117^2) / 81 = 7182 / 81; the second centroid moves
    # by 8
    assert reference_fit(EXAMPLE, [[4], [10]])[1].shift == pytest.approx(
        8 / math.sqrt(7182 / 81), rel=1e-15
    )
    # moves of 1 and 3 deviations in two varying features, any move in a constant one: sqrt((1 + 9)
    # / 2)
    assert reference.shift([(0.0, 0.0, 0.0)], [(2.0, 9.0, 12.0)], [2.0, 0.0, 4.0]) == math.sqrt(5)
    assert reference.shift([(0.0,)], [(1.0,)], [0.0]) == 0


def test_ties_go_to_the_lowest_id():
    assert reference.label([(1.0,), (3.0,)], [(2.0,), (0.0,), (2.0,)], [1.0]) == [0, 0]
    assert reference.label([(1.0, 1.0)], [(0.0, 1.0), (1.0, 0.0)], [1.0, 1.0]) == [0]
    assert reference.label([(1.0, 1.0)], [(0.0, 1.0), (1.0, 0.0)], [1.0, 0.5]) == [1]


def test_an_empty_cluster_keeps_its_centroid():
    last = reference_fit([[0], [1]], [[0.5], [100]])[-1]
    assert last.centroids == [(0.5,), (100.0,)]
    assert last.counts == [2, 0] and last.empty == 1 and last.inertia == 0.5


def test_a_mean_is_rounded_once():
    # in floats 0.1 + 0.2 is 0.30000000000000004, and ten 0.1 add up to less than 1
    assert reference_fit([[0.1], [0.2]], [[0]], max_iter=1)[1].centroids == [(0.15,)]
    assert reference_fit([[0.1]] * 10, [[0]], max_iter=1)[1].centroids == [(0.1,)]
    assert reference_fit([[1], [0], [0]], [[0]], max_iter=1)[1].centroids == [(1 / 3,)]


@pytest.mark.parametrize(
    'values, step',
    [
        ([3.0, -4.0, 0.0], 1),
        ([0.0], 1),
        ([0.1, 2.25], Fraction(1, 100)),
        ([1e-15], Fraction(1, 10**15)),
        ([2.0**51 - 1], 1),
        ([2.0**51], Fraction(2) ** -1),  # 2**51 is too large for 10**0: floor(log2) - 52 = -1
        ([1 / 3], Fraction(2) ** -54),  # 1/4 <= 1/3 < 1/2: -2 - 52
        ([0.1, 2.0**48], Fraction(2) ** -4),  # 10 * 2**48 is above 2**51
        ([1e100, 1e-300], Fraction(2) ** (332 - 52)),  # 2**332 < 1e100 < 2**333
        ([1e-16], Fraction(2) ** -106),  # 2**-54 < 1e-16 < 2**-53
        ([5e-324], Fraction(2) ** -1074),
    ],
)
def test_grid(values, step):
    assert reference.choose_grid(values) == step


def test_a_binary_grid_rounds_ties_to_even():
    rows = [[2.0**60], [2.0**7], [3 * 2.0**7], [2.0**7 + 1], [-5 * 2.0**7]]
    grids = reference.choose_grids(rows)
    assert grids == [256]
    assert reference.to_integers(rows, grids) == [(2**52,), (0,), (2,), (1,), (-2,)]


def test_a_decimal_grid_gives_the_value_back():
    rows = [[0.1, 123456.789], [0.35, -0.001]]
    grids = reference.choose_grids(rows)
    assert reference.to_integers(rows, grids) == [(10, 123456789), (35, -1)]
    assert reference.to_points(reference.to_integers(rows, grids), grids) == [
        tuple(row) for row in rows
    ]


def test_standardizing_weights():
    # 1, 2, 3: variance 2/3; 0.1, 0.1, 0.4: 3 * 18 - 36 = 18 hundredths squared over 9, so 0.02
    rows = [[1.0, 0.1, 5.0], [2.0, 0.1, 5.0], [3.0, 0.4, 5.0]]
    assert reference.standardizing_weights(rows) == [1.5, 50.0, 0.0]


def test_square_root_is_the_nearest_float():
    assert reference.square_root(Fraction(9, 4)) == 1.5
    assert reference.square_root(Fraction(2)) == math.sqrt(2)
    assert reference.square_root(Fraction(2) ** -2148) == 5e-324
    assert reference.square_root(Fraction(0)) == 0


@pytest.mark.parametrize(
    'fields',
    [['1', 'x'], ['inf'], ['-Infinity'], ['1e200'], ['1_000'], ['0x10'], ['.'], ['1e'], ['١']],
)
def test_parse_refuses(fields):
    with pytest.raises(ValueError):
        reference.parse(fields)


def test_parse():
    assert reference.parse(['+1.', '.5', ' 2E-3 ', '-0.0', '0.1']) == (1.0, 0.5, 0.002, 0.0, 0.1)
    assert math.copysign(1, reference.parse(['-0'])[0]) == 1
    assert reference.parse(['1', '?']) is None


def test_seeded_hash_tells_values_seeds_and_rounds_apart():
    rows = [(), (0.0,), (1.0,), (None,), (0.0, 1.0), (1.0, 0.0)]
    hashes = {
        reference.seeded_hash(row, seed, round)
        for row in rows
        for seed in (0, 1)
        for round in (0, 1)
    }
    assert len(hashes | set(map(reference.row_hash, rows))) == 6 * 5
    assert reference.seeded_hash((-0.0,), 3, 4) == reference.seeded_hash((0.0,), 3, 4)
    assert reference.float_bits(1.0) == 0x3FF0000000000000 and reference.float_bits(-0.0) == 0


def test_hash_sample_counts_equal_rows():
    rows = [(1.0,), (2.0,), (1.0,), (3.0,)]
    sample = reference.hash_sample(rows, 2, 0, 0)
    assert dict(reference.hash_sample(rows, 9, 0, 0)) == {(1.0,): 2, (2.0,): 1, (3.0,): 1}
    assert sample == reference.hash_sample(rows[::-1], 9, 0, 0)[:2]
    assert (
        reference.fingerprint(rows)
        == reference.fingerprint(rows[::-1])
        != reference.fingerprint(rows[1:])
    )


@given(ROWS, st.integers(1, 3))
def test_inertia_two_ways(rows, k):
    start = [rows[i % len(rows)] for i in range(k)]
    grids = reference.choose_grids(rows)
    integers = reference.to_integers(rows, grids)
    for it in reference_fit(rows, start, weights=[1.0, 0.1], max_iter=2):
        assert it.exact_inertia == reference.inertia_by_rows(
            it.centroids, it.labels, integers, grids, [1.0, 0.1]
        )


@given(ROWS)
def test_the_order_of_rows_leaves_no_trace(rows):
    one, other = (reference_fit(some, rows[:2], max_iter=3) for some in (rows, rows[::-1]))
    assert [it._replace(labels=it.labels[::-1]) for it in one] == other
