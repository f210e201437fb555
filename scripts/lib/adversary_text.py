"""Nasty text for soak_adversary: rows written in every way there is, with bad ones among them.

What is written is known line by line, so that nothing has to be read to know which rows a fit must
find, which lines it must reject, and which ids and line numbers the labels must have.
"""

import bz2
import gzip
import os
import random
import re
from typing import Dict, List, NamedTuple, Optional, Tuple

NAMES = [
    'x',
    'Länge',
    'a b',
    'size (m²)',
    'q"uote',
    'com,ma',
    'semi;colon',
    'N',
    'x-y',
    '#',
    "it's",
    'width',
    '2 x',
    'é' * 30,
    'null',
    '%s',
    '{0}',
    'SELECT',
    'order',
    'Width',
]
IDS = [
    'a',
    'b,c',
    'say "hi"',
    '',
    'ü',
    'NA',
    '7',
    ' 8',
    'x;y',
    'tab\there',
    '\u2028',
    '""',
    "'",
    '-0',
    'a' * 300,
]
MISSING = ['', 'NA', 'n/a', 'NaN', 'null', 'None', '?', '-nan']
NOT_NUMBERS = [
    'abc',
    '1_0',
    'inf',
    '-Infinity',
    '0x10',
    '٣',
    '1e200',
    '-3.3e151',
    '1 2',
    '--1',
    '1e',
    '.',
    '1.2.3',
    'true',
    '+',
    '1\0',
    '１',
    '5%',
    '$5',
    '1d5',
]


class Line(NamedTuple):
    """One line of a file, without its end."""

    text: str
    row: Optional[int] = None  # its number in the problem
    id: str = ''
    rejected: bool = False  # listed in the ledger
    counts: bool = False  # against --max-bad-rows


class Text(NamedTuple):
    """Files, and what they say."""

    paths: List[str]
    options: Dict[str, object]  # of TextOptions: how they are read
    features: List[str]
    rows: List[Tuple[str, int, str, int]]  # file, row below the header, id, number in the problem
    rejected: List[Tuple[str, int]]  # file, line
    n_bad: int
    kind: Dict[str, object]


def write_text(chance: random.Random, folder: str, problem) -> Text:
    """Write the rows of a problem into files of one random layout."""
    layout = Layout(chance, len(problem.kinds))
    n_files = chance.choice([1, 1, 2, 3])
    numbers = list(range(len(problem.texts)))
    chance.shuffle(numbers)
    paths, rows, rejected, n_bad = [], [], [], 0
    for file in range(n_files):
        part = numbers[len(numbers) * file // n_files : len(numbers) * (file + 1) // n_files]
        lines = layout.lines(problem, part)
        if file and not part and chance.random() < 0.5:
            lines = []  # an empty file beside others
        path = os.path.join(folder, f'rows {file}.csv')
        data, numbered = layout.to_bytes(lines)
        path += compress(chance, path, data)
        paths.append(path)
        first = next((number for number, line in numbered if line is layout.header), 0)
        for number, line in numbered:
            if line.row is not None:
                rows.append((path, number - first, line.id.strip(' \t'), line.row))
            if line.rejected:
                rejected.append((path, number))
                n_bad += line.counts
    options = dict(layout.options(), max_bad_rows=n_bad)
    return Text(paths, options, layout.features, rows, rejected, n_bad, layout.kind)


def as_arguments(options: Dict[str, object]) -> List[str]:
    """Return options of TextOptions as they are written on the command line."""
    found = []
    for name, value in options.items():
        switch = '--' + name.replace('_', '-')
        if value is True or value is False:
            found.append(switch if value else '--no-' + name)
        elif value is not None:
            found += [switch, str(value)]
    return found


class Layout:
    """How all files of a case are written."""

    def __init__(self, chance, d):
        self.chance, self.d = chance, d
        self.delimiter = chance.choice([',', ',', '\t', ';', '|', ' ', ':'])
        self.quoting = chance.choice([0.0, 0.0, 0.05, 1.0])
        self.padding = chance.choice([0.0, 0.0, 0.3])
        self.end = chance.choice(['\n', '\n', '\r\n', '\r', 'mixed'])
        self.bad = chance.choice([0.0, 0.0, 0.1, 0.5])
        self.missing = chance.choice([0.0, 0.0, 0.2])
        self.skip = chance.random() < 0.5
        self.blank = chance.choice([0.0, 0.0, 0.2])
        self.bom = chance.random() < 0.15
        self.last_end = chance.random() < 0.7
        self.has_id, self.has_note = chance.random() < 0.3, chance.random() < 0.3
        self.fields = (
            [('x', j) for j in range(d)] + [('id', 0)] * self.has_id + [('note', 0)] * self.has_note
        )
        chance.shuffle(self.fields)
        names = chance.sample(NAMES, len(self.fields))
        self.header = (
            Line(self.delimiter.join(self.quoted(n) for n in names))
            if chance.random() < 0.7
            else None
        )
        self.names = names if self.header else [f'x{i + 1}' for i in range(len(names))]
        self.columns = [i for i, (what, _) in enumerate(self.fields) if what == 'x']
        self.columns.sort(key=lambda i: self.fields[i][1])
        self.features = [self.names[i] for i in self.columns]
        self.by_name = bool(self.header) and chance.random() < 0.3
        self.kind = {
            'delimiter': self.delimiter,
            'end': self.end,
            'bad': self.bad,
            'quoting': self.quoting,
            'header': bool(self.header),
            'fields': self.fields,
        }

    def options(self) -> Dict[str, object]:
        """Return the options that say how the files are read, but for --max-bad-rows."""
        columns = self.features if self.by_name else [str(i + 1) for i in self.columns]
        id_column = str(self.fields.index(('id', 0)) + 1) if self.has_id else None
        words = {'\t': 'tab', ' ': 'space'}
        return {
            'columns': ','.join(columns),
            'id_column': id_column,
            'header': bool(self.header),
            'delimiter': words.get(self.delimiter, self.delimiter),
            'missing': 'skip' if self.skip else 'fail',
        }

    def lines(self, problem, numbers) -> List[Line]:
        """Return the lines of a file with these rows of the problem."""
        chance, lines = self.chance, [self.header] if self.header else []
        for number in numbers:
            if chance.random() < self.blank:
                lines.append(
                    Line(chance.choice(['', ' ', '   ' if self.delimiter == '\t' else ' \t']))
                )
            id = chance.choice(IDS) if self.has_id else ''
            there = [Line(self.join(problem.texts[number], id), number, id)]
            if chance.random() < self.bad:
                there.append(self.bad_line(problem.texts[number]))
            if chance.random() < self.missing:
                there.append(self.missing_line(problem.texts[number]))
            if self.header:  # without one, the first line has to say how many fields there are
                chance.shuffle(there)
            lines += there
        return lines

    def join(self, texts, id='', note=None) -> str:
        """Return the line of a row."""
        words = {'id': id, 'note': self.chance.choice(IDS) if note is None else note}
        return self.delimiter.join(
            self.field(texts[j]) if what == 'x' else self.quoted(words[what])
            for what, j in self.fields
        )

    def field(self, text) -> str:
        """Return the field of a number or of what should be one."""
        chance = self.chance
        if chance.random() < self.quoting or (text == '' and self.delimiter == ' '):
            text = (
                f'"{text}"'
                if chance.random() < 0.9
                else f'"{text[:1]}"{text[1:]}'
                if text
                else '""'
            )
        return self.padded(text)

    def quoted(self, text) -> str:
        """Return the field of an id, a note or a name: quoted where it must be, and at random."""
        needs = not text or text != text.strip() or set(text) & {self.delimiter, '"', ' ', '\t'}
        if needs or self.chance.random() < self.quoting:
            text = '"' + text.replace('"', '""') + '"'
        return self.padded(text)

    def padded(self, text) -> str:
        if self.chance.random() >= self.padding:
            return text
        blanks = [' ', '  '] if self.delimiter == '\t' else [' ', '\t', '  ']
        return self.chance.choice(['', *blanks]) + text + self.chance.choice(['', *blanks])

    def bad_line(self, texts) -> Line:
        """Return a line that is no row."""
        chance, texts = self.chance, list(texts)
        ragged = ['few', 'many'] if self.header else []  # which without it may be the usual ones
        what = chance.choice(['number', 'number', 'quote', *ragged])
        if what == 'few' and len(self.fields) > 1:
            line = self.delimiter.join(self.field('1') for _ in self.fields[1:])
        elif what == 'many':
            line = self.delimiter.join(
                self.field('1') for _ in range(len(self.fields) + chance.randint(1, 3))
            )
        elif what == 'quote':
            line = '"' + self.delimiter.join(['1'] * len(self.fields))
        else:
            texts[chance.randrange(self.d)] = chance.choice(
                [word for word in NOT_NUMBERS if self.delimiter not in word]
            )
            line = self.join(texts)
        return Line(line, None, '', True, True)

    def missing_line(self, texts) -> Line:
        """Return a line that lacks a value."""
        texts = list(texts)
        words = [word for word in MISSING if word or len(self.fields) > 1]
        texts[self.chance.randrange(self.d)] = self.chance.choice(words)
        line = self.join(texts)
        return Line(line, None, '', bool(line.strip(' \t')), not self.skip)

    def to_bytes(self, lines):
        """Return the bytes of a file, and its lines with their numbers from 1."""
        text, numbered = '', []
        for number, line in enumerate(lines, 1):
            end = self.chance.choice(['\n', '\r\n', '\r']) if self.end == 'mixed' else self.end
            if text.endswith('\r') and not line.text and end.startswith('\n'):
                end = '\r'  # else it would be the end of the line before
            if number == len(lines) and not self.last_end:
                end = ''
            text += line.text + end
            numbered.append((number, line))
        found = re.split('\r\n|\r|\n', text)
        assert [line.text for line in lines] == found[: len(lines)]
        return (b'\xef\xbb\xbf' if self.bom and text else b'') + text.encode('utf-8'), numbered


def compress(chance, path, data) -> str:
    """Write a file, plain or compressed in several streams; return the ending of its name."""
    ending, pack = chance.choice(
        [('', None)] * 3 + [('.gz', gzip.compress), ('.bz2', bz2.compress)]
    )
    if pack:
        cuts = sorted(chance.choices(range(len(data) + 1), k=chance.randint(0, 3)))
        data = b''.join(pack(data[start:end]) for start, end in zip([0, *cuts], [*cuts, len(data)]))
    with open(path + ending, 'wb') as file:
        file.write(data)
    return ending
