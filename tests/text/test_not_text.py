"""Files that are not text with a row per line are named as what they are."""

import json

import pytest

from mr_kmeans.errors import DataError
from mr_kmeans.messages import LABEL
from mr_kmeans.text.not_text import refuse_formats, refuse_other_encodings

POINT = {'type': 'Feature', 'geometry': {'type': 'Point', 'coordinates': [1.5, 2]}}
GEO = {'type': 'FeatureCollection', 'features': [POINT, POINT]}


def refused(head, name='x.dat', *more):
    with pytest.raises(DataError) as caught:
        refuse_formats(head, name, *more)
    return str(caught.value)


@pytest.mark.parametrize(
    'head, words',
    [
        (
            b'PAR1\x15\x04',
            'this is a Parquet file, not text. Convert it to CSV first, or say --eng',
        ),
        (b'\x1f\x8b\x08\0', 'compressed by gzip, not text. Give it a name that ends in .gz.'),
        (b'BZh91AY&SY', 'compressed by bzip2'),
        (b'PK\x03\x04' + b'\0' * 26 + b'xl/workbook.xml', 'an Excel workbook'),
        (b'PK\x03\x04' + b'\0' * 40, 'a zip archive'),
        (b'\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', 'an old Excel workbook'),
        (b'ORC\x08', 'a binary table'),
        (bytes(range(256)) * 9, 'a binary file'),
        (
            b'\1\2\3\4\5\6\7\x08DUCK\x40\0\0\0',
            'a database of DuckDB, not text. To use its rows, say --engine sql --database x.dat'
            ' --table NAME in place of the file.',
        ),
        (b'SQLite format 3\0', 'a database of SQLite, not text. To use its rows, write its table'),
    ],
)
def test_formats_are_named_with_advice(head, words):
    assert words in refused(head)


@pytest.mark.parametrize('indent', [None, 1, 4, '\t'])
@pytest.mark.parametrize('value', [GEO, {'a': GEO}, [[1, 2], [3, 4]], {'a': [1, 2], 'b': [3]}])
def test_json_is_recognized_however_it_is_written(value, indent):
    text = json.dumps(value, indent=indent).encode()
    assert 'this is JSON' in refused(text)
    assert 'this is JSON' in refused(text.replace(b'{\n', b'{', 1))


def test_json_of_rows_is_read_by_duckdb():
    assert 'a JSON array' in refused(json.dumps([{'a': 1}, {'a': 2}], indent=1).encode())
    lines = b'{"a": 1}\n{"a": 2}\n'
    assert 'JSON lines' in refused(lines) and '--engine sql' in refused(lines)
    assert '--engine' not in refused(lines, 'x.json', LABEL)


@pytest.mark.parametrize(
    'head', [b'a,b\n1,2\n', b'{x},y\n1,2\n', b'"{""a"":1}",2\n', b'[1],2\n', b'x\n\xff\xfe\n']
)
def test_text_is_not_refused(head):
    refuse_formats(head, 'x.csv')
    refuse_other_encodings(head, 'x.csv')


@pytest.mark.parametrize('encoding', ['utf-16', 'utf-16-le', 'utf-16-be', 'utf-32', 'utf-32-be'])
def test_other_encodings_are_named(encoding):
    with pytest.raises(DataError, match=encoding[:6].upper() + '.*iconv -f'):
        refuse_other_encodings('alpha,beta\n1,2\n'.encode(encoding), 'x.csv')
