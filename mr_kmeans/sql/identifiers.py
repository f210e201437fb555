"""Identifiers: the user's names, quoted, and names for the columns of the centroid table."""

from __future__ import annotations

import os
import re
from typing import List, Sequence, Tuple

from mr_kmeans.errors import UsageError

RESERVED = ('iteration', 'cluster_id', 'count')
"""Columns of the package's own tables."""

OWN_PREFIX = 'mr_kmeans_'
"""Prefix of a run's temporary tables and views."""

CENTERS_TABLE = 'cluster_centers'
"""Name of the centroid table, or its beginning if runs share a database."""

CANDIDATES_TABLE = OWN_PREFIX + 'candidates'
"""Name of the temporary table of centroids for passes whose iterations no table keeps."""

_PARTS = re.compile(r'(?:"((?:[^"]|"")+)"|([^".]+))(\.|$)')


def quote(name: str) -> str:
    """Return an identifier in SQL, whatever characters it contains."""
    if '\0' in name or not name:
        raise UsageError(f'{name!r} is no name of a table or column')
    return '"' + name.replace('"', '""') + '"'


def parse_table(text: str, option: str = '--table') -> Tuple[str, ...]:
    """Return the parts of a table's name: ``table``, ``schema.table``, ``"odd.schema"."a table"``.

    Raises
    ------
    UsageError
    """
    parts, position = [], 0
    while position < len(text):
        match = _PARTS.match(text, position)
        if not match:
            break
        parts.append(match.group(1).replace('""', '"') if match.group(1) else match.group(2))
        position = match.end()
    if not parts or position < len(text) or text.endswith('.') or len(parts) > 3:
        raise UsageError(
            f'{option} {text!r} should be a table, or schema.table; a part with a dot in it stands'
            ' in double quotes'
        )
    if parts[-1].lower().startswith(OWN_PREFIX):
        raise UsageError(
            f'{option} {text}: names that begin with {OWN_PREFIX} are those of the run itself'
        )
    return tuple(parts)


def quote_table(parts: Sequence[str]) -> str:
    """Return a table's name in SQL."""
    return '.'.join(quote(part) for part in parts)


def column_names(features: Sequence[str], longest: int) -> List[str]:
    """Return a name for each feature's column, at most `longest` bytes long, distinct even when
    case is ignored.

    It is the feature's own wherever that can be.
    """
    taken, names = set(RESERVED), []
    for number, feature in enumerate(features, 1):
        base = feature.replace('\0', '') or f'x{number}'
        name, again = _cut(base, longest), 1
        while name.lower() in taken:
            again += 1
            name = _cut(base, longest - len(f'_{again}')) + f'_{again}'
        taken.add(name.lower())
        names.append(name)
    return names


def centers_table_of(out: str, longest: int) -> str:
    """Return the name of a run's centroid table, made from its folder's name, so that --resume
    finds it.

    It is lower case, letters, digits and underscores, at most `longest` bytes: in SQL it needs no
    quotes. Folders of the same name in different places have the same table; which run is in it,
    its comment tells.

    >>> centers_table_of('/runs/My run-2/', 63), centers_table_of('hdfs://host/runs/a', 63)
    ('cluster_centers_my_run_2', 'cluster_centers_a')
    """
    name = (out if '://' in out else os.path.abspath(out)).rstrip('/').rpartition('/')[2]
    return _cut(re.sub(r'\W', '_', f'{CENTERS_TABLE}_{name}'.lower()), longest)


def _cut(name: str, longest: int) -> str:
    return name.encode('utf-8')[:longest].decode('utf-8', 'ignore')
