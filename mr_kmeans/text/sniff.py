"""Guesses of a text file's delimiter, and whether it has a header, from its first lines."""

from __future__ import annotations

import re
from collections import Counter
from typing import List, NamedTuple, Sequence, Tuple

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
            try:
                samples.append(Sample(number, split_line(line, delimiter)))
            except BadText:
                pass
    return samples


def find_delimiter(numbered: Sequence[Tuple[int, bytes]]) -> bytes:
    """Find the delimiter that cuts all lines into the same number of fields, more than one; of
    several, the one that yields more numbers.

    White space is chosen only if no other delimiter fits, or if it alone yields only numbers: the
    fields of `1, 2` and of `red 5,blue 7` are separated by commas. Bars are tried last
    (`_is_barred`). A file with one column gets the comma.
    """
    fits = {delimiter: _fit(numbered, delimiter) for delimiter in (b',', b'\t', b';')}
    best = max(fits, key=fits.get)
    spaced = _fit(numbered, WHITE_SPACE)
    if not fits[best].agreement:
        usual = WHITE_SPACE if spaced.agreement > 0.5 else b','
    else:
        usual = WHITE_SPACE if spaced[:2] == ALL_NUMBERS and fits[best][:2] != ALL_NUMBERS else best
    return BAR if _is_barred(numbered, usual, {**fits, WHITE_SPACE: spaced}[usual]) else usual


def _is_barred(numbered: Sequence[Tuple[int, bytes]], usual: bytes, fit: _Fit) -> bool:
    """Return whether bars (`|`) are the delimiter, rather than `usual`, which has this fit.

    Fields often hold bars, as in `Comedy|Drama`. So bars are the delimiter only if they fit most
    lines and the other delimiter fits none; or it yields no number, while bars do; or it does not
    fit all lines, while bars yield only numbers; or it is white space around lone bars.
    """
    barred = _fit(numbered, BAR)
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
        text = fields[column].strip(b' \t') if column < len(fields) else b''
        if not re.fullmatch(rb'[0-9]{1,18}', text):
            return False
        if before is not None and int(text) - before.number not in (1, line - before.line):
            return False
        before = _Counted(line, int(text))
    return before is not None


class _Counted(NamedTuple):
    """A number and its line."""

    line: int
    number: int


class _Fit(NamedTuple):
    """How well a delimiter fits, the most important measure first."""

    all_agree: bool  # on the number of fields
    numbers: float  # share of the fields, without the first line's, that are numbers or missing
    agreement: float  # share of the lines with the usual number of fields; 0 if that is one


def _fit(numbered: Sequence[Tuple[int, bytes]], delimiter: bytes) -> _Fit:
    samples = split_samples(numbered, delimiter)
    counts = Counter(len(sample.fields) for sample in samples)
    usual = max(counts, key=lambda count: (counts[count], count), default=0)
    if usual < 2:
        return _Fit(False, 0.0, 0.0)
    agreement = counts[usual] / len(numbered)
    kinds = Counter(kind(field) for sample in samples[1:] or samples for field in sample.fields)
    n_numbers = kinds['number'] + kinds['missing']
    if delimiter != b',':
        n_numbers += sum(kinds[commas] for commas in COMMAS)
    return _Fit(agreement == 1.0, n_numbers / sum(kinds.values()), agreement)
