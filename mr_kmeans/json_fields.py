"""Strict reading of JSON objects: each value has a type, a range and a size; errors name the field.

The state of a run may be damaged, edited or hostile. Its values become integers, exponents and
sizes of arrays, so they are checked before anything is computed from them.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

MAX_INTEGER_DIGITS = 40
"""Maximum number of digits of an integer in JSON; 2**64 has 20, and larger sums are written as
text.
"""

MAX_FLOAT_CHARACTERS = 400
"""Maximum number of characters of a float in JSON; 1e308 without exponent has 311."""

MAX_INT64 = 2**63 - 1
"""Maximum of counts without another limit."""

_SHOWN = 60
_NUMERAL = re.compile(r'-?[0-9]{1,100}')


class FieldError(ValueError):
    """A field is missing, or its value breaks a rule."""


def parse_object(data: bytes) -> Dict:
    """Return the JSON object in a file's bytes.

    Raises
    ------
    FieldError
        If the content is not UTF-8, not JSON, not an object or nested too deeply, or has a field
        twice or NaN as a number. Infinity is accepted, since the inertia of huge values is
        infinite.
    """
    if not data.strip():
        raise FieldError('there is only white space in the file' if data else 'the file is empty')
    try:
        content = json.loads(
            data.decode('utf-8'),
            object_pairs_hook=_unique,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_constant,
        )
    except UnicodeDecodeError as error:
        found = f'byte 0x{data[error.start]:02x} at offset {error.start}'
        raise FieldError(f'not UTF-8 text: {found}') from None
    except RecursionError:
        raise FieldError('nested too deeply') from None
    except json.JSONDecodeError as error:
        raise FieldError(f'not JSON: {error}') from None
    if not isinstance(content, dict):
        raise FieldError(f'should be a JSON object, found {shown(content)}')
    return content


def _unique(pairs: Sequence[Tuple[str, object]]) -> Dict:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise FieldError(f'the field {shown(twice)} is there twice')
    return found


def _integer(text: str) -> int:
    if len(text) > MAX_INTEGER_DIGITS:
        raise FieldError(
            f'a whole number of {len(text)} digits, {text[:20]}...; '
            f'the longest should have {MAX_INTEGER_DIGITS}'
        )
    return int(text)


def _float(text: str) -> float:
    if len(text) > MAX_FLOAT_CHARACTERS:
        raise FieldError(
            f'a number of {len(text)} characters, {text[:20]}...; '
            f'the longest should have {MAX_FLOAT_CHARACTERS}'
        )
    return float(text)


def _constant(text: str) -> float:
    if text != 'Infinity':
        raise FieldError(f'{text} should be a number')
    return math.inf


def shown(value: object) -> str:
    """Return a value as short text for a message.

    >>> shown([1, 2]), shown({}), shown(None), shown('ab'), shown(1.5)
    ('a list of 2', 'an object of 0 fields', 'null', "'ab'", '1.5')
    """
    if isinstance(value, (list, tuple)):
        return f'a list of {len(value)}'
    if isinstance(value, dict):
        return f'an object of {len(value)} fields'
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    text = ascii(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + '...'


class Field(NamedTuple):
    """A value and its place in an object.

    Attributes
    ----------
    value : object
    name : str
        The name, such as ``grid[3]``; empty for the whole object.
    """

    value: Any
    name: str = ''

    def fault(self, rule: str) -> FieldError:
        """Return the error for a value that breaks a rule."""
        name = self.name or 'the content'
        return FieldError(f'{name} should be {rule}, found {shown(self.value)}')

    def get(self, key: str) -> Field:
        """Return a field of an object."""
        if not isinstance(self.value, dict):
            raise self.fault('an object')
        name = f'{self.name}.{key}' if self.name else key
        if key not in self.value:
            raise FieldError(f'it has no {name!r}')
        return Field(self.value[key], name)

    def items(self, n: Optional[int] = None, what: str = 'values') -> List[Field]:
        """Return the items of a list, exactly n or at least one."""
        if not isinstance(self.value, list) or not self.value or n not in (None, len(self.value)):
            raise self.fault(f'a list of {what}' if n is None else f'a list of {n} {what}')
        return [Field(value, f'{self.name}[{i}]') for i, value in enumerate(self.value)]

    def whole(self, least: int = 0, most: int = MAX_INT64) -> int:
        """Return an integer in a range."""
        if type(self.value) is not int or not least <= self.value <= most:
            raise self.fault(f'a whole number from {least} to {_limit(most)}')
        return self.value

    def number(
        self, least: float = -math.inf, most: float = math.inf, infinite: bool = False
    ) -> float:
        """Return a float in a range, which may be infinite only with `infinite`."""
        if type(self.value) is int and abs(self.value) < 10**MAX_INTEGER_DIGITS:
            value = float(self.value)
        else:
            value = self.value if type(self.value) is float else math.nan
        if not least <= value <= most or (math.isinf(value) and not infinite):
            limits = f' from {least:g} to {most:g}' if most < math.inf else f' >= {least:g}'
            limits = limits if least > -math.inf else ''
            raise self.fault(('a number' if infinite else 'a finite number') + limits)
        return value

    def numbers(self, n: int, least: float = -math.inf, most: float = math.inf) -> List[float]:
        """Return a list of n floats in a range."""
        items = self.value
        plain = isinstance(items, list) and len(items) == n and set(map(type, items)) == {float}
        if plain and all(least <= item <= most and math.isfinite(item) for item in items):
            return list(items)
        return [item.number(least, most) for item in self.items(n, 'numbers')]

    def wholes(self, n: int, most: int = MAX_INT64) -> List[int]:
        """Return a list of n integers of 0 or more."""
        return [item.whole(0, most) for item in self.items(n, 'whole numbers')]

    def matrix(self, k: Optional[int], d: Optional[int], most: float) -> List[List[float]]:
        """Return k lists of d floats with magnitudes up to `most`; k or d None means any number."""
        rows = self.items(k, 'centroids')
        if d is None:
            d = len(rows[0].items())
        return [row.numbers(d, -most, most) for row in rows]

    def text(self, longest: Optional[int] = None) -> str:
        """Return a text of at most `longest` characters."""
        if not isinstance(self.value, str) or (longest is not None and len(self.value) > longest):
            raise self.fault('text' if longest is None else f'text of at most {longest} characters')
        return self.value

    def names(self) -> List[str]:
        """Return a list of names that can be written as UTF-8."""
        items = self.items(None, 'names')
        for item in items:
            if any('\ud800' <= character <= '\udfff' for character in item.text()):
                raise item.fault('text that can be written as UTF-8')
        return [item.value for item in items]

    def numeral(self, least: int, most: int) -> int:
        """Return an integer written as text."""
        is_numeral = isinstance(self.value, str) and _NUMERAL.fullmatch(self.value)
        if is_numeral and least <= int(self.value) <= most:
            return int(self.value)
        raise self.fault(f'a whole number as text, from {_limit(least)} to {_limit(most)}')

    def matching(self, pattern: str, rule: str) -> str:
        """Return a text that matches a pattern."""
        if not isinstance(self.value, str) or not re.fullmatch(pattern, self.value):
            raise self.fault(rule)
        return self.value

    def flag(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            raise self.fault('true or false')
        return self.value

    def choice(self, choices: Sequence[object]) -> Any:
        """Return one of several values."""
        if not any(type(self.value) is type(choice) and self.value == choice for choice in choices):
            raise self.fault(' or '.join(map(shown, choices)))
        return self.value

    def optional(self, read: Callable[[Field], object]) -> Any:
        """Return None for null, else the field as returned by `read`."""
        return None if self.value is None else read(self)

    def check(self, holds: bool, rule: str) -> None:
        """Refuse a value that contradicts others."""
        if not holds:
            raise self.fault(rule)


def _limit(number: int) -> str:
    """Return a limit as short text."""
    if abs(number) < 10**6:
        return str(number)
    bits = (abs(number) + 1).bit_length() - 1
    more = {1 << bits: '', (1 << bits) - 1: ' - 1'}.get(abs(number), ' or so')
    return ('-' if number < 0 else '') + f'2**{bits}{more}'
