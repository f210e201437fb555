"""What a file's head tells: delimiter, header, columns, and which of them are numbers. Runs in the driver, once per file; tasks are told.

`sniff` finds out, the user's options decide. `selection` turns `--columns` into field numbers.
"""
from collections import Counter
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from mr_kmeans.errors import DataError, UsageError
from mr_kmeans.numbertext import WHITE_SPACE, BadText, is_blank, kind, shown, split_line
from mr_kmeans.selection import nearest_spelling, ranges, resolve_column, select_columns
from mr_kmeans.textparse import TextFormat, split_lines

HEAD_BYTES = 64 * 1024  # of a file's decompressed bytes are looked at ...
LONGEST_HEAD = 64 * 1024 * 1024  # ... and more, up to here, where that is not two lines
SAMPLE_LINES = 1000

DELIMITERS = {',': b',', 'comma': b',', '\t': b'\t', '\\t': b'\t', 'tab': b'\t', ';': b';', 'semicolon': b';',
              ' ': WHITE_SPACE, 'space': WHITE_SPACE, 'white-space': WHITE_SPACE, 'whitespace': WHITE_SPACE}
DELIMITER_NAMES = {b',': 'comma', b'\t': 'tab', b';': 'semicolon', WHITE_SPACE: 'white space'}
_BYTE_ORDER_MARK = b'\xef\xbb\xbf'
_UTF_16_MARKS = (b'\xff\xfe', b'\xfe\xff')


class Sample(NamedTuple):
    """A line of the head that is not blank."""
    line: int  # 1-based, in the file
    fields: List[bytes]


class Dialect(NamedTuple):
    """What one file looks like."""
    path: str
    delimiter: bytes
    header: bool
    names: List[str]  # one per field; x1, x2, ... without a header
    bom: bool  # the file begins with a UTF-8 byte order mark, which is left out
    samples: List[Sample]  # the first rows
    complete: bool  # the samples are the whole file

    @property
    def n_fields(self) -> int:
        return len(self.names)

    @property
    def empty(self) -> bool:
        """Neither a header nor a row."""
        return not self.names

    @property
    def has_rows(self) -> bool:
        return bool(self.samples) or not self.complete

    def describe(self) -> str:
        """What was found out, in words for the user."""
        if self.empty:
            return 'empty'
        if self.n_fields == 1:
            words = ['1 column']
        else:
            words = ['%d columns' % self.n_fields, 'separated by %s' % delimiter_name(self.delimiter)]
        words.append('a header' if self.header else 'no header')
        if self.bom:
            words.append('a byte order mark (left out)')
        return ', '.join(words)


def enough(head: bytes, complete: bool) -> bool:
    """Whether a head is long enough to sniff: two lines that are not blank. Read more of the file otherwise, up to LONGEST_HEAD."""
    return complete or len(head) >= LONGEST_HEAD or sum(1 for line in _whole_lines(head, complete) if line.strip()) >= 2


def sniff(head: bytes, complete: bool, delimiter: Optional[bytes] = None, header: Optional[bool] = None, path: str = 'input') -> Dialect:
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
        When this is no text that can be read: UTF-16, binary, a first line without end, a header of another width than the rows.
    """
    bom = head.startswith(_BYTE_ORDER_MARK)
    _refuse_what_is_no_text(head, path)
    lines = _whole_lines(head[len(_BYTE_ORDER_MARK):] if bom else head, complete)
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip()][:SAMPLE_LINES]
    if not numbered:
        if not complete:
            raise DataError('%s: no whole line in its first %d bytes. Is it a text file with one row per line?' % (path, len(head)))
        return Dialect(path, delimiter or b',', False, [], bom, [], True)
    if delimiter is None:
        delimiter = _find_delimiter([line for _, line in numbered])
    samples = _samples(numbered, delimiter)
    if not samples or samples[0].line != numbered[0][0]:
        raise DataError('%s line %d: a quote that is never closed: %s. Is the delimiter right (%s)? Choose it with --delimiter.'
                        % (path, numbered[0][0], shown(numbered[0][1]), delimiter_name(delimiter)))
    if header is None:
        header = _has_header(samples)
    if header:
        names = [_name(field, number) for number, field in enumerate(samples.pop(0).fields, 1)]
        _compare_widths(names, samples, path)
    else:
        widths = Counter(len(sample.fields) for sample in samples)
        names = ['x%d' % number for number in range(1, max(widths, key=widths.get) + 1)]  # the usual width; of equals, the first row's
    return Dialect(path, delimiter, header, names, bom, samples, complete)


def delimiter_bytes(spec: str) -> bytes:
    """The delimiter that `--delimiter` asks for: a word or one character."""
    if spec.lower() in DELIMITERS:
        return DELIMITERS[spec.lower()]
    if len(spec) == 1 and '!' <= spec <= '~' and not spec.isalnum() and spec not in '"+-.':
        return spec.encode('ascii')
    raise UsageError('--delimiter: should be comma, tab, semicolon, space or one punctuation character, not %r.' % spec)


def delimiter_name(delimiter: bytes) -> str:
    return DELIMITER_NAMES.get(delimiter) or repr(delimiter.decode('ascii'))


def make_format(dialect: Dialect, columns: Optional[str] = None, id_column: Optional[str] = None, missing: str = 'fail') -> TextFormat:
    """The format the tasks read by: the selected columns, all but the id column unless the user chose.

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
    if columns is None:
        selected = [field for field in range(dialect.n_fields) if field != id_field]
        if not selected:
            raise DataError('%s: no column is left besides the id column %r.' % (dialect.path, dialect.names[id_field]))
    else:
        selected = select_columns(columns, dialect.names, dialect.path)
    check_numeric(dialect, selected, id_field)
    return TextFormat(dialect.delimiter, dialect.n_fields, tuple(selected), id_field, missing)


def check_numeric(dialect: Dialect, selected: Sequence[int], id_field: Optional[int]) -> None:
    """Refuse columns of text: no sampled value a number, and one at least not missing."""
    found = {}
    for field in selected:
        sample = _text_column(dialect.samples, field, dialect.n_fields)
        if sample:
            found[field] = sample
    if not found:
        return
    subject = '; '.join('column %r is not numeric (line %d: %s)' % (dialect.names[field], sample.line, shown(sample.fields[field]))
                        for field, sample in found.items())
    raise DataError('%s: %s. %s' % (dialect.path, subject, _way_out(dialect, selected, found, id_field)))


def compare_headers(first: Dialect, other: Dialect) -> None:
    """Refuse a file whose columns are not those of the first. Empty files have none to compare."""
    if first.empty or other.empty or (first.names, first.delimiter, first.header) == (other.names, other.delimiter, other.header):
        return
    rule = 'all files of a run must have the same columns: '
    if first.n_fields > 1 < other.n_fields and first.delimiter != other.delimiter:
        raise DataError(rule + '%s is separated by %s, %s by %s. Convert one of them.' % (
            first.path, delimiter_name(first.delimiter), other.path, delimiter_name(other.delimiter)))
    if first.header != other.header:
        having, lacking = (first, other) if first.header else (other, first)
        raise DataError(rule + '%s has a header (%s), %s has none. If that is wrong, say --header or --no-header.' % (
            having.path, ', '.join(map(repr, having.names[:3])), lacking.path))
    for number, (ours, theirs) in enumerate(zip(first.names, other.names), 1):
        if ours != theirs:
            raise DataError(rule + 'column %d is %r in %s, but %r in %s.' % (number, ours, first.path, theirs, other.path))
    if first.n_fields != other.n_fields:
        raise DataError(rule + '%s has %d, %s has %d.' % (first.path, first.n_fields, other.path, other.n_fields))


def check_rows(dialects: Sequence[Dialect]) -> None:
    """Refuse an input without a single row. One empty file among others is no issue."""
    if any(dialect.has_rows for dialect in dialects):
        return
    if len(dialects) == 1:
        what = 'is empty' if dialects[0].empty else 'holds a header but no rows'
        raise DataError('%s %s; there is nothing to cluster.' % (dialects[0].path, what))
    raise DataError('none of the %d input files (%s, ...) holds a row; there is nothing to cluster.' % (len(dialects), dialects[0].path))


def _refuse_what_is_no_text(head: bytes, path: str) -> None:
    if head.startswith(_UTF_16_MARKS):
        raise DataError('%s: the text is in UTF-16 (it begins with the bytes %s); UTF-8 is needed. Convert it: '
                        'iconv -f UTF-16 -t UTF-8 OLD > NEW' % (path, head[:2].hex()))
    if head[:4096].count(b'\0') * 8 > len(head[:4096]):
        raise DataError('%s: not text in UTF-8 (it is full of NUL bytes; binary, or UTF-16?). Convert it first.' % path)


def _whole_lines(head: bytes, complete: bool) -> List[bytes]:
    lines = split_lines(head)
    if not complete and lines and not head.endswith((b'\n', b'\r')):
        lines.pop()
    return lines


def _samples(numbered: Sequence[Tuple[int, bytes]], delimiter: bytes) -> List[Sample]:
    """The lines that can be split; the others are bad rows, to be found later."""
    samples = []
    for number, line in numbered:
        if not is_blank(line, delimiter):
            try:
                samples.append(Sample(number, split_line(line, delimiter)))
            except BadText:
                pass
    return samples


def _find_delimiter(lines: Sequence[bytes]) -> bytes:
    """The delimiter that cuts all lines into the same number of fields, more than one; of several, the one that yields more numbers.

    White space is taken only where no other delimiter fits, or where it alone yields nothing but numbers: `1, 2` and `red 5,blue 7` have commas.
    """
    fits = {delimiter: _fit(lines, delimiter) for delimiter in (b',', b'\t', b';')}
    best = max(fits, key=fits.get)
    spaced = _fit(lines, WHITE_SPACE)
    agreed, purity, agreement = fits[best]
    if spaced[2] > 0.5 and (not agreement or (spaced[:2] == (True, 1.0) and not (agreed and purity == 1.0))):
        return WHITE_SPACE
    return best if agreement else b','


def _fit(lines: Sequence[bytes], delimiter: bytes) -> Tuple[bool, float, float]:
    """(all lines have as many fields, the share of numbers below the first line, the share of lines with the usual number of fields)."""
    samples = _samples(list(enumerate(lines, 1)), delimiter)
    counts = Counter(len(sample.fields) for sample in samples)
    usual = max(counts, key=lambda count: (counts[count], count), default=0)
    if usual < 2:
        return False, 0.0, 0.0
    agreement = counts[usual] / len(lines)
    kinds = Counter(kind(field) for sample in samples[1:] or samples for field in sample.fields)
    if delimiter != b',':
        kinds['number'] += kinds.pop('decimal comma', 0)
    return agreement == 1.0, (kinds['number'] + kinds['missing']) / sum(kinds.values()), agreement


def _has_header(samples: Sequence[Sample]) -> bool:
    """Whether the first line names columns: it has text where further lines have numbers. A lone line is a header when none of it is a number."""
    first, further = samples[0].fields, samples[1:]
    kinds = [kind(field) for field in first]
    if not further:
        return 'number' not in kinds and any(word != 'missing' for word in kinds)
    return any(word not in ('number', 'missing') and any(kind(row.fields[j]) == 'number' for row in further if j < len(row.fields))
               for j, word in enumerate(kinds))


def _name(field: bytes, number: int) -> str:
    return field.decode('utf-8', 'backslashreplace').strip() or 'x%d' % number


def _compare_widths(names: Sequence[str], samples: Sequence[Sample], path: str) -> None:
    """A header that no row agrees with, though the rows agree with each other: nothing could be read."""
    widths = {len(sample.fields) for sample in samples}
    if len(widths) == 1 and len(names) not in widths:
        width = widths.pop()
        hint = ' (are the first fields row names, without a name of their own in the header?)' if width == len(names) + 1 else ''
        raise DataError('%s: the header has %d fields, the rows have %d%s. Correct the header.' % (path, len(names), width, hint))


def _text_column(samples: Sequence[Sample], field: int, n_fields: int) -> Optional[Sample]:
    """The first sample that is text in a column without numbers."""
    text = None
    for sample in samples:
        if len(sample.fields) == n_fields:
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
        return 'No numeric column is left. Is the delimiter right (%s)? Choose it with --delimiter.' % delimiter_name(dialect.delimiter)
    hint = 'Leave %s out with --columns %s' % ('it' if len(found) == 1 else 'them', ranges(rest))
    if len(found) == 1 and id_field is None:
        hint += ' (or as --id-column %s)' % nearest_spelling(next(iter(found)), dialect.names)
    return hint + '.'
