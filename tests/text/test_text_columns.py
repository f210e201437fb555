"""Tests of messages about columns of text: what is wrong with them, and what to do."""

import pytest

from mr_kmeans.errors import DataError
from mr_kmeans.text.dialect import sniff
from mr_kmeans.text.features import make_format


def refused(text, **options):
    with pytest.raises(DataError) as caught:
        make_format(sniff(text, True, path='x.csv'), **options)
    return str(caught.value)


@pytest.mark.parametrize(
    'text, words',
    [
        (
            b"alpha,beta\n60'263.00,1'000\n70'000.5,2'000\n",
            [
                "column 1, 'alpha' in line 1, is not numeric (line 2: \"60'263.00\");"
                " column 2, 'beta'",
                'without apostrophes between thousands',
            ],
        ),
        (b'a,b\n1 234.5,2 000\n2 345.5,3 000\n', ['without blanks between thousands']),
        ('preis,b\n12 €,13 €\n13 €,14 €\n'.encode(), ['without a sign of percent or currency']),
        (b'a,b\n5 %,6 %\n7 %,8 %\n', ['without a sign of percent or currency']),
        (b'a:b:c\n1:2:3\n4:5:6\n', ["separated by ':': say --delimiter :."]),
        (b'1/2/3\n4/5/6\n', ["separated by '/': say --delimiter /."]),
        (b'1&2&3\n4&5&6\n', ["separated by '&': say --delimiter '&'."]),
        (b'a\nb\nc\n', ["'x1' is not numeric (line 1: 'a')", 'Is the delimiter right (comma)?']),
    ],
)
def test_cause_of_text_columns_is_recognized(text, words):
    message = refused(text)
    for word in words:
        assert word in message, message


def test_unnamed_column_is_described_as_such():
    message = refused(b',mpg,b\nMazda,21,x\nFiat,23,y\n')
    assert 'column 1, which has no name, is not numeric (line 2: ' in message
    assert "column 'b' is not numeric" in message


@pytest.mark.parametrize(
    'text',
    [
        b'# made by x\na,b\n1,2\n3,4\n',
        b'# 2020, 2021\n1,2,3\n3,4,5\n',
        b'# x\n# y\na,b\n1,2\n',
        b'# x\nred\nblue\n',
    ],
)
def test_comments_before_the_header_are_recognized(text):
    with pytest.raises(DataError, match='Its first line begins with #, and comments are not skip'):
        make_format(sniff(text, True, path='x.csv'))
