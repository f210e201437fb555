"""Masking of secrets: lines on standard error, log records and errors show *** in their place.

A secret is recognized by its form (the user part of a URI, or the value of a key with a name like a
secret's) or by its value, after it was found in mrjob's configuration or in -D. Values are
recognized with any quoting.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from typing import Dict
from urllib.parse import quote

HIDDEN = '***'
"""Text shown instead of a secret."""

MIN_SECRET_LENGTH, MIN_VALUE = 4, 6
"""Minimum number of characters of a value that is masked wherever it appears, for a key with a name
like a secret's, and for another key. Shorter values are masked only after their key; otherwise
messages would be unreadable.
"""

ENVIRONMENT = 'cmdenv'
"""Name of mrjob's option for the environment of tasks, whose values are all secrets, whatever their
names.
"""

_WORDS = (
    r'(?:password|passwd|passphrase|secret|token|credential'
    r'|(?:access|private|api|account|encrypt(?:ion)?)[._-]?key'
    r'|(?<![^\W_])(?:sas|pwd|pass|auth)(?![^\W_]))'
)
_NAME = re.compile(_WORDS, re.IGNORECASE)

_ASSIGNED = r"""(?<![\w.-]) (?P<key> %s ["']? )
    (?: (?P<sign> \s*[:=]\s* ) (?: "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' )
      | (?P<equals> \s*=\s* ) [^\s,;&"'<>)}\]]+
      | (?P<colon> :\s* )
        (?: [^\s,;"'}\]]+ (?= [ \t]* (?: [,;}\]] | $ | \n ) ) | [^\s,;"'}\]]{12,} ) )"""
"""Pattern of KEY=VALUE, 'KEY': 'value' and KEY: value. After a bare colon there must be a single
word or a long one, since an error about a file named tokens.csv looks much the same.
"""

_OF_SECRET = re.compile(_ASSIGNED % (r'[\w.-]*' + _WORDS + r'[\w.-]*'), re.VERBOSE | re.IGNORECASE)
_USER = re.compile(
    r"""(?i)(?<![a-z\d])([a-z][a-z\d+.-]{0,30}://)"""
    r"""(?:[^\s/:@'"]*:(?!\d*(?:/|$))\S*|[^\s/?#'"]+)@"""
)
"""Pattern of the user part of a URI. A password may contain @ and slashes that should have been
quoted: a user part with a password ends at the last @ before white space.
"""

_HARMLESS = {'true', 'false', 'none', 'null'}
_GAP = r"""(?:\s|\\[nrtfv]|%20|%0A|\+|["']\s*\n\s*["'])+"""
"""Pattern of white space in a value: unchanged, escaped, or where `pprint` splits a long string."""

_values: Dict[str, str] = {}
"""Known secrets and their patterns, for the whole process, since errors of any module may contain
them.
"""

_keys: Dict[str, str] = {}
"""Keys whose values are secrets despite their names, and their patterns."""


def is_secret(name: str) -> bool:
    """Return whether a key has a name like a secret's.

    >>> [is_secret(name) for name in ('AWS_SECRET_ACCESS_KEY', 'fs.s3a.access.key', 'job.sas2')]
    [True, True, False]
    """
    return bool(_NAME.search(name))


def has_user(uri: str) -> bool:
    """Return whether a URI has a user part.

    >>> has_user('hdfs://me:hunter2@host/x'), has_user('hdfs://host:8020/me@home')
    (True, False)
    """
    return bool(_USER.match(uri))


def masked(text: str) -> str:
    """Return a text with its secrets masked.

    >>> masked('hdfs://me:hunter2@host/x: PGPASSWORD=hunter2, row 3')
    'hdfs://***@host/x: PGPASSWORD=***, row 3'
    """
    for value in sorted(_values, key=len, reverse=True):
        text = re.sub(_values[value], HIDDEN, text)
    for pattern in _keys.values():
        text = re.sub(pattern, _without_value, text, flags=re.VERBOSE)
    return _USER.sub(r'\1' + HIDDEN + '@', _OF_SECRET.sub(_without_value, text))


def remember(name: str, value: str) -> None:
    """Mask a value wherever it appears from now on, if its key has a name like a secret's."""
    if is_secret(name):
        _remember_value(value, MIN_SECRET_LENGTH)


def remember_configuration(values: Mapping, everything: bool = False) -> None:
    """Mask the secrets of a configuration of mrjob from now on, and all of its `ENVIRONMENT`."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            remember_configuration(value, everything or name == ENVIRONMENT)
            continue
        for one in value if isinstance(value, (list, tuple)) else [value]:
            remember(str(name), str(one))
            for found in _OF_SECRET.finditer(str(one)):  # export KEY=VALUE in a line of setup
                rest = found.group()[len(found.group('key')) :]
                _remember_value(rest.strip('\'" =:'), MIN_SECRET_LENGTH)
        if everything:
            _keys[str(name)] = _ASSIGNED % re.escape(str(name))
            _remember_value(str(value), MIN_VALUE)


def forget() -> None:
    """Forget all remembered secrets."""
    _values.clear()
    _keys.clear()


def _remember_value(value: str, least: int) -> None:
    for line in {value, *value.splitlines()}:  # logs show a key in PEM format line by line
        wanted = least if line == value else 2 * MIN_VALUE
        is_path = line.startswith('/') and os.path.exists(line)
        if len(line) >= wanted and line.lower() not in _HARMLESS and not is_path:
            _values[line] = _anyhow(line)


def _anyhow(value: str) -> str:
    """Return a pattern for a value, unquoted or quoted for a shell, Python, JSON or a URL."""
    parts = re.findall(r'\s+|[a-zA-Z0-9]+|.', value, re.DOTALL)
    return ''.join(
        _GAP if part.isspace() else part if part.isalnum() and part.isascii() else _character(part)
        for part in parts
    )


def _character(character: str) -> str:
    in_url = quote(character, safe='', errors='surrogatepass')
    ways = {
        character,
        '\\' + character,
        in_url,
        in_url.lower(),
        json.dumps(character)[1:-1],
        repr(character)[1:-1],
        character.encode('unicode_escape').decode('ascii'),
    }
    if character == "'":
        ways.add("'\"'\"'")
    return '(?:%s)' % '|'.join(map(re.escape, sorted(ways, key=len, reverse=True)))


def _without_value(found: re.Match) -> str:
    between = next(part for part in found.group('sign', 'equals', 'colon') if part is not None)
    return found.group('key') + between + HIDDEN
