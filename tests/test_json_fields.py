"""JSON objects are read strictly: what is refused is named by its field, with the rule."""

import json
import math

import pytest

from mr_kmeans.json_fields import (
    MAX_FLOAT_CHARACTERS,
    MAX_INTEGER_DIGITS,
    Field,
    FieldError,
    parse_object,
    shown,
)


def field(value, name='a'):
    return Field({name: value}).get(name)


# Whole objects


@pytest.mark.parametrize(
    'data, value',
    [
        (b'{}', {}),
        (b' {"a": [1, 2.5, "x", null, true]}\n', {'a': [1, 2.5, 'x', None, True]}),
        ('{"a": "é"}'.encode(), {'a': 'é'}),
        (b'{"a": Infinity}', {'a': math.inf}),
        (b'{"a": 1e999}', {'a': math.inf}),
        (b'{"a": %s}' % (b'9' * MAX_INTEGER_DIGITS), {'a': 10**MAX_INTEGER_DIGITS - 1}),
    ],
)
def test_an_object_is_read(data, value):
    assert parse_object(data) == value


@pytest.mark.parametrize(
    'data, words',
    [
        (b'', 'the file is empty'),
        (b' \n', 'there is only white space in the file'),
        (b'{"a": 1', 'not JSON: '),
        (b'{"a": 1} x', 'not JSON: Extra data'),
        (b'[1, 2]', 'should be a JSON object, found a list of 2'),
        (b'{"a": "\xff"}', 'not UTF-8 text: byte 0xff at offset 7'),
        (b'{"a": 1, "a": 1}', "the field 'a' is there twice"),
        (b'{"b": {"a": 1, "a": 2}}', "the field 'a' is there twice"),
        (b'{"a": NaN}', 'NaN should be a number'),
        (b'{"a": -Infinity}', '-Infinity should be a number'),
        (b'{"a":' * 100_000, 'nested too deeply'),
        (b'{"a": %s}' % (b'9' * (MAX_INTEGER_DIGITS + 1)), 'a whole number of 41 digits'),
        (b'{"a": 0.%s}' % (b'9' * MAX_FLOAT_CHARACTERS), 'a number of 402 characters'),
    ],
)
def test_what_is_no_such_object_is_refused(data, words):
    with pytest.raises(FieldError) as caught:
        parse_object(data)
    assert str(caught.value).startswith(words) and len(str(caught.value)) < 200


def test_every_float_that_python_writes_is_read():
    for value in (0.1, -1e-308, 5e-324, 1.7976931348623157e308, 2.0**500):
        assert parse_object(json.dumps({'a': value}).encode()) == {'a': value}


# Fields


@pytest.mark.parametrize(
    'read, good',
    [
        (lambda one: one.whole(0, 5), [0, 5]),
        (lambda one: one.number(), [0.5, 3, -1e300]),
        (lambda one: one.number(0.0, infinite=True), [0.0, math.inf]),
        (lambda one: one.numbers(2), [[1.0, 2.5], [1, 2.5]]),
        (lambda one: one.wholes(2), [[0, 2**63 - 1]]),
        (lambda one: one.matrix(2, 1, 9.0), [[[1.0], [-9.0]]]),
        (lambda one: one.matrix(None, None, 9.0), [[[1.0, 2.0]], [[1.0], [2.0], [3.0]]]),
        (lambda one: one.text(3), ['', 'abc']),
        (lambda one: one.names(), [['x', 'é']]),
        (lambda one: one.matching('[a-f]+', 'letters'), ['abc']),
        (lambda one: one.flag(), [True, False]),
        (lambda one: one.choice([1, 'x']), [1, 'x']),
        (lambda one: one.optional(Field.text), [None, 'x']),
    ],
)
def test_values_that_keep_the_rule_are_returned(read, good):
    for value in good:
        assert read(field(value)) == value


@pytest.mark.parametrize(
    'value, read, words',
    [
        (6, lambda one: one.whole(0, 5), 'a should be a whole number from 0 to 5, found 6'),
        (True, lambda one: one.whole(), 'a should be a whole number from 0 to 2**63 - 1, found tr'),
        (1.0, lambda one: one.whole(), 'found 1.0'),
        (math.inf, lambda one: one.number(), 'a should be a finite number, found inf'),
        (-1.0, lambda one: one.number(0.0), 'a should be a finite number >= 0, found -1.0'),
        (7, lambda one: one.number(0, 5), 'a should be a finite number from 0 to 5, found 7'),
        (True, lambda one: one.number(), 'a should be a finite number, found true'),
        (10**40, lambda one: one.number(), 'a should be a finite number, found 1'),
        ([1.0], lambda one: one.numbers(2), 'a should be a list of 2 numbers, found a list of 1'),
        ([1.0, 'x'], lambda one: one.numbers(2), "a[1] should be a finite number, found 'x'"),
        ([1.0, math.inf], lambda one: one.numbers(2), 'a[1] should be a finite number, found inf'),
        ([0, -1], lambda one: one.wholes(2), 'a[1] should be a whole number from 0'),
        ([[1.0], []], lambda one: one.matrix(2, 1, 9.0), 'a[1] should be a list of 1 numbers'),
        ([[1.0], [10.0]], lambda one: one.matrix(2, 1, 9.0), 'a[1][0] should be a finite number'),
        ([], lambda one: one.items(), 'a should be a list of values, found a list of 0'),
        ('abcd', lambda one: one.text(3), "a should be text of at most 3 characters, found 'abcd'"),
        (5, lambda one: one.text(), 'a should be text, found 5'),
        (['\ud800'], lambda one: one.names(), 'a[0] should be text that can be written as UTF-8'),
        (5, lambda one: one.numeral(0, 9), 'a should be a whole number as text, from 0 to 9'),
        ('10', lambda one: one.numeral(0, 9), "found '10'"),
        ('0x5', lambda one: one.numeral(0, 9), "found '0x5'"),
        (
            'abcx',
            lambda one: one.matching('[a-f]+', 'letters'),
            "a should be letters, found 'abcx'",
        ),
        (1, lambda one: one.flag(), 'a should be true or false, found 1'),
        (True, lambda one: one.choice([1, 'x']), "a should be 1 or 'x', found true"),
        (5, lambda one: one.get('b'), 'a should be an object, found 5'),
        ({}, lambda one: one.get('b'), "it has no 'a.b'"),
        (5, lambda one: one.check(False, 'another'), 'a should be another, found 5'),
    ],
)
def test_a_value_that_breaks_a_rule_is_named(value, read, words):
    with pytest.raises(FieldError) as caught:
        read(field(value))
    assert words in str(caught.value)


def test_the_whole_object_has_no_name():
    with pytest.raises(FieldError, match='^the content should be an object, found null$'):
        Field(None).get('a')


def test_numerals_are_returned_as_integers():
    assert field('-%d' % 2**70).numeral(-(2**80), 0) == -(2**70)


def test_limits_of_powers_of_two_are_short():
    with pytest.raises(FieldError, match=r'from -2\*\*64 to 2\*\*70 - 1, found'):
        field('x').numeral(-(2**64), 2**70 - 1)


def test_a_value_is_shown_in_few_characters():
    assert [shown(value) for value in (None, True, [], {}, 1.5, 'ü', 'x' * 100)] == [
        'null',
        'true',
        'a list of 0',
        'an object of 0 fields',
        '1.5',
        "'\\xfc'",
        "'" + 'x' * 56 + '...',
    ]
