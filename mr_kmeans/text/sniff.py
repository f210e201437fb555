"""Guesses of a text file's delimiter, and whether it has a header, from its first lines."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from typing import List, NamedTuple, Optional, Sequence, Tuple

from mr_kmeans.text.fields import COMMAS, WHITE_SPACE, BadText, is_blank, kind, split_line


class Sample(NamedTuple):
    """A line of the head that is not blank."""

    line: int  # 1-based, in the file
    fields: List[bytes]


BAR = b'|'
ALL_NUMBERS = (True, 1.0)
"""`all_agree` and `numbers` of a delimiter that yields only numbers."""


def split_samples(numbered: Sequence[Tuple[int, bytes]], delimiter: bytes) -> List[Sample]:
    """Split (line number, line) pairs, without blank lines and bad rows, which are found later."""
    samples = []
    for number, line in numbered:
        if not is_blank(line, delimiter):
            with contextlib.suppress(BadText):
                samples.append(Sample(number, split_line(line, delimiter)))
    return samples


def find_delimiter(numbered: Sequence[Tuple[int, bytes]]) -> bytes:
    """Find the delimiter that cuts all lines into the same number of fields, more than one; of
    several, the one that yields more numbers.

    White space is chosen only if no other delimiter fits, or if it alone yields only numbers: the
    fields of `1, 2` and of `red 5,blue 7` are separated by commas. Bars are tried last
    (`_is_barred`). A file with one column gets the comma.
    """
    fits = {delimiter: fit_of(numbered, delimiter) for delimiter in (b',', b'\t', b';')}
    best = max(fits, key=lambda delimiter: fits[delimiter])
    spaced = fit_of(numbered, WHITE_SPACE)
    if not fits[best].agreement:
        usual = WHITE_SPACE if spaced.agreement > 0.5 else b','
    else:
        usual = WHITE_SPACE if spaced[:2] == ALL_NUMBERS and fits[best][:2] != ALL_NUMBERS else best
    return BAR if _is_barred(numbered, usual, {**fits, WHITE_SPACE: spaced}[usual]) else usual


def _is_barred(numbered: Sequence[Tuple[int, bytes]], usual: bytes, fit: Fit) -> bool:
    """Return whether bars (`|`) are the delimiter, rather than `usual`, which has this fit.

    Fields often hold bars, as in `Comedy|Drama`. So bars are the delimiter only if they fit most
    lines and the other delimiter fits none; or it yields no number, while bars do; or it does not
    fit all lines, while bars yield only numbers; or it is white space around lone bars.
    """
    barred = fit_of(numbered, BAR)
    if barred.agreement <= 0.5:
        return False
    if not fit.agreement:
        return True
    if barred.numbers and not fit.numbers:
        return barred.all_agree or not fit.all_agree
    if barred[:2] == ALL_NUMBERS:
        return not fit.all_agree or usual == WHITE_SPACE
    are_lone = all(b'|' in line.split() for _, line in numbered)
    return usual == WHITE_SPACE and barred.all_agree and are_lone


def has_header(samples: Sequence[Sample]) -> bool:
    """Return whether the first line names the columns, having text where further lines have
    numbers.

    A single line is a header if it has text and no number. A line that pandas writes for columns
    without names is a header, too: an empty name above an index that counts up, then 0, 1, 2, ...
    """
    numbered = [b'', *(b'%d' % number for number in range(len(samples[0].fields) - 1))]
    if len(numbered) > 1 and samples[0].fields == numbered and is_counting(samples[1:], 0):
        return True
    first, further = [kind(field) for field in samples[0].fields], samples[1:]
    numbers = {'number', *COMMAS}
    texts = [column for column, word in enumerate(first) if word not in {*numbers, 'missing'}]
    if not further:
        return bool(texts) and not numbers.intersection(first)
    return any(
        kind(sample.fields[column]) in numbers
        for column in texts
        for sample in further
        if column < len(sample.fields)
    )


def is_counting(samples: Sequence[Sample], column: int) -> bool:
    """Return whether a column holds whole numbers, each one more than the number above it.

    Lines between them may have been left out.
    """
    before = None
    for line, fields in samples:
        number = whole_number(fields[column]) if column < len(fields) else None
        if number is None:
            return False
        if before is not None and number - before.number not in (1, line - before.line):
            return False
        before = _Counted(line, number)
    return before is not None


def whole_number(field: bytes) -> Optional[int]:
    """Return the whole number in a field, even if written as a float by pandas.

    >>> whole_number(b' 12 '), whole_number(b'3.0'), whole_number(b'3.5'), whole_number(b'-1')
    (12, 3, None, None)
    """
    found = re.fullmatch(rb'([0-9]{1,18})(?:\.0*)?', field.strip(b' \t'))
    return int(found.group(1)) if found else None


def has_quoted_header(numbered: Sequence[Tuple[int, bytes]], samples: Sequence[Sample]) -> bool:
    """Return whether the first line names the columns by numbers, such as years: all of its fields
    are quoted, and nothing else is.
    """
    first, n_fields = numbered[0][1].strip(), len(samples[0].fields)
    are_quoted = first[:1] == first[-1:] == b'"' and first.count(b'"') == 2 * n_fields
    return are_quoted and len(numbered) > 1 and not any(b'"' in line for _, line in numbered[1:])


def are_numbered(fields: Sequence[bytes]) -> bool:
    """Return whether fields are two or more whole numbers that count by one, such as years."""
    return len(fields) > 1 and count_by_one(fields)


def count_by_one(fields: Sequence[bytes]) -> bool:
    """Return whether all fields are whole numbers, each by one larger than that before it."""
    numbers = [number for number in map(whole_number, fields) if number is not None]
    return len(numbers) == len(fields) and all(
        after - before == 1 for before, after in zip(numbers, numbers[1:])
    )


class _Counted(NamedTuple):
    """A number and its line."""

    line: int
    number: int


class Fit(NamedTuple):
    """How well a delimiter fits, the most important measure first."""

    all_agree: bool  # on the number of fields
    numbers: float  # share of the fields, without the first line's, that are numbers or missing
    agreement: float  # share of the lines with the usual number of fields; 0 if that is one


def fit_of(numbered: Sequence[Tuple[int, bytes]], delimiter: bytes) -> Fit:
    """Return how well a delimiter fits (line number, line) pairs."""
    samples = split_samples(numbered, delimiter)
    counts = Counter(len(sample.fields) for sample in samples)
    usual = max(counts, key=lambda count: (counts[count], count), default=0)
    if usual < 2:
        return Fit(False, 0.0, 0.0)
    agreement = counts[usual] / len(numbered)
    kinds = Counter(kind(field) for sample in samples[1:] or samples for field in sample.fields)
    n_numbers = kinds['number'] + kinds['missing']
    if delimiter != b',':
        n_numbers += sum(kinds[commas] for commas in COMMAS)
    return Fit(agreement == 1.0, n_numbers / sum(kinds.values()), agreement)
