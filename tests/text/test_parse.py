"""Tests of text to columns: every value against Python's float(), and the fast parser against the
reference.
"""

import json
import math
import random
import struct
import time
from decimal import ROUND_DOWN, ROUND_UP, Context, Decimal, getcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_parse import parse_plainly

from mr_kmeans.exact.column import RAW, from_floats, to_floats
from mr_kmeans.text import long_numbers, scan
from mr_kmeans.text import parse as text_parse
from mr_kmeans.text.parse import MAX_KEPT, TextFormat, drop_head, parse, split_lines

getcontext().prec = 1200  # exact sums of float64
COMMA_3 = TextFormat(b',', 3, (0, 1, 2))


def assert_same(one, other):
    assert one.n_lines == other.n_lines
    assert one.rows.dtype == other.rows.dtype == np.int64
    assert one.rows.tolist() == other.rows.tolist()
    assert (one.ids, one.rejected, one.skipped, one.n_blank) == (
        other.ids,
        other.rejected,
        other.skipped,
        other.n_blank,
    )
    assert len(one.columns) == len(other.columns)
    for column, twin in zip(one.columns, other.columns):
        assert (column.decimals, column.values.dtype) == (twin.decimals, twin.values.dtype)
        assert column.values.tobytes() == twin.values.tobytes()


def values(parsed):
    return [to_floats(column).tolist() for column in parsed.columns]


def bits(numbers):
    return struct.pack('%dd' % len(numbers), *numbers)


def test_ids_that_are_not_utf8_are_bad_rows():
    fmt = TextFormat(b',', 2, (1,), 0, 'skip')
    text = b'a,1\nJos\xe9,2\n\xff,\nJos\xc3\xa9,4\n\xfe,x\nzo\xeb,6,7\n"q\xe9",8\n'
    found = parse(text, fmt)
    assert_same(found, parse_plainly(text, fmt))
    assert found.ids == [b'a', 'José'.encode()] and (found.n_rejected, found.n_skipped) == (4, 1)
    assert found.rejected[0][:2] == (
        1,
        "field 1: the id is not UTF-8: 'Jos\\xe9'; convert the file, if it is in Latin-1:"
        ' iconv -f LATIN1 -t UTF-8 OLD > NEW',
    )
    many = b''.join(b'\xe9%d,1\n' % i for i in range(3 * MAX_KEPT))
    found = parse(many, fmt)
    assert_same(found, parse_plainly(many, fmt))
    assert found.n_rejected == 3 * MAX_KEPT and len(found.rejected) == MAX_KEPT


# --- values


def digits(rng, least, most):
    n = rng.randint(least, most)
    return str(rng.randrange(10**n)).zfill(n) if n else ''


def near_halfway(rng):
    """Return a number of 19 digits as near as possible to the middle of two neighboring float64."""
    x = abs(rng.gauss(0, 1)) * 10.0 ** rng.randint(-6, 6)
    middle = (Decimal(x) + Decimal(math.nextafter(x, math.inf))) / 2
    plain = Context(prec=rng.randint(17, 19), rounding=rng.choice([ROUND_DOWN, ROUND_UP])).plus(
        middle
    )
    return format(plain, rng.choice(['f', 'e']))


SHAPES = {
    'four decimals': lambda r: '%.4f' % r.uniform(-20, 20),
    'integer': lambda r: str(r.randint(-300, 300)),
    'wide integer': lambda r: str(r.randrange(-(10**18), 10**18)),
    'nine characters and more': lambda r: '%.*f' % (r.randint(3, 9), r.uniform(-1e5, 1e5)),
    'time stamp': lambda r: '16%s.%s' % (digits(r, 8, 8), digits(r, 3, 6)),
    'repr': lambda r: repr(r.gauss(0, 1)),
    'fifteen to nineteen digits': lambda r: digits(r, 0, 9) + '.' + digits(r, 9, 10),
    'leading zeros': (
        lambda r: '0' * r.randint(1, 12) + digits(r, 1, 9) + r.choice(['', '.', '.5', '.25'])
    ),
    'trailing zeros': lambda r: digits(r, 1, 6) + '.' + digits(r, 0, 4) + '0' * r.randint(1, 12),
    'no digit before the point': lambda r: r.choice(['', '-', '+']) + '.' + digits(r, 1, 18),
    'no digit behind the point': lambda r: r.choice(['', '-', '+']) + digits(r, 1, 18) + '.',
    'zero': lambda r: r.choice(['0', '-0', '+0', '-0.0', '00', '0.000', '-.0', '0e5', '-0E-400']),
    'exponent': (
        lambda r: (
            '%s%s.%s%s%s'
            % (
                r.choice(['', '-', '+']),
                digits(r, 1, 4),
                digits(r, 0, 8),
                r.choice('eE'),
                r.randint(-30, 30),
            )
        )
    ),
    'savetxt': lambda r: '%.18e' % r.gauss(0, 1000),
    'denormal': lambda r: '%s%se-%d' % (r.choice(['', '-']), digits(r, 1, 17), r.randint(300, 345)),
    'huge': lambda r: '%s%se%d' % (r.choice(['', '-']), digits(r, 1, 17), r.randint(100, 133)),
    'halfway': (
        lambda r: (
            str(2**53 + 2 * r.randrange(1000) + 1)
            + r.choice(['', '.', '.0', '.5', '.' + '0' * 20 + '1'])
        )
    ),
    'near 2**53': (
        lambda r: str(2**53 + r.randint(-9, 9))[: r.randint(8, 16)] + r.choice(['', '.', '.0'])
    ),
    'near 2**51': (
        lambda r: ('%d' % (2**51 + r.randint(-9, 9))).replace('9', r.choice(['9', '9.']), 1)
    ),
    'near halfway': near_halfway,
    'quoted': lambda r: '"%s"' % r.uniform(-20, 20),
    'blanks around': (
        lambda r: ' ' * r.randint(0, 3) + '%.2f' % r.uniform(-20, 20) + ' ' * r.randint(0, 70)
    ),
}


@pytest.mark.slow
def test_a_million_fields_agree_with_float():
    """Columns of one kind of numbers and of all kinds, in pieces of many rows."""
    rng = random.Random(4)
    names = list(SHAPES)
    n_fields = 0
    for _ in range(20):
        rows = []
        for _ in range(2200):
            rows.append(
                [SHAPES[name](rng) for name in names]
                + [SHAPES[rng.choice(names)](rng), SHAPES[rng.choice(names[:5])](rng)]
            )
        data = ''.join(','.join(row) + '\n' for row in rows).encode()
        parsed = parse(data, TextFormat(b',', len(rows[0]), tuple(range(len(rows[0])))))
        assert parsed.rejected == [] and len(parsed.rows) == len(rows)
        for j, column in enumerate(parsed.columns):
            truth = [float(row[j].strip('" ')) + 0.0 for row in rows]
            assert bits(to_floats(column).tolist()) == bits(truth), names[j : j + 1]
            n_fields += len(truth)
    assert n_fields > 1_000_000


@pytest.mark.skipif(not long_numbers.available(), reason='long double is not the 80-bit float here')
def test_only_halfway_long_numbers_are_read_one_by_one():
    rng = random.Random(5)
    words = [SHAPES[name](rng).encode() for name in ('repr', 'savetxt') for _ in range(5000)]
    text = b'\n' * 32 + b''.join(word + b'\n' for word in words)
    ends = np.cumsum([len(word) + 1 for word in words]) + 31
    starts = ends - [len(word) for word in words]
    points = np.array(
        [text.index(b'.', start, end) for start, end in zip(starts.tolist(), ends.tolist())]
    )
    floats, unread = long_numbers.read_long(np.frombuffer(text, np.uint8), starts, ends, points)
    assert len(unread) < len(words) / 100
    read = sorted(set(range(len(words))) - set(unread.tolist()))
    assert bits(floats[read].tolist()) == bits([float(words[i]) for i in read])
    assert not floats[unread].any()


@pytest.mark.parametrize('there', [True, False])
def test_results_agree_without_long_doubles(there, monkeypatch):
    monkeypatch.setattr(text_parse, 'long_numbers', there and long_numbers.available())
    rng = random.Random(6)
    words = [near_halfway(rng) for _ in range(3000)] + [SHAPES['savetxt'](rng) for _ in range(3000)]
    parsed = parse(''.join(word + '\n' for word in words).encode(), TextFormat(b',', 1, (0,)))
    assert bits(values(parsed)[0]) == bits([float(word) for word in words])


@given(st.lists(st.floats(-(2.0**500), 2.0**500), min_size=1, max_size=40))
def test_repr_of_floats_is_read_back(numbers):
    parsed = parse(b''.join(b'%s\n' % repr(x).encode() for x in numbers), TextFormat(b',', 1, (0,)))
    assert bits(values(parsed)[0]) == bits([x + 0.0 for x in numbers])


@given(
    st.lists(
        st.from_regex(r'\A[+-]?[0-9]{0,9}\.?[0-9]{0,9}(e[+-]?[0-9]{1,2})?\Z'),
        min_size=1,
        max_size=30,
    )
)
def test_number_like_text_is_a_number_or_rejected(words):
    fmt = TextFormat(b';', 1, (0,))
    data = ''.join(word + '\n' for word in words).encode()
    assert_same(parse(data, fmt), parse_plainly(data, fmt))


def test_columns_are_canonical():
    parsed = parse(b'1.50,10,0.1\n2.25,20.000,1e-7\n', COMMA_3)
    assert [(c.values.tolist(), str(c.values.dtype), c.decimals) for c in parsed.columns] == [
        ([150, 225], 'int16', 2),
        ([10, 20], 'int8', 0),
        ([1000000, 1], 'int32', 7),
    ]
    assert parse(b'0.1,1e-300,1e100\n', COMMA_3).columns[1].decimals == RAW


def test_minus_zero_is_zero():
    for column in parse(b'-0,-0.0,-0e9\n', COMMA_3).columns:
        assert bits(to_floats(column).tolist()) == bits([0.0])


def test_decimals_too_different_for_common_decimals():
    data = b'123456789012345\n0.000000000000001\n'
    assert values(parse(data, TextFormat(b',', 1, (0,)))) == [[123456789012345.0, 1e-15]]


# --- bad rows


@pytest.mark.parametrize(
    'row, reason',
    [
        (b'1,2', 'expected 3 fields, found 2'),
        (b'1,2,3,', 'expected 3 fields, found 4'),
        (b'1,2,x', "field 3: 'x' is not a number"),
        (b'1,2,1_0', "field 3: '1_0' is not a number"),
        (b'1,2,0x10', "field 3: '0x10' is not a number"),
        (b'1,2,\xd9\xa3', "field 3: '\u0663' is not a number"),
        (b'1,2,\xff\x00', "field 3: '\\xff\\x00' is not a number"),
        (b'1,2,--1', "field 3: '--1' is not a number"),
        (b'1,2,1.2.3', "field 3: '1.2.3' is not a number"),
        (b'1,2,.', "field 3: '.' is not a number"),
        (b'1,2,-', "field 3: '-' is not a number"),
        (b'1,2,1e', "field 3: '1e' is not a number"),
        (b'1,2,1 2', "field 3: '1 2' is not a number"),
        (b'1,2,"1,5"', "field 3: '1,5' is not a number (a decimal comma? write a point instead)"),
        (b'1,inf,3', "field 2: 'inf' is an infinity, not a finite number"),
        (b'1,-Infinity,3', "field 2: '-Infinity' is an infinity, not a finite number"),
        (
            b'1,2,1e151',
            "field 3: '1e151' is too large to square (the limit is 2^500, about 3.3e150)",
        ),
        (
            b'-1e400,2,3',
            "field 1: '-1e400' is too large to square (the limit is 2^500, about 3.3e150)",
        ),
        (
            b'1,2,' + b'9' * 152,
            (
                "field 3: '9999999999999999999999999999999999999...' is too large to square (the"
                ' limit is 2^500, about 3.3e150)'
            ),
        ),
        (b'NA,2,3', "field 1: the value is missing ('NA'); --missing skip leaves such rows out"),
        (
            b'1,2,',
            'field 3: the value is missing (nothing there); --missing skip leaves such rows out',
        ),
        (
            b'1,"2',
            (
                'a quoted field with a line break in it, or a quote that is never closed; a row'
                ' must be on one line'
            ),
        ),
    ],
)
def test_bad_rows_are_rejected_with_a_reason(row, reason):
    parsed = parse(b'1,2,3\n' + row + b'\n4,5,6\n', COMMA_3)
    assert values(parsed) == [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]
    assert [(bad.line, bad.reason, bad.text) for bad in parsed.rejected] == [(1, reason, row)]
    assert parsed.rows.tolist() == [0, 2]


@pytest.mark.parametrize(
    'word',
    [
        '',
        ' ',
        'NA',
        'na',
        'N/A',
        'NaN',
        'nan',
        '-nan',
        'NULL',
        'null',
        'None',
        'none',
        '?',
        '""',
        '"NA"',
        ' ? ',
    ],
)
def test_missing_values_with_each_policy(word):
    data = b'1,2,3\n4,%s,6\n' % word.encode()
    failed = parse(data, COMMA_3)
    assert [bad.column for bad in failed.rejected] == [1] and failed.skipped == []
    assert (
        'field 2: the value is missing' in failed.rejected[0].reason
        and '--missing skip' in failed.rejected[0].reason
    )
    skipped = parse(data, COMMA_3._replace(missing='skip'))
    assert skipped.rejected == [] and [row.line for row in skipped.skipped] == [1]
    assert values(failed) == values(skipped) == [[1.0], [2.0], [3.0]]


def test_text_takes_precedence_over_a_missing_value():
    parsed = parse(b'NA,x,3\n', COMMA_3._replace(missing='skip'))
    assert parsed.skipped == [] and [bad.reason for bad in parsed.rejected] == [
        "field 2: 'x' is not a number"
    ]


def test_only_features_are_parsed_or_missing():
    parsed = parse(
        b'a b,1,NA,2\n"c, ""d""",3,inf,4\n',
        TextFormat(b',', 4, (3, 1), id_column=0, missing='skip'),
    )
    assert values(parsed) == [[2.0, 4.0], [1.0, 3.0]]
    assert parsed.ids == [b'a b', b'c, "d"']
    assert parsed.rejected == parsed.skipped == []


def test_quoted_line_break_makes_bad_rows():
    parsed = parse(b'1,"2\n",3\n4,5,6\n', COMMA_3)
    assert values(parsed) == [[4.0], [5.0], [6.0]]
    assert [bad.line for bad in parsed.rejected] == [0, 1]
    assert 'line break' in parsed.rejected[0].reason


def test_long_rejected_rows_are_shortened():
    parsed = parse(b'1,2\n' + b'x' * 10**6 + b'\n', TextFormat(b',', 2, (0, 1)))
    assert len(parsed.rejected[0].text) == 4096


@pytest.mark.parametrize(
    'line',
    [
        b'1' * 3_000_000,
        b'1.' * 1_500_000,
        b'"' * 2_999_999,
        b'"a""' * 700_000,
        b' ' * 3_000_000 + b'1,2,3',
        b'1,2,' + b' ' * 3_000_000,
        b',' * 3_000_000,
        b'1,2,0.' + b'1' * 3_000_000,
        b'1,' * 1_000_000 + b'x' * 10**6,
    ],
)
@pytest.mark.parametrize('delimiter', [b',', b' '])
def test_long_lines_take_linear_time(line, delimiter):
    started = time.time()
    parse(b'1,2,3\n' + line + b'\n4,5,6\n', COMMA_3._replace(delimiter=delimiter))
    assert time.time() - started < 10


# --- lines


@pytest.mark.parametrize('end', [b'\n', b'\r\n', b'\r'])
def test_all_kinds_of_line_ends(end):
    rows = [b'1,2,3', b'', b'4,5,6', b'  ', b'7,8,9']
    for data in (end.join(rows), end.join(rows) + end):
        parsed = parse(data, COMMA_3)
        assert values(parsed) == [[1.0, 4.0, 7.0], [2.0, 5.0, 8.0], [3.0, 6.0, 9.0]]
        assert (parsed.n_lines, parsed.n_blank, parsed.rows.tolist()) == (5, 2, [0, 2, 4])


def test_empty_chunk():
    parsed = parse(b'', TextFormat(b',', 2, (0, 1), id_column=0))
    assert (parsed.n_lines, values(parsed), parsed.rows.tolist(), parsed.ids, parsed.n_blank) == (
        0,
        [[], []],
        [],
        [],
        0,
    )
    assert_same(parsed, parse_plainly(b'', TextFormat(b',', 2, (0, 1), id_column=0)))


def test_white_space_as_delimiter():
    parsed = parse(b'  1 \t 2  3\n4\t5 6 \n\t\n"7" 8 9\n 1 2\n', TextFormat(b' ', 3, (0, 1, 2)))
    assert values(parsed) == [[1.0, 4.0, 7.0], [2.0, 5.0, 8.0], [3.0, 6.0, 9.0]]
    assert parsed.n_blank == 1 and [bad.line for bad in parsed.rejected] == [4]


def test_tab_delimiters_are_not_blanks():
    parsed = parse(b'1\t 2\n\t\n  \n', TextFormat(b'\t', 2, (0, 1), missing='skip'))
    assert values(parsed) == [[1.0], [2.0]]
    assert parsed.n_blank == 1 and [row.line for row in parsed.skipped] == [1]


def test_single_column():
    parsed = parse(b'1\n\n 2\n""\n"3"\n4 \n', TextFormat(b',', 1, (0,), missing='skip'))
    assert values(parsed) == [[1.0, 2.0, 3.0, 4.0]]
    assert parsed.n_blank == 1 and parsed.rows.tolist() == [0, 2, 4, 5]


FIELDS = st.one_of(
    st.sampled_from(
        [
            b'1',
            b'-2.5',
            b'1e3',
            b'NA',
            b'',
            b'x',
            b'"',
            b'""',
            b'"1.5"',
            b'"a,b"',
            b'"a""b"',
            b'"1" ',
            b' 7',
            b'8 ',
            b' ',
            b'\t',
            b'5"',
            b'"6',
            b' "2"',
            b'"3" \t',
            b'"say ""hi"""',
            b'"""a"""',
            b'"4"""',
            b'""""',
            b'a"b',
            b' ' * 70 + b'"5',
            b'#n/a',
            b'NULL',
            b'\\N',
            b'\x00na',
            b'inf',
            b'12345678.9',
            b'0.12345678901234567',
            b'"a\tb c"',
            b'\x00',
            b'\xff',
            b'1;2',
            b'.',
            b'a.b',
            b'"."',
            b'\x0b',
            b'1\x0c',
        ]
    ),
    st.binary(max_size=3),
    st.integers(-999, 99999).map(lambda i: b'%d' % i),
)
LINES = st.one_of(
    st.lists(FIELDS, min_size=3, max_size=3),
    st.lists(st.integers(-99, 99).map(lambda i: b'%d.5' % i), min_size=3, max_size=3),
    st.lists(FIELDS, max_size=5),
)
FORMATS = st.sampled_from(
    [
        COMMA_3,
        TextFormat(b',', 3, (2, 0), 1),
        TextFormat(b',', 3, (1,), 1, 'skip'),
        TextFormat(b'\t', 3, (0, 1, 2), None, 'skip'),
        TextFormat(b' ', 3, (0, 2), 1, 'skip'),
        TextFormat(b';', 3, (0, 1, 2), 2),
        TextFormat(b',', 1, (0,)),
        TextFormat(b' ', 1, (0,), 0, 'skip'),
        TextFormat(b'\t', 1, (0,), 0, 'skip'),
        TextFormat(b';', 2, (1, 0)),
    ]
)


@st.composite
def chunks(draw):
    fmt = draw(FORMATS)
    lines = draw(st.lists(LINES, max_size=8))
    gap = draw(st.sampled_from([fmt.delimiter] * 3 + [b' \t ']))
    ends = st.sampled_from(draw(st.sampled_from([[b'\n'], [b'\r\n'], [b'\n', b'\r\n', b'\r']])))
    data = b''.join(gap.join(line) + draw(ends) for line in lines)
    return (data.rstrip(b'\r\n') if draw(st.booleans()) else data), fmt


@pytest.mark.parametrize(
    'line',
    [
        b'1,2,"a b"',
        b'1,2,"a, b"',
        b'1,2,"say ""hi"""',
        b'1,2,"""hi"" they said"',
        b'1,2,""""',
        b'1,2, "a, b" ',
        b'1,2,5" pipe',
        b'"1","2","3"',
        b'1, "2" ,"a""b"',
        b'1,,3',
        b'1,NA,3',
        b'1,#n/a,"x""y"',
        b'1,2',
        b'1,2,3,4',
        b'',
        b' \t',
    ],
)
def test_irregular_lines_are_not_read_one_by_one(line, monkeypatch):
    """Real text is full of such lines: if every line is like that, parsing takes at most twice the
    time.
    """
    fmt = TextFormat(b',', 3, (0, 1), 2, 'skip')
    data = (line + b'\n') * 5000
    plain = parse_plainly(data, fmt)
    calls = []
    for name in ('read_line', 'read_field'):
        slow = getattr(text_parse, name)
        monkeypatch.setattr(
            text_parse, name, lambda *args, slow=slow: calls.append(args) or slow(*args)
        )
    assert_same(parse(data, fmt), plain)
    assert len(calls) <= text_parse.MAX_KEPT  # the rows that are listed


@pytest.mark.parametrize(
    'line', [b'1,2,"a b"', b'1,2,"say ""hi"" to, all"', b'1, "2" ,"""x"""', b'1,2,3']
)
def test_alternating_quotes_take_the_fast_path(line, monkeypatch):
    """With a closer look, lines with doubled quotes take more than twice the time of others."""
    fmt = TextFormat(b',', 3, (0, 1), 2)
    data = (line + b'\n"1",2,3\n') * 100
    monkeypatch.setattr(scan, '_find_pairs', None)
    assert_same(parse(data, fmt), parse_plainly(data, fmt))


def test_quoted_text_between_blanks_takes_the_fast_path(monkeypatch):
    fmt = TextFormat(b' ', 3, (1, 2), 0)
    data = b'"a b""c"  1\t "2"\n' * 1000
    plain = parse_plainly(data, fmt)
    monkeypatch.setattr(text_parse, 'read_line', None)
    assert_same(parse(data, fmt), plain)
    assert plain.ids == [b'a b"c'] * 1000


def test_first_bad_rows_of_each_kind_are_kept(monkeypatch):
    monkeypatch.setattr(text_parse, 'MAX_KEPT', 2)
    data = b'1,2,3\n,x,3\n1,2\n1,2,"3\ny,1,2\n1\n'
    for piece in (text_parse.PIECE_BYTES, 1):
        monkeypatch.setattr(text_parse, 'PIECE_BYTES', piece)
        for fmt in (COMMA_3, COMMA_3._replace(missing='skip')):
            parsed = parse(data, fmt)
            assert_same(parsed, parse_plainly(data, fmt))
            assert ([bad.line for bad in parsed.rejected], parsed.n_rejected) == ([1, 2], 5)


@settings(max_examples=600, deadline=None)
@given(chunks())
def test_parse_agrees_with_the_reference(chunk):
    data, fmt = chunk
    plain = parse_plainly(data, fmt)
    assert_same(parse(data, fmt), plain)
    whole, text_parse.PIECE_BYTES = text_parse.PIECE_BYTES, 7
    try:
        assert_same(parse(data, fmt), plain)
    finally:
        text_parse.PIECE_BYTES = whole


@settings(max_examples=200, deadline=None)
@given(chunks())
def test_chunk_equals_its_lines_read_one_by_one(chunk):
    data, fmt = chunk
    whole = parse(data, fmt)
    parts = [parse(line + b'\n', fmt) for line in split_lines(data)]
    assert whole.n_lines == len(parts) and whole.n_blank == sum(part.n_blank for part in parts)
    assert whole.rows.tolist() == [line for line, part in enumerate(parts) for _ in part.rows]
    for j, column in enumerate(whole.columns):
        joined = from_floats(np.array([x for part in parts for x in to_floats(part.columns[j])]))
        assert (joined.decimals, joined.values.tolist()) == (
            column.decimals,
            column.values.tolist(),
        )
    for name in ('rejected', 'skipped'):
        assert getattr(whole, name) == [
            bad._replace(line=line)
            for line, part in enumerate(parts)
            for bad in getattr(part, name)
        ]


@pytest.mark.parametrize(
    'data, header, expected',
    [
        (b'a,b\n1,2\n', True, (b'1,2\n', 1)),
        (b'1,2\n', False, (b'1,2\n', 0)),
        (b'\xef\xbb\xbfa\r\n1', True, (b'1', 1)),
        (b'\xef\xbb\xbf1\n', False, (b'1\n', 0)),
        (b'\r\n \na,b\r1,2', True, (b'1,2', 3)),
        (b'a,b', True, (b'', 1)),
        (b'', True, (b'', 0)),
    ],
)
def test_byte_order_mark_and_header_are_dropped(data, header, expected):
    assert drop_head(data, header) == expected


def test_format_round_trips_through_json():
    fmt = TextFormat(b'\t', 4, (0, 3), 1, 'skip')
    assert TextFormat.from_json(json.loads(json.dumps(fmt.to_json()))) == fmt


def test_bad_lines_beyond_the_limit_are_only_counted():
    data = b'1,2\n' + b'1\n' * 5000 + b'3,NA\n' * 3000 + b'5,6\n'
    found = parse(data, TextFormat(b',', 2, (0, 1), None, 'skip'))
    assert (found.n_rejected, found.n_skipped, found.n_lines, len(found.rows)) == (
        5000,
        3000,
        8002,
        2,
    )
    assert [entry.line for entry in found.rejected] == list(range(1, 1 + MAX_KEPT))
    assert [entry.line for entry in found.skipped] == list(range(5001, 5001 + MAX_KEPT))
