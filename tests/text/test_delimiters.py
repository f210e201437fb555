"""Tests of delimiters by name and by character."""

import pytest

from mr_kmeans.errors import UsageError
from mr_kmeans.text.delimiters import delimiter_bytes, delimiter_word


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


@pytest.mark.parametrize('delimiter', [b',', b'\t', b';', b'|', b' ', b':', b'&'])
def test_words_of_delimiters_are_understood(delimiter):
    assert delimiter_bytes(delimiter_word(delimiter).strip("'")) == delimiter
