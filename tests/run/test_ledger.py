"""Rows that are no points: line numbers over splits and files, the limit, the file."""

import csv
import io

import pytest

from mr_kmeans.errors import DataError
from mr_kmeans.exact.points import Origin
from mr_kmeans.formats.point_reader import MAX_RECORDS
from mr_kmeans.run.ledger import Ledger, lines_before


def tally(lines, records=(), blank=0, rejected=None, skipped=None):
    """What a task reports of one split."""
    n_skipped = sum(1 for record in records if record[3])
    return {
        'lines': lines,
        'rows': 0,
        'blank': blank,
        'records': [list(record) for record in records],
        'rejected': len(records) - n_skipped if rejected is None else rejected,
        'skipped': n_skipped if skipped is None else skipped,
    }


TALLIES = {
    Origin('b.csv', 1000): tally(5, [(0, 'first of the split', 'r3', False)]),
    Origin('a.csv', 0): tally(
        10,
        [(3, "field 2: 'x' is not a number", '1,x', False), (5, 'field 1: missing', ',2', True)],
        blank=2,
    ),
    Origin('b.csv', 0): tally(7),
    Origin('b.csv', 200): tally(4, [(1, 'second split', 'r2', False)], blank=1),
}


def test_lines_are_counted_over_the_splits_of_a_file():
    assert lines_before(TALLIES) == {
        Origin('a.csv', 0): 0,
        Origin('b.csv', 0): 0,
        Origin('b.csv', 200): 7,
        Origin('b.csv', 1000): 11,
    }


@pytest.mark.parametrize('files', [['a.csv', 'b.csv'], ['b.csv', 'a.csv']])
def test_entries_come_in_the_input_s_order_with_line_numbers(files):
    ledger = Ledger.of_tallies(TALLIES, files, ['x', 'y'])
    expected = {
        'a.csv': [
            ('a.csv', 4, "field 2 ('y'): 'x' is not a number", '1,x', False),
            ('a.csv', 6, "field 1 ('x'): missing", ',2', True),
        ],
        'b.csv': [
            ('b.csv', 9, 'second split', 'r2', False),
            ('b.csv', 12, 'first of the split', 'r3', False),
        ],
    }
    assert [tuple(entry) for entry in ledger.entries] == expected[files[0]] + expected[files[1]]
    assert (ledger.n_rejected, ledger.n_skipped, ledger.n_blank) == (3, 1, 3)


def test_the_file():
    ledger = Ledger.of_tallies(
        {Origin('a,b.csv', 0): tally(2, [(1, 'a "reason", quoted', 'x,"y"', False)])},
        ['a,b.csv'],
        [],
    )
    assert list(csv.reader(io.StringIO(ledger.to_csv()))) == [
        ['file', 'line', 'reason', 'row'],
        ['a,b.csv', '2', 'a "reason", quoted', 'x,"y"'],
    ]


def test_names_of_columns_are_added_where_there_are_any():
    reasons = [
        'field 3: bad',
        'field 0: bad',
        'field x: bad',
        'fields: bad',
        'expected 2 fields, found 3',
    ]
    ledger = Ledger.of_tallies(
        {Origin('a', 0): tally(9, [(i, reason, '', False) for i, reason in enumerate(reasons)])},
        ['a'],
        ['p', 'q'],
    )
    assert [entry.reason for entry in ledger.entries] == reasons


@pytest.mark.parametrize('allowed, refused', [(2, True), (3, False), (4, False)])
def test_the_limit_counts_bad_rows_not_skipped_ones(allowed, refused):
    ledger = Ledger.of_tallies(TALLIES, ['a.csv', 'b.csv'], [])
    if not refused:
        ledger.check(allowed, '; hint')
        return
    with pytest.raises(DataError) as caught:
        ledger.check(allowed, '; the hint.')
    lines = str(caught.value).split('\n')
    assert lines[0] == "a.csv line 4: field 2: 'x' is not a number: '1,x'"
    assert lines[1:3] == [
        "b.csv line 9: second split: 'r2'",
        "b.csv line 12: first of the split: 'r3'",
    ]
    assert (
        lines[3]
        == '3 rows are bad, --max-bad-rows 2 allows 2. Use --max-bad-rows 3 to leave such rows out;'
        ' the hint.'
    )


def test_of_many_bad_rows_some_are_shown_and_long_ones_cut():
    records = [(i, 'reason', 'r' * 500, False) for i in range(MAX_RECORDS)]
    ledger = Ledger.of_tallies({Origin('a', 0): tally(9999, records, rejected=1500)}, ['a'], [])
    with pytest.raises(DataError) as caught:
        ledger.check(0, '; hint')
    lines = str(caught.value).split('\n')
    assert len(lines) == 7 and max(map(len, lines)) < 150
    assert lines[5] == '... and 1,495 more.' and '--max-bad-rows 0 allows none' in lines[6]
    assert ledger.is_capped and f'the first {MAX_RECORDS} of each split' in ledger.describe()[-1]


def test_one_bad_row_is_one():
    ledger = Ledger.of_tallies({Origin('a', 0): tally(3, [(0, 'why', 'r', False)])}, ['a'], [])
    with pytest.raises(DataError, match='\n1 row is bad, --max-bad-rows 0 allows none'):
        ledger.check(0, '; hint')
    assert ledger.describe() == ['1 bad row left out']


def test_nothing_to_tell():
    ledger = Ledger.of_tallies({Origin('a', 0): tally(3)}, ['a'], [])
    ledger.check(0)
    assert ledger == ([], 0, 0, 0, False) and ledger.describe() == []


@pytest.mark.parametrize(
    'n_bad, advice',
    [
        (3, 'All have a missing value: use --missing skip to leave such rows out; hint'),
        (
            1500,
            (
                'All that are listed have a missing value: use --missing skip to leave such rows'
                ' out; hint'
            ),
        ),
    ],
)
def test_missing_values_are_left_out_by_missing_skip(n_bad, advice):
    records = [
        (
            i,
            'field 1: the value is missing (nothing there); --missing skip leaves such rows out',
            ',1',
            False,
        )
        for i in range(min(n_bad, MAX_RECORDS))
    ]
    ledger = Ledger.of_tallies({Origin('a', 0): tally(9999, records, rejected=n_bad)}, ['a'], ['x'])
    with pytest.raises(DataError) as caught:
        ledger.check(0, '; hint')
    assert str(caught.value).endswith(
        f'{n_bad:,} rows are bad, --max-bad-rows 0 allows none. ' + advice
    )


def test_counts_are_lower_bounds_if_a_task_stopped_reading():
    """What stands behind it in the same file has no line number that is known."""
    tallies = {
        **TALLIES,
        Origin('b.csv', 200): dict(TALLIES[Origin('b.csv', 200)], stopped=True, rejected=1_000_001),
    }
    ledger = Ledger.of_tallies(tallies, ['b.csv', 'a.csv'], [])
    assert [(entry.file, entry.line) for entry in ledger.entries] == [
        ('b.csv', 9),
        ('a.csv', 4),
        ('a.csv', 6),
    ]
    with pytest.raises(DataError) as caught:
        ledger.check(0, ledger.listed_in('out/rejected.csv'))
    *_, more, last = str(caught.value).split('\n')
    assert more == '... and at least 1,000,001 more.'
    assert last.startswith(
        'At least 1,000,003 rows are bad, --max-bad-rows 0 allows none; the rest was not read.'
    )
    assert '--max-bad-rows 1' not in last
    assert last.endswith('; out/rejected.csv lists 2 of them.')  # the folder's name as it is
