"""Statements: the .sql files of this package, repeated per feature and per cluster, with names put in.

A file is SQL for one feature and one cluster, but for three kinds of mark:

``/*each feature*/ … /*end*/``
    is repeated for each feature, joined by commas or by what follows ``joined by``. In it names that end in ``_1`` end in
    the feature's number, and those in ``_0`` in the number of the feature before; ``/*number*/1`` is the number itself.
``/*each cluster*/ … /*end*/``
    likewise for each cluster; there ``_c`` at the end of a name, or before the number of the feature, becomes the cluster's number.
``{name}``
    is an identifier, quoted by the driver, or an expression that depends on a column's type. Values are bound: ``$name``.
"""
from __future__ import annotations

import os
import re
from typing import Dict, Mapping

_FOLDER = os.path.dirname(os.path.abspath(__file__))
_MARK = re.compile(r'(/\*each (?:feature|cluster)(?: joined by[^*]*)?\*/|/\*end\*/)')
_NAME = re.compile(r'\{(\w+)\}')


def load(name: str, d: int, k: int = 1, names: Mapping[str, str] = {}) -> str:
    """Return a statement.

    Parameters
    ----------
    name : str
        Of its file, without ``.sql``; with ``.duckdb`` or ``.postgres`` for a statement of one database.
    d, k : int
        Features, clusters.
    names : mapping
        What stands in braces.
    """
    with open(os.path.join(_FOLDER, name + '.sql'), encoding='utf-8') as stream:
        text = stream.read()
    return _NAME.sub(lambda match: names[match.group(1)], expand(text, d, k)).rstrip().rstrip(';')


def expand(text: str, d: int, k: int = 1) -> str:
    """Return a text with its repetitions carried out."""
    parts, _ = _expand(_MARK.split(text), 0, d, k)
    return parts


def _expand(tokens, position, d, k):
    """Return the expansion of the tokens up to the end of the repetition, and the position after it."""
    text = ''
    while position < len(tokens):
        token = tokens[position]
        position += 1
        if token == '/*end*/':
            return text, position
        if not _MARK.fullmatch(token):
            text += token
            continue
        body, position = _expand(tokens, position, d, k)
        joint = token[:-2].partition(' joined by')[2].strip()
        bodies = _per_feature(body, d) if token.startswith('/*each feature') else _per_cluster(body, k)
        text += (f' {joint} ' if joint else '\n' if 'joined by' in token else ', ').join(bodies)
    return text, position


def _per_feature(body: str, d: int):
    for j in range(1, d + 1):
        yield re.sub(r'_([01])\b', lambda match: f'_{j - 1 + int(match.group(1))}', body.replace('/*number*/1', str(j))).strip()


def _per_cluster(body: str, k: int):
    for cluster in range(k):
        yield re.sub(r'_c(?=\b|_\d)', f'_{cluster}', body).strip()


def numbered(prefix: str, values, first: int = 1) -> Dict[str, object]:
    """Return {prefix_1: value, …}."""
    return {f'{prefix}_{number}': value for number, value in enumerate(values, first)}
