"""What a file's head tells: delimiter, header, columns, and which of them are numbers. The driver asks, tasks are told.

`sniff` finds out what the user does not say; `make_format` puts it and the user's choice of columns (see `selection`)
into the format that the tasks read by. Everything that would make all rows bad is refused here, before a job starts.
"""
from __future__ import annotations

import shlex
from collections import Counter
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from mr_kmeans.errors import DataError, UsageError
from mr_kmeans.numbertext import WHITE_SPACE, kind, shown
from mr_kmeans.selection import nearest_spelling, ranges, resolve_column, select_columns
from mr_kmeans.sniffing import Sample, find_delimiter, has_header, split_samples
from mr_kmeans.textformat import TextFormat
from mr_kmeans.textparse import split_lines

HEAD_BYTES = 64 * 1024
"""Of a file's decompressed bytes are looked at ..."""

LONGEST_HEAD = 64 * 1024 * 1024
"""... and up to so many where the first are not two lines (`enough`)."""

SAMPLE_LINES = 1000

DELIMITER_NAMES = {b',': 'comma', b'\t': 'tab', b';': 'semicolon', WHITE_SPACE: 'white space'}
_DELIMITER_WORDS = {',': b',', 'comma': b',', '\t': b'\t', '\\t': b'\t', 'tab': b'\t', ';': b';', 'semicolon': b';',
                    ' ': WHITE_SPACE, 'space': WHITE_SPACE, 'white-space': WHITE_SPACE, 'whitespace': WHITE_SPACE}
_BYTE_ORDER_MARK = b'\xef\xbb\xbf'
_UTF_16_MARKS = (b'\xff\xfe', b'\xfe\xff')


class Dialect(NamedTuple):
    """What one file looks like.

    Attributes
    ----------
    path : str
    delimiter : bytes
    header : bool
    names : list of str
        One per field: the header's, stripped, or x1, x2, ... where it has none.
    bom : bool
        Whether the file begins with a UTF-8 byte order mark, which is left out.
    samples : list of Sample
        The first rows.
    complete : bool
        Whether the samples are the whole file.
    """

    path: str
    delimiter: bytes
    header: bool
    names: List[str]
    bom: bool
    samples: List[Sample]
    complete: bool

    @property
    def n_fields(self) -> int:
        """Of each line."""
        return len(self.names)

    @property
    def empty(self) -> bool:
        """Whether there is neither a header nor a row."""
        return not self.names

    @property
    def has_rows(self) -> bool:
        """Whether there is a row, as far as the head tells."""
        return bool(self.samples) or not self.complete

    def describe(self) -> str:
        """What was found out, in words for the user."""
        if self.empty:
            return 'empty'
        columns = '1 column' if self.n_fields == 1 else (
            f'{self.n_fields} columns, separated by {delimiter_name(self.delimiter)}')
        mark = ', a byte order mark (left out)' if self.bom else ''
        return f'{columns}, {"a header" if self.header else "no header"}{mark}'


def enough(head: bytes, complete: bool) -> bool:
    """Tell whether a head is long enough to sniff: two lines that are not blank. If not, read more of the file."""
    return complete or len(head) >= LONGEST_HEAD or len(_numbered_lines(head, complete)) >= 2


def sniff(head: bytes, complete: bool, delimiter: Optional[bytes] = None, header: Optional[bool] = None,
          path: str = 'input') -> Dialect:
    """Find out a file's dialect.

    Parameters
    ----------
    head : bytes
        The first decompressed bytes of the file.
    complete : bool
        Whether these are all.
    delimiter, header
        What the user said about it, if anything.
    path : str
        The file's name in messages.

    Raises
    ------
    DataError
        When this cannot be read: UTF-16, binary, a first line without end, a header of another width than all rows.
    """
    bom = head.startswith(_BYTE_ORDER_MARK)
    _refuse_what_is_no_text(head, path)
    numbered = _numbered_lines(head[len(_BYTE_ORDER_MARK):] if bom else head, complete)[:SAMPLE_LINES]
    if not numbered:
        if not complete:
            raise DataError(f'{path}: no whole line in its first {len(head)} bytes. '
                            'Is it a text file with one row per line?')
        return Dialect(path, delimiter or b',', False, [], bom, [], True)
    if delimiter is None:
        delimiter = find_delimiter(numbered)
    samples = split_samples(numbered, delimiter)
    if not samples or samples[0].line != numbered[0][0]:
        raise DataError(f'{path} line {numbered[0][0]}: a quoted field with a line break in it, or a quote that is '
                        f'never closed: {shown(numbered[0][1])}. A row must be on one line.')
    if has_header(samples) if header is None else header:
        names = [_name(field, number, path) for number, field in enumerate(samples.pop(0).fields, 1)]
        _compare_widths(names, samples, path)
        return Dialect(path, delimiter, True, names, bom, samples, complete)
    widths = Counter(len(sample.fields) for sample in samples)
    n_fields = max(widths, key=widths.get)  # the usual number; of equals, the first row's
    names = [f'x{number}' for number in range(1, n_fields + 1)]
    return Dialect(path, delimiter, False, names, bom, samples, complete)


def delimiter_bytes(spec: str) -> bytes:
    """The delimiter that `--delimiter` asks for: a word or one character."""
    if spec.lower() in _DELIMITER_WORDS:
        return _DELIMITER_WORDS[spec.lower()]
    if len(spec) == 1 and '!' <= spec <= '~' and not spec.isalnum() and spec not in '"+-.':
        return spec.encode('ascii')
    raise UsageError(f'--delimiter: should be comma, tab, semicolon, space or one punctuation character, not {spec!r}.')


def delimiter_name(delimiter: bytes) -> str:
    """A delimiter in words."""
    return DELIMITER_NAMES.get(delimiter) or repr(delimiter.decode('ascii'))


def make_format(dialect: Dialect, columns: Optional[str] = None, id_column: Optional[str] = None,
                missing: str = 'fail') -> TextFormat:
    """Make the format the tasks read by: of the selected columns, or of all but the id column.

    Parameters
    ----------
    dialect : Dialect
    columns, id_column, missing :
        What the options of these names say.

    Raises
    ------
    UsageError
        When an option names a column that is not there.
    DataError
        When a selected column is not numeric, or the file is empty.
    """
    if dialect.empty:
        check_rows([dialect])
    id_field = None if id_column is None else resolve_column(id_column, dialect.names, dialect.path, '--id-column')
    if columns is not None:
        selected = select_columns(columns, dialect.names, dialect.path)
    else:
        selected = [field for field in range(dialect.n_fields) if field != id_field]
        if not selected:
            raise DataError(f'{dialect.path}: no column is left besides the id column {dialect.names[id_field]!r}.')
    check_numeric(dialect, selected, id_field)
    _check_unique(dialect, selected)
    return TextFormat(dialect.delimiter, dialect.n_fields, tuple(selected), id_field, missing)


def _check_unique(dialect: Dialect, selected: Sequence[int]) -> None:
    """Refuse features of one name: centroids are matched to columns by it."""
    seen: Dict[str, int] = {}
    for field in selected:
        name = dialect.names[field]
        if name in seen:
            raise DataError(f'{dialect.path}: columns {seen[name] + 1} and {field + 1} are both called {name!r}. Rename one, or choose '
                            'one of them with --columns.')
        seen[name] = field


def check_numeric(dialect: Dialect, selected: Sequence[int], id_field: Optional[int]) -> None:
    """Refuse columns of text among the 0-based fields `selected`: no sampled value a number, and not all missing."""
    found = {}
    for field in selected:
        sample = _text_sample(dialect, field)
        if sample:
            found[field] = sample
    if found:
        columns = '; '.join(f'column {dialect.names[field]!r} is not numeric (line {sample.line}: '
                            f'{shown(sample.fields[field])})' for field, sample in found.items())
        raise DataError(f'{dialect.path}: {columns}. {_way_out(dialect, selected, found, id_field)}')


def compare_headers(first: Dialect, other: Dialect) -> None:
    """Refuse a file whose columns are not those of the first. Empty files have none to compare."""
    if first.empty or other.empty:
        return
    rule = 'all files of a run must have the same columns'
    if first.n_fields > 1 < other.n_fields and first.delimiter != other.delimiter:
        raise DataError(f'{rule}: {first.path} is separated by {delimiter_name(first.delimiter)}, {other.path} by '
                        f'{delimiter_name(other.delimiter)}. Convert one of them.')
    if first.header != other.header:
        having, lacking = (first, other) if first.header else (other, first)
        names = ', '.join(map(repr, having.names[:3]))
        raise DataError(f'{rule}: {having.path} has a header ({names}), {lacking.path} has none. '
                        'If that is wrong, say --header or --no-header.')
    for number, (ours, theirs) in enumerate(zip(first.names, other.names), 1):
        if ours != theirs:
            raise DataError(f'{rule}: column {number} is {ours!r} in {first.path}, but {theirs!r} in {other.path}.')
    if first.n_fields != other.n_fields:
        raise DataError(f'{rule}: {first.path} has {first.n_fields}, {other.path} has {other.n_fields}.')


def check_rows(dialects: Sequence[Dialect]) -> None:
    """Refuse an input without a single row. One empty file among others is no issue."""
    if any(dialect.has_rows for dialect in dialects):
        return
    path = dialects[0].path
    if len(dialects) > 1:
        raise DataError(f'none of the {len(dialects)} input files ({path}, ...) holds a row; '
                        'there is nothing to cluster.')
    what = 'is empty' if dialects[0].empty else 'holds a header but no rows'
    raise DataError(f'{path} {what}; there is nothing to cluster.')


def _refuse_what_is_no_text(head: bytes, path: str) -> None:
    if head.startswith(_UTF_16_MARKS):
        raise DataError(f'{path}: the text is in UTF-16 (it begins with the bytes {head[:2].hex()}); UTF-8 is needed. '
                        'Convert it: iconv -f UTF-16 -t UTF-8 OLD > NEW')
    start = head[:4096]
    if start.count(b'\0') * 8 > len(start):
        raise DataError(f'{path}: no text in UTF-8, it is full of NUL bytes (binary, or UTF-16?). Convert it first.')


def _numbered_lines(head: bytes, complete: bool) -> List[Tuple[int, bytes]]:
    """The whole lines that are not blank, with their numbers from 1."""
    lines = split_lines(head)
    if not complete and lines and not head.endswith((b'\n', b'\r')):
        lines.pop()
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip(b' \t')]


def _name(field: bytes, number: int, path: str) -> str:
    try:
        return field.decode('utf-8').strip() or f'x{number}'
    except UnicodeDecodeError:
        raise DataError(f'{path}: the name of column {number} in the header is not UTF-8: {shown(field)}. Convert the file, if it is in '
                        'Latin-1: iconv -f LATIN1 -t UTF-8 OLD > NEW') from None


def _compare_widths(names: Sequence[str], samples: Sequence[Sample], path: str) -> None:
    """Refuse a header that no row agrees with, though the rows agree with each other: nothing could be read."""
    widths = {len(sample.fields) for sample in samples}
    if len(widths) == 1 and len(names) not in widths:
        width = widths.pop()
        hint = ''
        if width == len(names) + 1:
            hint = ' (row names without a name in the header, or a delimiter at the end of each row?)'
        raise DataError(f'{path}: the header has {len(names)} fields, the rows have {width}{hint}. Correct the header.')


def _text_sample(dialect: Dialect, field: int) -> Optional[Sample]:
    """The first sample that is text in a column without numbers."""
    text = None
    for sample in dialect.samples:
        if len(sample.fields) == dialect.n_fields:
            word = kind(sample.fields[field])
            if word == 'number':
                return None
            if word != 'missing' and text is None:
                text = sample
    return text


def _way_out(dialect: Dialect, selected: Sequence[int], found: Dict[int, Sample], id_field: Optional[int]) -> str:
    """What the user can do about columns of text, ready to paste."""
    if any(kind(sample.fields[field]) == 'decimal comma' for field, sample in found.items()):
        return 'Numbers need a decimal point; these look like decimal commas. Convert the file first.'
    rest = [field for field in selected if field not in found]
    if not rest:
        return (f'No numeric column is left. Is the delimiter right ({delimiter_name(dialect.delimiter)})? '
                'Choose it with --delimiter.')
    hint = f'Leave {"it" if len(found) == 1 else "them"} out with --columns {shlex.quote(ranges(rest, dialect.names))}'
    if len(found) == 1 and id_field is None:
        hint += f' (or as --id-column {nearest_spelling(next(iter(found)), dialect.names)})'
    return hint + '.'
