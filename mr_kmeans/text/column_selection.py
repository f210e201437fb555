"""The options `--columns` and `--id-column`: from what the user writes to 0-based field numbers.

A selection is a comma-separated list of column names, 1-based numbers, and ranges `a-b` of either.
A name always wins: if a column is called `2019`, `a-b` or `x,y`, that text means this column, not a
number, range or list. The features come in the order of the selection. In Python, a selection may
also be a list of names, ranges and numbers (int).
"""

from __future__ import annotations

import difflib
import shlex
from typing import List, Optional, Sequence, Tuple, Union

from mr_kmeans.errors import UsageError

LISTED_NAMES = 20  # in a message

Item = Union[str, int]
"""A name, a number or a range as text; an int is always a column's number."""


def select_columns(
    spec: Union[str, Sequence[Item], None],
    names: Sequence[str],
    path: str = 'input',
    option: str = '--columns',
) -> List[int]:
    """Return the 0-based field numbers that a selection stands for, all fields for None.

    Raises
    ------
    UsageError
        If a column does not exist, is ambiguous or chosen twice, or nothing is chosen.
    """
    if spec is None:
        return list(range(len(names)))
    if not (spec.strip() if isinstance(spec, str) else spec):
        raise UsageError(f'{option}: names no column. {_listing(names)}')
    selected: List[int] = []
    for item in _items(spec, names) if isinstance(spec, str) else spec:
        for field in _expand(item, names, path, option):
            if field in selected:
                raise UsageError(
                    f'{option}: column {names[field]!r} ({field + 1}) is chosen twice.'
                )
            selected.append(field)
    return selected


def resolve_column(
    item: Item, names: Sequence[str], path: str = 'input', option: str = '--id-column'
) -> int:
    """Return the 0-based field number of a name or 1-based number."""
    item = item.strip() if isinstance(item, str) else item
    field = _find(item, names, path, option)
    if field is None:
        raise _unknown(str(item), names, path, option)
    return field


def are_names(spec: Union[str, Sequence[Item]], names: Sequence[str]) -> bool:
    """Return whether a selection accepted by `select_columns` consists only of names, not numbers.

    >>> are_names('b,a-c', 'abc'), are_names('b,1', 'abc'), are_names('2', ['1', '2'])
    (True, False, True)
    """
    for item in _items(spec, names) if isinstance(spec, str) else spec:
        if isinstance(item, int):
            return False
        item = item.strip()
        ends = (
            (item[:i].strip() in names and item[i + 1 :].strip() in names)
            for i, character in enumerate(item)
            if character == '-'
        )
        if item not in names and not any(ends):
            return False
    return True


def ranges(fields: Sequence[int], names: Sequence[str] = ()) -> str:
    """Return the shortest selection of these fields by number, such as '1-3,5'; a field whose
    number is a column's name is given by its own name.
    """

    def spell(field):
        return names[field] if str(field + 1) in names else str(field + 1)

    parts, start = [], 0
    for i in range(1, len(fields) + 1):
        if i == len(fields) or fields[i] != fields[i - 1] + 1:
            first, last = spell(fields[start]), spell(fields[i - 1])
            parts.append(first if first == last else f'{first}-{last}')
            start = i
    return ','.join(parts)


def _items(spec: str, names: Sequence[str]) -> List[str]:
    """Return the parts between commas; parts that together are a column's name are joined again."""
    pieces, items, i = spec.split(','), [], 0
    with_commas = {name for name in names if ',' in name}
    while i < len(pieces):
        joined = (
            j for j in range(len(pieces), i + 1, -1) if ','.join(pieces[i:j]).strip() in with_commas
        )
        end = next(joined, i + 1) if with_commas else i + 1
        items.append(','.join(pieces[i:end]).strip())
        i = end
    return items


def _expand(item: Item, names: Sequence[str], path: str, option: str) -> List[int]:
    item = item.strip() if isinstance(item, str) else item
    field = _find(item, names, path, option)
    if field is not None:
        return [field]
    item = str(item)
    found: List[Tuple[int, int]] = []
    for i, character in enumerate(item):
        if character == '-':
            start, end = (
                _find(part.strip(), names, path, option) for part in (item[:i], item[i + 1 :])
            )
            if start is not None and end is not None:
                found.append((start, end))
    if not found:
        raise _unknown(item, names, path, option)
    if len(found) > 1:
        raise UsageError(
            f'{option}: the range {item!r} can be read in {len(found)} ways, as names have hyphens.'
            ' Use column numbers.'
        )
    first, last = found[0]
    if last < first:
        raise UsageError(
            f'{option}: the range {item!r} runs backwards (columns {first + 1} to {last + 1}).'
        )
    return list(range(first, last + 1))


def _find(item: Item, names: Sequence[str], path: str, option: str) -> Optional[int]:
    """Return the field number of a name or a number, None if it is neither."""
    if isinstance(item, int):
        return _numbered(item, names, path, option)
    matches = [field for field, name in enumerate(names) if name == item]
    if len(matches) > 1:
        numbers = ' and '.join(str(field + 1) for field in matches)
        raise UsageError(
            f'{option}: {item!r} is ambiguous, columns {numbers} of {path} have this name. '
            'Use the number.'
        )
    if matches:
        return matches[0]
    if item.isascii() and item.isdigit():
        return _numbered(int(item[:10]), names, path, option)
    return None


def _numbered(number: int, names: Sequence[str], path: str, option: str) -> int:
    if not 1 <= number <= len(names):
        there = f'columns 1 to {len(names)}' if len(names) > 1 else 'only one'
        raise UsageError(f'{option}: there is no column {number} in {path}; it has {there}.')
    return number - 1


def _unknown(item: str, names: Sequence[str], path: str, option: str) -> UsageError:
    if not item:
        return UsageError(f'{option}: an empty name. {_listing(names)}')
    lowered = {name.lower(): name for name in reversed(names)}
    close = difflib.get_close_matches(item.lower(), lowered, n=1)
    nearest = f'; nearest: {lowered[close[0]]!r}' if close else ''
    return UsageError(f'{option}: no column {item!r} in {path}{nearest}. {_listing(names)}')


def _listing(names: Sequence[str]) -> str:
    more = f', ... ({len(names)} in all)' if len(names) > LISTED_NAMES else ''
    return f'Columns: {", ".join(names[:LISTED_NAMES])}{more}.'


def nearest_spelling(field: int, names: Sequence[str]) -> str:
    """Return how to write a column on the command line: its name, or its number if the name is
    ambiguous or looks like an option.
    """
    name = names[field]
    if names.count(name) > 1 or name.startswith('-'):
        return str(field + 1)
    return shlex.quote(name)
