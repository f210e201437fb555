"""Tests of `--columns` and `--id-column`: what a selection means, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mr_kmeans.errors import UsageError
from mr_kmeans.text.column_selection import ranges, resolve_column, select_columns

NAMES = ['make', 'capitalAve', 'a-b', 'x,y', '2019', 'type', 'twice', 'twice']


@pytest.mark.parametrize(
    'spec, fields',
    [
        (None, list(range(8))),
        ('1', [0]),
        ('2,1', [1, 0]),
        ('1-3', [0, 1, 2]),
        ('make-a-b', [0, 1, 2]),
        ('capitalAve', [1]),
        ('a-b', [2]),
        ('a-b-type', [2, 3, 4, 5]),
        ('x,y', [3]),
        ('make,x,y,type', [0, 3, 5]),
        ('2019', [4]),
        ('1-2019', [0, 1, 2, 3, 4]),
        (' make , 6 ', [0, 5]),
        ('3-type,1', [2, 3, 4, 5, 0]),
        ('7', [6]),
        ('make - 3', [0, 1, 2]),
        ('2-2', [1]),
    ],
)
def test_columns_are_selected_by_name_number_and_range(spec, fields):
    assert select_columns(spec, NAMES) == fields


@pytest.mark.parametrize(
    'spec, words',
    [
        (
            'capitalAv',
            (
                "--columns: no column 'capitalAv' in spam.csv; nearest: 'capitalAve'. Columns:"
                ' make, capitalAve, '
            ),
        ),
        ('CAPITALAVE', "nearest: 'capitalAve'"),
        ('0', 'there is no column 0 in spam.csv; it has columns 1 to 8'),
        ('9', 'no column 9'),
        ('1-9', 'no column 9'),
        ('', 'names no column'),
        ('  ', 'names no column'),
        ('1,,2', 'an empty name'),
        ('1,', 'an empty name'),
        ('1,make', "column 'make' .1. is chosen twice"),
        ('1-3,a-b', 'chosen twice'),
        ('3-1', "'3-1' runs backwards .columns 3 to 1."),
        (
            'twice',
            "'twice' is ambiguous, columns 7 and 8 of spam.csv have this name. Use the number",
        ),
        ('-1', "no column '-1'"),
        ('1-', "no column '1-'"),
        ('make-typ', "no column 'make-typ' in spam.csv"),
        ('9' * 5000, 'there is no column'),
    ],
)
def test_bad_selections_are_refused(spec, words):
    with pytest.raises(UsageError, match=words):
        select_columns(spec, NAMES, 'spam.csv')


@pytest.mark.parametrize('spec', ['1-', 'nope', 'x', '-1'])
def test_only_names_that_are_near_are_proposed(spec):
    with pytest.raises(UsageError) as caught:
        select_columns(spec, ['alpha', 'beta', 'gamma'])
    assert 'nearest' not in str(caught.value)


def test_ambiguous_range_is_refused():
    with pytest.raises(UsageError, match='2 ways'):
        select_columns('a-b-c', ['a', 'b-c', 'a-b', 'c'])


def test_long_lists_of_columns_are_shortened():
    with pytest.raises(UsageError, match=r'x20, \.\.\. \(99 in all\)\.$'):
        select_columns('z', ['x%d' % i for i in range(1, 100)])


def test_id_column_by_name_or_number():
    assert resolve_column('type', NAMES) == resolve_column('6', NAMES) == 5
    with pytest.raises(UsageError, match="--id-column: no column 'typo' in input; nearest: 'type'"):
        resolve_column('typo', NAMES)


@given(st.lists(st.integers(0, 30), unique=True, min_size=1))
def test_ranges_round_trip(fields):
    assert select_columns(ranges(fields), ['c%d' % i for i in range(31)]) == fields
