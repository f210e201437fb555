"""Tests of what is detected from a file's head, and of the errors for unusable files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mr_kmeans.errors import DataError
from mr_kmeans.text.delimiters import delimiter_bytes
from mr_kmeans.text.dialect import (
    HEAD_BYTES,
    check_rows,
    compare_headers,
    enough,
    sniff,
)
from mr_kmeans.text.features import make_format


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


@pytest.mark.parametrize('swapped', [False, True])
def test_other_numbers_of_columns_are_no_matter_of_the_header(swapped):
    dialects = [sniff(b'a,b\n1,2\n', True, path='x'), sniff(b'red\nblue\n', True, path='README')]
    with pytest.raises(DataError, match='Name the files that belong together, one by one or by'):
        compare_headers(*(dialects[::-1] if swapped else dialects))
