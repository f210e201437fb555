"""Features that hold most of the variance and decide the clusters; how to divide them in SQL."""

from __future__ import annotations

import math
import re
import statistics
from typing import Dict, List, NamedTuple, Optional, Sequence

from mr_kmeans.messages import shortened
from mr_kmeans.storage.open import is_remote

MUCH = 0.9
"""Share of the total variance that few features may hold before it is reported."""

FEW = 3
"""Features that may hold it together, if they are at most a tenth of all."""

_IDENTIFIER = re.compile(r'[A-Za-z_][A-Za-z0-9_]*')
_RESERVED = frozenset(
    [
        'all',
        'analyse',
        'analyze',
        'and',
        'any',
        'array',
        'as',
        'asc',
        'asymmetric',
        'both',
        'case',
        'cast',
        'check',
        'collate',
        'column',
        'constraint',
        'create',
        'cross',
        'current_date',
        'current_role',
        'current_time',
        'current_timestamp',
        'current_user',
        'default',
        'deferrable',
        'desc',
        'describe',
        'distinct',
        'do',
        'else',
        'end',
        'except',
        'false',
        'fetch',
        'for',
        'foreign',
        'freeze',
        'from',
        'full',
        'grant',
        'group',
        'having',
        'ilike',
        'in',
        'initially',
        'inner',
        'intersect',
        'into',
        'is',
        'isnull',
        'join',
        'lateral',
        'leading',
        'left',
        'like',
        'limit',
        'localtime',
        'localtimestamp',
        'natural',
        'not',
        'notnull',
        'null',
        'offset',
        'on',
        'only',
        'or',
        'order',
        'outer',
        'overlaps',
        'pivot',
        'placing',
        'position',
        'primary',
        'qualify',
        'references',
        'returning',
        'right',
        'select',
        'session_user',
        'show',
        'similar',
        'some',
        'summarize',
        'symmetric',
        'table',
        'then',
        'to',
        'trailing',
        'true',
        'union',
        'unique',
        'unpivot',
        'user',
        'using',
        'values',
        'variadic',
        'verbose',
        'when',
        'where',
        'window',
        'with',
    ]
)
"""Words that are no names of columns in DuckDB or PostgreSQL unless they are quoted."""


class Dominance(NamedTuple):
    """Features that hold most of the variance.

    Attributes
    ----------
    features : list of str
        The largest share first.
    divisors : list of float
        Which bring them to the scale of the others.
    share : float
        Of the total variance, that they hold together.
    rest : float
        1 - share, without loss of digits.
    n_features : int
        Of all, constant ones included.
    """

    features: List[str]
    divisors: List[float]
    share: float
    rest: float
    n_features: int


def find_dominance(
    features: Sequence[str], deviations: Sequence[float], weights: Sequence[float]
) -> Optional[Dominance]:
    """Return the few features, of more that vary, which hold more than MUCH of the variance.

    Parameters
    ----------
    features : list of d str
    deviations : list of d float
        Standard deviations.
    weights : list of d float
        Of the squared differences.
    """
    sizes = [deviation * math.sqrt(weight) for deviation, weight in zip(deviations, weights)]
    order = sorted((j for j, size in enumerate(sizes) if size > 0), key=lambda j: (-sizes[j], j))
    if not order or math.isinf(sizes[order[0]]):
        return None
    variances = [(sizes[j] / sizes[order[0]]) ** 2 for j in order]
    total = math.fsum(variances)
    for n in range(1, min(FEW, len(order) - 1) + 1):
        share = math.fsum(variances[:n]) / total
        if share > MUCH and (n == 1 or 10 * n <= len(order)):
            usual = statistics.median(sizes[j] for j in order[n:])
            divisors = [_rounded(sizes[j] / usual) for j in order[:n]]
            return Dominance(
                [features[j] for j in order[:n]],
                divisors,
                share,
                math.fsum(variances[n:]) / total,
                len(features),
            )
    return None


def describe_dominance(found: Dominance, hint: str) -> List[str]:
    """Return what to tell the user.

    Parameters
    ----------
    found : Dominance
    hint : str
        How the rows at hand are scaled by SQL; may be empty.
    """
    names = ', '.join(repr(shortened(name, 40)) for name in found.features)
    if len(found.features) == 1:
        who = (
            f'{names} alone holds {percent(found)} of the variance of {found.n_features:,} features'
        )
    else:
        who = (
            f'{len(found.features)} of {found.n_features:,} features hold {percent(found)} of '
            f'the variance: {names}'
        )
    others = 'the other has' if found.n_features - len(found.features) == 1 else 'the others have'
    in_sql = f': {hint}' if hint else ' by --engine sql and a --query.'
    return [
        f'warning: {who}; {others} next to no say in the clusters.',
        (
            'If that is not meant, bring the features to similar scales: divide the columns in '
            f'pandas, or in SQL{in_sql}'
        ),
    ]


def percent(found: Dominance) -> str:
    """Return the share in percent, with as many digits as it takes to not read 100.

    >>> [percent(Dominance([], [], 1 - rest, rest, 2)) for rest in (0.0877, 4.6e-6, 1e-40)]
    ['91.2 %', '99.9995 %', 'more than 99.9999999999 %']
    """
    for digits in range(1, 11):
        text = f'{100 * (1 - found.rest):.{digits}f}'
        if float(text) < 100:
            return f'{text} %'
    return 'more than 99.9999999999 %'


def scaled(found: Dominance) -> Dict[str, str]:
    """Return an SQL expression for each feature to be scaled, such as ``income / 20000.0``."""
    return {
        name: f'{identifier(name)} / {_decimal(divisor)}'
        for name, divisor in zip(found.features, found.divisors)
    }


def replaced(expressions: Dict[str, str], relation: str) -> str:
    """Return the statement that scales columns among all, in DuckDB."""
    return f'SELECT * REPLACE ({select_items(expressions)}) FROM {relation}'


def select_items(expressions: Dict[str, str]) -> str:
    """Return expressions with names, as in a select list."""
    return ', '.join(f'{sql} AS {identifier(name)}' for name, sql in expressions.items())


def listed(expressions: Dict[str, str], columns: Sequence[str], relation: str) -> str:
    """Return the statement that scales columns, all of them listed: plain SQL."""
    items = (
        f'{expressions[name]} AS {identifier(name)}' if name in expressions else identifier(name)
        for name in columns
    )
    return f'SELECT {", ".join(items)} FROM {relation}'


def hint_of_files(source, expressions: Dict[str, str]) -> str:
    """Return options that scale columns of a file; empty where DuckDB cannot read it in one line.

    Parameters
    ----------
    source : Source
    expressions : dict
        Of `scaled`.
    """
    path = source.files[0].name
    unread = is_remote(path) or path.endswith('.bz2')
    if unread or len(source.files) > 1 or not source.dialect.header:
        return ''
    literal = "'" + path.replace("'", "''") + "'"
    relation = literal if re.search(r'\.(csv|tsv)(\.gz)?$', path) else f'read_csv({literal})'
    query = shell_quoted(replaced(expressions, relation))
    return f'--engine sql --query {query}'


def shell_quoted(statement: str) -> str:
    """Return a statement between double quotes, as it has single ones of its own."""
    return '"' + re.sub(r'([\\"$`])', r'\\\1', statement) + '"'


def identifier(name: str) -> str:
    """Return the name of a column as SQL has it, quoted only where it must be."""
    if _IDENTIFIER.fullmatch(name) and name.lower() not in _RESERVED and name == name.lower():
        return name
    return '"' + name.replace('"', '""') + '"'


def _rounded(ratio: float) -> float:
    """Return a ratio in one digit."""
    return float(f'{ratio:.0e}')


def _decimal(divisor: float) -> str:
    return f'{divisor:.1f}' if 1 <= divisor < 1e15 else f'{divisor:.0e}'
