"""Labels and the list of rejected rows beside them are replaced together, whatever happens."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from commandline import call, environment, start

from mr_kmeans.errors import UsageError
from mr_kmeans.run.label_folder import LabelFolder
from mr_kmeans.storage.local import LocalStorage

PAIRS = [
    ('bad.csv', 'worse.csv'),
    ('bad.csv', 'good.csv'),
    ('good.csv', 'bad.csv'),
    (None, 'bad.csv'),
]
GOOD, BAD, WORSE = 'x,y\n1,2\n3,4\n', 'x,y\n1,2\nno,number\n3,4\n', 'x,y\n5,6\n,\n7,8\nz,9\n'

UNTIL_KILLED = """
import os, sys
from mr_kmeans.cli import main as cli
from mr_kmeans.run.label_folder import LabelFolder
from mr_kmeans.storage.local import LocalStorage

left = int(sys.argv.pop(1))

def counting(name):
    real = getattr(LocalStorage, name)
    def call(*args):
        global left
        if not left:
            os.kill(os.getpid(), 9)
        left -= 1
        return real(*args)
    setattr(LocalStorage, name, call)

put = LabelFolder.put
def put_until_killed(*args):
    for name in ('rename', 'remove', 'write'):
        counting(name)
    put(*args)
LabelFolder.put = put_until_killed
cli.main()
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in (('good.csv', GOOD), ('bad.csv', BAD), ('worse.csv', WORSE)):
        Path(name).write_text(text)
    assert call('fit', 'good.csv', '-k', 2, '-o', 'run').code == 0
    return tmp_path


def assign(name, labels='labels', *options):
    return call('assign', 'run', name, '-o', labels, '--max-bad-rows', 9, *options)


def found():
    """Return whose labels there are, and whose list beside them."""
    parts, ledger = Path('labels/part-00000.csv'), Path('labels.rejected.csv')
    return tuple(
        path.read_text().splitlines()[1].split(',')[0] if path.exists() else None
        for path in (parts, ledger)
    )


@pytest.mark.parametrize('labels', ['labels', 'labels/', './labels'])
def test_the_list_is_beside_the_labels(labels, folder):
    done = assign('bad.csv', labels)
    assert done.stdout.endswith('1 row left out (%s.rejected.csv lists it)\n' % labels.rstrip('/'))
    assert os.listdir('labels') == ['part-00000.csv'] and found() == ('bad.csv', 'bad.csv')
    assert (
        Path('labels.rejected.csv').read_text()
        == "file,line,reason,row\nbad.csv,3,field 1 ('x'): 'no' is not a number,\"no,number\"\n"
    )
    assert [name for name in os.listdir('.') if name.startswith('.')] == []


def test_a_list_goes_with_the_labels_it_is_of(folder):
    assert assign('bad.csv').code == 0
    assert assign('good.csv').code == 2 and found() == ('bad.csv', 'bad.csv')
    assert assign('worse.csv', 'labels', '--overwrite').code == 0
    assert found() == ('worse.csv', 'worse.csv')
    assert assign('good.csv', 'labels', '--overwrite').code == 0 and found() == ('good.csv', None)
    assert assign('bad.csv', 'labels', '--overwrite').code == 0
    subprocess.run(['rm', '-r', 'labels'], check=True)
    assert assign('good.csv').code == 0 and found() == ('good.csv', None)


@pytest.mark.parametrize(
    'make', [lambda path: path.write_text('my own notes\n'), lambda path: path.mkdir()]
)
def test_what_is_no_such_list_is_not_replaced(make, folder):
    make(Path('labels.rejected.csv'))
    done = assign('bad.csv', 'labels', '--overwrite')
    assert done.code == 2 and 'labels.rejected.csv is not a list of rejected rows' in done.stderr
    assert not Path('labels').exists()


def test_names_without_a_name(folder):
    os.mkdir('sub')
    os.chdir('sub')
    assert LabelFolder('.', False).shown_ledger == str(folder / 'sub.rejected.csv')
    with pytest.raises(UsageError, match='name a folder'):
        LabelFolder('', False)


@pytest.mark.parametrize('old, new', PAIRS)
def test_a_failure_leaves_the_old_ones(old, new, folder, monkeypatch):
    if old:
        assert assign(old).code == 0
    before, real = found(), LocalStorage.rename

    def fail(self, source, target):
        if target.endswith('/labels') and 'labels.' in source and not source.endswith('old'):
            raise OSError(5, 'Input/output error', target)
        real(self, source, target)

    monkeypatch.setattr(LocalStorage, 'rename', fail)
    done = assign(new, 'labels', '--overwrite')
    assert done.code == 1 and 'Input/output error' in done.stderr and found() == before
    assert [name for name in os.listdir('.') if name.startswith('.')] == []


def test_a_refused_input_has_a_list_too(folder):
    Path('many.csv').write_text(GOOD + 'no,number\n' * 9)
    refused = ('assign', 'run', 'many.csv', '-o', 'labels')
    done = call(*refused)
    assert done.code == 3 and not Path('labels').exists()
    assert done.stderr.endswith('to leave such rows out; labels.rejected.csv lists them.\n')
    assert len(Path('labels.rejected.csv').read_text().splitlines()) == 10
    assert assign('bad.csv').code == 0
    done = call(*refused, '--overwrite')
    assert done.code == 3 and found() == ('bad.csv', 'bad.csv')
    assert 'leave such rows out; labels keeps its labels and their list; with' in done.stderr


@pytest.mark.parametrize('options', [(), ('--overwrite',)])
def test_of_two_at_a_time_one_is_whole(options, folder, monkeypatch):
    put = LabelFolder.put

    def put_after_another(self, *args):
        monkeypatch.setattr(LabelFolder, 'put', put)
        assert assign('worse.csv', 'labels', *options).code == 0
        put(self, *args)

    monkeypatch.setattr(LabelFolder, 'put', put_after_another)
    done = assign('bad.csv', 'labels', *options)
    if options:
        assert done.code == 0 and found() == ('bad.csv', 'bad.csv')
    else:
        assert done.code == 1 and found() == ('worse.csv', 'worse.csv')
        assert 'labels: another assign has written it meanwhile. Nothing of this' in done.stderr
    assert [name for name in os.listdir('.') if name.startswith('.')] == []


def test_labels_that_appear_while_others_are_put(folder, monkeypatch):
    assert assign('bad.csv').code == 0
    real = LocalStorage.rename

    def rename(self, source, target):
        real(self, source, target)
        if target.endswith('/old'):  # as by another host
            os.mkdir('labels')
            Path('labels/part-00000.csv').write_text('file,row\nother,1\n')

    monkeypatch.setattr(LocalStorage, 'rename', rename)
    done = assign('worse.csv', 'labels', '--overwrite')
    assert done.code == 1 and 'another assign has written it meanwhile' in done.stderr
    assert found() == ('other', 'bad.csv')


@pytest.mark.slow
def test_pairs_at_the_same_time(folder):
    for _ in range(6):
        both = [
            start('assign', 'run', name, '-o', 'labels', '--max-bad-rows', 9, '--overwrite')
            for name in ('bad.csv', 'worse.csv')
        ]
        ends = [(one.communicate(timeout=60)[1], one.returncode) for one in both]
        assert [code for _, code in ends] == [0, 0], ends
        labels, ledger = found()
        assert labels == ledger and labels in ('bad.csv', 'worse.csv')
        assert [name for name in os.listdir('.') if name.startswith('.')] == []


def test_labels_of_the_version_before_are_replaced(folder):
    assert assign('bad.csv').code == 0
    os.rename('labels.rejected.csv', 'labels/rejected.csv')
    assert assign('good.csv', 'labels', '--overwrite').code == 0 and found() == ('good.csv', None)
    Path('labels/rejected.csv').write_text('my own notes\n')
    done = assign('good.csv', 'labels', '--overwrite')
    assert done.code == 2 and 'it holds other things than labels' in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize('old, new', PAIRS)
def test_labels_and_list_agree_wherever_assign_is_killed(old, new, folder):
    pairs = {
        name: (name, None if name == 'good.csv' else name)
        for name in ('good.csv', 'bad.csv', 'worse.csv')
    }
    before, after = pairs.get(old, (None, None)), pairs[new]
    seen = set()
    for moment in range(20):
        for name in ('labels', 'labels.rejected.csv'):
            LocalStorage().remove(name)
        assert old is None or assign(old).code == 0
        done = subprocess.run(
            [
                sys.executable,
                '-c',
                UNTIL_KILLED,
                str(moment),
                'assign',
                'run',
                new,
                '-o',
                'labels',
                '--max-bad-rows',
                '9',
                '--overwrite',
            ],
            env=environment(),
            cwd=folder,
            capture_output=True,
        )
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert not os.path.exists('labels') or found() in (before, after)
        # it clears up, and fails
        assert call('assign', 'run', 'bad.csv', '-o', 'labels', '--overwrite').code == 3
        if not os.path.exists('labels'):
            assert found() == (None, 'bad.csv')
            Path('labels.rejected.csv').unlink()
        assert found() in (before, after)
        assert [name for name in os.listdir('.') if name.startswith('.')] == []
        seen.add(found())
    assert moment >= 2 and seen == {before, after} and found() == after
