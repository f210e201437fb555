"""Tests of single fields and lines: what is a number, what is missing, where fields end."""

import csv
import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mr_kmeans.text.fields import (
    BadText,
    is_blank,
    kind,
    read_number,
    read_numbers,
    shown,
    split_line,
)


@pytest.mark.parametrize(
    'text, value',
    [
        (b'1', 1.0),
        (b' \t12.50 ', 12.5),
        (b'+.5', 0.5),
        (b'5.', 5.0),
        (b'-1E-3', -0.001),
        (b'1e5', 1e5),
        (b'007', 7.0),
        (b'0.1', 0.1),
        (b'5e-324', 5e-324),
        (b'1e-999', 0.0),
        (b'3e150', 3e150),
        (b'9007199254740993', 9007199254740992.0),
    ],
)
def test_numbers_are_read_correctly_rounded(text, value):
    assert read_number(text) == value and kind(text) == 'number'


def test_minus_zero_is_zero():
    assert math.copysign(1, read_number(b'-0')) == math.copysign(1, read_number(b'-1e-999')) == 1


@pytest.mark.parametrize(
    'text',
    [
        b'',
        b' ',
        b'NA',
        b'n/a',
        b'NaN',
        b'-nan',
        b'NULL',
        b'None',
        b'?',
        b'<NA>',
        b'#N/A',
        b'#NA',
        b'#N/A N/A',
        b'\\N',
        b'1.#IND',
        b'-1.#IND',
        b'1.#QNAN',
        b'-1.#QNAN',
    ],
)
def test_missing_values_are_recognized(text):
    assert read_number(text) is None and kind(text) == 'missing'


@pytest.mark.parametrize(
    'text, word',
    [
        (b'inf', 'infinity'),
        (b'-Infinity', 'infinity'),
        (b'1e151', 'too large'),
        (b'1e999', 'too large'),
        (b'1,5', r'decimal comma\? write a point'),
        (b'1.000,5', r'decimal comma\? write a point'),
        (b'0,125', r'decimal comma\? write a point'),
        (b'-1,2345', r'decimal comma\? write a point'),
        (b'1,234.5', "between thousands. write '1234.5'"),
        (b'-1,000,000', "between thousands. write '-1000000'"),
        (b'1,000', "decimal comma or one between thousands. write '1.000' or '1000'"),
    ],
)
def test_reasons_tell_what_is_wrong(text, word):
    with pytest.raises(BadText, match=word):
        read_number(text)


@pytest.mark.parametrize(
    'text',
    [
        b'1_0',
        b'0x1p3',
        b'1e',
        b'e5',
        b'.',
        b'+',
        b'1.2.3',
        b'1 2',
        b'- 1',
        b'\xc2\xa01',
        '٣'.encode(),
        b'\x001',
        b'1\x00',
        b'nanny',
        b'infinit',
        b'1\n2',
        b'\x0b1',
        b'1' * 5000,
    ],
)
def test_other_text_is_not_a_number(text):
    with pytest.raises(BadText, match='is not a number'):
        read_number(text)


@given(st.text(alphabet='0123456789+-.eE_ infaINF', max_size=12))
def test_numbers_are_those_of_float_without_words_and_underscores(text):
    try:
        truth = float(text)
    except ValueError:
        truth = None
    if truth is None or '_' in text or not math.isfinite(truth) or abs(truth) > 2.0**500:
        with pytest.raises(BadText):
            assert read_number(text.encode()) is not None or _raise()  # empty, nan: missing
    else:
        assert read_number(text.encode()) == truth


def _raise():
    raise BadText


@given(
    st.lists(
        st.binary(max_size=6) | st.text('0123456789+-.eE', max_size=8).map(str.encode), max_size=8
    )
)
def test_read_numbers_agrees_with_read_number(fields):
    values, unread = read_numbers(fields)
    for i, field in enumerate(fields):
        try:
            value = read_number(field)
        except BadText:
            value = None
        assert (value is None) == (i in unread)
        assert values[i] == value or i in unread


def test_long_values_are_shortened_in_messages():
    assert shown(b'a' * 10**6) == repr('a' * 37 + '...')
    assert shown(b'\xff\x00') == r"'\xff\x00'"


@pytest.mark.parametrize(
    'line, delimiter, fields',
    [
        (b'a, b ,c', b',', [b'a', b'b', b'c']),
        (b'', b',', [b'']),
        (b',', b',', [b'', b'']),
        (b'a,"b,""c""",', b',', [b'a', b'b,"c"', b'']),
        (b' "a" ,"b"c', b',', [b'a', b'bc']),
        (b'5" pipe,6"', b',', [b'5" pipe', b'6"']),
        (b'"",""', b',', [b'', b'']),
        (b'a\t b', b'\t', [b'a', b'b']),
        (b'\t', b'\t', [b'', b'']),
        (b'1;"2;3"', b';', [b'1', b'2;3']),
        (b'  a \t b  ', b' ', [b'a', b'b']),
        (b' "a b"  c', b' ', [b'a b', b'c']),
        (b'" a "', b',', [b' a ']),
    ],
)
def test_lines_are_split_into_fields(line, delimiter, fields):
    assert split_line(line, delimiter) == fields


@pytest.mark.parametrize('line', [b'"', b'a,"b', b'"a""', b'a,"b"",c'])
def test_unclosed_quote_is_refused(line):
    for delimiter in (b',', b' '):
        if delimiter == b',' or line.startswith(b'"'):
            with pytest.raises(BadText, match='never closed'):
                split_line(line, delimiter)


@given(st.lists(st.text('ab,"; \t', max_size=5), min_size=2, max_size=5))
def test_lines_written_by_csv_are_read_back(fields):
    assume(all(field == field.strip() for field in fields))
    line = ','.join(
        '"%s"' % field.replace('"', '""') if set(field) & set(',"') else field for field in fields
    )
    assert next(csv.reader([line])) == fields
    assert split_line(line.encode(), b',') == [field.encode() for field in fields]


def test_blank_lines_are_recognized():
    assert (
        is_blank(b' \t ', b',')
        and is_blank(b'', b',')
        and is_blank(b'\t', b' ')
        and is_blank(b'  ', b'\t')
    )
    assert not is_blank(b'\t', b'\t') and not is_blank(b',', b',')
