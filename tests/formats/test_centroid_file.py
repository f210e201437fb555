"""Tests of the centroid file: it round-trips exactly, and any damage is refused with its line."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mr_kmeans.errors import DataError
from mr_kmeans.formats.centroid_file import (
    format_centroid_file,
    format_iteration,
    read_centroid_file,
    read_initial_centroids,
)

GOOD = (
    'iteration,cluster_id,count,x,y\n0,0,0,4.0,1.0\n0,1,0,10.0,2.0\n1,0,2,3.0,1.5\n1,1,7,18.0,0.1\n'
)
ONE = ''.join(GOOD.splitlines(True)[:3])


def as_text(values):
    return format_iteration(
        0,
        np.array(values, dtype=float),
        [0] * len(values),
        ['f%d' % j for j in range(len(values[0]))],
    )


def test_centroid_file_has_the_documented_format():
    assert (
        format_iteration(3, np.array([[0.1, -0.0], [1e300, 5]]), [2, np.int64(7)], ['a', 'b,"c"'])
        == 'iteration,cluster_id,count,a,"b,""c"""\n3,0,2,0.1,0.0\n3,1,7,1e+300,5.0\n'
    )


def test_format_centroid_file_has_one_header():
    sets = read_centroid_file(GOOD, 'c.csv')
    assert format_centroid_file(sets) == GOOD


@pytest.mark.parametrize('centroids', [[[1.0, 2.0]], [[np.nan]], [[np.inf]]])
def test_unreadable_centroids_are_not_written(centroids):
    with pytest.raises(ValueError):
        format_iteration(0, np.array(centroids), [0], ['x'])


coordinates = st.floats(-(2.0**500), 2.0**500)
names = st.text(st.characters(blacklist_categories=['Cs', 'Cc']), min_size=1, max_size=6)


@given(
    st.integers(1, 4).flatmap(
        lambda d: st.tuples(
            st.lists(st.lists(coordinates, min_size=d, max_size=d), min_size=1, max_size=5),
            st.lists(names, min_size=d, max_size=d),
        )
    )
)
def test_all_floats_and_names_round_trip(case):
    values, features = case
    text = format_iteration(7, np.array(values), list(range(len(values))), features)
    (one,) = read_centroid_file(text, 'c.csv')
    expected = np.array(values) + 0.0
    assert one.centroids.tobytes() == expected.tobytes() and one.centroids.shape == expected.shape
    assert (
        one[0] == 7
        and one.counts == list(range(len(values)))
        and one.features == features
        and one.line == 2
    )


def test_all_iterations_are_read():
    first, second = read_centroid_file(GOOD, 'c.csv')
    assert (first.iteration, first.counts, first.features, first.line) == (0, [0, 0], ['x', 'y'], 2)
    assert (second.iteration, second.counts, second.line) == (1, [2, 7], 4)
    assert (
        second.centroids.tolist() == [[3.0, 1.5], [18.0, 0.1]]
        and second.centroids.dtype == np.float64
    )


def test_bytes_bom_crlf_and_unordered_ids_are_read():
    text = '\ufeff' + GOOD.replace(
        '1,0,2,3.0,1.5\n1,1,7,18.0,0.1\n', '1,1,7,18.0,-0.0\n1,0,2,3.0,1.5\n'
    )
    second = read_centroid_file(text.replace('\n', '\r\n').encode('utf-8'), 'c.csv')[1]
    assert second.counts == [2, 7] and second.centroids.tolist() == [[3.0, 1.5], [18.0, 0.0]]
    assert not np.signbit(second.centroids[1, 1])


DAMAGED = [  # what is replaced in GOOD, by what, the message
    ('3.0,1.5', '3.0', "c.csv line 4: expected 5 fields, found 4: '1,0,2,3.0'"),
    ('3.0,1.5', '3.0,1.5,9', "c.csv line 4: expected 5 fields, found 6: '1,0,2,3.0,1.5,9'"),
    ('18.0', '18.o', "c.csv line 5: column 'x' must be a number, found '18.o': '1,1,7,18.o,0.1'"),
    ('18.0', '1_8', "c.csv line 5: column 'x' must be a number, found '1_8'"),
    ('18.0', '\u0661', "c.csv line 5: column 'x' must be a number"),
    ('18.0', '', "c.csv line 5: column 'x' must be a number, found ''"),
    ('18.0', 'nan', "c.csv line 5: column 'x' must be finite, found 'nan'"),
    ('18.0', '-inf', "c.csv line 5: column 'x' must be finite, found '-inf'"),
    ('18.0', '1e999', "c.csv line 5: column 'x' must be finite, found '1e999'"),
    ('18.0', '-3.3e150', "c.csv line 5: column 'x' is beyond 2^500"),
    ('1,1,7', '1,0,7', 'c.csv line 5: cluster_id 0 is already in line 4'),
    ('1,1,7', '1,2,7', 'c.csv line 5: cluster_id 2 found, expected the ids 0 to 1'),
    (
        '1,1,7',
        '1,one,7',
        "c.csv line 5: cluster_id must be a whole number of 0 or more, found 'one'",
    ),
    ('1,1,7', '1,1,-7', "c.csv line 5: count must be a whole number of 0 or more, found '-7'"),
    ('1,1,7', '1,1,7.0', "c.csv line 5: count must be a whole number of 0 or more, found '7.0'"),
    ('1,1,7', '3,1,7', 'c.csv line 5: expected iteration 1 or 2, found 3'),
    ('1,1,7', '0,1,7', 'c.csv line 5: expected iteration 1 or 2, found 0'),
    ('1,1,7', 'x,1,7', "c.csv line 5: iteration must be a whole number of 0 or more, found 'x'"),
    ('0,1,0,10.0,2.0\n', '', 'c.csv line 4: cluster_id 1 found, expected the ids 0 to 0'),
    (
        '1,0,2,3.0,1.5\n',
        '',
        'c.csv line 4: the iteration ends here without cluster_id 0; expected the ids 0 to 1',
    ),
    (
        '1,1,7,18.0,0.1\n',
        '',
        'c.csv line 4: the iteration ends here without cluster_id 1; expected the ids 0 to 1',
    ),
    (
        '18.0,0.1\n',
        '18.0,0.1',
        'c.csv line 5: the last line has no line end, so it may be incomplete',
    ),
    ('18.0', '"18.0', 'c.csv line 5: not readable as CSV'),
    (
        'iteration,cluster_id',
        'cluster_id,iteration',
        'c.csv line 1: expected a header that begins with iteration,cluster_id,count',
    ),
    (
        GOOD,
        'iteration,cluster_id,count,x,y\n',
        'c.csv line 1: a header without rows; expected k >= 1 centroids',
    ),
    (GOOD, 'iteration,cluster_id,count\n0,0,0\n', 'c.csv line 1: expected feature names'),
    (
        GOOD,
        '',
        'c.csv: no complete line; expected the header iteration,cluster_id,count,<features>',
    ),
    (GOOD, '\n \n', 'c.csv: no complete line'),
]


@pytest.mark.parametrize('old, new, message', DAMAGED)
def test_damage_is_refused_with_its_line(old, new, message):
    assert old in GOOD
    with pytest.raises(DataError) as error:
        read_centroid_file(GOOD.replace(old, new), 'c.csv')
    assert str(error.value).startswith(message)


def test_invalid_utf_8_is_refused_with_its_line():
    with pytest.raises(
        DataError,
        match='^c.csv line 5: not UTF-8 text: byte 0xff at offset %d' % GOOD.index('18.0'),
    ):
        read_centroid_file(GOOD.encode().replace(b'18.0', b'\xff8.0'), 'c.csv')


def test_long_row_is_shortened_in_errors():
    with pytest.raises(DataError) as error:
        read_centroid_file(GOOD.replace('3.0,1.5', '3.0,' + 'z' * 5000), 'c.csv')
    assert len(str(error.value)) < 300


def test_a_truncated_file_is_refused_unless_it_ends_with_an_iteration():
    third = GOOD + '2,0,3,1.0,1.0\n2,1,6,2.0,2.0\n'
    ends = [third.index('1,0,2'), third.index('2,0,3'), len(third)]
    for cut in range(len(third)):
        if cut in ends:
            assert read_centroid_file(third[:cut], 'c.csv')[-1].iteration == ends.index(cut)
        elif cut != third.index('0,1,0'):  # there it looks like a file with k = 1
            with pytest.raises(DataError):
                read_centroid_file(third[:cut], 'c.csv')


# --init


def initial(text, features=('x', 'y'), headerless=False):
    return read_initial_centroids(text, 'start.csv', list(features), headerless).tolist()


@pytest.mark.parametrize(
    'text, expected',
    [
        (GOOD, [[3.0, 1.5], [18.0, 0.1]]),
        (GOOD.rstrip('\n'), [[3.0, 1.5], [18.0, 0.1]]),
        (ONE.replace('x,y', 'y,x'), [[1.0, 4.0], [2.0, 10.0]]),
        ('x,y\n1,2\n3,4\n', [[1, 2], [3, 4]]),
        ('\ufeffx,y\r\n1,2\r\n3,4', [[1, 2], [3, 4]]),
        ('y;x\n 1; 2\n3;-0\n\n', [[2, 1], [0, 3]]),
        ('y\t"x"\n1\t2\n', [[2, 1]]),
        ('y,cluster_id,x\n1,1,2\n3,0,4\n', [[4, 3], [2, 1]]),
        ('cluster_id,x,y\n2,1,2\n1,3,4\n', [[3, 4], [1, 2]]),
        ('count,x,y,iteration\n2,1,2,5\n1,3,4,5\n', [[1, 2], [3, 4]]),
        ('1,2\n3,4\n', [[1, 2], [3, 4]]),
        ('+1.5e3;2\n.5;4.\n', [[1500, 2], [0.5, 4]]),
    ],
)
def test_initial_centroids_are_read(text, expected):
    got = initial(text)
    assert got == expected and not np.signbit(got).any()


def test_names_that_are_numbers_or_keys_count_as_names():
    assert initial('2020,2019\n1,2\n', ['2019', '2020']) == [[2, 1]]
    assert initial('count,x\n1,2\n', ['x', 'count']) == [[2, 1]]
    assert initial('iteration,cluster_id,count,count\n0,0,5,7\n', ['count']) == [[7]]


def test_headerless_data_accept_tables_with_or_without_header():
    assert initial('5,6\n3,4\n', ['column1', 'column2'], True) == [[5, 6], [3, 4]]
    assert initial('column2,column1\n3,4\n', ['column1', 'column2'], True) == [[4, 3]]


@pytest.mark.parametrize(
    'text, message',
    [
        ('', 'start.csv: the file is empty; expected centroids with the columns x, y'),
        ('\n\n', 'start.csv: the file is empty'),
        ('x,y\n', 'start.csv line 1: a header without rows; expected k >= 1 centroids'),
        ('x,y\n1,2\n3,4,5\n', "start.csv line 3: expected 2 fields, found 3: '3,4,5'"),
        ('1,2\n3,4,5\n', "start.csv line 2: expected 2 fields, found 3: '3,4,5'"),
        ('1,2,3\n', "start.csv line 1: expected 2 fields, found 3: '1,2,3'"),
        ('x,z\n1,2\n', "start.csv line 1: no column 'y'"),
        ('x,yy\n1,2\n', "start.csv line 1: no column 'y'; the nearest is 'yy'"),
        ('x,y,z\n1,2,3\n', 'start.csv line 1: column z is not a feature of this run (x, y)'),
        ('x,y,x\n1,2,3\n', "start.csv line 1: there are two columns 'x'"),
        (
            'x,y\n1,2\n\n1.0,2e0\n',
            (
                'start.csv line 4: the same centroid as in line 2; a start needs k distinct ones:'
                " '1.0,2e0'"
            ),
        ),
        ('x,y\n0,2\n-0,2\n', 'start.csv line 3: the same centroid as in line 2'),
        ('x,y\n1,two\n', "start.csv line 2: column 'y' must be a number, found 'two': '1,two'"),
        ('x,y\n1,\n', "start.csv line 2: column 'y' must be a number, found ''"),
        ('x;y\n1,5;2\n', "start.csv line 2: column 'x' must be a number, found '1,5'"),
        ('x,y\n1,nan\n', "start.csv line 2: column 'y' must be finite, found 'nan'"),
        ('x,y\n1,1e200\n', "start.csv line 2: column 'y' is beyond 2^500"),
        ('x,y,cluster_id\n1,2,0\n3,4,0\n', 'start.csv line 3: cluster_id 0 is already in line 2'),
        (
            'x,y,cluster_id\n1,2,0\n3,4,2\n',
            'start.csv line 3: cluster_id 2 found, expected the ids 0 to 1',
        ),
        (
            'x,y,cluster_id\n1,2,5\n',
            'start.csv line 2: cluster_id 5 found, expected the ids 1 to 1',
        ),
        ('x,y,iteration\n1,2,0\n1,2,1\n', 'start.csv line 1: several iterations'),
        (GOOD[:-4], "start.csv line 5: column 'y' must be a number, found ''"),
        (GOOD[:-6], "start.csv line 5: expected 5 fields, found 4: '1,1,7,18.'"),
        (
            GOOD.replace('1,1,7,18.0,0.1\n', ''),
            'start.csv line 4: the iteration ends here without cluster_id 1',
        ),
        (
            ONE.replace('0,1,0', '0,2,0'),
            'start.csv line 3: cluster_id 2 found, expected the ids 0 to 1',
        ),
        (
            ONE + ONE,
            "start.csv line 4: iteration must be a whole number of 0 or more, found 'iteration'",
        ),
    ],
)
def test_damaged_initial_centroids_are_refused_with_their_line(text, message):
    with pytest.raises(DataError) as error:
        initial(text)
    assert str(error.value).startswith(message)


def test_damaged_first_row_is_not_mistaken_for_a_header():
    with pytest.raises(
        DataError, match="^start.csv line 1: column 'c2' must be a number, found 'a'"
    ):
        initial('1,a\n3,4\n', ['c1', 'c2'], True)


@pytest.mark.parametrize('name', ['', 'Unnamed: 0'])
def test_index_of_pandas_is_left_out_of_initial_centroids(name):
    text = f'{name},x,y\n0,1,2\n1,3,4\n2,5,6\n'
    assert read_initial_centroids(text, 'start.csv', ['y', 'x']).tolist() == [
        [2, 1],
        [4, 3],
        [6, 5],
    ]
    other = text.replace('2,5,6', '7,5,6')
    with pytest.raises(DataError, match='column (without a name|Unnamed: 0) is not a feature of'):
        read_initial_centroids(other, 'start.csv', ['x', 'y'])
