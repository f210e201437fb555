"""Formatting of numbers and names in messages."""

from __future__ import annotations

from mr_kmeans.masking import masked

CLUSTER, LABEL = 'cluster', 'label'
"""Tasks of `fit` and of `assign`, for which errors have different advice."""


def counted(n: int, thing: str, things: str = '') -> str:
    """Return a number with the name of what is counted.

    >>> counted(1, 'bad row'), counted(1200, 'bad row'), counted(0, 'batch', 'batches')
    ('1 bad row', '1,200 bad rows', '0 batches')
    """
    return f'{n:,} {thing if n == 1 else things or thing + "s"}'


def at_most_clusters(n: int) -> str:
    """Return the advice on k for data that allow up to n clusters.

    >>> at_most_clusters(1), at_most_clusters(6)
    ('Choose -k 1.', 'Choose -k 6 or less.')
    """
    return f'Choose -k {n}.' if n == 1 else f'Choose -k {n} or less.'


def printable(text: str) -> str:
    r"""Return a text with control characters escaped, except line ends.

    >>> printable('a\x1b[31m\tb\nü')
    'a\\x1b[31m\\tb\nü'
    """
    if text.isprintable():
        return text
    return ''.join(
        c if c.isprintable() or c == '\n' else c.encode('unicode_escape').decode('ascii')
        for c in text
    )


def shortened(text: str, length: int) -> str:
    """Return a text shortened to `length` characters; secrets are masked first, since half of one
    would not be recognized.

    >>> shortened('abcdefgh', 6), shortened('https://me:hunter2@host', 18)
    ('abc...', 'https://***@host')
    """
    text = masked(text)
    return text if len(text) <= length else text[: length - 3] + '...'
