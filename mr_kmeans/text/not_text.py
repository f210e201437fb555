"""Detection of files that are not UTF-8 text with a row per line, and advice for each kind."""

from __future__ import annotations

import json
import re
import shlex
from typing import Dict, Optional, Tuple

from mr_kmeans.errors import DataError
from mr_kmeans.messages import CLUSTER

RENAME, UNPACK = 'Give it a name that ends in {}.', 'Unpack it first.'
CONVERT = 'Convert it to text first.'
SAVE_AS_CSV = 'Save the sheet as CSV (UTF-8) first.'
FORMATS = [
    (rb'\x1f\x8b\x08', 'compressed by gzip', RENAME.format('.gz')),
    (rb'BZh[1-9]1AY&SY', 'compressed by bzip2', RENAME.format('.bz2')),
    (
        rb'PK\x03\x04.{26}(?:\[Content_Types\]\.xml|_rels/|xl/|docProps/)',
        'an Excel workbook',
        SAVE_AS_CSV,
    ),
    (
        rb'PK\x03\x04.{26}mimetypeapplication/vnd\.oasis\.opendocument\.spreadsheet',
        'an OpenDocument spreadsheet',
        SAVE_AS_CSV,
    ),
    (rb'PK\x03\x04', 'a zip archive (or a spreadsheet, which is one)', UNPACK),
    (rb'\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', 'an old Excel workbook (.xls)', SAVE_AS_CSV),
    (rb'\xfd7zXZ\x00', 'compressed by xz', UNPACK),
    (rb'\x28\xb5\x2f\xfd', 'compressed by zstd', UNPACK),
    (
        rb'ORC\x08|Obj\x01|SEQ\x06|\x89HDF',
        'a binary table (ORC, Avro, SequenceFile or HDF5)',
        CONVERT,
    ),
]
"""First bytes of formats that are mistaken for text, with the format's name and advice."""

TEXT_BYTES = bytes([0, *b'\t\n\f\r', *range(32, 127), *range(128, 256)])
"""Bytes that may occur in text; `refuse_other_encodings` names UTF-16 and UTF-32, with NUL."""

LOOKED_AT = 4096
"""Number of first bytes by which binary files and encodings are recognized."""

_MARKS = [
    (b'\xff\xfe\0\0', 'UTF-32'),
    (b'\0\0\xfe\xff', 'UTF-32'),
    (b'\xff\xfe', 'UTF-16'),
    (b'\xfe\xff', 'UTF-16'),
]
_WIDE: Dict[Tuple[bool, ...], str] = {
    (False, True, True, True): 'UTF-32LE',
    (True, True, True, False): 'UTF-32BE',
    (False, True, False, True): 'UTF-16LE',
    (True, False, True, False): 'UTF-16BE',
}
"""Encoding by which of every four bytes are 0 in mostly Latin text."""


def refuse_formats(head: bytes, name: str, task: str = CLUSTER) -> None:
    """Refuse a file of another format.

    Parameters
    ----------
    head : bytes
        The first bytes of the file.
    name : str
    task : CLUSTER or LABEL
        What the rows are read for.

    Raises
    ------
    DataError
    """
    if head.startswith(b'PAR1'):
        reader = f"'{_quoted(name)}'"
        if not name.lower().endswith('.parquet'):
            reader = f'read_parquet({reader})'
        raise DataError(
            f'{name}: this is a Parquet file, not text. ' + _by_duckdb(reader, name, task)
        )
    for beginning, what, advice in FORMATS:
        if re.match(beginning, head, re.DOTALL):
            raise DataError(f'{name}: this is {what}, not text. {advice}')
    if head[8:12] == b'DUCK' or head.startswith(b'SQLite format 3\0'):
        what, shown = ('DuckDB', name) if head[8:12] == b'DUCK' else ('SQLite', 'FILE.duckdb')
        way = f'say --engine sql --database {shlex.quote(shown)} --table NAME in place of the file'
        if what == 'SQLite':
            way = 'write its table to CSV first: sqlite3 -csv -header FILE "SELECT ..." > NEW.csv'
        raise DataError(f'{name}: this is a database of {what}, not text. To use its rows, {way}.')
    found = _json(head)
    if found:
        reader = f"read_json_auto('{_quoted(name)}')"
        advice = _by_duckdb(reader, name, task) if found != JSON else 'Convert it to CSV first.'
        raise DataError(f'{name}: this is {found}, not a table of text. {advice}')
    if head.startswith(tuple(mark for mark, _ in _MARKS)):
        return  # text in an encoding that `refuse_other_encodings` names; it may look binary
    begin = head[:LOOKED_AT]
    if len(begin.translate(None, TEXT_BYTES)) > max(8, len(begin) // 20):
        raise DataError(f'{name}: this is a binary file, not text. {CONVERT}')


def _by_duckdb(reader: str, name: str, task: str) -> str:
    """Return advice for a file that DuckDB can read; it cannot read from HDFS."""
    if '://' in name:
        return 'Convert it to CSV first.'
    convert = f'duckdb.sql("COPY (FROM {reader}) TO \'{_quoted(_csv_name(name))}\'")'
    if task != CLUSTER:
        return f'Convert it to CSV first, such as in Python, after import duckdb: {convert}'
    query = f'SELECT * FROM {reader}'
    in_shell = f'"{query}"' if not re.search(r'["$`\\!]', query) else shlex.quote(query)
    return (
        f'Convert it to CSV first, or say --engine sql --query {in_shell} in place of the file '
        '(needs pip install duckdb).'
    )


def _quoted(name: str) -> str:
    """Return a name escaped for single quotes in SQL."""
    return name.replace("'", "''")


def _csv_name(name: str) -> str:
    """Return the name for the converted file, which differs from that of the file."""
    ending = '.new.csv' if name.endswith('.csv') else '.csv'
    return re.sub(r'(\.[A-Za-z]+)?(\.gz)?$', ending, name, count=1)


JSON, JSON_ARRAY, JSON_LINES = 'JSON', 'a JSON array', 'JSON lines'


def _json(head: bytes) -> Optional[str]:
    """Return which kind of JSON a head is (an array, lines of objects, or other JSON), or None."""
    text = head.removeprefix(b'\xef\xbb\xbf').lstrip()
    if re.match(rb'\[\s*\{\s*["}]', text):
        return JSON_ARRAY
    if not re.match(rb'\{\s*"|\[\s*[]["0-9-]|\[\s*(?:null|true|false)\b', text):
        return None
    line, _, rest = text.partition(b'\n')
    try:
        value = json.loads(line)
    except ValueError:  # the value may take several lines, or be longer than the head
        is_cut = not rest and re.match(rb'\{\s*"[^"]*"\s*:|\[\s*\[', text)
        is_open = re.match(rb'[{\[]\s*$|\{\s*"[^"]*"\s*:.*[,{\[]\s*$', line)
        return JSON if is_cut or is_open else None
    if not isinstance(value, dict):
        return JSON
    is_nested = any(isinstance(item, (dict, list)) for item in value.values())
    return JSON if is_nested else JSON_LINES


def refuse_other_encodings(head: bytes, name: str) -> None:
    """Refuse text in UTF-16 or UTF-32, by its byte order mark or its NUL bytes.

    Raises
    ------
    DataError
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            raise DataError(
                f'{name}: the text is in {encoding} (it begins with the bytes '
                f'{mark.hex()}); UTF-8 is needed. Convert it: '
                f'iconv -f {encoding} -t UTF-8 OLD > NEW'
            )
    start = head[:LOOKED_AT]
    if start.count(b'\0') * 8 <= len(start):
        return
    shares = [start[i::4].count(b'\0') / max(1, len(start[i::4])) for i in range(4)]
    wide = _WIDE.get(tuple(share > 0.5 for share in shares))
    if wide and all(share > 0.8 or share < 0.1 for share in shares):
        raise DataError(
            f'{name}: the text is in {wide[:6]} (without a byte order mark, but with NUL bytes '
            f'as {wide} has them); UTF-8 is needed. Convert it: '
            f'iconv -f {wide} -t UTF-8 OLD > NEW'
        )
    raise DataError(
        f'{name}: not text in UTF-8, it is full of NUL bytes (binary, or UTF-16?). ' + CONVERT
    )
