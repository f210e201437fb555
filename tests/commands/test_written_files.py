"""Files as pandas, R and others write them, through the command line: an index, bars, Parquet,
JSON, Excel."""

import json
import os
import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from commandline import call, model_hash
from test_bad_input import check_refused

TABLE = pd.DataFrame({'a': [1.5, 2, 10, 11, 30, 31], 'b': [2.5, 3.25, -7.5, -8, 0.125, 0]})


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Let every test begin in an empty folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def true_hash():
    """The model hash of the table without an index, k = 2."""
    TABLE.to_csv('true.csv', index=False)
    return model_hash(call('fit', 'true.csv', '-k', 2, '-o', 'true', '-q'))


def saved_twice(path):
    TABLE.to_csv('once.csv')
    pd.read_csv('once.csv').to_csv(path)


def by_r(path):
    TABLE.set_index(np.arange(1, 7)).rename_axis('').to_csv(path, quoting=2)


@pytest.mark.parametrize(
    'write',
    [
        TABLE.to_csv,
        lambda path: TABLE.to_csv(path, sep='\t'),
        lambda path: TABLE.to_csv(path, sep='|'),
        saved_twice,
        by_r,
    ],
    ids=['pandas', 'with tabs', 'with bars', 'saved twice', 'R'],
)
def test_an_index_is_not_a_feature(write, true_hash):
    write('x.csv')
    done = call('fit', 'x.csv', '-k', 2, '-o', 'out')
    assert model_hash(done) == true_hash
    assert (
        'x.csv: column 1 has no name and counts' in done.stderr
        and 'it is left out as an index' in done.stderr
    )
    assert (
        call('assign', 'out', 'x.csv', '-o', 'labels').code
        == call('assign', 'true', 'x.csv', '-o', 'labels2').code
        == 0
    )
    assert Path('labels/part-00000.csv').read_text() == Path('labels2/part-00000.csv').read_text()
    assert call('assign', 'out', 'true.csv', '-o', 'labels3').code == 0


def test_an_index_over_several_files(true_hash):
    for folder, reset in ('on', False), ('again', True):
        os.mkdir(folder)
        for number, part in enumerate((TABLE[:2], TABLE[2:3], TABLE[3:])):
            (part.reset_index(drop=True) if reset else part).to_csv(f'{folder}/{number}.csv')
        assert model_hash(call('fit', folder, '-k', 2, '-o', f'{folder}-out')) == true_hash


def test_an_index_beside_names_that_are_numbers():
    pd.DataFrame(TABLE.to_numpy()).to_csv('x.csv')
    done = call('fit', 'x.csv', '-k', 2, '-o', 'out')
    assert done.code == 0 and json.loads(Path('out/model.json').read_text())['features'] == [
        '0',
        '1',
    ]
    assert json.loads(Path('out/model.json').read_text())['n_samples'] == 6
    proposed = re.search('To use it: --columns (.*), or', done.stderr).group(1)
    assert call('fit', 'x.csv', '-k', 2, '-o', 'all', '--columns', *shlex.split(proposed)).code == 0
    assert json.loads(Path('all/model.json').read_text())['features'] == ['x1', '0', '1']


def test_a_shuffled_index_is_asked_for(true_hash):
    TABLE.sample(frac=1, random_state=1).to_csv('x.csv')
    done = call('fit', 'x.csv', '-k', 2, '-o', 'out')
    check_refused(
        done,
        3,
        [
            'x.csv: column 1 has no name, and its values do not count by one',
            'is it an index or a feature?',
        ],
    )
    proposed = re.search('Say --columns (.*) to leave', done.stderr).group(1)
    assert (
        model_hash(call('fit', 'x.csv', '-k', 2, '-o', 'out', '--columns', *shlex.split(proposed)))
        == true_hash
    )
    assert model_hash(call('fit', 'x.csv', '-k', 2, '-o', 'ids', '--id-column', 1)) == true_hash
    assert (
        call('assign', 'true', 'x.csv', '-o', 'labels').code == 0
    )  # features by name: no question
    done = call('fit', 'x.csv', '-k', 2, '-o', 'all', '--columns', '1-3')
    assert done.code == 0 and '3 features: x1, a, b' in done.stderr


def test_an_index_in_a_database_run(true_hash):
    TABLE.to_csv('x.csv')
    done = call('fit', 'x.csv', '-k', 2, '-o', 'out', '--engine', 'sql')
    assert model_hash(done) == true_hash and 'left out as an index' in done.stderr


def test_an_empty_column_is_left_out_as_proposed(true_hash):
    TABLE.assign(c=None, d=np.nan).to_csv('x.csv', index=False)
    done = call('fit', 'x.csv', '-k', 2, '-o', 'out')
    check_refused(
        done,
        3,
        ["x.csv: columns 'c', 'd' are empty in all 6 rows. Leave them out with --columns 1-2."],
    )
    assert call('fit', 'x.csv', '-k', 2, '-o', 'out', '--missing', 'skip').code == 3
    assert model_hash(call('fit', 'x.csv', '-k', 2, '-o', 'out', '--columns', '1-2')) == true_hash
    done = (
        call('assign', 'true', 'y.csv', '-o', 'labels')
        if TABLE.assign(b=None).to_csv('y.csv', index=False) is None
        else None
    )
    assert (
        done.code == 3
        and "column 'b' is empty in all 6 rows. The model needs a value" in done.stderr
    )


def test_a_column_that_is_empty_at_first_is_accepted():
    rows = [f'{i},\n' for i in range(1500)] + [f'{i},{i % 7}\n' for i in range(100)]
    Path('x.csv').write_text('a,b\n' + ''.join(rows))
    check_refused(
        call('fit', 'x.csv', '-k', 2, '-o', 'out'),
        3,
        [
            "column 'b' is empty in the first 999 rows. Leave it out with --columns 1. If there are"
            ' values further on, --missing skip'
        ],
    )
    done = call('fit', 'x.csv', '-k', 2, '-o', 'out', '--missing', 'skip')
    assert done.code == 0 and "column 'b' is empty in the first 999 rows" in done.stderr
    assert call('fit', 'x.csv', '-k', 2, '-o', 'out3', '--max-bad-rows', 1500).code == 0


def write_parquet(path):
    import duckdb

    duckdb.sql(f"COPY (FROM 'true.csv') TO '{path}' (FORMAT parquet)")


@pytest.mark.parametrize(
    'name, write, words',
    [
        ('x.parquet', write_parquet, 'a Parquet file'),
        ('x.csv', write_parquet, 'a Parquet file'),
        ("it's.parquet", lambda path: (write_parquet('x'), os.rename('x', path)), 'a Parquet file'),
        ('x.json', lambda path: TABLE.to_json(path, orient='records'), 'a JSON array'),
        ('x.json', lambda path: TABLE.to_json(path, orient='records', indent=2), 'a JSON array'),
        ('x.jsonl', lambda path: TABLE.to_json(path, orient='records', lines=True), 'JSON lines'),
        ('x.json.gz', lambda path: TABLE.to_json(path, orient='records', lines=True), 'JSON lines'),
    ],
)
def test_a_table_in_another_format_is_read_as_proposed(name, write, words, true_hash):
    write(name)
    done = call('fit', name, '-k', 2, '-o', 'out')
    check_refused(done, 3, [f'{name}: this is {words}, not '])
    proposed = shlex.split(
        re.search('say (--engine sql --query .*) in place', done.stderr).group(1)
    )
    assert model_hash(call('fit', '-k', 2, '-o', 'out', *proposed)) == true_hash
    done = call('assign', 'true', name, '-o', 'labels')
    assert done.code == 3 and '--engine' not in done.stderr
    import duckdb

    statement, path = re.search(r'duckdb\.sql\("(.* TO \'(.*)\')"\)', done.stderr).groups()
    duckdb.sql(statement)
    assert model_hash(call('fit', path.replace("''", "'"), '-k', 2, '-o', 'converted')) == true_hash


@pytest.mark.parametrize(
    'content, words',
    [
        (TABLE.to_json(), 'this is JSON, not a table of text. Convert it to CSV first.'),
        (TABLE.to_json(indent=1), 'this is JSON, not'),
        (TABLE.to_json(orient='values'), 'this is JSON, not'),
        ('[1, 2]\n[3, 4]\n', 'this is JSON, not'),
        ('[[1, 2], [3', 'this is JSON, not'),
        ('[\n1,\n2]', 'this is JSON, not'),
        ('{"a": 1}', 'this is JSON lines, not'),
        ('\ufeff\n {"a": 1}\n', 'this is JSON lines, not'),
        ('{"a": {"b": 1}}\n', 'this is JSON, not'),
    ],
)
def test_json(content, words):
    Path('x.csv').write_text(content)
    check_refused(call('fit', 'x.csv', '-k', 2, '-o', 'out'), 3, ['x.csv: ' + words])


@pytest.mark.parametrize(
    'content',
    ['[a],[b]\n1,2\n', '[0],[1]\n1,2\n3,4\n', '{a},b\n1,2\n', '"[1","b"\n1,2\n', '[,a\n1,2\n'],
)
def test_what_is_not_json(content):
    Path('x.csv').write_text(content)
    assert call('fit', 'x.csv', '-k', 1, '-o', 'out').code == 0


def test_excel():
    import zipfile

    with zipfile.ZipFile('x.xlsx', 'w') as book:
        for name in '[Content_Types].xml', '_rels/.rels', 'xl/workbook.xml':
            book.writestr(name, '<xml/>')
    check_refused(
        call('fit', 'x.xlsx', '-k', 2, '-o', 'out'),
        3,
        ['x.xlsx: this is an Excel workbook, not text. Save the sheet as CSV'],
    )
    with zipfile.ZipFile('x.ods', 'w') as book:
        book.writestr('mimetype', 'application/vnd.oasis.opendocument.spreadsheet')
    check_refused(
        call('fit', 'x.ods', '-k', 2, '-o', 'out'),
        3,
        ['x.ods: this is an OpenDocument spreadsheet'],
    )
    Path('x.xls').write_bytes(b'\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1' + bytes(999))
    check_refused(
        call('fit', 'x.xls', '-k', 2, '-o', 'out'), 3, ['x.xls: this is an old Excel workbook']
    )
