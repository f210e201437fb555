"""What every store keeps: the local disk, HDFS over WebHDFS and over `hadoop fs`, both also on a
real cluster, and objects that cannot be renamed, as in S3."""

import inspect
import io
import uuid

import pytest
from fake_hadoop_fs import FakeHadoopFs
from fake_webhdfs import serving_webhdfs
from object_store import ObjectStorage

from mr_kmeans.errors import RunError
from mr_kmeans.hadoop.cluster import Cluster
from mr_kmeans.hadoop.hadoop_fs import HadoopCommand
from mr_kmeans.hadoop.webhdfs import WebHdfs
from mr_kmeans.storage.base import RemoteStorage, Storage
from mr_kmeans.storage.hdfs import HdfsStorage, storage_of_cluster
from mr_kmeans.storage.local import LocalStorage

ON_HADOOP = [pytest.mark.slow, pytest.mark.hadoop]
STORES = [
    'local',
    'webhdfs',
    'hadoop fs',
    'objects',
    pytest.param('webhdfs, real', marks=ON_HADOOP),
    pytest.param('hadoop fs, real', marks=ON_HADOOP),
]
NAMES = ['a b', 'ü%2c', '*[x]?', 'a{b,c}', "it's", '$x', '100%', 'a+b&c=d;e']


@pytest.fixture(params=STORES)
def place(request, tmp_path, monkeypatch):
    """(a store, the path of a folder in it that is made and empty)."""
    kind, _, real = request.param.partition(', ')
    if kind == 'local':
        store, base = LocalStorage(), str(tmp_path / 'folder')
    elif kind == 'objects':
        store, base = ObjectStorage(), 'objects://bucket/folder'
    elif real:
        for name, value in request.getfixturevalue('cluster').environ.items():
            monkeypatch.setenv(name, value)
        store = storage_of_cluster(Cluster())
        if kind == 'hadoop fs':
            store = HdfsStorage(HadoopCommand(), store._default_fs)
        base = store.absolute(f'hdfs:///contract-{uuid.uuid4().hex}')
    elif kind == 'webhdfs':
        (tmp_path / 'hdfs').mkdir()
        service = request.getfixturevalue('webhdfs')
        store, base = HdfsStorage(WebHdfs(service.address, 'me')), 'hdfs://name/folder'
    else:
        FakeHadoopFs(tmp_path, monkeypatch)
        store, base = HdfsStorage(HadoopCommand()), 'hdfs://name/folder'
    store.make_folder(base)
    yield store, base
    store.remove(base)


@pytest.fixture
def webhdfs(tmp_path):
    with serving_webhdfs(tmp_path / 'hdfs') as service:
        yield service


def contents(store, folder):
    return {name: store.read(store.join(folder, name)) for name in store.sizes(folder)}


def fill(store, folder, *names):
    store.make_folder(folder)
    for name in names:
        store.write(store.join(folder, name), name.encode('utf-8'))
    return folder


@pytest.mark.parametrize('kind', [LocalStorage, HdfsStorage, ObjectStorage])
def test_a_store_has_the_methods_of_the_interface(kind):
    assert issubclass(kind, Storage) and kind.scheme is not None
    for base in Storage, *([RemoteStorage] if issubclass(kind, RemoteStorage) else []):
        for name, method in inspect.getmembers(base, inspect.isfunction):
            own = inspect.signature(getattr(kind, name)).parameters
            assert list(own) == list(inspect.signature(method).parameters), (kind, name)


def test_files_are_written_whole_and_read(place):
    store, base = place
    path = store.join(base, 'f')
    with pytest.raises(FileNotFoundError):
        store.read(path)
    for content in b'one', b'', bytes(range(256)) * 2000:
        store.write(path, content)
        assert store.read(path) == content
        assert store.sizes(base) == {'f': len(content)}
    assert store.list(base) == ['f']  # nothing is left beside it


def test_a_file_is_created_once(place):
    store, base = place
    path = store.join(base, 'lock')
    store.create(path, b'first')
    with pytest.raises(FileExistsError):
        store.create(path, b'second')
    with pytest.raises(FileExistsError):
        store.put(path, io.BytesIO(b'third'), 5)
    assert contents(store, base) == {'lock': b'first'}


def test_a_stream_becomes_a_file(place, tmp_path):
    store, base = place
    content = b'0123456789' * 50_000
    (tmp_path / 'source').write_bytes(content)
    with open(tmp_path / 'source', 'rb') as stream:
        store.put(store.join(base, 'f'), stream, len(content))
    assert store.read(store.join(base, 'f')) == content


@pytest.mark.parametrize('knows_size', [True, False])
def test_a_file_is_read_anywhere(knows_size, place):
    store, base = place
    path, content = store.join(base, 'f'), b'0123456789' * 50_000
    store.write(path, content)
    with store.open(path, len(content) if knows_size else None) as stream:
        assert stream.read(5) == content[:5]
        assert stream.seek(-7, io.SEEK_END) == len(content) - 7 and stream.read() == content[-7:]
        assert stream.seek(300_001) == 300_001 and stream.read(3) == content[300_001:300_004]


def test_a_missing_file_is_not_opened(place):
    store, base = place
    with pytest.raises(FileNotFoundError), store.open(store.join(base, 'none')) as stream:
        stream.read()


def test_folders_are_listed_by_name(place):
    store, base = place
    folder = store.join(base, 'a', 'b')
    assert store.list(folder) == [] and store.sizes(folder) == {} and not store.is_folder(folder)
    fill(store, folder, 'y', 'x')
    store.make_folder(folder)
    fill(store, store.join(folder, 'z'), 'inner')
    assert store.list(folder) == ['x', 'y', 'z'] and store.sizes(folder) == {'x': 1, 'y': 1}
    file = store.join(folder, 'x')
    assert store.exists(file) and not store.is_folder(file)
    assert store.list(file) == [] and store.sizes(file) == {}
    assert store.exists(folder) and store.is_folder(folder)
    store.make_private(folder)
    assert store.list(folder) == ['x', 'y', 'z']


def test_a_file_is_not_made_a_folder(place):
    store, base = place
    file = store.join(base, 'f')
    store.write(file, b'')
    for path in file, store.join(file, 'below'):
        with pytest.raises((FileExistsError, NotADirectoryError)):
            store.make_folder(path)


def test_removing_takes_all_and_asks_for_nothing(place):
    store, base = place
    folder = fill(store, store.join(base, 'a'), 'x', 'y')
    fill(store, store.join(folder, 'b'), 'z')
    for path in store.join(folder, 'x'), folder, folder:
        store.remove(path)
        assert not store.exists(path)
    assert store.list(base) == []


def test_a_folder_with_files_is_not_empty(place):
    store, base = place
    folder = fill(store, store.join(base, 'a'), 'x')
    store.remove_empty(folder)
    assert store.list(folder) == ['x']
    store.remove(store.join(folder, 'x'))
    store.remove_empty(folder)
    assert not store.exists(folder)


def test_names_are_no_patterns_and_need_no_quotes(place):
    store, base = place
    fill(store, base, *NAMES, 'another')
    assert store.list(base) == sorted([*NAMES, 'another'])
    for name in NAMES:
        path = store.join(base, name)
        assert store.read(path) == name.encode('utf-8')
        with store.open(path) as stream:
            assert stream.read() == name.encode('utf-8')
        store.remove(path)
    assert store.list(base) == ['another']


def test_a_folder_is_published_with_all_that_is_in_it(place):
    store, base = place
    made, target = fill(store, store.join(base, 'made'), 'x', 'y', '_marker'), base + '/points'
    before = contents(store, made)
    store.publish(made, target, '_marker')
    assert contents(store, target) == before and not store.exists(made)


def test_files_are_moved_under_new_names(place):
    store, base = place
    made, target = fill(store, store.join(base, 'made'), 'x', 'y', 'z'), store.join(base, 'labels')
    store.move_files(made, target, {'y': '0', 'x': '1'})
    assert contents(store, target) == {'0': b'y', '1': b'x'} and store.list(made) == ['z']
    store.move_files(made, target, {'z': '2'}, 'z')
    assert store.list(target) == ['0', '1', '2']


def test_a_marker_is_the_last_to_come_and_the_first_to_go():
    store = ObjectStorage()
    fill(store, 'objects://b/made', 'x', 'y', '_marker')
    store.log.clear()
    store.publish('objects://b/made', 'objects://b/points', '_marker')
    written = [path for verb, path in store.log if verb == 'put']
    removed = [path for verb, path in store.log if verb == 'delete']
    assert written[-1].endswith('_marker') and removed[0].endswith('_marker')


def test_a_file_is_removed_only_with_the_content_that_was_read(place):
    store, base = place
    path = store.join(base, 'lock')
    store.create(path, b'theirs')
    assert not store.remove_if(path, b'mine') and contents(store, base) == {'lock': b'theirs'}
    assert store.remove_if(path, b'theirs') and store.list(base) == []
    assert store.remove_if(path, b'theirs')  # somebody else has removed it


def test_files_are_fetched_with_their_content(place, tmp_path):
    store, base = place
    fill(store, base, 'x', 'y', 'other')
    (tmp_path / 'here').mkdir()
    store.fetch(base, {'x': 1, 'y': 1}, str(tmp_path / 'here'))
    found = {path.name: path.read_bytes() for path in (tmp_path / 'here').iterdir()}
    assert found == {'x': b'x', 'y': b'y'}


def test_results_keep_the_order_of_the_items(place):
    store, base = place
    fill(store, base, *'dacb')
    assert list(store.map(lambda name: store.read(store.join(base, name)), 'dacb')) == [
        b'd', b'a', b'c', b'b'
    ]  # fmt: skip


def test_a_folder_is_held_alone_and_free_afterwards(place):
    store, base = place
    for _ in range(2):
        with store.alone(base):
            pass


def test_a_path_is_absolute_in_one_way(place):
    store, base = place
    for path in base, base + '/', base + '/x/..', base + '/./':
        assert store.absolute(path) == store.absolute(base)
    assert store.absolute(store.absolute(base)) == store.absolute(base)
    assert not store.is_link(base) and not store.lost_link(base)


# Stores in which inputs are found


@pytest.fixture
def remote(place):
    store, base = place
    if isinstance(store, RemoteStorage):
        return store, base
    return None


def test_inputs_are_found_by_name_folder_and_pattern(remote):
    if remote is None:
        return  # the local disk: inputs.files looks itself
    store, base = remote
    fill(store, base, 'b.csv', 'a.csv', 'c.txt')
    fill(store, store.join(base, 'd.csv'), 'e.csv')
    found = store.statuses([f'{base}/{name}' for name in ('a.csv', 'none', 'd.csv')])
    assert found[1] is None and [found[0].name, found[0].size, found[0].is_folder] == [
        'a.csv', 5, False
    ]  # fmt: skip
    assert found[2].is_folder
    assert [entry.name for entry in store.entries(base)] == ['a.csv', 'b.csv', 'c.txt', 'd.csv']
    assert store.entries(base + '/none') == [] and store.entries(base + '/a.csv') == []
    assert list(store.glob(base + '/*.csv')) == [f'{base}/{n}.csv' for n in 'abd']
    assert list(store.glob(base + '/*/e.csv')) == [base + '/d.csv/e.csv']
    assert store.glob(base + '/x*') == {}
    assert len(store.checksums([base + '/a.csv', base + '/b.csv'])) == 2


def test_a_store_that_does_not_answer_is_a_run_error():
    with pytest.raises(RunError, match='no answer'):
        HdfsStorage(WebHdfs('http://127.0.0.1:1', 'me')).exists('hdfs://name/x')
