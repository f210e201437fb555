"""Tests of the input files that a user's paths mean, and of their heads."""

import bz2
import gzip
import hashlib
import os
import random
from pathlib import Path

import pytest
from commandline import call
from logged import logged

from mr_kmeans.errors import DataError, RunError, UsageError
from mr_kmeans.inputs.files import check_unchanged, find_files, look
from mr_kmeans.inputs.heads import MAX_NAME_LENGTH, read_head, sniff_files
from mr_kmeans.text.dialect import HEAD_BYTES


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Run every test in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(*names, content=b'a,b\n1,2\n'):
    for name in names:
        os.makedirs(os.path.dirname(name) or '.', exist_ok=True)
        with open(name, 'wb') as stream:
            stream.write(content)


def names_of(*items):
    said = logged()
    return [file.name for file in find_files(items)], said


def test_paths_keep_the_order_given():
    put('b.csv', 'a.csv')
    assert names_of('b.csv', './a.csv') == (['b.csv', './a.csv'], [])


def test_files_of_a_folder_are_sorted_by_name():
    put('d/b.csv', 'd/a.csv', 'd/10', 'd/.hidden', 'd/_SUCCESS')
    assert names_of('d') == (['d/10', 'd/a.csv', 'd/b.csv'], [])
    assert names_of('d/') == (['d/10', 'd/a.csv', 'd/b.csv'], [])


def test_subfolders_are_reported_but_not_entered():
    put('d/a.csv', 'd/e/x.csv', 'd/f/x.csv', 'd/.git/x.csv')
    assert names_of('d') == (['d/a.csv'], ['not entered: the folder d/e and 1 more'])
    assert names_of('d/*') == (['d/a.csv'], ['not entered: the folder d/e and 1 more'])


def test_globs_are_expanded():
    put('d/b.csv', 'd/a.csv', 'd/c.txt', 'd/_x.csv', 'e/a.csv')
    assert names_of('d/*.csv') == (['d/a.csv', 'd/b.csv'], [])
    assert names_of('[de]/a.csv', 'd/?.txt') == (['d/a.csv', 'e/a.csv', 'd/c.txt'], [])


def test_file_named_like_a_glob_is_found():
    put('[ab].csv', 'a.csv', '*.csv')
    assert names_of('[ab].csv')[0] == ['[ab].csv']
    assert names_of('*.csv')[0] == ['*.csv']


@pytest.mark.parametrize(
    'item, kind, words',
    [
        ('none.csv', RunError, 'none.csv: no such file'),
        ('', RunError, "'': no such file"),
        ('x*', RunError, "no file matches 'x*'"),
        ('empty', DataError, 'the folder empty is empty; name the files'),
        ('hidden', DataError, 'holds no input file (only hidden ones)'),
        ('a.csv/b', RunError, 'a.csv/b: not a directory'),
        ('dangling', RunError, 'dangling: no such file'),
        ('https://host/x.csv', UsageError, 'no such store is known'),
        ('fifo', UsageError, 'not a regular file'),
        ('-', UsageError, 'standard input'),
        ('n' * 300, RunError, 'name too long'),
    ],
)
def test_invalid_inputs_are_refused(item, kind, words):
    put('a.csv', 'hidden/.x')
    os.mkdir('empty')
    os.mkfifo('fifo')
    os.symlink('nowhere', 'dangling')
    with pytest.raises(kind) as caught:
        find_files([item])
    assert words in str(caught.value) and type(caught.value) is kind


@pytest.mark.parametrize('again', ['a.csv', './a.csv', '../{folder}/a.csv', 'link', '*.csv', '.'])
def test_file_named_twice_is_refused(again, folder):
    put('a.csv')
    if again != '.':
        os.symlink('a.csv', 'link')
    with pytest.raises(UsageError, match='named twice .first as a.csv'):
        find_files(['a.csv', again.format(folder=folder.name)])


def test_input_file_attributes(folder):
    put('a.csv')
    os.utime('a.csv', ns=(1, 1_700_000_000_123_456_789))
    file, status = look('a.csv'), os.stat('a.csv')
    content = hashlib.sha256(b'a,b\n1,2\n').hexdigest()[:32]
    assert file.storage.scheme == '' and 'storage' not in file.to_json()
    assert file[:7] == (
        'a.csv',
        str(folder / 'a.csv'),
        8,
        1_700_000_000_123_456_789,
        status.st_ctime_ns,
        status.st_ino,
        content,
    )
    assert file.to_json() == {
        'path': str(folder / 'a.csv'),
        'size': 8,
        'modified': 1_700_000_000_123_456_789,
        'changed': status.st_ctime_ns,
        'inode': status.st_ino,
        'content': content,
    }


def test_file_without_read_permission_is_refused(monkeypatch):
    put('a.csv')
    monkeypatch.setattr(os, 'access', lambda path, mode: False)
    with pytest.raises(RunError, match='a.csv: no permission to read it'):
        look('a.csv')


def test_read_error_names_the_file():
    """/proc/self/mem is a regular file, and reading it fails, even for root; on other systems, a
    folder serves.
    """
    path = '/proc/self/mem' if os.path.exists('/proc/self/mem') else '.'
    with pytest.raises(RunError) as caught:
        read_head(path, 'x.csv')
    assert str(caught.value).startswith('x.csv: ') or str(caught.value).startswith('.: ')


def test_replaced_file_with_the_same_time_is_noticed():
    """As by cp -p, rsync -t or tar, the new file has the size and time of the old one."""
    put('a.csv')
    files, status = find_files(['a.csv']), os.stat('a.csv')
    put('b.csv', content=b'a,b\n1,3\n')
    os.replace('b.csv', 'a.csv')
    os.utime('a.csv', ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(
        RunError,
        match=(
            r'a.csv: it changed while it was read '
            r'\(its owner, mode or links were changed, or it was replaced\)'
        ),
    ):
        check_unchanged(files)
    now = look('a.csv')
    assert (now.size, now.modified) == (files[0].size, files[0].modified)
    assert (
        now.changed != files[0].changed
        and now.inode != files[0].inode
        and now.content != files[0].content
    )


def test_new_inodes_alone_are_not_a_change():
    put('a.csv')
    check_unchanged([look('a.csv')._replace(inode=7)])
    with pytest.raises(RunError, match='replaced'):
        check_unchanged([look('a.csv')._replace(inode=7, content='other')])


def test_changes_are_noticed():
    put('a.csv', 'b.csv')
    files = find_files(['a.csv', 'b.csv'])
    check_unchanged(files)
    os.utime('b.csv', ns=(1, 1))
    with pytest.raises(RunError, match=r'b.csv: it changed while it was read \(written to\)'):
        check_unchanged(files)
    put('a.csv', content=b'')
    with pytest.raises(RunError, match=r'a.csv: it changed while it was read \(8 bytes, now 0\)'):
        check_unchanged(files)
    os.unlink('a.csv')
    with pytest.raises(RunError, match='a.csv: No such file'):
        check_unchanged(files)


@pytest.mark.parametrize(
    'name, pack',
    [('x', bytes), ('x.gz', gzip.compress), ('x.bz2', bz2.compress), ('X.GZ', gzip.compress)],
)
@pytest.mark.parametrize('size', [0, 1, 1000, HEAD_BYTES, HEAD_BYTES + 1, 3 * HEAD_BYTES])
def test_head_of_a_file_is_read(name, pack, size):
    content = (b'1,2\n' * size)[:size]
    put(name, content=pack(content))
    head, complete = read_head(name)
    assert (head, complete) == (content[:HEAD_BYTES], size <= HEAD_BYTES)


def test_head_is_extended_to_two_lines():
    content = b'1,' * HEAD_BYTES + b'2\n3,4\n5,6\n'
    put('x', content=content)
    head, complete = read_head('x')
    assert len(head) > 2 * HEAD_BYTES and complete and head == content


DAMAGED = {
    'x.gz': [
        gzip.compress(b'1,2\n' * 99, mtime=0)[:-9],
        gzip.compress(b'1,2\n' * 99, mtime=0)[:5],
        b'1,2\n',
        gzip.compress(b'1,2\n', mtime=0)[:10] + b'\xff' * 50,
    ],
    'x.bz2': [bz2.compress(b'1,2\n' * 99)[:-9], b'1,2\n', b'BZh9' + b'x' * 99],
}


@pytest.mark.parametrize(
    'name, content', [(name, content) for name in DAMAGED for content in DAMAGED[name]]
)
def test_damaged_compression_is_refused(name, content):
    put(name, content=content)
    with pytest.raises(DataError) as caught:
        read_head(name, 'shown')
    assert str(caught.value).startswith('shown: ') and 'compressed' in str(caught.value)


@pytest.mark.parametrize(
    'content, words',
    [
        (gzip.compress(b'', mtime=0), ['compressed by gzip', '.gz']),
        (bz2.compress(b'1'), ['compressed by bzip2', '.bz2']),
        (b'PK\x03\x04...', ['zip', 'Unpack']),
        (b'\xfd7zXZ\x00', ['xz', 'Unpack']),
        (b'\x28\xb5\x2f\xfd', ['zstd', 'Unpack']),
        (b'PAR1\x15', ['Parquet', 'Convert']),
        (b'SEQ\x06"org', ['binary table', 'Convert']),
        (bytes(range(1, 32)) * 9, ['binary file', 'Convert']),
    ],
)
def test_other_formats_are_refused(content, words):
    put('x.csv', content=content)
    with pytest.raises(DataError) as caught:
        read_head('x.csv')
    for word in ['x.csv: this is ', *words]:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    'content',
    [
        'größe,höhe\n1,2\n'.encode(),
        'größe,höhe\n1,2\n'.encode('latin-1'),
        '温度,a\n1,2\n'.encode(),
        b'PK,BZh\n1,2\n',
        b'\x1f,a\n1,2\n' + b'1,2\n' * 9,
        b'1\t2\r\n3\t4\r\n\x1a',
    ],
)
def test_unusual_text_is_accepted(content):
    put('x.csv', content=content)
    assert read_head('x.csv') == (content, True)


def test_files_with_the_same_dialect_are_accepted():
    put('1', '2')
    put('empty', content=b'')
    dialects = sniff_files(find_files(['empty', '1', '2']))
    assert [dialect.names for dialect in dialects] == [[], ['a', 'b'], ['a', 'b']]
    assert [dialect.path for dialect in dialects] == ['empty', '1', '2']


def test_files_with_different_dialects_are_refused():
    put('1')
    put('2', content=b'a,c\n1,2\n')
    put('empty', content=b'')
    with pytest.raises(DataError, match="column 2 is 'b' in 1, but 'c' in 2"):
        sniff_files(find_files(['1', 'empty', '2']))


@pytest.mark.parametrize('length, taken', [(MAX_NAME_LENGTH, True), (MAX_NAME_LENGTH + 1, False)])
def test_too_long_column_name_is_refused(length, taken):
    put('x', content=b'n' * length + b',b\n1,2\n')
    if taken:
        assert sniff_files(find_files(['x']))[0].names == ['n' * length, 'b']
    else:
        with pytest.raises(DataError, match=r'x: the header has a name of 1,001 characters'):
            sniff_files(find_files(['x']))


@pytest.mark.parametrize('command', ['fit', 'assign'])
def test_damage_is_reported_as_damage_whatever_the_text_looks_like(command, tmp_path, monkeypatch):
    """Of a bzip2 file with one bit wrong, text comes out before the checksum is compared."""
    monkeypatch.chdir(tmp_path)
    chance = random.Random(7)
    rows = ''.join(f'{chance.random():.6f},{chance.randrange(99)}\n' for _ in range(3000))
    whole = bz2.compress(('alpha,beta\n' + rows).encode())
    Path('good.csv').write_text('alpha,beta\n' + rows)
    assert call('fit', 'good.csv', '-k', 2, '-o', 'run', '-q').code == 0
    arguments = (
        ['fit', '-k', 2, '-o', 'out'] if command == 'fit' else ['assign', 'run', '-o', 'out']
    )
    for _ in range(40):
        damaged = bytearray(whole)
        damaged[chance.randrange(4, len(whole) - 1)] ^= 1 << chance.randrange(8)
        Path('x.csv.bz2').write_bytes(damaged)
        done = call(*arguments, 'x.csv.bz2')
        assert done.code == 3 and 'the compressed file is damaged' in done.stderr, done.stderr
