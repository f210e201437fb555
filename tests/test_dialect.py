"""What is found out from a file's head, and what is said when it cannot be used."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mr_kmeans.dialect import (HEAD_BYTES, check_rows, compare_headers, delimiter_bytes, enough, make_format, sniff)
from mr_kmeans.errors import DataError, UsageError
from mr_kmeans.selection import ranges, resolve_column, select_columns
from mr_kmeans.textparse import TextFormat


def found(text, **options):
    return sniff(text, True, path='data.csv', **options)


# --- delimiter and header ------------------------------------------------------------------------------------------


@pytest.mark.parametrize('text, delimiter, names, header', [
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
])
def test_what_is_found(text, delimiter, names, header):
    dialect = found(text)
    assert (dialect.delimiter, dialect.names, dialect.header, dialect.n_fields) == (delimiter, names, header, len(names))


def test_options_override():
    assert found(b'1,2\n3,4\n', header=True).names == ['1', '2']
    assert found(b'a,b\n1,2\n', header=False).names == ['x1', 'x2']
    assert found(b'a|b;c\n1|2;3\n', delimiter=b';').names == ['a|b', 'c']
    assert found(b'a|b\n1|2\n', delimiter=delimiter_bytes('|')).names == ['a', 'b']


@pytest.mark.parametrize('word, delimiter', [(',', b','), ('comma', b','), ('tab', b'\t'), ('\\t', b'\t'), ('\t', b'\t'), ('TAB', b'\t'), (';', b';'),
                                             ('semicolon', b';'), ('space', b' '), (' ', b' '), ('|', b'|'), (':', b':')])
def test_words_for_delimiters(word, delimiter):
    assert delimiter_bytes(word) == delimiter


@pytest.mark.parametrize('word', ['', 'x', '.', '"', '5', '||', '\n', 'é'])
def test_what_cannot_be_a_delimiter(word):
    with pytest.raises(UsageError, match='--delimiter: should be comma, tab'):
        delimiter_bytes(word)


def test_a_byte_order_mark_is_left_out_and_said():
    dialect = found(b'\xef\xbb\xbfa,b\r\n1,2\r\n')
    assert dialect.bom and dialect.names == ['a', 'b'] and 'byte order mark' in dialect.describe()


@pytest.mark.parametrize('text, words', [
    ('a,b\n1,2\n'.encode('utf-16'), 'UTF-16.*Convert it: iconv -f UTF-16 -t UTF-8'),
    ('a,b\n1,2\n'.encode('utf-16-le'), 'NUL bytes'),
    (b'a,b,c\n1,2\n3,4\n', 'the header has 3 fields, the rows have 2'),
    (b'a b c\nr1 1 2 3\nr2 3 4 5\n', 'the header has 3 fields, the rows have 4 .row names without a name in the header'),
    (b'a,"b\n1,2\n', 'line 1: a quoted field with a line break in it'),
])
def test_what_cannot_be_read(text, words):
    with pytest.raises(DataError, match='data.csv.*' + words):
        found(text)


def test_a_line_that_is_cut_off_is_not_judged():
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


@given(st.lists(st.lists(st.integers(-99, 99), min_size=3, max_size=3), min_size=1, max_size=6), st.sampled_from([',', '\t', ';', ' ', ', ']))
def test_every_delimiter_is_found(rows, delimiter):
    text = ''.join(delimiter.join(map(str, row)) + '\n' for row in rows).encode()
    dialect = found(text)
    assert dialect.delimiter == delimiter[:1].encode() and dialect.names == ['x1', 'x2', 'x3'] and not dialect.header


# --- empty files, several files --------------------------------------------------------------------------------------


@pytest.mark.parametrize('text, empty, has_rows', [(b'', True, False), (b'\n \n', True, False), (b'\xef\xbb\xbf', True, False), (b'a,b\n', False, False),
                                                   (b'a,b\n1,2', False, True)])
def test_empty_files_are_a_state(text, empty, has_rows):
    assert (found(text).empty, found(text).has_rows) == (empty, has_rows)


def test_an_input_without_rows():
    empty, header_only, full = found(b''), found(b'a,b\n'), found(b'1,2\n')
    check_rows([empty, full])
    for dialects, words in (([empty], 'data.csv is empty'), ([header_only], 'data.csv holds a header but no rows'),
                            ([empty, header_only], 'none of the 2 input files .data.csv, .*holds a row')):
        with pytest.raises(DataError, match=words + '.*; there is nothing to cluster'):
            check_rows(dialects)
    with pytest.raises(DataError, match='is empty'):
        make_format(empty)


@pytest.mark.parametrize('other, words', [
    (b'a,c\n1,2\n', "column 2 is 'b' in one.csv, but 'c' in two.csv"),
    (b'a,b,c\n1,2,3\n', 'one.csv has 2, two.csv has 3'),
    (b'1,2\n3,4\n', r"one.csv has a header \('a', 'b'\), two.csv has none"),
    (b'a;b\n1;2\n', 'one.csv is separated by comma, two.csv by semicolon'),
])
def test_files_with_different_columns(other, words):
    with pytest.raises(DataError, match=words):
        compare_headers(sniff(b'a,b\n1,2\n', True, path='one.csv'), sniff(other, True, path='two.csv'))


def test_files_with_the_same_columns_and_empty_ones():
    first = found(b'a,b\n1,2\n')
    for other in (b'', b'a,b\n', b'a,b\n3,x\n', b'"a", b \n1,2\n'):
        compare_headers(first, found(other))
        compare_headers(found(other), first)


# --- columns -----------------------------------------------------------------------------------------------------------


NAMES = ['make', 'capitalAve', 'a-b', 'x,y', '2019', 'type', 'twice', 'twice']


@pytest.mark.parametrize('spec, fields', [
    (None, list(range(8))), ('1', [0]), ('2,1', [1, 0]), ('1-3', [0, 1, 2]), ('make-a-b', [0, 1, 2]), ('capitalAve', [1]), ('a-b', [2]),
    ('a-b-type', [2, 3, 4, 5]), ('x,y', [3]), ('make,x,y,type', [0, 3, 5]), ('2019', [4]), ('1-2019', [0, 1, 2, 3, 4]), (' make , 6 ', [0, 5]),
    ('3-type,1', [2, 3, 4, 5, 0]), ('7', [6]), ('make - 3', [0, 1, 2]), ('2-2', [1])])
def test_selections(spec, fields):
    assert select_columns(spec, NAMES) == fields


@pytest.mark.parametrize('spec, words', [
    ('capitalAv', "--columns: no column 'capitalAv' in spam.csv; nearest: 'capitalAve'. Columns: make, capitalAve, "),
    ('CAPITALAVE', "nearest: 'capitalAve'"), ('0', 'there is no column 0 in spam.csv; it has columns 1 to 8'), ('9', 'no column 9'),
    ('1-9', 'no column 9'), ('', 'names no column'), ('  ', 'names no column'), ('1,,2', 'an empty name'), ('1,', 'an empty name'),
    ('1,make', "column 'make' .1. is chosen twice"), ('1-3,a-b', 'chosen twice'), ('3-1', "'3-1' runs backwards .columns 3 to 1."),
    ('twice', "'twice' is ambiguous, columns 7 and 8 of spam.csv have this name. Use the number"), ('-1', "no column '-1'"), ('1-', "no column '1-'"),
    ('make-typ', "no column 'make-typ' in spam.csv"), ('9' * 5000, 'there is no column')])
def test_bad_selections(spec, words):
    with pytest.raises(UsageError, match=words):
        select_columns(spec, NAMES, 'spam.csv')


def test_a_range_with_two_readings():
    with pytest.raises(UsageError, match='2 ways'):
        select_columns('a-b-c', ['a', 'b-c', 'a-b', 'c'])


def test_long_listings_are_cut():
    with pytest.raises(UsageError, match=r'x20, \.\.\. \(99 in all\)\.$'):
        select_columns('z', ['x%d' % i for i in range(1, 100)])


def test_an_id_column_by_name_or_number():
    assert resolve_column('type', NAMES) == resolve_column('6', NAMES) == 5
    with pytest.raises(UsageError, match="--id-column: no column 'typo' in input; nearest: 'type'"):
        resolve_column('typo', NAMES)


@given(st.lists(st.integers(0, 30), unique=True, min_size=1))
def test_ranges_are_read_back(fields):
    assert select_columns(ranges(fields), ['c%d' % i for i in range(31)]) == fields


# --- the format, columns of text ------------------------------------------------------------------------------------------


def test_the_format():
    dialect = found(b'id,a,b\nx,1,2\n')
    assert make_format(dialect, id_column='id') == TextFormat(b',', 3, (1, 2), 0, 'fail')
    assert make_format(dialect, columns='b,a', missing='skip') == TextFormat(b',', 3, (2, 1), None, 'skip')
    assert make_format(dialect, columns='2-3', id_column='1') == TextFormat(b',', 3, (1, 2), 0, 'fail')


@pytest.mark.parametrize('text, options, message', [
    (b'a,b,type\n1,2,spam\n', {}, "data.csv: column 'type' is not numeric (line 2: 'spam'). Leave it out with --columns 1-2 (or as --id-column type)."),
    (b'n,a,m,b\nx,1,y,2\n', {}, "data.csv: column 'n' is not numeric (line 2: 'x'); column 'm' is not numeric (line 2: 'y'). "
                                "Leave them out with --columns 2,4."),
    (b'n,a,m,b\nx,1,y,2\n', {'id_column': 'n'}, "data.csv: column 'm' is not numeric (line 2: 'y'). Leave it out with --columns 2,4."),
    (b'a b,c\nx,1\n', {}, "data.csv: column 'a b' is not numeric (line 2: 'x'). Leave it out with --columns 2 (or as --id-column 'a b')."),
    (b'a,c\nNA,1\nx,1\n', {}, "data.csv: column 'a' is not numeric (line 3: 'x'). Leave it out with --columns 2 (or as --id-column a)."),
    (b'1,5;2,5\n3,5;4,5\n', {}, "data.csv: column 'x1' is not numeric (line 1: '1,5'); column 'x2' is not numeric (line 1: '2,5'). "
                                'Numbers need a decimal point; these look like decimal commas. Convert the file first.'),
    (b'a|b\n1|2\n', {}, "data.csv: column 'x1' is not numeric (line 1: 'a|b'). No numeric column is left. Is the delimiter right (comma)? "
                        'Choose it with --delimiter.'),
])
def test_columns_of_text_are_named_with_the_way_out(text, options, message):
    with pytest.raises(DataError) as error:
        make_format(found(text), **options)
    assert str(error.value) == message


def test_some_text_in_a_column_of_numbers_is_a_bad_row_not_a_bad_column():
    assert make_format(found(b'a,b\nx,1\n2,2\n')).columns == (0, 1)
    assert make_format(found(b'a,b\n?,1\nNA,2\n')).columns == (0, 1)
    assert make_format(found(b'a,b\ninf,1\n1e300,2\n')).columns == (0, 1)


def test_the_suggested_columns_mean_what_is_meant_though_numbers_are_names():
    """As pandas names columns: 0, 1, 2, ..."""
    with pytest.raises(DataError, match='Leave it out with --columns 0-3 '):
        make_format(found(b'0,1,2,label,last\n5,6,7,a,8\n', header=True), columns='0-2,label')
    dialect = found(b'0,1,2,label\n5,6,7,a\n', header=True)
    assert make_format(dialect, columns='0-3').columns == (0, 1, 2)
    assert ranges([0, 1, 2], dialect.names) == '0-3'
    assert make_format(found(b'n,a,m,b\nx,1,y,2\n'), columns='2,4').columns == (1, 3)
