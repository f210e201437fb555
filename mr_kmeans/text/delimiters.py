"""Delimiters as bytes, in words, and as they are written on the command line."""

from __future__ import annotations

import shlex

from mr_kmeans.errors import UsageError
from mr_kmeans.text.fields import WHITE_SPACE

DELIMITER_NAMES = {b',': 'comma', b'\t': 'tab', b';': 'semicolon', WHITE_SPACE: 'white space'}
_DELIMITER_WORDS = {
    ',': b',',
    'comma': b',',
    '\t': b'\t',
    '\\t': b'\t',
    'tab': b'\t',
    ';': b';',
    'semicolon': b';',
    '|': b'|',
    'pipe': b'|',
    ' ': WHITE_SPACE,
    'space': WHITE_SPACE,
    'white-space': WHITE_SPACE,
    'whitespace': WHITE_SPACE,
}


def delimiter_bytes(spec: str) -> bytes:
    """Return the delimiter that `--delimiter` specifies, by a word or one character."""
    if spec.lower() in _DELIMITER_WORDS:
        return _DELIMITER_WORDS[spec.lower()]
    if len(spec) == 1 and '!' <= spec <= '~' and not spec.isalnum() and spec not in '"+-.':
        return spec.encode('ascii')
    raise UsageError(
        '--delimiter: should be comma, tab, semicolon, pipe, space or one punctuation character,'
        f' not {spec!r}.'
    )


def delimiter_name(delimiter: bytes) -> str:
    """Return a delimiter in words."""
    return DELIMITER_NAMES.get(delimiter) or repr(delimiter.decode('ascii'))


def delimiter_word(delimiter: bytes) -> str:
    r"""Return how to write a delimiter on the command line.

    >>> delimiter_word(b'\t'), delimiter_word(b' '), delimiter_word(b'|'), delimiter_word(b':')
    ('tab', 'space', 'pipe', ':')
    """
    words = {b',': 'comma', b'\t': 'tab', b';': 'semicolon', b'|': 'pipe', WHITE_SPACE: 'space'}
    return words.get(delimiter) or shlex.quote(delimiter.decode('ascii'))
