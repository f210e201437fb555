"""Tests of what is detected from a file's head, and of the errors for unusable files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mr_kmeans.errors import DataError, UsageError
from mr_kmeans.text.column_selection import ranges, resolve_column, select_columns
from mr_kmeans.text.dialect import (
    HEAD_BYTES,
    check_rows,
    compare_headers,
    delimiter_bytes,
    enough,
    sniff,
)
from mr_kmeans.text.features import check_filled, check_header, make_format
from mr_kmeans.text.index_column import describe_index
from mr_kmeans.text.parse import TextFormat


def found(text, **options):
    return sniff(text, True, path='data.csv', **options)


# --- delimiter and header


@pytest.mark.parametrize(
    'text, delimiter, names, header',
    [
        (b'a,b\n1,2\n', b',', ['a', 'b'], True),
        (b'1,2\n3,4\n', b',', ['x1', 'x2'], False),
        (b'a\tb,c\n1\t2\n', b'\t', ['a', 'b,c'], True),
        (b'a;b\n1;2\n', b';', ['a', 'b'], True),
        (b'a b  c\n 1 2 3\n', b' ', ['a', 'b', 'c'], True),
        (b'  1.5   2\n 13.5  -4\n', b' ', ['x1', 'x2'], False),
        (b'1, 2, 3\n4, 5, 6\n', b',', ['x1', 'x2', 'x3'], False),
        (b'12\n13\n', b',', ['x1'], False),
        (b'speed\n12\n', b',', ['speed'], True),
        (b'my speed\n12\n13\n', b',', ['my speed'], True),
        (b'"a","b, c"\n"1","2"\n', b',', ['a', 'b, c'], True),
        (b'name,x\nred 5,1\nblue 7,2\n', b',', ['name', 'x'], True),
        (b'x\tnote\n1\ta,b\n2\tc,d\n', b'\t', ['x', 'note'], True),
        (b'1.5,2.5,red\n2.5,1.5,blue\n', b',', ['x1', 'x2', 'x3'], False),
        (b'a,,c\n1,2,3\n', b',', ['a', 'x2', 'c'], True),
        (b' a , b\n1,2\n', b',', ['a', 'b'], True),
        (b'a,b\nNA,\n1,2\n', b',', ['a', 'b'], True),
        (b'NA,1\n2,3\n', b',', ['x1', 'x2'], False),
        (b'a,b', b',', ['a', 'b'], True),
        (b'1,2', b',', ['x1', 'x2'], False),
        (b'a,1', b',', ['x1', 'x2'], False),
        (b'\n  \na,b\n1,2\n', b',', ['a', 'b'], True),
        (b'a,b\r\n1,2\r\n', b',', ['a', 'b'], True),
        (b'a,b\r1,2\r', b',', ['a', 'b'], True),
        (b'1,2\n3\n4,5\n', b',', ['x1', 'x2'], False),
        (b'1\n3,4\n4,5\n', b',', ['x1', 'x2'], False),
        (b'1,2,x,3\n4,5,"z\ny",6\n7,8,z,9\n', b',', ['x1', 'x2', 'x3', 'x4'], False),
        # bars
        (b'a|b\n1|2\n', b'|', ['a', 'b'], True),
        (b'1|2|3\n4|5|6\n', b'|', ['x1', 'x2', 'x3'], False),
        (b'a | b\n1 | 2\n', b'|', ['a', 'b'], True),
        (b'n | b\nx | 2\ny | 3\n', b'|', ['n', 'b'], True),
        (b'name|x|y\nDoe, John|1|2\nRoe, Jane|3|4\n', b'|', ['name', 'x', 'y'], True),
        (b'name|x\nred 5|1\nblue 7|2\n', b'|', ['name', 'x'], True),
        (b'1|2|3,a\n4|5|6,b\n', b'|', ['x1', 'x2', 'x3'], False),
        (b'a|b\n1,5|2,5\n3,5|4,5\n', b'|', ['a', 'b'], True),
        (b'a|b|c\nx, 5, y|2|3\nz|3|4\n', b'|', ['a', 'b', 'c'], True),
        # bars in fields
        (b'a|b;c\n1|2;3\n', b';', ['a|b', 'c'], True),
        (b'id,genres\n1,Comedy|Drama\n2,War|Drama\n', b',', ['id', 'genres'], True),
        (b'5,a|1|2\n6,b|3|4\n', b',', ['x1', 'x2'], False),
        (b'1,2,a|b\n3,4,c|d\n5,e|f\n', b',', ['x1', 'x2', 'x3'], False),
        (b'1 2 a|b\n3 4 c|d\n', b' ', ['x1', 'x2', 'x3'], False),
        (b'1\t2|x\n2\t3|y\n', b'\t', ['x1', 'x2'], False),
        (b'1|2;-3;x\n1|2;-3;x\n7|8;-3;x;9\n', b';', ['x1', 'x2', 'x3'], False),
        (b'name;a;c\n1|2;-3;x\n1|2;-3;x\n7;8;-3;x\n1|2;x;x\n', b';', ['name', 'a', 'c'], True),
        (b'n|m;a\nx|y;z\n', b';', ['x1', 'x2'], False),
        (b'n\ta\nx|2\tz\ny|3\tw\n', b'\t', ['x1', 'x2'], False),
        (b'x|y\n5\n', b',', ['x|y'], True),
        (b'x|y\n5\n6\n', b',', ['x|y'], True),
        (b'a,b|c\n1,2\n3,4\n', b',', ['a', 'b|c'], True),
        # no names
        (b',x1,x2\n0,5,6\n', b',', ['x1_', 'x1', 'x2'], True),
        (b',0,1\n0,0.5,1.5\n1,2.5,3.5\n', b',', ['x1', '0', '1'], True),
        (b',0\n0,0.5\n', b',', ['x1', '0'], True),
        (b',0,1\n0.5,0.5,1.5\n1,2.5,3.5\n', b',', ['x1', 'x2', 'x3'], False),
        (b',0,2\n0,0.5,1.5\n1,2.5,3.5\n', b',', ['x1', 'x2', 'x3'], False),
    ],
)
def test_delimiter_header_and_names_are_detected(text, delimiter, names, header):
    dialect = found(text)
    assert (dialect.delimiter, dialect.names, dialect.header, dialect.n_fields) == (
        delimiter,
        names,
        header,
        len(names),
    )


def test_options_override_detection():
    assert found(b'1,2\n3,4\n', header=True).names == ['1', '2']
    assert found(b'a,b\n1,2\n', header=False).names == ['x1', 'x2']
    assert found(b'a|b;c\n1|2;3\n', delimiter=b';').names == ['a|b', 'c']
    assert found(b'a|b\n1|2\n', delimiter=delimiter_bytes('|')).names == ['a', 'b']


@pytest.mark.parametrize(
    'word, delimiter',
    [
        (',', b','),
        ('comma', b','),
        ('tab', b'\t'),
        ('\\t', b'\t'),
        ('\t', b'\t'),
        ('TAB', b'\t'),
        (';', b';'),
        ('semicolon', b';'),
        ('space', b' '),
        (' ', b' '),
        ('|', b'|'),
        (':', b':'),
    ],
)
def test_delimiters_by_name(word, delimiter):
    assert delimiter_bytes(word) == delimiter


@pytest.mark.parametrize('word', ['', 'x', '.', '"', '5', '||', '\n', 'é'])
def test_invalid_delimiters_are_refused(word):
    with pytest.raises(UsageError, match='--delimiter: should be comma, tab'):
        delimiter_bytes(word)


def test_byte_order_mark_is_skipped_and_reported():
    dialect = found(b'\xef\xbb\xbfa,b\r\n1,2\r\n')
    assert dialect.bom and dialect.names == ['a', 'b'] and 'byte order mark' in dialect.describe()


@pytest.mark.parametrize(
    'text, words',
    [
        ('a,b\n1,2\n'.encode('utf-16'), 'UTF-16.*Convert it: iconv -f UTF-16 -t UTF-8'),
        ('a,b\n1,2\n'.encode('utf-16-le'), 'UTF-16 .*NUL bytes.*iconv -f UTF-16LE -t UTF-8'),
        ('größe,b\n1,2\n'.encode('utf-16-be'), 'UTF-16 .*NUL bytes.*iconv -f UTF-16BE -t UTF-8'),
        (
            'a,b\n1,2\n'.encode('utf-32'),
            'in UTF-32 .it begins with the bytes fffe0000.*iconv -f UTF-32 -t UTF-8',
        ),
        (
            b'\0\0\xfe\xff' + 'a,b\n1,2\n'.encode('utf-32-be'),
            'in UTF-32 .it begins with the bytes 0000feff',
        ),
        ('größe,b\n1,2\n'.encode('utf-32-le'), 'UTF-32 .*NUL bytes.*iconv -f UTF-32LE -t UTF-8'),
        ('a,b\n1,2\n'.encode('utf-32-be'), 'UTF-32 .*NUL bytes.*iconv -f UTF-32BE -t UTF-8'),
        (b'a\0\0b\0\0\0\0\0\0', 'full of NUL bytes .binary'),
        (b'a\n1,2\n3,4\n', 'the header has 1 field, the rows have 2'),
        (b'a,b,c\n1,2\n3,4\n', 'the header has 3 fields, the rows have 2'),
        (
            b'a b c\nr1 1 2 3\nr2 3 4 5\n',
            'the header has 3 fields, the rows have 4 .row names without a name in the header',
        ),
        (b'a,"b\n1,2\n', 'line 1: a quoted field with a line break in it'),
    ],
)
def test_unreadable_files_are_refused(text, words):
    with pytest.raises(DataError, match='data.csv.*' + words):
        found(text)


def test_truncated_last_line_is_ignored():
    assert sniff(b'a,b\n1,2\n3', False).names == ['a', 'b']
    assert not enough(b'a,b\n1,2', False) and enough(b'a,b\n1,2\n', False) and enough(b'a', True)
    assert not enough(b'\n\na,b\n1', False)
    with pytest.raises(DataError, match='no whole line in its first 65536 bytes'):
        sniff(b'1' * HEAD_BYTES, False)


@given(st.binary(max_size=60), st.booleans())
def test_any_bytes_give_a_dialect_or_a_data_error(head, complete):
    try:
        dialect = sniff(head, complete)
        make_format(dialect)
    except DataError as error:
        assert str(error).startswith('input')
    else:
        assert dialect.n_fields >= 1


@given(
    st.lists(st.lists(st.integers(-99, 99), min_size=3, max_size=3), min_size=1, max_size=6),
    st.sampled_from([',', '\t', ';', ' ', ', ', '|', ' | ']),
)
def test_every_delimiter_is_detected(rows, delimiter):
    text = ''.join(delimiter.join(map(str, row)) + '\n' for row in rows).encode()
    dialect = found(text)
    assert (
        dialect.delimiter == (delimiter.strip(' ')[:1] or ' ').encode()
        and dialect.names == ['x1', 'x2', 'x3']
        and not dialect.header
    )


# --- empty files, several files


@pytest.mark.parametrize(
    'text, empty, has_rows',
    [
        (b'', True, False),
        (b'\n \n', True, False),
        (b'\xef\xbb\xbf', True, False),
        (b'a,b\n', False, False),
        (b'a,b\n1,2', False, True),
    ],
)
def test_empty_files_and_files_without_rows_are_recognized(text, empty, has_rows):
    assert (found(text).empty, found(text).has_rows) == (empty, has_rows)


def test_input_without_rows_is_refused():
    empty, header_only, full = found(b''), found(b'a,b\n'), found(b'1,2\n')
    check_rows([empty, full])
    for dialects, words in (
        ([empty], 'data.csv is empty'),
        ([header_only], 'data.csv holds a header but no rows'),
        ([empty, header_only], 'none of the 2 input files .data.csv, .*holds a row'),
    ):
        with pytest.raises(DataError, match=words + '.*; there is nothing to cluster'):
            check_rows(dialects)
    with pytest.raises(DataError, match='is empty'):
        make_format(empty)


@pytest.mark.parametrize(
    'other, words',
    [
        (b'a,c\n1,2\n', "column 2 is 'b' in one.csv, but 'c' in two.csv"),
        (b'a,b,c\n1,2,3\n', 'one.csv has 2, two.csv has 3'),
        (b'1,2\n3,4\n', r"one.csv has a header \('a', 'b'\), two.csv has none"),
        (b'a;b\n1;2\n', 'one.csv is separated by comma, two.csv by semicolon'),
    ],
)
def test_files_with_different_columns_are_refused(other, words):
    with pytest.raises(DataError, match=words):
        compare_headers(
            sniff(b'a,b\n1,2\n', True, path='one.csv'), sniff(other, True, path='two.csv')
        )


def test_files_with_the_same_columns_or_empty_are_accepted():
    first = found(b'a,b\n1,2\n')
    for other in (b'', b'a,b\n', b'a,b\n3,x\n', b'"a", b \n1,2\n'):
        compare_headers(first, found(other))
        compare_headers(found(other), first)


# --- columns


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


# --- the format, columns of text


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
                "data.csv: column 1, 'a:b' in line 1, is not numeric (line 2: '1:2'). The fields seem"
                " to be separated by ':': say --delimiter :."
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


# --- an index, empty columns


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
        check_empty(b',a,b\n,1,2\n,3,4\n')


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
            "column 1, which has no name, is not numeric .line 2: 'Mazda'.. Leave it out with --columns 2 .or as"
            ' --id-column x1'
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


# --- headers of numbers, headers where none should be


@pytest.mark.parametrize(
    'text, header, words',
    [
        (b'"2019","2020"\n1,2\n3,4\n', True, 'a header'),
        (b'"2019"\n1\n3\n', True, 'a header'),
        (b'"2019","2020"\n"1",2\n3,4\n', False, '--header if these are names'),
        (b'"2019",2020\n1,2\n3,4\n', False, '--header if these are names'),
        (b'2019,2020\n1,2\n3,4\n5,6\n', False, '(line 1 is numbers; --header if these are'),
        (b'0,1,2\n1,2,5\n', False, '--header if these are names'),
        (b'1,5\n1,2\n', False, 'no header'),
        (b'"1","2"\n', False, '--header if these are names'),
    ],
)
def test_numbers_in_line_1_may_be_names(text, header, words):
    dialect = sniff(text, True)
    assert dialect.header == header and words in dialect.describe()
    assert '--header' not in sniff(text, True, header=False).describe()
    if words == 'no header':
        assert dialect.describe().endswith('comma, no header')


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


def test_index_of_floats_counts():
    fmt, (line,) = index_format(b',a\n0.0,5\n1.0,6\n2.0,8\n')
    assert fmt.columns == (1,) and 'counts 0, 1, 2, ...: it is left out' in line


def test_index_of_one_row_is_not_said_to_count():
    fmt, (line,) = index_format(b',a\n4,5\n')
    assert 'has no name and has the value 4 in the only row: it is left out as an index.' in line


@pytest.mark.parametrize('swapped', [False, True])
def test_other_numbers_of_columns_are_no_matter_of_the_header(swapped):
    dialects = [sniff(b'a,b\n1,2\n', True, path='x'), sniff(b'red\nblue\n', True, path='README')]
    with pytest.raises(DataError, match='Name the files that belong together, one by one or by'):
        compare_headers(*(dialects[::-1] if swapped else dialects))
