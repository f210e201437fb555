"""Input as it comes, each through the command line: what works, what is refused with which exit
code and words, and what is left."""

import bz2
import csv
import gzip
import io
import json
import os
import random
import shutil
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence

import pytest
from commandline import call, full_disk, model_hash, run, without_privileges

from mr_kmeans.runners.launch_local import LocalLauncher

ROWS = [[1, 2.5], [2, 3.25], [10, -7.5], [11, -8.0], [30, 0.125], [31.5, 0]]
RESULTS = {'model.json', 'centroids.csv', 'iterations.csv', 'iterations', 'survey.json'}


def text(
    rows: Sequence = ROWS, delimiter=',', header='a,b', end='\n', quote='', finished=True
) -> bytes:
    """Rows as text."""
    lines = [header.split(',')] if header else []
    lines += [[str(value) for value in row] for row in rows]
    joined = end.join(delimiter.join(quote + field + quote for field in line) for line in lines)
    return (joined + end * finished).encode()


GOOD = text()
NINE = 'Nine' * 5_000_000  # one field, 20 MB


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Let every test begin in an empty folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope='module')
def good_hash(tmp_path_factory):
    """The model hash of the good rows, k = 2."""
    folder = tmp_path_factory.mktemp('good')
    (folder / 'good.csv').write_bytes(GOOD)
    return model_hash(call('fit', folder / 'good.csv', '-k', 2, '-o', folder / 'out', '-q'))


def write(files: Dict[str, bytes]) -> None:
    """Write files below the working directory."""
    for name, content in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(content)


def arguments(given: Sequence[str], command='fit') -> List[str]:
    """Complete a command: k = 2, into `out`."""
    completed = [command, *given]
    for option, value in ('-k', '2'), ('-o', 'out'):
        if option not in given:
            completed += [option, value]
    return completed


def check_refused(done, code: int, words: Sequence[str]) -> None:
    """Check how a command failed, and that nothing half-written is left: `out` is free for a plain
    fit."""
    assert done.code == code, done.stderr
    for word in words:
        assert word in done.stderr
    assert done.stdout == ''
    assert 'Traceback' not in done.stderr and 'defect' not in done.stderr
    check_tidy()
    if Path('out').is_dir():
        assert not RESULTS.intersection(os.listdir('out'))


def check_tidy() -> None:
    """Check that no temporary file is left, and no lock."""
    left = [
        path
        for path in Path('.').rglob('*')
        if path.name.endswith('.tmp') or path.name in ('tmp', 'lock')
    ]
    assert left == []


class Refused(NamedTuple):
    """Input, what is asked, the exit code, words of the message."""

    files: Dict[str, bytes]
    arguments: List[str]
    code: int
    words: List[str]


X = ['x.csv']
REFUSED = {
    # files
    'no such file': Refused({}, ['nothing.csv'], 1, ['nothing.csv: no such file']),
    'a glob without a match': Refused({'x.csv': GOOD}, ['*.tsv'], 1, ["no file matches '*.tsv'"]),
    'a glob of folders': Refused({'d1/x.csv': GOOD}, ['d*'], 1, ["no file matches 'd*'", 'd1']),
    'a folder without files': Refused(
        {'d/e/x.csv': GOOD}, ['d'], 3, ['the folder d holds no input file', 'd/e']
    ),
    'a folder with a hidden file': Refused(
        {'d/_SUCCESS': b'', 'd/.x.csv': GOOD}, ['d'], 3, ['the folder d holds no input file']
    ),
    'one of several files is missing': Refused(
        {'x.csv': GOOD}, ['x.csv', 'y.csv'], 1, ['y.csv: no such file']
    ),
    'a file named twice': Refused(
        {'x.csv': GOOD}, ['x.csv', './x.csv'], 2, ['./x.csv is named twice', 'count double']
    ),
    'a file named and found': Refused(
        {'d/x.csv': GOOD}, ['d', 'd/*.csv'], 2, ['d/x.csv is named twice']
    ),
    'standard input': Refused({}, ['-'], 2, ['standard input', 'Write it to a file first']),
    'a device': Refused(
        {}, ['/dev/null'], 2, ['/dev/null: not a regular file', 'Write it to a file first']
    ),
    'another store': Refused(
        {}, ['s3://bucket/x.csv'], 2, ['s3://bucket/x.csv', 'no such store is known']
    ),
    # nothing in it
    'an empty file': Refused({'x.csv': b''}, X, 3, ['x.csv is empty']),
    'an empty compressed file': Refused({'x.csv.gz': b''}, ['x.csv.gz'], 3, ['x.csv.gz is empty']),
    'blank lines only': Refused({'x.csv': b'\n  \n\r\n'}, X, 3, ['x.csv is empty']),
    'a header only': Refused({'x.csv': b'a,b\n'}, X, 3, ['x.csv holds a header but no rows']),
    'several headers only': Refused(
        {'x.csv': b'a,b\n', 'y.csv': b'a,b\n'},
        ['x.csv', 'y.csv'],
        3,
        ['none of the 2 input files', 'row'],
    ),
    # bad rows
    'a ragged row': Refused(
        {'x.csv': GOOD + b'1,2,3\n'},
        X,
        3,
        [
            "x.csv line 8: expected 2 fields, found 3: '1,2,3'",
            '--max-bad-rows 1',
            'out/rejected.csv',
        ],
    ),
    'a short row': Refused(
        {'x.csv': GOOD + b'1\n'}, X, 3, ["x.csv line 8: expected 2 fields, found 1: '1'"]
    ),
    'text in a number': Refused(
        {'x.csv': GOOD + b'1,two\n'},
        X,
        3,
        ["x.csv line 8: field 2 ('b'): 'two' is not a number: '1,two'"],
    ),
    'an infinity': Refused(
        {'x.csv': GOOD + b'inf,1\n'}, X, 3, ["x.csv line 8: field 1 ('a'): 'inf' is an infinity"]
    ),
    'too large to square': Refused(
        {'x.csv': GOOD + b'1,1e200\n'},
        X,
        3,
        ["x.csv line 8: field 2 ('b'): '1e200' is too large", '2^500'],
    ),
    'missing values': Refused(
        {'x.csv': GOOD + b'1,NaN\n,2\n'},
        X,
        3,
        [
            "x.csv line 8: field 2 ('b'): the value is missing ('NaN')",
            "x.csv line 9: field 1 ('a'): the value is missing (nothing there)",
            '2 rows are bad',
            'All have a missing value: use --missing skip to leave such rows out; out/rejected.csv',
        ],
    ),
    'a missing value': Refused(
        {'x.csv': GOOD + b'1,\\N\n'},
        X,
        3,
        [
            '1 row is bad',
            'It has a missing value: use --missing skip to leave such rows out; out/rejected.csv',
        ],
    ),
    'more bad rows than allowed': Refused(
        {'x.csv': GOOD + b'1,x\n2,\n3,4,5\n'},
        [*X, '--max-bad-rows', '2'],
        3,
        [
            '3 rows are bad',
            '--max-bad-rows 2 allows 2',
            'Use --max-bad-rows 3',
            '(with --missing skip, --max-bad-rows 2 is enough)',
        ],
    ),
    'only quoted line breaks': Refused(
        {'x.csv': b'a,b\n"1\n",2\n'},
        X,
        3,
        ['x.csv line 2: a quoted field with a line break', '2 rows are bad'],
    ),
    'a ragged row of one column': Refused(
        {'x.csv': b'a\n1\n2,3\n4\n'}, X, 3, ["x.csv line 3: expected 1 field, found 2: '2,3'"]
    ),
    'a quoted line break': Refused(
        {'x.csv': GOOD + b'"1\n",2\n'},
        X,
        3,
        ['x.csv line 8: a quoted field with a line break', 'on one line'],
    ),
    'all rows left out': Refused(
        {'x.csv': b'a,b\n1,NaN\n,2\n'},
        [*X, '--missing', 'skip'],
        3,
        ['x.csv: no usable row', '2 rows left out'],
    ),
    'all rows bad': Refused(
        {'x.csv': b'a,b\n1,2,3\n4,5,6\n'}, [*X, '--max-bad-rows', '9'], 3, ['x.csv']
    ),
    'a line of 20 MB': Refused(
        {'x.csv': GOOD + NINE.encode() + b',2\n'}, X, 3, ['x.csv line 8', '--max-bad-rows 1']
    ),
    'a header of 20 MB': Refused(
        {'x.csv': NINE.encode() + b',b\n1,2\n'},
        X,
        3,
        ['x.csv: the header has a name of 20,000,000 characters'],
    ),
    # several files
    'different headers': Refused(
        {'x.csv': GOOD, 'y.csv': text(header='a,c')},
        ['x.csv', 'y.csv'],
        3,
        ['same columns', "column 2 is 'b' in x.csv, but 'c' in y.csv"],
    ),
    'a header and none': Refused(
        {'x.csv': GOOD, 'y.csv': text(header='')},
        ['x.csv', 'y.csv'],
        3,
        ['x.csv has a header', 'y.csv has none'],
    ),
    'different delimiters': Refused(
        {'x.csv': GOOD, 'y.csv': text(delimiter=';')},
        ['x.csv', 'y.csv'],
        3,
        ['comma', 'y.csv by semicolon'],
    ),
    # no text, or other text
    'a cut-off .gz': Refused(
        {'x.csv.gz': gzip.compress(GOOD)[:-9]},
        ['x.csv.gz'],
        3,
        ['x.csv.gz: the compressed file is damaged', 'gzip -t'],
    ),
    'a broken .gz': Refused(
        {'x.csv.gz': gzip.compress(GOOD)[:20] + b'\xff' * 20},
        ['x.csv.gz'],
        3,
        ['x.csv.gz: the compressed file is damaged'],
    ),
    'a .gz that is none': Refused(
        {'x.csv.gz': GOOD},
        ['x.csv.gz'],
        3,
        ['x.csv.gz: not a compressed file, though its name says so'],
    ),
    'a cut-off .bz2': Refused(
        {'x.csv.bz2': bz2.compress(GOOD)[:-9]},
        ['x.csv.bz2'],
        3,
        ['x.csv.bz2: the compressed file is damaged'],
    ),
    'a .bz2 that is none': Refused(
        {'x.csv.bz2': GOOD},
        ['x.csv.bz2'],
        3,
        ['x.csv.bz2: not a compressed file, though its name says so'],
    ),
    'gzip by another name': Refused(
        {'x.csv': gzip.compress(GOOD)}, X, 3, ['x.csv: this is compressed by gzip', 'ends in .gz']
    ),
    'a spreadsheet': Refused(
        {'x.csv': b'PK\x03\x04' + b'\0' * 99}, X, 3, ['x.csv: this is a zip archive', 'Unpack it']
    ),
    'a binary file': Refused(
        {'x.csv': random.Random(0).randbytes(9999)},
        X,
        3,
        ['x.csv: this is a binary file, not text'],
    ),
    'UTF-16': Refused(
        {'x.csv': GOOD.decode().encode('utf-16')}, X, 3, ['x.csv: the text is in UTF-16', 'iconv']
    ),
    'UTF-16 of Chinese': Refused(
        {'x.csv': ('温度,湿度\n' + '一,丁\n' * 99).encode('utf-16')},
        X,
        3,
        ['x.csv: the text is in UTF-16', 'iconv'],
    ),
    'UTF-32': Refused(
        {'x.csv': GOOD.decode().encode('utf-32')},
        X,
        3,
        ['x.csv: the text is in UTF-32', 'iconv -f UTF-32 '],
    ),
    'UTF-16 without a mark': Refused(
        {'x.csv': GOOD.decode().encode('utf-16-le')}, X, 3, ['x.csv', 'UTF-16']
    ),
    'decimal commas': Refused(
        {'x.csv': b'a;b\n1,5;2\n2,5;3\n'}, X, 3, ["column 'a' is not numeric", 'decimal comma']
    ),
    # columns
    'a column of text': Refused(
        {'x.csv': b'a,name\n1,x\n2,y\n3,z\n'},
        X,
        3,
        ["column 'name' is not numeric (line 2: 'x')", '--columns 1', '--id-column name'],
    ),
    'a wrong column name': Refused(
        {'x.csv': GOOD}, [*X, '--columns', 'a,bb'], 2, ["no column 'bb' in x.csv", "nearest: 'b'"]
    ),
    'a wrong column number': Refused(
        {'x.csv': GOOD}, [*X, '--columns', '3'], 2, ['no column 3 in x.csv', '1 to 2']
    ),
    'a wrong number of the only column': Refused(
        {'x.csv': b'a\n1\n2\n'},
        [*X, '--columns', '2'],
        2,
        ['no column 2 in x.csv; it has only one.'],
    ),
    'a wrong id column': Refused(
        {'x.csv': GOOD}, [*X, '--id-column', 'c'], 2, ["--id-column: no column 'c' in x.csv"]
    ),
    # options
    'k = 0': Refused({'x.csv': GOOD}, [*X, '-k', '0'], 2, ['-k 0 should be >= 1']),
    'k < 0': Refused({'x.csv': GOOD}, [*X, '-k', '-1'], 2, ['-k -1 should be >= 1']),
    'k is no whole number': Refused({'x.csv': GOOD}, [*X, '-k', '2.5'], 2, ['-k', '2.5']),
    'k above the distinct rows': Refused(
        {'x.csv': GOOD + GOOD[4:]},
        [*X, '-k', '7'],
        3,
        ['-k 7', 'only 6 distinct rows', '-k 6 or less'],
    ),
    'one distinct row': Refused(
        {'x.csv': b'a,b\n1,2\n1,2\n'},
        [*X, '-k', '3'],
        3,
        ['-k 3', 'only 1 distinct row,', 'Choose -k 1.\n'],
    ),
    'k far above': Refused(
        {'x.csv': GOOD}, [*X, '-k', str(10**30), '--init', 'random'], 3, ['only 6 distinct rows']
    ),
    'tol is no number': Refused(
        {'x.csv': GOOD}, [*X, '--tol', 'nan'], 2, ['--tol nan should be a number >= 0']
    ),
    'tol < 0': Refused({'x.csv': GOOD}, [*X, '--tol', '-1'], 2, ['--tol -1', '>= 0']),
    'tol is infinite': Refused({'x.csv': GOOD}, [*X, '--tol', 'inf'], 2, ['--tol inf']),
    'seed < 0': Refused({'x.csv': GOOD}, [*X, '--seed', '-1'], 2, ['--seed -1 should be from 0']),
    'seed too large': Refused(
        {'x.csv': GOOD}, [*X, '--seed', str(2**64)], 2, ['--seed', '2**64 - 1']
    ),
    'max-iter = 0': Refused(
        {'x.csv': GOOD}, [*X, '--max-iter', '0'], 2, ['--max-iter 0 should be >= 1']
    ),
    'n-init = 0': Refused({'x.csv': GOOD}, [*X, '--n-init', '0'], 2, ['--n-init 0 should be >= 1']),
    'max-bad-rows < 0': Refused(
        {'x.csv': GOOD}, [*X, '--max-bad-rows', '-1'], 2, ['--max-bad-rows -1 should be >= 0']
    ),
    'a delimiter of letters': Refused(
        {'x.csv': GOOD}, [*X, '--delimiter', 'abc'], 2, ['--delimiter', "'abc'"]
    ),
    'a misspelt option': Refused(
        {'x.csv': GOOD}, [*X, '--column', 'a'], 2, ['--column', '--columns', 'mr-kmeans fit --help']
    ),
    'a misspelt choice': Refused(
        {'x.csv': GOOD}, [*X, '--variant', 'combine'], 2, ['combine', 'combiner', 'two-job']
    ),
    '-D without =': Refused({'x.csv': GOOD}, [*X, '-D', 'abc'], 2, ['-D abc: should be KEY=VALUE']),
    '-D like an option': Refused(
        {'x.csv': GOOD}, [*X, '-D', '-x=1'], 2, ['-D -x=1: should be KEY=VALUE']
    ),
    'resume and overwrite': Refused(
        {'x.csv': GOOD},
        [*X, '--resume', '--overwrite'],
        2,
        ['--resume and --overwrite exclude each other'],
    ),
    'quiet and verbose': Refused(
        {'x.csv': GOOD}, [*X, '-q', '-v'], 2, ['-q and -v exclude each other']
    ),
    'no such configuration': Refused({'x.csv': GOOD}, [*X, '-c', 'no.conf'], 2, ['no.conf']),
    'a broken configuration': Refused(
        {'x.csv': GOOD, 'my.conf': b'a: [1\n'},
        [*X, '-c', 'my.conf'],
        2,
        ['my.conf: not a configuration of mrjob'],
    ),
    # the start
    'no such start': Refused(
        {'x.csv': GOOD},
        [*X, '--init', 'start.csv'],
        1,
        ['--init start.csv: no such file', 'sample, random'],
    ),
    'a start of other k': Refused(
        {'x.csv': GOOD, 'c.csv': b'a,b\n1,2\n2,1\n3,4\n'},
        [*X, '--init', 'c.csv'],
        2,
        ['c.csv', '3 centroids', '-k is 2'],
    ),
    'a start with duplicates': Refused(
        {'x.csv': GOOD, 'c.csv': b'a,b\n1,2\n1,2\n'},
        [*X, '--init', 'c.csv'],
        3,
        ['c.csv line 3: the same centroid as in line 2'],
    ),
    'a damaged centroid file': Refused(
        {'x.csv': GOOD, 'c.csv': b'iteration,cluster_id,count,a,b\n0,0,0,1,2\n0,1,0,1,2..5\n'},
        [*X, '--init', 'c.csv'],
        3,
        ["c.csv line 3: column 'b' must be a number, found '2..5'"],
    ),
    'a centroid file with a short row': Refused(
        {'x.csv': GOOD, 'c.csv': b'iteration,cluster_id,count,a,b\n0,0,0,1\n0,1,0,1,2\n'},
        [*X, '--init', 'c.csv'],
        3,
        ['c.csv line 2: expected 5 fields, found 4'],
    ),
    'a start of other columns': Refused(
        {'x.csv': GOOD, 'c.csv': b'a,c\n1,2\n3,4\n'},
        [*X, '--init', 'c.csv'],
        3,
        ["c.csv line 1: no column 'b'"],
    ),
    'an empty start': Refused(
        {'x.csv': GOOD, 'c.csv': b''}, [*X, '--init', 'c.csv'], 3, ['c.csv: the file is empty']
    ),
    'a binary start': Refused(
        {'x.csv': GOOD, 'c.csv': bytes(range(256))},
        [*X, '--init', 'c.csv'],
        3,
        ['c.csv', 'not UTF-8'],
    ),
    # the output
    'output to another store': Refused(
        {'x.csv': GOOD},
        [*X, '-o', 's3://bucket/out'],
        2,
        ['s3://bucket/out', 'no such store is known'],
    ),
    'output without a name': Refused({'x.csv': GOOD}, [*X, '-o', ''], 2, ["-o ''"]),
    'output below a file': Refused(
        {'x.csv': GOOD}, [*X, '-o', 'x.csv/out'], 2, ['-o x.csv/out', 'there is a file']
    ),
    'output among the input': Refused(
        {'x.csv': GOOD}, [*X, '-o', '.'], 2, ['-o .: the folder holds other things (x.csv)']
    ),
    'a pattern in the output': Refused(
        {'x.csv': GOOD}, [*X, '-o', 'out[1]'], 2, ['out[1]', 'Name another folder']
    ),
}


TRIED_AGAIN = ['a ragged row', 'all rows left out', 'k above the distinct rows']


@pytest.mark.parametrize('name', REFUSED)
def test_refused(name, good_hash):
    case = REFUSED[name]
    write(case.files)
    before = set(os.listdir('.'))
    check_refused(call(*arguments(case.arguments)), case.code, case.words)
    assert set(os.listdir('.')) - before <= {'out'}
    if name in TRIED_AGAIN:
        assert Path('out').is_dir()
        write({'good.csv': GOOD})
        assert model_hash(call('fit', 'good.csv', '-k', 2, '-o', 'out')) == good_hash
        assert not Path('out/rejected.csv').exists()


class Taken(NamedTuple):
    """Input that holds the good rows, what is asked, words on it."""

    files: Dict[str, bytes]
    arguments: List[str]
    words: List[str] = []


HALVES = {'d/1.csv': text(ROWS[3:]), 'd/2.csv': text(ROWS[:3])}
TAKEN = {
    'TSV': Taken({'x.tsv': text(delimiter='\t')}, ['x.tsv'], ['separated by tab']),
    'semicolon': Taken({'x.csv': text(delimiter=';')}, X, ['separated by semicolon']),
    'white space': Taken({'x.txt': text(delimiter='   ')}, ['x.txt'], ['separated by white space']),
    'a delimiter said': Taken(
        {'x.txt': text(delimiter='|')}, ['x.txt', '--delimiter', '|'], ["separated by '|'"]
    ),
    'a byte order mark': Taken(
        {'x.csv': b'\xef\xbb\xbf' + GOOD}, X, ['a byte order mark (left out)']
    ),
    'CRLF': Taken({'x.csv': text(end='\r\n')}, X),
    'CR': Taken({'x.csv': text(end='\r')}, X),
    'quoted fields': Taken({'x.csv': text(quote='"')}, X),
    'no newline at the end': Taken({'x.csv': text(finished=False)}, X),
    'blank lines': Taken(
        {'x.csv': b'\n' + GOOD.replace(b'\n', b'\n \n')}, X, ['7 blank lines ignored']
    ),
    '.gz': Taken({'x.csv.gz': gzip.compress(GOOD)}, ['x.csv.gz']),
    '.gz in two members': Taken(
        {'x.csv.gz': gzip.compress(GOOD[:30]) + gzip.compress(GOOD[30:])}, ['x.csv.gz']
    ),
    '.bz2': Taken({'x.csv.bz2': bz2.compress(GOOD)}, ['x.csv.bz2']),
    'two files': Taken(HALVES, ['d/1.csv', 'd/2.csv'], ['2 files']),
    'a glob': Taken(
        dict(HALVES, **{'d/3.txt': b'no', 'd/_x.csv': b'no'}), ['d/*.csv'], ['2 files']
    ),
    'a folder': Taken(
        dict(HALVES, **{'d/_SUCCESS': b'', 'd/.x': b'no', 'd/e/x.csv': b'no'}),
        ['d'],
        ['2 files', 'not entered: the folder d/e'],
    ),
    'one file of several is empty': Taken(dict(HALVES, **{'d/0.csv': b''}), ['d'], ['3 files']),
    'a name like a pattern': Taken({'x[1]#*.csv': GOOD}, ['x[1]#*.csv'], ['x[1]#*.csv']),
    'columns of text left out': Taken(
        {'x.csv': text([[*row, 'red'] for row in ROWS], header='a,b,c')}, [*X, '--columns', 'a-b']
    ),
    'an id column': Taken(
        {'x.csv': text([['r%d' % i, *row] for i, row in enumerate(ROWS)], header='id,a,b')},
        [*X, '--id-column', 'id'],
    ),
    'bad rows allowed': Taken(
        {'x.csv': GOOD + b'1,x\n2\n'}, [*X, '--max-bad-rows', '2'], ['2 bad rows left out']
    ),
    'missing values skipped': Taken(
        {'x.csv': GOOD + b'1,NaN\n?,2\n,\n'},
        [*X, '--missing', 'skip'],
        ['3 rows left out for a missing value'],
    ),
    'missing values allowed': Taken(
        {'x.csv': GOOD + b'1,NaN\n'}, [*X, '--max-bad-rows', '1'], ['1 bad row left out']
    ),
}


UNPACKED = ['a byte order mark', '.gz', 'a folder', 'missing values skipped']


@pytest.mark.parametrize(
    'name, pack',
    [(name, True) for name in TAKEN]
    + [pytest.param(name, False, marks=pytest.mark.slow) for name in UNPACKED],
)
def test_taken(name, pack, good_hash):
    case = TAKEN[name]
    write(case.files)
    done = call(*arguments(case.arguments), *([] if pack else ['--no-pack']))
    assert model_hash(done) == good_hash
    for word in case.words:
        assert word in done.stderr
    check_tidy()
    assert Path('out/points').exists() == pack
    assert Path('out/rejected.csv').exists() == (
        'left out' in done.stderr.replace('(left out)', '')
    )


def test_the_ledger_lists_bad_and_skipped_rows_of_all_files():
    write(
        {
            'd/1.csv': GOOD + b'1,x\n\n9,NaN\n',
            'd/2.csv.gz': gzip.compress(GOOD + b'"1,2",3,"q""q"\n'),
        }
    )
    done = call(*arguments(['d', '--missing', 'skip', '--max-bad-rows', '2']))
    assert done.code == 0, done.stderr
    with open('out/rejected.csv', newline='') as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ['file', 'line', 'reason', 'row']
    assert [row[:2] + row[3:] for row in rows[1:]] == [
        ['d/1.csv', '8', '1,x'],
        ['d/1.csv', '10', '9,NaN'],
        ['d/2.csv.gz', '8', '"1,2",3,"q""q"'],
    ]
    assert [
        "'x' is not a number" in rows[1][2],
        'missing' in rows[2][2],
        'expected 2 fields, found 3' in rows[3][2],
    ] == [True] * 3
    assert (
        '2 bad rows left out' in done.stderr and '1 row left out for a missing value' in done.stderr
    )
    assert json.loads(Path('out/model.json').read_text())['n_samples'] == 12


def numbers(done) -> List[List[float]]:
    """The centroids that a fit with --json has printed."""
    assert done.code == 0, done.stderr
    return json.loads(done.stdout)['centroids']


def test_one_column():
    write({'x.csv': b'a\n1\n2\n10\n12\n'})
    assert numbers(call(*arguments([*X, '--json']))) == [[1.5], [11.0]]


def test_a_constant_column_is_reported():
    write({'x.csv': b'a,b\n1,5\n2,5\n10,5\n12,5\n'})
    done = call(*arguments([*X, '--json']))
    assert numbers(done) == [[1.5, 5.0], [11.0, 5.0]]
    assert "column 'b' is constant (5.0)" in done.stderr


def test_1e_300_beside_1e100_is_rounded_and_reported():
    write({'x.csv': b'a,b\n1e-300,1\n1e100,2\n2e-300,3\n'})
    done = call(*arguments([*X, '--json']))
    assert numbers(done) == [[0.0, 2.0], [1e100, 2.0]]
    assert "column 'a' has no common decimal step" in done.stderr and 'become 0' in done.stderr
    assert 'Warning' not in done.stderr


def test_values_of_17_digits_stay_what_they_are():
    values = [0.54321098765432101, 0.54321098765432112, 0.98765432109876543]
    write(
        {
            'x.csv': (
                b'a,b\n0.54321098765432101,0.12345678901234567\n0.54321098765432112,1\n0.98765432109876543,1\n'
            )
        }
    )
    done = call(*arguments([*X, '-k', '3', '--json']))
    assert [row[0] for row in numbers(done)] == values
    assert (
        abs(numbers(done)[0][1] - 0.12345678901234567) <= 2.0**-53
    )  # of the largest in its column
    assert "column 'a' has no common decimal step" in done.stderr


def test_a_million_equal_rows():
    write({'x.csv': b'a,b\n' + b'1.5,2\n' * 1_000_000})
    check_refused(call(*arguments(X)), 3, ['only 1 distinct row,', 'Choose -k 1.\n'])
    result = json.loads(call(*arguments([*X, '-k', '1', '--json', '-q'])).stdout)
    assert (result['centroids'], result['counts'], result['inertia']) == (
        [[1.5, 2.0]],
        [1_000_000],
        0.0,
    )


def noise(n: int, d: int = 3) -> bytes:
    """A table of n rows that does not compress well."""
    draw = random.Random(1).random
    return text(
        [[round(draw(), 6) for _ in range(d)] for _ in range(n)], header=','.join('abcdefgh'[:d])
    )


def test_a_gz_file_damaged_far_inside():
    damaged = bytearray(gzip.compress(noise(20_000)))
    damaged[-1000:-900] = b'\xff' * 100
    write({'x.csv.gz': bytes(damaged)})
    check_refused(
        call(*arguments(['x.csv.gz'])), 3, ['x.csv.gz: the compressed file is damaged', 'gzip -t']
    )
    assert not Path('out').exists()


@pytest.mark.parametrize('way', [[], ['--no-pack'], ['--engine', 'sql']])
def test_a_bz2_file_damaged_in_the_header_of_a_later_stream(way):
    """Python's bz2 takes the rest of the file for garbage: half of the rows were gone, and the run
    went well."""
    first, second = (
        bz2.compress(noise(1000)),
        bytearray(bz2.compress(noise(1000).partition(b'\n')[2])),
    )
    write({'x.csv.bz2': first + second})
    assert '2,000 rows' in call(*arguments(['x.csv.bz2', '-o', 'whole', *way])).stderr
    second[4] ^= 1
    write({'x.csv.bz2': first + second})
    check_refused(
        call(*arguments(['x.csv.bz2', *way])),
        3,
        [f'x.csv.bz2: the compressed file is damaged or cut off at byte {len(first):,}'],
    )


@pytest.mark.slow
def test_a_task_of_the_local_runner_says_the_same():
    damaged = bytearray(gzip.compress(noise(20_000)))
    damaged[-1000:-900] = b'\xff' * 100
    write({'x.csv.gz': bytes(damaged)})
    check_refused(
        run(*arguments(['x.csv.gz', '-r', 'local'])),
        3,
        ['x.csv.gz: the compressed file is damaged', 'gzip -t'],
    )
    assert not Path('out').exists()


def test_an_unreadable_file_is_refused():
    write({'x.csv': GOOD})
    os.chmod('x.csv', 0)
    check_refused(
        run(*arguments(X), preexec_fn=without_privileges), 1, ['x.csv: no permission to read it']
    )
    assert not Path('out').exists()


def test_an_unwritable_output_is_refused():
    write({'x.csv': GOOD})
    os.mkdir('closed', 0o500)
    check_refused(
        run(*arguments([*X, '-o', 'closed/out']), preexec_fn=without_privileges),
        1,
        ['closed/out: Permission denied'],
    )


def test_an_output_that_exists(good_hash):
    write({'x.csv': GOOD})
    assert call(*arguments(X)).code == 0
    before = snapshot('out')
    done = call(*arguments(X))
    assert done.code == 2 and '--resume' in done.stderr and '--overwrite' in done.stderr
    assert snapshot('out') == before
    assert model_hash(call(*arguments([*X, '--overwrite']))) == good_hash


@pytest.mark.parametrize(
    'make',
    [
        lambda: Path('out').write_text('mine'),
        lambda: write({'out/mine.txt': b'mine'}),
        lambda: write({'out/notes.tmp': b'mine', 'out/model.json': b'{}'}),
    ],
)
@pytest.mark.parametrize('more', [[], ['--overwrite'], ['--resume']])
def test_an_output_of_somebody_else_is_left_alone(make, more):
    write({'x.csv': GOOD})
    make()
    before = snapshot('out')
    done = call(*arguments([*X, *more]))
    assert (done.code, done.stdout) == (2, '')
    assert '-o out' in done.stderr
    assert snapshot('out') == before


def snapshot(folder: str) -> Dict[str, bytes]:
    """What is in a folder, or a file."""
    if os.path.isfile(folder):
        return {'': Path(folder).read_bytes()}
    return {str(path): path.read_bytes() for path in Path(folder).rglob('*') if path.is_file()}


@pytest.fixture(scope='module')
def with_ledger(tmp_path_factory):
    """A folder with x.csv, which has a bad row, a run of it in `out`, and bad.csv."""
    folder = tmp_path_factory.mktemp('with_ledger')
    (folder / 'x.csv').write_bytes(GOOD + b'1,?\n')
    (folder / 'bad.csv').write_bytes(GOOD + b'1,x\n')
    assert (
        call('fit', folder / 'x.csv', '-k', 2, '-o', folder / 'out', '--max-bad-rows', 1).code == 0
    )
    return folder


@pytest.mark.parametrize(
    'what, more, code',
    [
        ('a wrong column', ['x.csv', '--columns', 'aa'], 2),
        ('k above the rows', ['x.csv', '-k', '99'], 3),
        ('no such start', ['x.csv', '--init', 'none.csv'], 1),
        ('a wrong option', ['x.csv', '--tol', '-1'], 2),
        ('bad rows', ['bad.csv', '--max-bad-rows', '0'], 3),
        ('no file', ['none.csv'], 1),
        ('a broken configuration', ['x.csv', '-c', 'bad.csv'], 2),
    ],
)
def test_overwrite_destroys_nothing_before_its_successor_is_sure_to_begin(
    what, more, code, with_ledger, good_hash
):
    shutil.copytree(with_ledger / 'out', 'out')
    shutil.copy(with_ledger / 'bad.csv', '.')
    before = snapshot('out')
    done = call(
        *arguments(['--max-bad-rows', '1', '--overwrite', str(with_ledger / more[0]), *more[1:]])
    )
    assert done.code == code, done.stderr
    after = snapshot('out')
    assert {name: after.get(name) for name in before if '/points/' not in name} == {
        name: content for name, content in before.items() if '/points/' not in name
    }
    assert set(after) <= set(before)
    done = call(
        *arguments([str(with_ledger / 'x.csv'), '--max-bad-rows', '1', '--resume'])
    )  # it is complete, and still knows it
    assert model_hash(done) == good_hash and 'nothing is left to do' in done.stderr


def spoil_before_pass(monkeypatch, number: int, spoil) -> None:
    """Call `spoil` before a job is run for the n-th time, from 0."""
    run_job, n_runs = LocalLauncher.run, []

    def run(self, *args, **kwargs):
        if len(n_runs) == number:
            spoil()
        n_runs.append(None)
        return run_job(self, *args, **kwargs)

    monkeypatch.setattr(LocalLauncher, 'run', run)


def append(row: bytes) -> None:
    with open('x.csv', 'ab') as stream:
        stream.write(row)


def test_a_file_that_grows_while_it_is_packed(monkeypatch):
    write({'x.csv': GOOD})
    spoil_before_pass(monkeypatch, 0, lambda: append(b'5,5\n'))
    check_refused(
        call(*arguments(X)),
        1,
        ['x.csv: it changed while it was read', 'Nothing of this pass was kept'],
    )


@pytest.mark.parametrize(
    'spoil, words',
    [
        (
            lambda: append(b'5,5\n'),
            [
                'x.csv: it changed while it was read (49 bytes, now 53)',
                'Nothing of this pass was kept',
            ],
        ),
        (
            lambda: os.truncate('x.csv', len(GOOD) - len('31.5,0\n')),
            ['the pass counted 5 rows, the survey 6', 'the input has changed'],
        ),
        (
            lambda: Path('x.csv').write_bytes(GOOD.replace(b'30', b'29')),
            ['x.csv: it changed while it was read (written to)'],
        ),
        (lambda: os.unlink('x.csv'), ['x.csv: No such file']),
    ],
)
def test_a_file_that_changes_between_passes(spoil, words, monkeypatch, good_hash):
    write({'x.csv': GOOD, 'c.csv': b'a,b\n1,2\n2,3\n'})
    asked = arguments([*X, '--no-pack', '--init', 'c.csv'])
    unbroken = model_hash(call(*asked, '-o', 'other'))
    status = os.stat('x.csv')
    with monkeypatch.context() as patch:
        spoil_before_pass(patch, 2, spoil)
        done = call(*asked)
    assert (done.code, done.stdout) == (1, ''), done.stderr
    assert [
        word for word in words if word not in done.stderr
    ] == [] and 'Traceback' not in done.stderr
    check_tidy()
    assert (
        sorted(os.listdir('out/iterations')) == ['00000.json', '00001.json']
        and not Path('out/model.json').exists()
    )
    done = call(*asked, '--resume')
    assert done.code in (1, 2) and 'x.csv' in done.stderr  # it is still another file, or none
    write({'x.csv': GOOD})
    os.utime('x.csv', ns=(status.st_atime_ns, status.st_mtime_ns))
    assert model_hash(call(*asked, '--resume')) == unbroken


def test_a_full_disk_while_packing():
    write({'x.csv': noise(20_000)})
    with full_disk(200_000) as (folder, options):
        done = run(*arguments([*X, '-o', folder + '/out']), **options)
        assert (done.code, done.stdout) == (1, ''), done.stderr
        assert (
            'No space left' in done.stderr or 'File too large' in done.stderr
        ) and '--resume' in done.stderr
        assert 'Traceback' not in done.stderr
        assert not os.path.exists(folder + '/out')


def test_a_disk_without_room_for_anything():
    write({'x.csv': GOOD})
    with full_disk(0) as (folder, options):
        done = run(*arguments([*X, '-o', folder + '/out']), **options)
        assert (done.code, done.stdout) == (1, ''), done.stderr
        assert 'Traceback' not in done.stderr and 'defect' not in done.stderr
        assert not os.path.exists(folder + '/out/lock')


# assign


@pytest.fixture(scope='module')
def with_ids(tmp_path_factory):
    """A folder with x.csv, which has an id column, and a run of it in `run`."""
    folder = tmp_path_factory.mktemp('with_ids')
    (folder / 'x.csv').write_bytes(
        text([['r%d' % i, *row] for i, row in enumerate(ROWS)], header='id,a,b')
    )
    assert (
        call('fit', folder / 'x.csv', '-k', 2, '-o', folder / 'run', '--id-column', 'id', '-q').code
        == 0
    )
    return folder


@pytest.fixture
def finished(with_ids, folder):
    """A copy of it in the working directory."""
    shutil.copytree(with_ids, '.', dirs_exist_ok=True)


def labels(folder='labels') -> List[List[str]]:
    """The rows of labels."""
    rows = []
    for path in sorted(Path(folder).glob('part-*.csv')):
        header, *more = csv.reader(io.StringIO(path.read_text()))
        assert header == ['file', 'row', 'id', 'cluster_id', 'distance']
        rows += more
    return rows


REFUSED_ASSIGN = {
    'an empty file': Refused(
        {'y.csv': b''}, ['run', 'y.csv'], 3, ['y.csv is empty; there is nothing to label.']
    ),
    'a header only': Refused(
        {'y.csv': b'a,b\n'},
        ['run', 'y.csv'],
        3,
        ['y.csv holds a header but no rows; there is nothing to label.'],
    ),
    'a column of text': Refused(
        {'y.csv': b'a,b\n1,red\n2,blue\n'},
        ['run', 'y.csv'],
        3,
        [
            "column 'b' is not numeric (line 2: 'red'). The model needs numbers there. If other"
            ' columns are its features, name them with --columns'
        ],
    ),
    'an empty column': Refused(
        {'y.csv': b'a,b\n1,\n2,\n'},
        ['run', 'y.csv'],
        3,
        ["column 'b' is empty in all 2 rows. The model needs a value"],
    ),
    'no header': Refused(
        {'y.csv': b'1,2\n3,4\n'},
        ['run', 'y.csv'],
        2,
        ["no column 'a'", '--columns which columns are a, b, or --header if'],
    ),
    'Parquet': Refused(
        {'y.csv': b'PAR1...'},
        ['run', 'y.csv'],
        3,
        ['y.csv: this is a Parquet file', 'Convert it to CSV first'],
    ),
    'no such folder': Refused({}, ['none', 'x.csv'], 1, ['none: there is no such folder']),
    'a file for a folder': Refused({}, ['x.csv', 'x.csv'], 1, ['x.csv: this is a file']),
    'another folder': Refused(
        {'d/mine.txt': b''}, ['d', 'x.csv'], 1, ['d: there is no model.json', 'no run']
    ),
    'a damaged model': Refused(
        {'d/model.json': b'{"k": 3'}, ['d', 'x.csv'], 1, ['d/model.json: damaged']
    ),
    'a strange model': Refused(
        {'d/model.json': b'{"k": 3}'}, ['d', 'x.csv'], 1, ['d/model.json: damaged', "no 'features'"]
    ),
    'missing columns': Refused(
        {'y.csv': text(header='a,c')},
        ['run', 'y.csv'],
        2,
        ["y.csv: there is no column 'b'", '--columns', 'a, b'],
    ),
    'a column that is there twice': Refused(
        {'y.csv': text(header='b,b')},
        ['run', 'y.csv', '--columns', '1'],
        2,
        ['1 column chosen', '2 features'],
    ),
    'columns that are ambiguous': Refused(
        {'y.csv': text([[1, 2, 3]], header='a,b,b')},
        ['run', 'y.csv'],
        2,
        ["more than one column is 'b'"],
    ),
    'a bad row': Refused(
        {'y.csv': GOOD + b'1,x\n'},
        ['run', 'y.csv'],
        3,
        ['y.csv line 8', "'x' is not a number", '--max-bad-rows 1'],
    ),
    'a missing value': Refused(
        {'y.csv': GOOD + b'1,\n'},
        ['run', 'y.csv'],
        3,
        ['y.csv line 8', 'missing', '--missing skip'],
    ),
    'a wrong id column': Refused(
        {'y.csv': GOOD},
        ['run', 'y.csv', '--id-column', 'name'],
        2,
        ["--id-column: no column 'name'"],
    ),
    'no such file': Refused({}, ['run', 'y.csv'], 1, ['y.csv: no such file']),
    'labels below a file': Refused(
        {}, ['run', 'x.csv', '-o', 'x.csv/labels'], 2, ['there is a file']
    ),
    'labels without a name': Refused({}, ['run', 'x.csv', '-o', ''], 2, ["-o ''"]),
    'the run for the labels': Refused({}, ['run', 'x.csv', '-o', 'run'], 2, ['-o run: it exists']),
    'the run overwritten': Refused(
        {},
        ['run', 'x.csv', '-o', 'run', '--overwrite'],
        2,
        ['-o run: it holds other things than labels'],
    ),
    'a file overwritten': Refused(
        {},
        ['run', 'x.csv', '-o', 'x.csv', '--overwrite'],
        2,
        ['-o x.csv: it holds other things than labels'],
    ),
}


@pytest.mark.parametrize('name', REFUSED_ASSIGN)
def test_assign_refused(name, finished):
    case = REFUSED_ASSIGN[name]
    write(case.files)
    before = snapshot('.')
    done = call('assign', *case.arguments, *([] if '-o' in case.arguments else ['-o', 'labels']))
    assert (done.code, done.stdout) == (case.code, ''), done.stderr
    for word in case.words:
        assert word in done.stderr
    assert 'Traceback' not in done.stderr
    after = snapshot('.')
    listed = after.pop('labels.rejected.csv', b'')
    assert after == before and not Path('labels').exists()
    assert bool(listed) == (name in ('a bad row', 'a missing value'))
    assert bool(listed) == ('; labels.rejected.csv lists them.' in done.stderr)


def test_assign_of_an_unfinished_run(finished):
    os.unlink('run/model.json')
    done = call('assign', 'run', 'x.csv', '-o', 'labels')
    assert done.code == 1 and 'not finished; fit --resume continues it' in done.stderr


def test_assign_has_ids_and_input_order(finished):
    done = call('assign', 'run', 'x.csv', '-o', 'labels')
    assert (done.code, done.stdout) == (0, '6 rows labeled in labels (1 file)\n')
    assert [row[:3] for row in labels()] == [['x.csv', str(i + 1), 'r%d' % i] for i in range(6)]
    write({'y.csv': b'b,a\n2.5,1\n-7.5,10\n', 'z.csv': b'b,name,a\n0.125,seven,30\n'})
    done = call('assign', 'run', 'y.csv', '-o', 'other')
    assert "the id column of the run, 'id', is not there" in done.stderr
    assert [row[3:] for row in labels('other')] == [labels()[0][3:], labels()[2][3:]]
    assert call('assign', 'run', 'z.csv', '--id-column', 'name', '-o', 'third').code == 0
    assert labels('third') == [['z.csv', '1', 'seven', *labels()[4][3:]]]


def test_assign_replaces_labels_only_when_asked_to(finished):
    assert call('assign', 'run', 'x.csv', '-o', 'labels').code == 0
    before = snapshot('labels')
    done = call('assign', 'run', 'x.csv', '-o', 'labels')
    assert done.code == 2 and 'Use --overwrite' in done.stderr and snapshot('labels') == before
    write({'y.csv': GOOD + b'1,x\n'})
    assert call('assign', 'run', 'y.csv', '-o', 'labels', '--overwrite').code == 3
    assert snapshot('labels') == before
    assert (
        call('assign', 'run', 'y.csv', '-o', 'labels', '--overwrite', '--max-bad-rows', 1).code == 0
    )
    assert os.listdir('labels') == ['part-00000.csv']
    assert [row[0] for row in labels()] == ['y.csv'] * 6
    check_tidy()


WITH_GAPS = GOOD + b'1,\n?,2\n'


def test_assign_treats_missing_values_as_the_run():
    write({'x.csv': WITH_GAPS})
    assert call('fit', 'x.csv', '-k', 2, '-o', 'run', '--missing', 'skip').code == 0
    assert json.loads(Path('run/model.json').read_text())['options']['missing'] == 'skip'
    done = call('assign', 'run', 'x.csv', '-o', 'labels')
    assert (
        done.code == 0
        and 'using the packed rows' in done.stderr
        and '2 rows left out for a missing value' in done.stderr
    ), done.stderr
    assert (
        done.stdout
        == f'{len(ROWS)} rows labeled in labels (1 file), 2 rows left out (labels.rejected.csv'
        ' lists them)\n'
    )
    refused = call(
        'assign', 'run', 'x.csv', '-o', 'others', '--missing', 'fail'
    )  # what is given wins
    assert refused.code == 3 and '2 rows are bad' in refused.stderr
    assert call('fit', 'x.csv', '-k', 2, '-o', 'run', '--overwrite', '--max-bad-rows', 2).code == 0
    assert json.loads(Path('run/model.json').read_text())['options']['missing'] == 'fail'
    assert call('assign', 'run', 'x.csv', '-o', 'others').code == 3
    assert call('assign', 'run', 'x.csv', '-o', 'others', '--missing', 'skip').code == 0


@pytest.mark.parametrize(
    'command',
    [
        ['fit', 'y.csv', '-k', 2, '-o', 'out'],
        ['assign', 'run', 'y.csv', '-o', 'labels'],
        ['fit', 'y.csv', '-k', 2, '-o', 'out', '--engine', 'sql'],
    ],
)
@pytest.mark.parametrize('missing', ['fail', 'skip'])
def test_rows_that_end_the_run_are_not_left_out_first(command, missing, finished):
    write({'y.csv': b'id,a,b\n' + (b'1,,2\n2,x,3\n' if missing == 'fail' else b'1,,2\n2,3,\n')})
    done = call(*command, '--columns', 'a,b', '--missing', missing)
    if command[0] == 'assign' and missing == 'skip':  # no row is left to label, which is no error
        assert (done.code, done.stderr.count('left out')) == (0, 1)
    else:
        assert done.code == 3 and done.stderr.count('left out') == (missing == 'skip'), done.stderr
        assert not [
            line
            for line in done.stderr.splitlines()
            if line.endswith(('left out', 'for a missing value'))
        ]


def test_assign_removes_leftovers_of_a_killed_assign(finished):
    host = os.uname().nodename
    mine, others, foreign = (
        f'.labels.999999999@{host}.x.tmp',
        f'.labels.{os.getpid()}@{host}.x.tmp',
        '.labels.1@elsewhere.x.tmp',
    )
    for name in mine, others, foreign:
        os.mkdir(name)
    assert call('assign', 'run', 'x.csv', '-o', 'labels').code == 0
    assert not os.path.exists(mine) and os.path.exists(others) and os.path.exists(foreign)


@pytest.mark.slow
def test_packed_rows_that_are_not_whole_are_packed_again(good_hash):
    write({'x.csv': GOOD})
    assert call(*arguments(X)).code == 0
    for spoil in (
        lambda: os.truncate('out/points/part-00000', 50),
        lambda: os.unlink('out/points/part-00000'),
        lambda: shutil.copy('out/points/part-00000', 'out/points/part-00001'),
        lambda: Path('out/points/_made_from.json').write_text('{'),
    ):
        spoil()
        done = call(*arguments([*X, '--overwrite']))
        assert model_hash(done) == good_hash and 'packed 55 bytes' in done.stderr.replace(
            'packed 49', 'packed 55'
        )
    assert 'using the packed rows' in call(*arguments([*X, '--overwrite'])).stderr


@pytest.mark.parametrize('way', ['inline', '--no-pack', 'sql', 'assign'])
def test_a_small_gz_of_very_many_bad_lines_is_not_read_to_its_end(way, monkeypatch, finished):
    for module in 'mapreduce.prepare', 'commands.assign', 'sql.rows':
        monkeypatch.setattr(f'mr_kmeans.{module}.STOP_MARGIN', 1000)
    monkeypatch.setattr('mr_kmeans.formats.splits.CHUNK_BYTES', 1 << 16)
    with gzip.open('bad.csv.gz', 'wb') as stream:
        stream.write(b'a,b\n1,2\n' + b'x,y\n' * 100_000)
    how = {'inline': [], '--no-pack': ['--no-pack'], 'sql': ['--engine', 'sql']}.get(way)
    command = (
        ['assign', 'run', 'bad.csv.gz', '-o', 'labels']
        if how is None
        else arguments(['bad.csv.gz', *how])
    )
    for _ in range(2):  # what was read of it is not mistaken for packed rows
        done = call(*command)
        assert done.code == 3, done.stderr
        last = done.stderr.splitlines()[-1]
        assert (
            last.startswith('At least 16,')
            and '--max-bad-rows 0 allows none; the rest was not read.' in last
        )
    command += ['--max-bad-rows', '100000']
    assert 'at least' not in call(*command).stderr.lower()


@pytest.mark.parametrize('more', [[], ['--no-pack'], ['--engine', 'sql']])
def test_ids_that_are_not_utf8_are_bad_rows(more, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path('lat.csv').write_bytes(b'name,x\nJos\xe9,1\nJos\xe8,2\nAna,3\nB,4\n')
    arguments = ['fit', 'lat.csv', '-k', 2, '--id-column', 'name', '-o', 'out', *more]
    done = call(*arguments)
    assert done.code == 3
    assert "lat.csv line 2: field 1 ('name'): the id is not UTF-8: 'Jos\\xe9'" in done.stderr
    assert 'iconv -f LATIN1 -t UTF-8' in done.stderr
    assert call(*arguments, '--max-bad-rows', 2).code == 0
    if '--engine' not in more:
        done = call('assign', 'out', 'lat.csv', '-o', 'labels', '--max-bad-rows', 2)
        assert done.code == 0 and '2 rows left out' in done.stdout
