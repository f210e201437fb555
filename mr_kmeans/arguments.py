"""Conversion of the library's arguments to plain types: paths, numpy numbers, one or many.

Each function returns the value as str, int, float, bool or a list of these, or raises a UsageError
that names the parameter.
"""

from __future__ import annotations

import math
import numbers
import operator
import os
from typing import Callable, Iterable, List, Optional, Sequence, SupportsIndex, TypeVar, Union, cast

import numpy as np

from mr_kmeans.errors import UsageError
from mr_kmeans.messages import counted, shortened

Path = Union[str, 'os.PathLike[str]']
Column = Union[str, int]

T = TypeVar('T')


def wrong(name: str, rule: str, found: object) -> UsageError:
    """Return the error for an argument that should be something else."""
    try:
        shown = shortened(' '.join(repr(found).split()), 60)
    except Exception:  # an object of the caller without a working repr
        shown = 'a value'
    return UsageError(f'{name} should be {rule}, found {shown} ({type(found).__name__})')


def whole(name: str, value: object) -> int:
    """Return the int value of an int or a numpy integer."""
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        return operator.index(cast(SupportsIndex, value))
    except TypeError:
        raise wrong(name, 'a whole number', value) from None


def real(name: str, value: object) -> float:
    """Return the float value of any real number."""
    if isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_)):
        try:
            return float(value)
        except OverflowError:
            pass
    raise wrong(name, 'a number', value)


def flag(name: str, value: object) -> bool:
    """Return the bool value of a bool or a numpy bool."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    raise wrong(name, 'True or False', value)


def text(name: str, value: object) -> str:
    """Return a str, even if given a subclass such as numpy's."""
    if isinstance(value, str):
        return str(value)
    raise wrong(name, 'text', value)


def path(name: str, value: object) -> str:
    """Return a str or a path object as str."""
    found = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(found, str):
        raise wrong(name, 'a path (str or pathlib.Path)', value)
    if '\0' in found:
        raise wrong(name, 'a path without NUL characters', value)
    return str(found)


def paths(name: str, value: object, needed: bool = True) -> List[str]:
    """Return one or many paths as a list, which may be empty only if none is needed."""
    if isinstance(value, (str, os.PathLike)):
        return [path(name, value)]
    if value is None and not needed:
        return []
    items = _many(name, value, 'a path or a list of paths')
    found = [path(f'{name}[{i}]', item) for i, item in enumerate(items)]
    if needed and not found:
        raise wrong(name, 'at least one path', value)
    return found


def texts(name: str, value: object) -> List[str]:
    """Return one or many texts as a list."""
    if isinstance(value, str):
        return [str(value)]
    items = _many(name, value, 'text or a list of texts')
    return [text(f'{name}[{i}]', item) for i, item in enumerate(items)]


def reals(name: str, value: object) -> List[float]:
    """Return a list of floats."""
    items = _many(name, value, 'a list of numbers')
    return [real(f'{name}[{i}]', item) for i, item in enumerate(items)]


def column(name: str, value: object) -> Union[str, int]:
    """Return a column as given: its name or its 1-based number."""
    return str(value) if isinstance(value, str) else _column_number(name, value)


def columns(name: str, value: object) -> Union[str, List[Union[str, int]]]:
    """Return a selection of columns, as text like on the command line or as a list."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, numbers.Number):
        return [_column_number(name, value)]
    items = _many(name, value, 'text or a list of columns')
    return [column(f'{name}[{i}]', item) for i, item in enumerate(items)]


def _column_number(name: str, value: object) -> int:
    try:
        return whole(name, value)
    except UsageError:
        raise wrong(name, 'the name of a column, or its number from 1', value) from None


def optional(read: Callable[[str, object], T], name: str, value: object) -> Optional[T]:
    """Return None for None, else the value as returned by `read`."""
    return None if value is None else read(name, value)


def instance(name: str, value: object, kind: type) -> None:
    """Refuse an object that is not an instance of a class."""
    if not isinstance(value, kind):
        raise wrong(name, f'of the class {kind.__name__}', value)


def functions(**given: object) -> None:
    """Refuse values that cannot be called."""
    for name, value in given.items():
        if not callable(value):
            raise wrong(name, 'a function', value)


def check_least(option: str, value: int, least: int) -> None:
    """Refuse a number that is too small."""
    if value < least:
        raise UsageError(f'{option} {value} should be >= {least}')


def one_of(option: str, name: str, value: object, choices: Sequence[str]) -> str:
    """Return a text that must be one of several choices."""
    if text(name, value) not in choices:
        found = shortened(str(value), 60)
        raise UsageError(f'{option} {found} should be one of {", ".join(choices)}')
    return str(value)


def check_weights(
    name: str, weights: Sequence[float], features: Optional[Sequence[str]] = None
) -> None:
    """Refuse invalid weights, and too few or too many for the features."""
    for i, weight in enumerate(weights):
        if not 0 <= weight < math.inf:
            raise UsageError(f'{name}[{i}] should be a finite number >= 0, found {weight!r}')
    if not any(weights):
        raise UsageError(
            f'{name}: all are 0, so that all rows would be equal; at least one should be above 0'
        )
    if features is not None and len(weights) != len(features):
        raise UsageError(
            f'{name}: {len(weights)} given for {counted(len(features), "feature")}: '
            + shortened(', '.join(features), 200)
        )


def _many(name: str, value: object, rule: str) -> list:
    """Return the items of a list or another ordered collection, such as an array or a Series."""
    if isinstance(value, (str, bytes, dict, set, frozenset)) or (
        hasattr(value, 'ndim') and value.ndim != 1
    ):
        raise wrong(name, rule, value)
    try:
        return list(cast(Iterable, value))
    except TypeError:
        raise wrong(name, rule, value) from None
