"""The dialect of a file (delimiter, header, columns), detected from its head by the driver.

`sniff` detects what the user does not specify; `features.make_format` combines it with the user's
choice of columns into the format that the tasks get. These two refuse everything that would make
all rows bad, before a job starts.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from typing import List, NamedTuple, Optional, Sequence, Tuple

from mr_kmeans.errors import DataError
from mr_kmeans.messages import CLUSTER, counted
from mr_kmeans.text.delimiters import delimiter_name
from mr_kmeans.text.fields import kind, shown
from mr_kmeans.text.not_text import refuse_other_encodings
from mr_kmeans.text.parse import split_lines
from mr_kmeans.text.sniff import (
    Sample,
    are_numbered,
    find_delimiter,
    has_header,
    has_quoted_header,
    split_samples,
)

HEAD_BYTES = 64 * 1024
"""Number of a file's first bytes, decompressed, that are read to detect its dialect."""

MAX_HEAD_BYTES = 64 * 1024 * 1024
"""Maximum number of bytes read if the first `HEAD_BYTES` hold fewer than two lines (`enough`)."""

SAMPLE_LINES = 1000

NAMES_OF_NONE = re.compile(r'Unnamed: [0-9]+(\.[0-9]+)*')
"""Pattern of the names that pandas gives to columns without a name."""

NAMES_DOUBT, NUMBERS_DOUBT = 'names', 'numbers'
"""Values of `Dialect.doubt`."""

TOGETHER = "Name the files that belong together, one by one or by a pattern such as 'rows/*.csv'."

COMMENT_ADVICE = (
    "Its first line begins with #, and comments are not skipped: grep -v '^#' OLD > NEW leaves them"
    ' out.'
)

_BYTE_ORDER_MARK = b'\xef\xbb\xbf'


class Dialect(NamedTuple):
    """The dialect of one file.

    Attributes
    ----------
    path : str
    delimiter : bytes
    header : bool
    names : list of str
        One per field: the stripped name in the header, or x1, x2, ... if there is none.
    bom : bool
        Whether the file begins with a UTF-8 byte order mark, which is skipped.
    samples : list of Sample
        The first rows.
    complete : bool
        Whether the samples are all rows of the file.
    nameless : sequence of int
        The 0-based columns at the beginning that have no name in the header.
    n_unread : int
        Number of lines in the head that cannot be split (bad rows).
    unnamed : sequence of int
        The 0-based columns with an empty name in the header.
    doubt : str
        Why there may be a header although none was specified or detected: the first line looks like
        one (NAMES_DOUBT), or has numbers that may be names (NUMBERS_DOUBT).
    """

    path: str
    delimiter: bytes
    header: bool
    names: List[str]
    bom: bool
    samples: List[Sample]
    complete: bool
    nameless: Sequence[int] = ()
    n_unread: int = 0
    unnamed: Sequence[int] = ()
    doubt: str = ''

    def is_filled(self, field: int) -> bool:
        """Return whether any sample has a value in a column."""
        return any(kind(row.fields[field]) != 'missing' for row in self.rows)

    @property
    def rows(self) -> List[Sample]:
        """The samples that have the right number of fields."""
        return [sample for sample in self.samples if len(sample.fields) == self.n_fields]

    def text_sample(self, field: int) -> Optional[Sample]:
        """Return the first sample that is text in a column without numbers."""
        text = None
        for row in self.rows:
            word = kind(row.fields[field])
            if word == 'number':
                return None
            if word != 'missing' and text is None:
                text = row
        return text

    @property
    def n_fields(self) -> int:
        """The number of fields of each line."""
        return len(self.names)

    @property
    def empty(self) -> bool:
        """Whether there is neither a header nor a row."""
        return not self.names

    @property
    def has_rows(self) -> bool:
        """Whether there may be a row, judging by the head."""
        return bool(self.samples or self.n_unread) or not self.complete

    def title(self, field: int) -> str:
        """Return the description of a column for messages."""
        if field in self.unnamed:
            return f'column {field + 1}, which has no name,'
        return f'column {self.names[field]!r}'

    def describe(self) -> str:
        """Return what was detected, in words for the user."""
        if self.empty:
            return 'empty'
        columns = (
            '1 column'
            if self.n_fields == 1
            else (f'{self.n_fields} columns, separated by {delimiter_name(self.delimiter)}')
        )
        mark = ', a byte order mark (left out)' if self.bom else ''
        header = 'a header' if self.header else 'no header'
        if self.doubt == NUMBERS_DOUBT:
            header += ' (line 1 is numbers; --header if these are names)'
        return f'{columns}, {header}{mark}'


def enough(head: bytes, complete: bool) -> bool:
    """Return whether a head is long enough for `sniff`, which needs two lines that are not
    blank.
    """
    return complete or len(head) >= MAX_HEAD_BYTES or len(_numbered_lines(head, complete)) >= 2


def sniff(
    head: bytes,
    complete: bool,
    delimiter: Optional[bytes] = None,
    header: Optional[bool] = None,
    path: str = 'input',
) -> Dialect:
    """Detect a file's dialect.

    Parameters
    ----------
    head : bytes
        The first decompressed bytes of the file.
    complete : bool
        Whether these are all bytes of the file.
    delimiter, header
        What the user specified, if anything.
    path : str
        The file's name in messages.

    Raises
    ------
    DataError
        If the file cannot be read: UTF-16, binary, an endless first line, or a header whose number
        of fields differs from that of all rows.
    """
    bom = head.startswith(_BYTE_ORDER_MARK)
    refuse_other_encodings(head, path)
    numbered = _numbered_lines(head[len(_BYTE_ORDER_MARK) :] if bom else head, complete)
    complete &= len(numbered) <= SAMPLE_LINES
    numbered = numbered[:SAMPLE_LINES]
    if not numbered:
        if not complete:
            raise DataError(
                f'{path}: no whole line in its first {len(head)} bytes. '
                'Is it a text file with one row per line?'
            )
        return Dialect(path, delimiter or b',', False, [], bom, [], True)
    if delimiter is None:
        delimiter = find_delimiter(numbered)
    samples = split_samples(numbered, delimiter)
    if not samples or samples[0].line != numbered[0][0]:
        raise DataError(
            f'{path} line {numbered[0][0]}: a quoted field with a line break in it, or a quote that'
            f' is never closed: {shown(numbered[0][1])}. A row must be on one line.'
        )
    n_unread = len(numbered) - len(samples)
    looks_headed = has_header(samples) or has_quoted_header(numbered, samples)
    if looks_headed if header is None else header:
        names = [
            _name(field, number, path) for number, field in enumerate(samples.pop(0).fields, 1)
        ]
        _compare_widths(names, samples, path)
        nameless = list(
            itertools.takewhile(
                lambda i: not names[i] or NAMES_OF_NONE.fullmatch(names[i]), range(len(names))
            )
        )
        unnamed = [i for i, name in enumerate(names) if not name]
        return Dialect(
            path, delimiter, True, _fill(names), bom, samples, complete, nameless, n_unread, unnamed
        )
    widths = Counter(len(sample.fields) for sample in samples)
    n_fields = max(
        widths, key=lambda width: widths[width]
    )  # the most frequent number; in a tie, the first row's
    names = [f'x{number}' for number in range(1, n_fields + 1)]
    doubt = NAMES_DOUBT if looks_headed else ''
    if header is None and are_numbered(samples[0].fields):
        doubt = NUMBERS_DOUBT
    return Dialect(path, delimiter, False, names, bom, samples, complete, doubt=doubt)


def compare_headers(first: Dialect, other: Dialect) -> None:
    """Refuse a file whose columns are not those of the first. Empty files have none to compare."""
    if first.empty or other.empty:
        return
    rule = 'all input files must have the same columns'
    if first.n_fields > 1 < other.n_fields and first.delimiter != other.delimiter:
        raise DataError(
            f'{rule}: {first.path} is separated by {delimiter_name(first.delimiter)}, {other.path}'
            f' by {delimiter_name(other.delimiter)}. Convert one of them.'
        )
    if first.header != other.header and first.n_fields == other.n_fields:
        having, lacking = (first, other) if first.header else (other, first)
        names = ', '.join(map(repr, having.names[:3]))
        raise DataError(
            f'{rule}: {having.path} has a header ({names}), {lacking.path} has none. '
            'If that is wrong, say --header or --no-header.'
        )
    for number, (ours, theirs) in enumerate(zip(first.names, other.names), 1):
        if ours != theirs and first.header and other.header:
            raise DataError(
                f'{rule}: column {number} is {ours!r} in {first.path}, but {theirs!r} in'
                f' {other.path}. {TOGETHER}'
            )
    if first.n_fields != other.n_fields:
        raise DataError(
            f'{rule}: {first.path} has {first.n_fields}, {other.path} has {other.n_fields}.'
            f' {TOGETHER}'
        )


def check_rows(dialects: Sequence[Dialect], task: str = CLUSTER) -> None:
    """Refuse an input without a single row. An empty file among others is fine."""
    if any(dialect.has_rows for dialect in dialects):
        return
    path = dialects[0].path
    if len(dialects) > 1:
        raise DataError(
            f'none of the {len(dialects)} input files ({path}, ...) holds a row; '
            f'there is nothing to {task}.'
        )
    what = 'is empty' if dialects[0].empty else 'holds a header but no rows'
    raise DataError(f'{path} {what}; there is nothing to {task}.')


def _numbered_lines(head: bytes, complete: bool) -> List[Tuple[int, bytes]]:
    """Return the complete lines that are not blank, with their 1-based numbers."""
    lines = split_lines(head)
    if not complete and lines and not head.endswith((b'\n', b'\r')):
        lines.pop()
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip(b' \t')]


def _name(field: bytes, number: int, path: str) -> str:
    try:
        return field.decode('utf-8').strip()
    except UnicodeDecodeError:
        raise DataError(
            f'{path}: the name of column {number} in the header is not UTF-8: {shown(field)}.'
            ' Convert the file, if it is in Latin-1: iconv -f LATIN1 -t UTF-8 OLD > NEW'
        ) from None


def _fill(names: Sequence[str]) -> List[str]:
    """Return names with x1, x2, ... for the empty ones, or x1_ if another column is called x1."""
    filled, taken = list(names), set(names)
    for i, name in enumerate(names):
        if not name:
            filled[i] = f'x{i + 1}'
            while filled[i] in taken:
                filled[i] += '_'
    return filled


def _compare_widths(names: Sequence[str], samples: Sequence[Sample], path: str) -> None:
    """Refuse a header whose number of fields no row has, while the rows agree: no row could be
    read.
    """
    widths = {len(sample.fields) for sample in samples}
    if len(widths) == 1 and len(names) not in widths:
        width = widths.pop()
        hint = ''
        if width == len(names) + 1:
            hint = (
                ' (row names without a name in the header, or a delimiter at the end of each row?)'
            )
        advice = COMMENT_ADVICE if names[0].startswith('#') else 'Correct the header.'
        raise DataError(
            f'{path}: the header has {counted(len(names), "field")}, the rows have {width:,}{hint}.'
            f' {advice}'
        )
