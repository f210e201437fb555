"""The DuckDB file in the folder of a run: what a killed run leaves of it, a damaged one, and none
where no run by SQL has begun."""

import hashlib
import json
import os

import duckdb
import pytest
from commandline import call, model_hash

ROWS = 'a,b\n1,2\n3,4\n50,70\n52,71\n'
FIT = ('fit', 'rows.csv', '-k', 2, '-o', 'run')
SQL = (*FIT, '--engine', 'sql')


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A finished run by SQL, in the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'rows.csv').write_text(ROWS)
    assert call(*SQL, '-q').code == 0
    return tmp_path / 'run'


@pytest.mark.parametrize('more', [(*SQL, '--resume'), (*SQL, '--overwrite'), (*FIT, '--overwrite')])
def test_spilled_data_of_a_killed_duckdb_is_removed(more, folder):
    (folder / 'kmeans.duckdb.tmp').mkdir()
    (folder / 'kmeans.duckdb.tmp/duckdb_temp_storage_DEFAULT-0.tmp').write_bytes(bytes(100))
    done = call(*more)
    assert done.code == 0, done.stderr
    assert not (folder / 'kmeans.duckdb.tmp').exists()
    assert (folder / 'kmeans.duckdb').exists() == ('sql' in more)


def test_logs_of_an_unfinished_checkpoint_are_the_database_s_own(folder):
    for name in ('kmeans.duckdb.wal.checkpoint', 'kmeans.duckdb.wal.recovery'):
        (folder / name).write_bytes(b'')
    done = call(*FIT, '--overwrite')
    assert done.code == 0, done.stderr
    assert not [name for name in os.listdir(folder) if name.startswith('kmeans')]


def test_a_file_beside_the_database_that_duckdb_does_not_write_is_another_thing(folder):
    (folder / 'kmeans.duckdb.bak').write_bytes(b'')
    done = call(*SQL, '--overwrite')
    assert done.code == 2 and 'other things (kmeans.duckdb.bak)' in done.stderr


DAMAGE = {
    'empty': lambda data: b'',
    'cut': lambda data: data[:100],
    'cut in the middle': lambda data: data[: len(data) // 2],
    'zeros': lambda data: bytes(len(data)),
    'a bit of a header': lambda data: data[:4100] + bytes([data[4100] ^ 1]) + data[4101:],
    'text': lambda data: b'hello\n',
}


@pytest.mark.parametrize(
    'damage, mode',
    [
        pytest.param(damage, mode, marks=[] if (i + j) % 2 == 0 else [pytest.mark.slow])
        for i, damage in enumerate(DAMAGE)
        for j, mode in enumerate(('--overwrite', '--resume'))
    ],
)
def test_a_damaged_database_of_its_own_is_made_again(damage, mode, folder):
    path = folder / 'kmeans.duckdb'
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    (folder / 'model.json').unlink()
    done = call(*SQL, mode)
    assert done.code == 0, done.stderr
    assert f'{path} is damaged, and is made again (DuckDB: ' in done.stderr
    assert model_hash(done) == model_hash(call(*SQL, '--resume'))
    again = call(*SQL, '--overwrite')
    assert again.code == 0 and 'damaged' not in again.stderr


def test_a_damaged_database_that_was_named_is_kept(folder):
    path = folder.parent / 'base.duckdb'
    path.write_text('hello\n')
    done = call(*SQL, '--overwrite', '--database', path)
    assert done.code == 1 and path.read_text() == 'hello\n'
    assert f'--database {path}: damaged (DuckDB: ' in done.stderr
    assert 'Take another database' in done.stderr


def test_a_run_of_the_version_before_content_hashes_is_resumed(folder):
    """Its table was known by a digest that had the files in it as well."""
    (folder / 'model.json').unlink()
    manifest = json.loads((folder / 'manifest.json').read_text())
    expected = model_hash(call(*SQL, '--resume'))
    (folder / 'model.json').unlink()
    manifest['inputs'] = [
        {key: file[key] for key in ('path', 'size', 'modified')} for file in manifest['inputs']
    ]
    del manifest['digest']
    (folder / 'manifest.json').write_text(json.dumps(manifest))
    fingerprint = json.loads((folder / 'survey.json').read_text())['fingerprint']
    made_of = {key: manifest[key] for key in ('inputs', 'text_input', 'features', 'options')}
    made_of['options'] = {
        key: value for key, value in made_of['options'].items() if key != 'max_iter'
    }
    digest = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:32]
    with duckdb.connect(str(folder / 'kmeans.duckdb')) as connection:
        connection.execute(
            f"COMMENT ON TABLE cluster_centers IS 'mr_kmeans run {digest} {int(fingerprint):016x}'"
        )
    for _ in range(2):
        done = call(*SQL, '--resume')
        assert done.code == 0 and model_hash(done) == expected, done.stderr
        (folder / 'model.json').unlink()


def test_too_little_memory_is_explained(folder):
    base = f'{folder.parent}/small.duckdb?memory_limit=1MB'
    done = call(*SQL, '--overwrite', '--database', base)
    assert done.code == 1 and 'Out of Memory' in done.stderr, done.stderr
    assert 'Possible solutions' not in done.stderr
    assert "--database 'rows.duckdb?memory_limit=8GB&threads=2'." in done.stderr


def test_a_refused_run_by_sql_leaves_no_database_in_a_run_of_jobs(folder):
    assert call(*FIT, '--overwrite', '-q').code == 0
    (folder.parent / 'bad.csv').write_text(ROWS + 'no,number\n')
    done = call('fit', 'bad.csv', '-k', 2, '-o', 'run', '--engine', 'sql', '--overwrite')
    assert done.code == 3, done.stderr
    assert 'kmeans.duckdb' not in os.listdir(folder) and 'model.json' in os.listdir(folder)
