"""manifest.json, read strictly: what identifies a run, compared with what a command is given."""

from __future__ import annotations

import json
import time
from itertools import zip_longest
from typing import Dict, List

from mr_kmeans.errors import UsageError
from mr_kmeans.json_fields import Field, FieldError, parse_object
from mr_kmeans.messages import shortened

TIMES = {'modified': 'the time of modification', 'changed': 'the time of change'}
TELLING = ('path', 'size', 'modified')
"""Keys of a file whose difference is reported first."""


def check_manifest(content: Dict) -> None:
    """Refuse a manifest that cannot be compared.

    Raises
    ------
    FieldError
        When a field is missing or of another type.
    """
    field = Field(content)
    for one in field.get('inputs').items():
        if not isinstance(one.value, dict):
            raise one.fault('an object')
    field.get('features').names()
    if not isinstance(field.get('options').value, dict):
        raise field.get('options').fault('an object')
    try:
        parse_object(field.get('text_input').text().encode('utf-8', 'replace'))
    except FieldError as error:
        raise FieldError(f'text_input should be a JSON object as text ({error})') from None


def compare_manifests(old: Dict, new: Dict) -> str:
    """Return how the input files of a run differ from those given, empty if they do not.

    Parameters
    ----------
    old, new : dict
        The content of a run's manifest.json, and what would be written now.

    Raises
    ------
    FieldError
        When the run's cannot be compared.
    UsageError
        When the options differ, or a table or query.
    """
    check_manifest(old)
    moved = ''
    for was, now in zip_longest(old['inputs'], new['inputs'], fillvalue={'path': 'no file'}):
        if was != now:
            if not ('path' in was and 'path' in now):
                raise UsageError(
                    f'--resume: the input differs: {_difference(was, now)}. Use --overwrite to'
                    ' start again.'
                )
            moved = moved or _difference(was, now)
    for what in ('features', 'text_input', 'options'):
        was, now = (
            (
                {what: value}
                if what == 'features'
                else json.loads(value)
                if what == 'text_input'
                else value
            )
            for value in (old[what], new[what])
        )
        was, now = (
            {key: value for key, value in some.items() if key != 'max_iter'} for some in (was, now)
        )
        if was != now:
            raise UsageError(
                f'--resume: the options differ: {_difference(was, now)}. Use --overwrite to start'
                ' again.'
            )
    return moved


def _difference(was: Dict, now: Dict) -> str:
    """Return a description of the first difference between two plain dicts, by the most telling
    key.
    """
    for key in sorted(
        {*was, *now}, key=lambda key: (*(key != telling for telling in TELLING), key)
    ):
        old, new = was.get(key), now.get(key)
        if isinstance(old, dict) and isinstance(new, dict) and old != new:
            return _difference(old, new)
        if old != new:
            name = now.get('path', was.get('path'))
            where = f' ({name})' if name and key != 'path' else ''
            if key == 'features' and isinstance(old, list) and isinstance(new, list):
                return f'the features were {_listed(old)}, and are {_listed(new)}'
            if key in TIMES and isinstance(old, int) and isinstance(new, int):
                return f'{TIMES[key]} was {_time(old, new)}, is {_time(new, old)}{where}'
            return f'{key} was {old!r}, is {new!r}{where}'
    return 'nothing'


def _listed(names: List[str]) -> str:
    return shortened(', '.join(names), 200)


def _time(count: int, other: int) -> str:
    """Return a time by the clock of this machine, with fractions of a second only if the other is
    in the same second.

    Parameters
    ----------
    count : int
        Nanoseconds since 1970.
    other : int
    """
    seconds, fraction = divmod(count, 10**9)
    try:
        shown = time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(seconds))
    except (OverflowError, ValueError, OSError):  # of a file with an odd time
        return str(count)
    return f'{shown}.{fraction:09d}' if seconds == other // 10**9 else shown
