"""Tests of an index before the data: left out with a message, or asked for."""

import pytest

from mr_kmeans.errors import DataError
from mr_kmeans.text.dialect import sniff
from mr_kmeans.text.features import check_filled, make_format
from mr_kmeans.text.index_column import describe_index
from mr_kmeans.text.parse import TextFormat


def found(text, **options):
    return sniff(text, True, path='data.csv', **options)


def index_format(*texts, **options):
    """Return the format of files, and the messages about an index."""
    dialects = [sniff(text, True, path=f'{number}.csv') for number, text in enumerate(texts)]
    fmt = make_format(dialects[0], others=dialects, **options)
    return fmt, describe_index(dialects, fmt, 'columns' in options)


@pytest.mark.parametrize(
    'texts, columns, counts',
    [
        ([b',a,b\n0,5,6\n1,7,8\n2,5,5\n'], (1, 2), '0, 1, 2'),
        ([b'"","a","b"\n"1",5,6\n"2",7,8\n'], (1, 2), '1, 2, 3'),  # of R
        ([b'Unnamed: 0,a,b\n0,5,6\n1,7,8\n'], (1, 2), '0, 1, 2'),
        ([b',a\n17,5\n18,7\n'], (1,), '17, 18, 19'),
        ([b',0,1\n0,0.5,1.5\n1,2.5,3.5\n'], (1, 2), '0, 1, 2'),
        ([b',a\n0,5\n1,5,9\n2,7\n\n3,7\n'], (1,), '0, 1, 2'),  # a bad row, a blank line
        ([b',a\n0,5\n1,7\n', b',a\n0,5\n1,7\n'], (1,), '0, 1, 2'),  # it begins again,
        (
            [b',a\n0,5\n1,7\n', b',a\n2,5\n3,7\n'],
            (1,),
            '0, 1, 2',
        ),  # or in the second file
        ([b',a\n', b',a\n2,5\n3,7\n'], (1,), '2, 3, 4'),
        ([b'\ta\n0\t5\n1\t7\n'], (1,), '0, 1, 2'),
    ],
)
def test_index_is_left_out_with_a_message(texts, columns, counts):
    fmt, (line,) = index_format(*texts)
    assert fmt.columns == columns and fmt.id_column is None
    called = "is called 'Unnamed: 0'" if texts[0].startswith(b'Unn') else 'has no name'
    assert (
        f'0.csv: column 1 {called} and counts {counts}, ...: it is left out as an index. To use it:'
        ' --columns ' in line
    )


def test_two_index_columns_are_left_out():
    fmt, lines = index_format(b',Unnamed: 0,a\n0,0,5\n1,1,7\n')
    assert (
        fmt.columns == (2,) and len(lines) == 2 and '--columns 2-3, or --id-column 2.' in lines[1]
    )


@pytest.mark.parametrize(
    'texts',
    [
        [b',a,b\n7,5,6\n3,7,8\n'],
        [b',a,b\n0,5,6\n2,7,8\n'],
        [b',a,b\n0.5,5,6\n1.5,7,8\n'],
        [b'Unnamed: 0,a,b\n7,5,6\n3,7,8\n'],
        [b',a,b\n0,5,6\n1,7,8\n', b',a,b\n5,5,6\n3,7,8\n'],
    ],
)
def test_unnamed_column_that_does_not_count_up_is_refused(texts):
    with pytest.raises(
        DataError,
        match=(
            r"csv: column 1 (has no name|is called 'Unnamed: 0'), and its values do not count by"
            r' one \(.*\): is it an index or a feature\? '
            r'Say --columns 2-3 to leave it out \(or --id-column 1\), --columns 1-3 to use it'
        ),
    ):
        index_format(*texts)


def test_options_override_index_detection():
    text = b',a,b\n0,5,6\n1,7,8\n'
    assert (
        index_format(text, columns='1-3')[0].columns == (0, 1, 2)
        and index_format(text, columns='1-3')[1] == []
    )
    assert index_format(text, columns='x1,b')[0].columns == (0, 2)
    fmt, lines = index_format(text, id_column='1')
    assert (fmt.columns, fmt.id_column, lines) == ((1, 2), 0, [])
    fmt, lines = index_format(b',a,b\n7,5,6\n3,7,8\n', id_column='x1')
    assert (fmt.columns, fmt.id_column, lines) == ((1, 2), 0, [])
    assert index_format(b',0,1\n0,5,6\n1,7,8\n', columns='x1-3')[0].columns == (
        0,
        1,
        2,
    )  # as it is proposed there


def test_suggested_columns_without_index_are_correct_if_names_are_numbers():
    fmt, (line,) = index_format(b',0,1\n0,5,6\n1,7,8\n')
    assert fmt.columns == (1, 2) and line.endswith('To use it: --columns x1-3, or --id-column x1.')


def test_suggested_columns_are_usable():
    with pytest.raises(
        DataError,
        match='Say --columns 3 to leave it out .or --id-column 1., --columns 1,3 to use it',
    ):
        index_format(b',n,a,b\n5,x,1,y\n3,y,2,y\n')
    with pytest.raises(DataError, match='Say --columns 3 to leave it out, --columns 1,3 to use it'):
        index_format(b',n,a\n5,7,1\n3,7,2\n', id_column='n')


def test_empty_unnamed_column_is_refused_as_empty():
    assert index_format(b',a,b\n,1,2\n,3,4\n')[0].columns == (0, 1, 2)
    with pytest.raises(
        DataError,
        match="x.csv: column 'x1' is empty in all 2 rows. Leave it out with --columns 2-3.",
    ):
        dialect = sniff(b',a,b\n,1,2\n,3,4\n', True, path='x.csv')
        check_filled([dialect], make_format(dialect), 0)


def test_many_unnamed_columns():
    assert (
        len(
            found(
                b','.join([b'a'] + [b''] * 100_000) + b'\n' + b','.join([b'1'] * 100_001) + b'\n'
            ).names
        )
        == 100_001
    )


def test_row_names_are_refused_as_text():
    with pytest.raises(
        DataError,
        match=(
            "column 1, which has no name, is not numeric .line 2: 'Mazda'.. Leave it out with"
            ' --columns 2 .or as --id-column x1'
        ),
    ):
        index_format(b'"","mpg"\n"Mazda",21\n"Fiat",23\n')


def test_counting_columns_with_a_name_or_further_right_are_features():
    assert index_format(b'id,a\n0,5\n1,6\n')[0].columns == (0, 1)
    assert index_format(b'a,,b\n5,0,6\n7,1,8\n') == (TextFormat(b',', 3, (0, 1, 2)), [])


def test_counting_first_column_without_header_is_reported():
    text = b''.join(b'%d,%d\n' % (i, i * i) for i in range(1, 11))
    fmt, (line,) = index_format(text)
    assert (
        fmt.columns == (0, 1)
        and line
        == '0.csv: column 1 counts by one. If it is an index, leave it out with --columns 2.'
    )
    assert (
        index_format(text.partition(b'\n')[2])[1] == []
        and index_format(text, columns='1-2')[1] == []
    )


def test_index_of_floats_counts():
    fmt, (line,) = index_format(b',a\n0.0,5\n1.0,6\n2.0,8\n')
    assert fmt.columns == (1,) and 'counts 0, 1, 2, ...: it is left out' in line


def test_index_of_one_row_is_not_called_counting():
    fmt, (line,) = index_format(b',a\n4,5\n')
    assert 'has no name and has the value 4 in the only row: it is left out as an index.' in line
