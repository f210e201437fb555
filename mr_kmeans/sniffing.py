"""Guess a text file's delimiter and whether it has a header, from its first lines."""
from __future__ import annotations

from collections import Counter
from typing import List, NamedTuple, Sequence, Tuple

from mr_kmeans.numbertext import WHITE_SPACE, BadText, is_blank, kind, split_line


class Sample(NamedTuple):
    """A line of the head that is not blank."""

    line: int  # 1-based, in the file
    fields: List[bytes]


def split_samples(numbered: Sequence[Tuple[int, bytes]], delimiter: bytes) -> List[Sample]:
    """Split (line number, line) pairs. What is blank or cannot be split is left out: bad rows are found later."""
    samples = []
    for number, line in numbered:
        if not is_blank(line, delimiter):
            try:
                samples.append(Sample(number, split_line(line, delimiter)))
            except BadText:
                pass
    return samples


def find_delimiter(numbered: Sequence[Tuple[int, bytes]]) -> bytes:
    """Find what cuts all lines into the same number of fields, more than one; of several, what yields more numbers.

    White space is taken only where no other delimiter fits, or where it alone yields nothing but numbers: the fields of
    `1, 2` and of `red 5,blue 7` are separated by commas. A file of one column gets the comma, too.
    """
    fits = {delimiter: _fit(numbered, delimiter) for delimiter in (b',', b'\t', b';')}
    best = max(fits, key=fits.get)
    spaced = _fit(numbered, WHITE_SPACE)
    all_numbers = (True, 1.0)
    if not fits[best].agreement:
        return WHITE_SPACE if spaced.agreement > 0.5 else b','
    return WHITE_SPACE if spaced[:2] == all_numbers and fits[best][:2] != all_numbers else best


def has_header(samples: Sequence[Sample]) -> bool:
    """Whether the first line names the columns: it has text in a column where further lines have numbers.

    A lone line is a header when there is text in it and no number.
    """
    first, further = [kind(field) for field in samples[0].fields], samples[1:]
    texts = [column for column, word in enumerate(first) if word not in ('number', 'missing')]
    if not further:
        return bool(texts) and 'number' not in first
    return any(kind(sample.fields[column]) == 'number'
               for column in texts for sample in further if column < len(sample.fields))


class _Fit(NamedTuple):
    """How well a delimiter fits, the most important first."""

    all_agree: bool  # on the number of fields
    numbers: float  # share of the fields, but for the first line's, that are numbers or missing
    agreement: float  # share of the lines with the usual number of fields; 0 when that is one


def _fit(numbered: Sequence[Tuple[int, bytes]], delimiter: bytes) -> _Fit:
    samples = split_samples(numbered, delimiter)
    counts = Counter(len(sample.fields) for sample in samples)
    usual = max(counts, key=lambda count: (counts[count], count), default=0)
    if usual < 2:
        return _Fit(False, 0.0, 0.0)
    agreement = counts[usual] / len(numbered)
    kinds = Counter(kind(field) for sample in samples[1:] or samples for field in sample.fields)
    n_numbers = kinds['number'] + kinds['missing'] + (kinds['decimal comma'] if delimiter != b',' else 0)
    return _Fit(agreement == 1.0, n_numbers / sum(kinds.values()), agreement)
