"""Statements: the .sql files of this package, repeated per feature and per cluster, with names put
in.

A file is SQL for one feature and one cluster, but for three kinds of mark:

``/*each feature*/ … /*end*/``
    is repeated for each feature, joined by commas or by what follows ``joined by``; a chain of
    ``+``, ``AND`` or ``OR`` that is too long for an engine becomes a fold over a list, in the same
    order. In it names that end in ``_1`` end in the feature's number, and those in ``_0`` in the
    number of the feature before; ``/*number*/1`` is the number itself.
``/*each cluster*/ … /*end*/``
    likewise for each cluster; there ``_c`` at the end of a name, or before the number of the
    feature, becomes the cluster's number.
``{name}``
    is an identifier, quoted by the driver, or an expression that depends on a column's type. Values
    are bound: ``$name``.
"""

from __future__ import annotations

import functools
import math
import os
import re
from typing import Any, Dict, Mapping

_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'statements')
_MARK = re.compile(r'(/\*each (?:feature|cluster)(?: joined by[^*]*)?\*/|/\*end\*/)')
_NAME = re.compile(r'\{(\w+)\}')
_INDEX = re.compile(r'_([01])\b')


def _list(function: str):
    """Return what writes a chain of conditions as a function of a list; what is unknown is not
    true.
    """
    return lambda conditions: (
        f'{function}([{", ".join(f"({condition}) IS TRUE" for condition in conditions)}])'
    )


_FOLDS = {
    '+': lambda terms: (
        f'list_reduce([{", ".join(terms)}], lambda mr_kmeans_sum, mr_kmeans_term: mr_kmeans_sum +'
        ' mr_kmeans_term)'
    ),
    'AND': _list('list_bool_and'),
    'OR': _list('list_bool_or'),
}
"""Forms of long chains in DuckDB: a sum is added from left to right, as in the chain."""


def load(
    name: str, d: int, k: int = 1, names: Mapping[str, object] = {}, max_chain: float = math.inf
) -> str:
    """Return a statement.

    Parameters
    ----------
    name : str
        Of its file, without ``.sql``; with ``.duckdb`` or ``.postgres`` for a statement of one
        database.
    d, k : int
        Features, clusters.
    names : mapping
        What is in braces.
    max_chain : float
        Terms of a chain, ``a + b + c``; longer ones are folds over a list, as chains nest.
    """
    with open(os.path.join(_FOLDER, name + '.sql'), encoding='utf-8') as stream:
        text = stream.read()
    return (
        _NAME.sub(lambda match: str(names[match.group(1)]), expand(text, d, k, max_chain))
        .rstrip()
        .rstrip(';')
    )


def expand(text: str, d: int, k: int = 1, max_chain: float = math.inf) -> str:
    """Return a text with its repetitions expanded."""
    parts, _ = _expand(_MARK.split(text), 0, d, k, max_chain)
    return parts


def _expand(tokens, position, d, k, max_chain):
    """Return the expansion of the tokens up to the end of the repetition, and the position after
    it.
    """
    text = ''
    while position < len(tokens):
        token = tokens[position]
        position += 1
        if token == '/*end*/':
            return text, position
        if not _MARK.fullmatch(token):
            text += token
            continue
        body, position = _expand(tokens, position, d, k, max_chain)
        joint = token[:-2].partition(' joined by')[2].strip()
        bodies = list(
            _per_feature(body, d) if token.startswith('/*each feature') else _per_cluster(body, k)
        )
        if joint in _FOLDS and len(bodies) > max_chain:
            text += _FOLDS[joint](bodies)
            continue
        text += (f' {joint} ' if joint else '\n' if 'joined by' in token else ', ').join(bodies)
    return text, position


def _per_feature(body: str, d: int):
    for j in range(1, d + 1):
        yield _INDEX.sub(
            functools.partial(_shifted, j - 1), body.replace('/*number*/1', str(j))
        ).strip()


def _shifted(by: int, match: re.Match) -> str:
    return f'_{by + int(match.group(1))}'


def _per_cluster(body: str, k: int):
    for cluster in range(k):
        yield re.sub(r'_c(?=\b|_\d)', f'_{cluster}', body).strip()


def numbered(prefix: str, values, first: int = 1) -> Dict[str, Any]:
    """Return {prefix_1: value, …}."""
    return {f'{prefix}_{number}': value for number, value in enumerate(values, first)}
