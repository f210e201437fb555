"""Features that hold most of the variance and decide the clusters; how to divide them in SQL."""

from __future__ import annotations

import math
import re
import shlex
import statistics
from typing import Dict, List, NamedTuple, Optional, Sequence

from mr_kmeans.exact.grid import DECIMAL
from mr_kmeans.messages import shortened
from mr_kmeans.storage.open import is_remote

MUCH = 0.9
"""Share of the total variance that few features may hold before it is reported."""

FEW = 3
"""Maximum number of features that may hold it together, if they are at most a tenth of all."""

MIN_COUNTED = 10
"""Minimum number of rows for which a feature that counts by one is unlikely to be data."""

_IDENTIFIER = re.compile(r'[A-Za-z_][A-Za-z0-9_]*')
_RESERVED = frozenset(
    """
    all analyse analyze and any array as asc asymmetric both case cast check collate column
    constraint create cross current_date current_role current_time current_timestamp
    current_user default deferrable desc describe distinct do else end except false fetch for
    foreign freeze from full grant group having ilike in initially inner intersect into is
    isnull join lateral leading left like limit localtime localtimestamp natural not notnull
    null offset on only or order outer overlaps pivot placing position primary qualify
    references returning right select session_user show similar some summarize symmetric table
    then to trailing true union unique unpivot user using values variadic verbose when where
    window with
    """.split()
)
"""Words that must be quoted as names of columns in DuckDB or PostgreSQL."""


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
    """Return the few features that hold more than MUCH of the variance, if more features vary.

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


def find_counting(survey, space) -> List[str]:
    """Return the features whose values are consecutive whole numbers in any order: they may be row
    numbers.

    Parameters
    ----------
    survey : Survey
    space : FeatureSpace
    """
    found = []
    for name, moments, grid in zip(space.features, survey.moments, space.grids):
        n, low = moments.count, moments.minimum
        if n < MIN_COUNTED or moments.maximum - low != n - 1 or low % 1 or grid.kind != DECIMAL:
            continue
        first, one = int(low), 10**grid.exponent
        total = n * first + n * (n - 1) // 2
        squares = n * first**2 + first * n * (n - 1) + (n - 1) * n * (2 * n - 1) // 6
        if moments.at(grid) == (total * one, squares * one**2):
            found.append(name)
    return found


def describe_counting(name: str) -> str:
    """Return the warning about a feature that counts by one."""
    return (
        f'column {shortened(repr(name), 40)} counts by one. If it numbers the rows, say --id-column'
        f' {shlex.quote(name)}, or choose the other columns with --columns.'
    )


def describe_dominance(found: Dominance, hint: str, counting: Sequence[str] = ()) -> List[str]:
    """Return the warning about features that hold most of the variance.

    Parameters
    ----------
    found : Dominance
    hint : str
        How the rows at hand are scaled by SQL; may be empty.
    counting : list of str
        Features that count by one.
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
    warning = f'warning: {who}; {others} next to no say in the clusters.'
    ids = [name for name in found.features if name in counting]
    if ids:
        return [warning, describe_counting(ids[0])]
    in_sql = f': {hint}' if hint else ' by --engine sql and a --query.'
    return [
        warning,
        (
            'If that is not meant, bring the features to similar scales: divide the columns in '
            f'pandas, or in SQL{in_sql}'
        ),
    ]


def percent(found: Dominance) -> str:
    """Return a share in percent, with enough digits that it does not read 100.

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
    """Return the statement that scales some of the columns, in DuckDB."""
    return f'SELECT * REPLACE ({select_items(expressions)}) FROM {relation}'


def select_items(expressions: Dict[str, str]) -> str:
    """Return expressions with names, for a select list."""
    return ', '.join(f'{sql} AS {identifier(name)}' for name, sql in expressions.items())


def listed(expressions: Dict[str, str], columns: Sequence[str], relation: str) -> str:
    """Return the statement that scales columns, with all columns listed: plain SQL."""
    items = (
        f'{expressions[name]} AS {identifier(name)}' if name in expressions else identifier(name)
        for name in columns
    )
    return f'SELECT {", ".join(items)} FROM {relation}'


def hint_of_files(source, expressions: Dict[str, str], ledger) -> str:
    """Return options that scale columns of a file; empty if DuckDB cannot read it in one line.

    Parameters
    ----------
    source : Source
    expressions : dict
        Of `scaled`.
    ledger : Ledger
        Of the rows: with words for missing values, a column is text to DuckDB.
    """
    path, dialect, fmt = source.files[0].name, source.dialect, source.text_input.format
    unread = is_remote(path) or path.endswith('.bz2')
    if unread or len(source.files) > 1 or ledger.n_rejected or ledger.n_skipped:
        return ''
    fields = [*(() if fmt.id_column is None else (fmt.id_column,)), *fmt.columns]
    if not _has_same_names(dialect, fields):
        return ''
    literal = "'" + path.replace("'", "''") + "'"
    relation = literal if re.search(r'\.(csv|tsv)(\.gz)?$', path) else f'read_csv({literal})'
    if fields == list(range(dialect.n_fields)) and fmt.id_column is None:
        query, ids = replaced(expressions, relation), ''
    else:
        query = listed(expressions, [dialect.names[field] for field in fields], relation)
        ids = (
            '' if fmt.id_column is None else f'--id-column {shlex.quote(dialect.names[fields[0]])} '
        )
    return f'{ids}--engine sql --query {shell_quoted(query)}'


def _has_same_names(dialect, fields: Sequence[int]) -> bool:
    """Tell whether DuckDB calls columns of a file as we do: it numbers those that have no name or
    that of another but for upper and lower case.
    """
    n_names = len({name.lower() for name in dialect.names})
    without = {*dialect.nameless, *dialect.unnamed}
    return dialect.header and n_names == dialect.n_fields and without.isdisjoint(fields)


def shell_quoted(statement: str) -> str:
    """Return a statement in double quotes, since it contains single ones."""
    return '"' + re.sub(r'([\\"$`])', r'\\\1', statement) + '"'


def identifier(name: str) -> str:
    """Return the name of a column in SQL, quoted only if necessary."""
    if _IDENTIFIER.fullmatch(name) and name.lower() not in _RESERVED and name == name.lower():
        return name
    return '"' + name.replace('"', '""') + '"'


def _rounded(ratio: float) -> float:
    """Return a ratio in one digit."""
    return float(f'{ratio:.0e}')


def _decimal(divisor: float) -> str:
    return f'{divisor:.1f}' if 1 <= divisor < 1e15 else f'{divisor:.0e}'
