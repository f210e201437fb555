"""Labels and the list of rejected rows beside them are replaced together, whatever happens."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from commandline import call, environment

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
        assert found() in (before, after)
        assert [name for name in os.listdir('.') if name.startswith('.')] == []
        seen.add(found())
    assert moment >= 2 and seen == {before, after} and found() == after
