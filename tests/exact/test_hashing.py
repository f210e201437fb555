"""Tests of randomness: the documented formula, and samples that do not depend on order."""

import json
import math
import struct
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mr_kmeans.exact.column import RAW, Column, from_floats
from mr_kmeans.exact.hashing import Draws, HashSample, fingerprint, row_hashes, seeded_hashes

MASK = 2**64 - 1
values_ = st.one_of(st.floats(), st.sampled_from([0.0, -0.0, 1.0, math.nan]))


def chain(*numbers):
    """The chain of the module's docstring, word for word."""

    def mix(z):
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
        return z ^ (z >> 31)

    h = 0
    for v in numbers:
        h = mix((h + v + 0x9E3779B97F4A7C15) & MASK)
    return h


def bits_of(x):
    if math.isnan(x):
        return 0x7FF8000000000000
    return struct.unpack('>Q', struct.pack('>d', 0.0 if x == 0 else x))[0]


def plain_hash(row):
    return chain(0, 0, *map(bits_of, row))


def plain_seeded_hash(row, seed, round_):
    return chain(0, 0, *map(bits_of, row), chain(seed & MASK, round_ & MASK))


def raw(*x):
    """Return float64 arrays as columns."""
    return [Column(np.asarray(values, dtype=np.float64), RAW) for values in x]


@given(
    st.lists(st.tuples(values_, values_), max_size=10), st.integers(-5, 2**70), st.integers(0, 9)
)
def test_row_hashes_follow_the_documented_formula(rows, seed, round_):
    x = raw(*([row[j] for row in rows] for j in range(2)))
    hashes = row_hashes(x)
    assert hashes.dtype == np.uint64 and hashes.tolist() == list(map(plain_hash, rows))
    assert fingerprint(hashes) == sum(map(plain_hash, rows)) & MASK
    seeded = seeded_hashes(hashes, seed, round_)
    assert seeded.tolist() == [plain_seeded_hash(row, seed, round_) for row in rows]
    assert hashes.tolist() == list(map(plain_hash, rows))  # not changed


def test_integer_columns_have_the_hashes_of_their_values():
    x = np.array([0.0, -0.0, 1.25, -30.5, 1e6])
    column = from_floats(x)
    assert column.decimals == 2 and column.values.dtype == np.int32
    assert row_hashes([column]).tolist() == row_hashes(raw(x)).tolist()


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=2, max_size=2, unique=True))
def test_seeds_order_rows_differently(seeds):
    hashes = row_hashes(raw(np.arange(1000.0)))
    first, second = (set(np.argsort(seeded_hashes(hashes, seed, 1))[:100]) for seed in seeds)
    assert len(first & second) < 40  # 10 on average


def test_draws_are_the_published_numbers_of_splitmix64():
    draws = Draws(0)
    draws._state = 1234567  # the first outputs of the reference implementation for this state
    assert [draws.next() for _ in range(3)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


def test_hashes_do_not_depend_on_tiles():
    x = [np.random.default_rng(j).normal(size=20_000) for j in range(3)]
    hashes = row_hashes(raw(*x))
    assert hashes[:100].tolist() == row_hashes(raw(*(column[:100] for column in x))).tolist()
    assert hashes[-100:].tolist() == row_hashes(raw(*(column[-100:] for column in x))).tolist()
    assert len(set(hashes.tolist())) == 20_000
    parts = fingerprint(hashes[:77]) + fingerprint(hashes[77:])
    assert fingerprint(hashes) == parts & MASK


def test_draws_are_uniform_and_depend_on_the_stream():
    draws = Draws(1, 2, 3)
    drawn = [draws.below(10) for _ in range(10_000)]
    counts = Counter(drawn)
    assert (
        set(counts) == set(range(10))
        and sum((n - 1000) ** 2 / 1000 for n in counts.values()) < 27.9
    )  # chi2, p = 0.001
    assert Draws(1, 2, 3).below(10**50) == Draws(1, 2, 3).below(10**50) < 10**50
    assert len({Draws(*stream).below(2**64) for stream in [(1, 2), (2, 1), (1,), (1, 2, 0)]}) == 4
    assert Draws(5).below(1) == 0
    with pytest.raises(ValueError, match='total=0'):
        Draws(1).below(0)


def sample_of(rows, hashes, capacity, cuts=()):
    """Build a sample, with one merged part for each piece between cuts."""
    whole = HashSample(capacity, 2)
    bounds = [0, *sorted(cuts), len(rows)]
    for a, b in zip(bounds, bounds[1:]):
        part = HashSample(capacity, 2)
        part.add(
            np.array(hashes[a:b], dtype=np.uint64),
            raw(*([row[j] for row in rows[a:b]] for j in range(2))),
        )
        whole.merge(HashSample.from_json(json.loads(json.dumps(part.to_json()))))
    return whole


@given(
    st.lists(st.tuples(st.integers(-2, 2).map(float), st.integers(0, 3).map(float)), max_size=60),
    st.integers(1, 25),
    st.integers(1, 100),
    st.data(),
)
@settings(max_examples=200, deadline=None)
def test_sample_has_the_distinct_rows_with_the_smallest_hashes(rows, capacity, modulus, data):
    cuts = data.draw(st.lists(st.integers(0, len(rows)), max_size=3))
    order = data.draw(st.permutations(range(len(rows))))
    hashes = [plain_hash(row) % modulus for row in rows]  # a small modulus: many equal hashes
    expected = sorted(Counter(zip(hashes, rows)).items())[:capacity]
    sample = sample_of([rows[i] for i in order], [hashes[i] for i in order], capacity, cuts)
    assert sample.hashes.tolist() == [h for (h, _), _ in expected]
    assert [tuple(row) for row in sample.rows.tolist()] == [row for (_, row), _ in expected]
    assert sample.multiplicities.tolist() == [n for _, n in expected]


def test_memory_of_a_sample_is_bounded():
    rng = np.random.default_rng(0)
    x = [rng.integers(0, 300, 200_000).astype(float), rng.integers(0, 300, 200_000).astype(float)]
    hashes = row_hashes(raw(*x))
    sample = HashSample(1000, 2)
    for start in range(0, 200_000, 50_000):
        part = slice(start, start + 50_000)
        sample.add(hashes[part], raw(*(column[part] for column in x)))
        assert sample._hashes.size < 40_000
    counts = Counter(zip(hashes.tolist(), x[0].tolist(), x[1].tolist()))
    expected = sorted(counts.items())[:1000]
    assert [(h, *row) for h, row in zip(sample.hashes.tolist(), sample.rows.tolist())] == [
        key for key, _ in expected
    ]
    assert sample.multiplicities.tolist() == [n for _, n in expected]


def test_a_million_equal_rows_count_as_one():
    sample = HashSample(10, 1)
    x = raw(np.full(1_000_000, 0.1))
    sample.add(row_hashes(x), x)
    assert sample.rows.tolist() == [[0.1]] and sample.multiplicities.tolist() == [1_000_000]


def test_minus_zero_and_all_nan_count_as_equal():
    x = raw([0.0, -0.0, math.nan, -math.nan])
    sample = HashSample(10, 1)
    sample.add(row_hashes(x), x)
    assert sorted(sample.multiplicities.tolist()) == [2, 2]


def test_samples_of_different_shapes_are_not_merged():
    with pytest.raises(ValueError, match='capacity=0'):
        HashSample(0, 1)
    with pytest.raises(ValueError, match='cannot be merged'):
        HashSample(5, 1).merge(HashSample(5, 2))
    empty = HashSample.from_json(HashSample(5, 3).to_json())
    assert empty.rows.shape == (0, 3)
