"""Matching of columns with the features of a model, by name or as selected by `--columns`."""

from __future__ import annotations

from typing import List, Sequence, Union

from mr_kmeans.errors import UsageError
from mr_kmeans.messages import counted, shortened
from mr_kmeans.text.column_selection import Item, are_names, ranges, select_columns

MAX_LISTED = 200
"""Maximum number of characters of a list of names in a message."""


def find_columns(
    features: Sequence[str],
    names: Sequence[str],
    path: str,
    columns: Union[str, Sequence[Item], None] = None,
    has_names: bool = True,
    found: str = '',
) -> List[int]:
    """Return the 0-based fields that hold the features of a model, in the model's order.

    Parameters
    ----------
    features, names : list of str
        The names of the model's features, and those of the columns.
    path : str
        The file or table, for messages.
    columns : str or list, optional
        The value of `--columns`. Names of the model's features are matched by name; other names,
        and numbers, are the features in the given order.
    has_names : bool
        Whether the columns have their own names, not x1, x2, ...
    found : str
        What was detected about the file, for messages; if empty, they list the columns.

    Raises
    ------
    UsageError
        If a feature is missing, or the number or order of the columns differs from the model's.
    """
    if columns is None:
        return _by_name(features, names, path, has_names, found)
    selected = select_columns(columns, names, path)
    if len(selected) != len(features):
        raise UsageError(
            f'--columns: {counted(len(selected), "column")} chosen, the model has'
            f' {counted(len(features), "feature")}: {_listed(features)}'
        )
    chosen = [names[field] for field in selected]
    if chosen == list(features) or sorted(chosen) != sorted(features):
        return selected
    in_order = [selected[chosen.index(feature)] for feature in features]
    if are_names(columns, names):
        return in_order
    if not has_names:
        return selected
    raise UsageError(
        f'--columns {_spelled(columns)}: these columns of {path} have the names of the features of'
        f' the model, but in another order: {_listed(chosen)}; the model has {_listed(features)}.'
        ' Leave --columns out, and columns are found by name, or write --columns'
        f' {ranges(in_order, names)}.'
    )


def describe_columns(features: Sequence[str], chosen: Sequence[str]) -> str:
    """Return a message on which column is which feature; empty if the names are the same.

    >>> describe_columns(['a', 'b'], ['x', 'b'])
    "features of the model: 'a' is column 'x', 'b' is column 'b'"
    """
    if list(features) == list(chosen):
        return ''
    pairs = (f'{feature!r} is column {name!r}' for feature, name in zip(features, chosen))
    return 'features of the model: ' + shortened(', '.join(pairs), 2 * MAX_LISTED)


def _by_name(
    features: Sequence[str], names: Sequence[str], path: str, has_names: bool, found: str
) -> List[int]:
    for name in features:
        n_found = min(names.count(name), 2)
        if n_found != 1 or features.count(name) > 1:
            what = ['there is no column', 'more than one feature is', 'more than one column is'][
                n_found
            ]
            advice = f'Say with --columns which columns are {_listed(features)}'
            if not has_names:
                advice += ', or --header if the first line has names'
            advice += '' if found else f'; there are {_listed(names)}'
            looks = f' ({found})' if found else ''
            raise UsageError(f'{path}: {what} {name!r}, a feature of the model{looks}. {advice}.')
    return [names.index(name) for name in features]


def _listed(names: Sequence[str]) -> str:
    return shortened(', '.join(names), MAX_LISTED)


def _spelled(columns: Union[str, Sequence[Item]]) -> str:
    text = columns if isinstance(columns, str) else ','.join(map(str, columns))
    return shortened(text, MAX_LISTED)
