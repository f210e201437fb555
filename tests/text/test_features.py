"""Tests of which columns become features, and of columns that cannot."""

import pytest

from mr_kmeans.errors import DataError
from mr_kmeans.text.column_selection import ranges
from mr_kmeans.text.dialect import sniff
from mr_kmeans.text.features import check_filled, check_header, make_format
from mr_kmeans.text.parse import TextFormat


def found(text, **options):
    return sniff(text, True, path='data.csv', **options)


def test_make_format_selects_features_and_id():
    dialect = found(b'id,a,b\nx,1,2\n')
    assert make_format(dialect, id_column='id') == TextFormat(b',', 3, (1, 2), 0, 'fail')
    assert make_format(dialect, columns='b,a', missing='skip') == TextFormat(
        b',', 3, (2, 1), None, 'skip'
    )
    assert make_format(dialect, columns='2-3', id_column='1') == TextFormat(
        b',', 3, (1, 2), 0, 'fail'
    )


@pytest.mark.parametrize(
    'text, options, message',
    [
        (
            b'a,b,type\n1,2,spam\n',
            {},
            (
                "data.csv: column 'type' is not numeric (line 2: 'spam'). Leave it out with"
                ' --columns 1-2 (or as --id-column type).'
            ),
        ),
        (
            b'n,a,m,b\nx,1,y,2\n',
            {},
            (
                "data.csv: column 'n' is not numeric (line 2: 'x'); column 'm' is not numeric (line"
                " 2: 'y'). Leave them out with --columns 2,4."
            ),
        ),
        (
            b'n,a,m,b\nx,1,y,2\n',
            {'id_column': 'n'},
            "data.csv: column 'm' is not numeric (line 2: 'y'). Leave it out with --columns 2,4.",
        ),
        (
            b'a b,c\nx,1\n',
            {},
            (
                "data.csv: column 'a b' is not numeric (line 2: 'x'). Leave it out with --columns 2"
                " (or as --id-column 'a b')."
            ),
        ),
        (
            b'a,c\nNA,1\nx,1\n',
            {},
            (
                "data.csv: column 'a' is not numeric (line 3: 'x'). Leave it out with --columns 2"
                ' (or as --id-column a).'
            ),
        ),
        (
            b'1,5;2,5\n3,5;4,5\n',
            {},
            (
                "data.csv: column 'x1' is not numeric (line 1: '1,5'); column 'x2' is not numeric"
                " (line 1: '2,5'). Numbers need a decimal point; these look like decimal commas."
                ' Convert the file first.'
            ),
        ),
        (
            b'a:b\n1:2\n',
            {},
            (
                "data.csv: column 1, 'a:b' in line 1, is not numeric (line 2: '1:2'). The fields"
                " seem to be separated by ':': say --delimiter :."
            ),
        ),
    ],
)
def test_text_columns_are_refused_with_advice(text, options, message):
    with pytest.raises(DataError) as error:
        make_format(found(text), **options)
    assert str(error.value) == message


def test_text_in_a_numeric_column_is_a_bad_row_not_a_bad_column():
    assert make_format(found(b'a,b\nx,1\n2,2\n')).columns == (0, 1)
    assert make_format(found(b'a,b\n?,1\nNA,2\n')).columns == (0, 1)
    assert make_format(found(b'a,b\ninf,1\n1e300,2\n')).columns == (0, 1)


def test_suggested_columns_are_correct_if_names_are_numbers():
    """Names as by pandas for unnamed columns: 0, 1, 2, ..."""
    with pytest.raises(DataError, match='Leave it out with --columns 0-3 '):
        make_format(found(b'0,1,2,label,last\n5,6,7,a,8\n', header=True), columns='0-2,label')
    dialect = found(b'0,1,2,label\n5,6,7,a\n', header=True)
    assert make_format(dialect, columns='0-3').columns == (0, 1, 2)
    assert ranges([0, 1, 2], dialect.names) == '0-3'
    assert make_format(found(b'n,a,m,b\nx,1,y,2\n'), columns='2,4').columns == (1, 3)


@pytest.mark.parametrize(
    'text, words',
    [
        (b'a;b\n1,5;2\n2,500;3\n', 'look like decimal commas'),
        (b'a;b\n1,234.5;2\n2,500;3\n', 'without commas between thousands: 1234.5, not 1,234.5'),
        (b'a;b\n1,000;2\n2,500;3\n', 'these commas may be either'),
        (b'a;b\n1.000,5;2\n2.500,25;3\n', 'look like decimal commas'),
    ],
)
def test_kinds_of_commas_in_numbers_are_named(text, words):
    with pytest.raises(DataError, match="column 'a' is not numeric.*" + words):
        make_format(found(text))


def check_empty(text, missing='fail', max_bad_rows=0, complete=True, **more):
    dialect = sniff(text, complete, path='x.csv')
    return check_filled([dialect], make_format(dialect, missing=missing), max_bad_rows, **more)


@pytest.mark.parametrize(
    'text, options, words',
    [
        (
            b'a,b,c\n1,,2\n2,NA,3\n',
            {},
            "x.csv: column 'b' is empty in all 2 rows. Leave it out with --columns 1,3.",
        ),
        (
            b'a,b,c\n1,,2\n2,NA,3\n',
            {'missing': 'skip'},
            "x.csv: column 'b' is empty in all 2 rows. Leave it out with --columns 1,3.",
        ),
        (
            b'a,b,\n1,2,\n2,3,\n',
            {},
            "x.csv: column 'x3' is empty in all 2 rows. Leave it out with --columns 1-2.",
        ),
        (
            b'a,b,c\n1,,\n2,,\n',
            {},
            "x.csv: columns 'b', 'c' are empty in all 2 rows. Leave them out with --columns 1.",
        ),
        (
            b'a,b\n1,\n',
            {},
            "x.csv: column 'b' is empty in the only row. Leave it out with --columns 1.",
        ),
        (
            b'a,b\n1,\n2,\n3',
            {'complete': False},
            (
                "x.csv: column 'b' is empty in the first 2 rows. Leave it out with --columns 1. If"
                ' there are values further on, --missing skip leaves out the rows without one.'
            ),
        ),
        (
            b'a,b\n1,\n2,\n',
            {'of_model': True},
            (
                "x.csv: column 'b' is empty in all 2 rows. The model needs a value: rows without"
                ' one get no label.'
            ),
        ),
    ],
)
def test_empty_column_is_refused_by_name(text, options, words):
    with pytest.raises(DataError) as caught:
        check_empty(text, **options)
    assert str(caught.value) == words


def test_empty_column_is_only_reported_if_rows_may_remain():
    text = b'a,b\n1,\n2,\n3'
    words = "x.csv: column 'b' is empty in the first 2 rows. Leave it out with --columns 1."
    assert check_empty(text, missing='skip', complete=False) == [words]
    assert check_empty(text, max_bad_rows=2, complete=False)[0].startswith(words)
    assert check_empty(b'a,b\n1,\n2,3\n') == []


@pytest.mark.parametrize('max_bad_rows', [0, 1])
def test_header_where_there_should_be_none_is_recognized(max_bad_rows):
    dialect = sniff(b'alpha,beta\n1,2\n3,4\n', True, header=False, path='x.csv')
    fmt = make_format(dialect)
    if max_bad_rows:
        assert check_header([dialect], fmt, max_bad_rows) is None
        return
    with pytest.raises(DataError) as caught:
        check_header([dialect], fmt, max_bad_rows)
    assert str(caught.value) == (
        'x.csv line 1: --no-header says that there is no header, but this line looks like one:'
        " 'alpha', 'beta'. Say --header; or --max-bad-rows 1 to leave it out as a bad row."
    )


def test_line_1_that_is_a_usable_row_is_one():
    dialect = sniff(b'id,1\n7,2\n9,3\n', True, header=False)
    assert check_header([dialect], make_format(dialect, columns='2'), 0) is None
