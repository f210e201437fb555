"""Tests that the surveys of tasks, merged in any order and grouping, agree with the reference's
survey of all rows.
"""

import json
import random
from fractions import Fraction

import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st

from mr_kmeans.exact.column import from_floats
from mr_kmeans.exact.feature_space import FeatureSpace
from mr_kmeans.exact.points import Origin, Points
from mr_kmeans.exact.survey import SAMPLE_ROUND, Survey, Surveyor, merge_values
from mr_kmeans.formats.survey_file import load_space

VALUES = st.one_of(
    st.integers(-3, 3).map(float),
    st.integers(-(10**5), 10**5).map(lambda i: i / 100),
    st.integers(-9, 9).map(lambda i: i / 3),
    st.sampled_from([1e100, 1e-300, 5e-324, -(2.0**500), 2.0**50]),
)
ROWS = st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=15)


def points_of(rows):
    return Points(
        [from_floats(np.array(column)) for column in zip(*rows)],
        np.arange(len(rows)),
        None,
        Origin('file', 0),
    )


SHUFFLES = random.Random(0)


def survey_of(rows, cuts, seed=1, capacity=4, space=None, rng=SHUFFLES):
    """Return the survey of rows in several tasks, whose records are shuffled, partly merged and
    sent through JSON.
    """
    records, borders = [], [0, *sorted(cut % (len(rows) + 1) for cut in cuts), len(rows)]
    for start, end in zip(borders, borders[1:]):
        surveyor = Surveyor(seed, capacity, space)
        for part in (rows[start : (start + end) // 2], rows[(start + end) // 2 : end]):
            if part:
                surveyor.add(points_of(part))
        records += json.loads(
            json.dumps(
                [*surveyor.records(), (['split', 'file', start], {'lines': end - start})]
                if end > start
                else []
            )
        )
    rng.shuffle(records)
    for key in (['rows'], ['feature', 0], ['sample']):
        same = [value for other, value in records if other == key]
        if len(same) > 2:
            records = (
                [record for record in records if record[0] != key]
                + [(key, json.loads(json.dumps(merge_values(key, same[:2]))))]
                + [(key, value) for value in same[2:]]
            )
    return Survey.of_records(records)


@given(ROWS, st.lists(st.integers(0, 15), max_size=4))
def test_survey_agrees_with_the_reference_for_any_splits(rows, cuts):
    survey, grids = survey_of(rows, cuts), reference.choose_grids(rows)
    assert survey.n_samples == len(rows)
    assert [grid.step for grid in survey.grids()] == grids
    assert [(m.minimum, m.maximum, m.count) for m in survey.moments] == [
        (min(x), max(x), len(x)) for x in zip(*rows)
    ]
    assert survey.needs_grids == any(grid.kind == 'binary' for grid in survey.grids())
    if survey.needs_grids:
        survey = survey_of(rows, cuts, space=survey.space(['a', 'b']))
    integers = reference.to_integers(rows, grids)
    points = reference.to_points(integers, grids)
    assert [m.at(grid) for m, grid in zip(survey.moments, survey.grids())] == [
        (sum(i), sum(j * j for j in i)) for i in zip(*integers)
    ]
    assert survey.fingerprint == reference.fingerprint(points)
    assert survey.vanished == sum(
        x != 0 and i == 0 for row, whole in zip(rows, integers) for x, i in zip(row, whole)
    )
    sample = zip(map(tuple, survey.sample.rows.tolist()), survey.sample.multiplicities.tolist())
    assert list(sample) == reference.hash_sample(points, 4, 1, SAMPLE_ROUND)
    assert sum(tally['lines'] for tally in survey.tallies.values()) == len(rows)


@given(ROWS, st.lists(st.integers(0, 15), max_size=4))
def test_gridded_rows_have_the_same_grids(rows, cuts):
    space = survey_of(rows, []).space(['a', 'b'])
    again = survey_of(rows, cuts, space=space)
    assert again.grids() == space.grids


def test_split_surveyed_by_two_tasks_is_refused():
    records = [(['split', 'a.csv', 0], {'lines': 3}), (['split', 'a.csv', 100], {'lines': 4})]
    assert Survey.of_records(records).tallies == {
        Origin('a.csv', 0): {'lines': 3},
        Origin('a.csv', 100): {'lines': 4},
    }
    with pytest.raises(ValueError, match='two records for'):
        Survey.of_records(records + records[:1])


def test_survey_of_no_rows():
    assert list(Surveyor(0, 10).records()) == []
    survey = Survey.of_records([])
    assert (survey.n_samples, survey.fingerprint, survey.moments, survey.sample) == (0, 0, [], None)


def test_seed_changes_only_the_sample():
    rows = [(float(i), 0.5) for i in range(200)]
    one, other = (survey_of(rows, [], seed=seed) for seed in (1, 2))
    assert (
        one.fingerprint == other.fingerprint
        and one.sample.rows.tolist() != other.sample.rows.tolist()
    )


def test_survey_round_trips_through_json():
    survey = survey_of([(0.1, 1e15), (2.25, -3.0)], [1])
    space = survey.space(['a', 'b'], [1, 0.1])
    plain = json.loads(json.dumps(survey.to_json(space)))
    again = Survey.from_json(plain)
    assert (again.n_samples, again.fingerprint, again.moments) == (
        2,
        survey.fingerprint,
        survey.moments,
    )
    assert (
        FeatureSpace.from_json(plain['space'])
        == space
        == FeatureSpace(['a', 'b'], survey.grids(), [1.0, 0.1])
    )
    assert load_space(json.dumps(plain)) == space


def test_space_from_the_output_of_the_survey_job():
    """Its output is lines of key and value, possibly several of a key, in any order."""
    lines = []
    for rows in ([(0.1, 1.0)], [(3.0, 0.125)]):
        surveyor = Surveyor(0, 10)
        surveyor.add(points_of(rows))
        lines += [
            '%s\t%s' % (json.dumps(key), json.dumps(value)) for key, value in surveyor.records()
        ]
    space = load_space('\n'.join(lines[::-1]) + '\n')
    assert space.features == ['x1', 'x2'] and space.weights == [1.0, 1.0]
    assert [grid.step for grid in space.grids] == [Fraction(1, 10), Fraction(1, 1000)]
