"""Symbolic links in the place of folders: they stay, what they lead to is used, and nothing else
there is touched."""

import os
import shutil
from pathlib import Path

import pytest
from commandline import call, model_hash

ROWS = 'x,y\n1,2\n2,1\n11,12\n12,11\n'
OTHER = 'x,y\n1,2\n2,1\n11,12\n12,11\n30,31\n'
FIT = ['-k', '2', '--init', 'random', '-q']


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path('x.csv').write_text(ROWS)
    Path('other.csv').write_text(OTHER)
    Path('disk').mkdir()
    return tmp_path


@pytest.fixture
def run_of_links(folder):
    """A run whose packed rows lie elsewhere, with a link to them."""
    assert call('fit', 'x.csv', '-o', 'run', *FIT).code == 0
    shutil.move('run/points', 'disk/points')
    Path('run/points').symlink_to('../disk/points')
    return folder


def assign(*options):
    return call('assign', 'run', 'x.csv', '-o', 'labels', '-q', *options)


def test_labels_are_replaced_where_a_link_leads(folder):
    assert call('fit', 'x.csv', '-o', 'run', *FIT).code == 0
    Path('disk/real').mkdir()
    Path('labels').symlink_to('disk/real')
    assert assign().code == 0
    before = Path('disk/real/part-00000.csv').read_text()
    Path('disk/real/part-00001.csv').write_text('of an earlier run')
    refused = assign()
    assert refused.code == 2 and '--overwrite' in refused.stderr
    assert assign('--overwrite').code == 0
    assert Path('labels').is_symlink() and os.readlink('labels') == 'disk/real'
    assert (
        os.listdir('disk/real') == ['part-00000.csv']
        and Path('labels/part-00000.csv').read_text() == before
    )
    assert os.listdir('disk') == ['real'] and sorted(os.listdir()) == [
        'disk',
        'labels',
        'other.csv',
        'run',
        'x.csv',
    ]


def test_the_list_of_rejected_rows_lies_beside_the_link(folder):
    assert call('fit', 'x.csv', '-o', 'run', *FIT).code == 0
    Path('disk/real').mkdir()
    Path('labels').symlink_to('disk/real')
    Path('bad.csv').write_text(ROWS + '1,no\n')
    done = call('assign', 'run', 'bad.csv', '-o', 'labels', '-q', '--max-bad-rows', 1)
    assert (
        done.code == 0 and Path('labels.rejected.csv').exists() and os.listdir('disk') == ['real']
    )


def test_labels_within_the_run_are_refused_also_by_a_link(folder):
    assert call('fit', 'x.csv', '-o', 'run', *FIT).code == 0
    Path('labels').symlink_to('run/points')
    shutil.rmtree('run/points')
    Path('run/points').mkdir()
    done = assign('--overwrite')
    assert done.code == 2 and 'this is within run' in done.stderr and os.listdir('run/points') == []


@pytest.mark.parametrize('target', ['nothing', 'link', '/nowhere/at/all'])
def test_a_link_to_nothing_is_refused(target, folder):
    Path('link').symlink_to(target)
    fit = call('fit', 'x.csv', '-o', 'link', *FIT)
    assert (
        fit.code == 2 and '-o link: this is a link to ' in fit.stderr and 'mkdir -p' in fit.stderr
    )
    assert call('fit', 'x.csv', '-o', 'run', *FIT).code == 0
    labels = call('assign', 'run', 'x.csv', '-o', 'link', '--overwrite')
    assert labels.code == 2 and '-o link: this is a link to ' in labels.stderr
    model = call('assign', 'link', 'x.csv', '-o', 'labels')
    words = (
        '/link/model.json: Too many levels of symbolic links'
        if target == 'link'
        else 'link: this is a link to '
    )
    assert model.code == 1 and words in model.stderr
    assert os.readlink('link') == target and sorted(os.listdir()) == [
        'disk',
        'link',
        'other.csv',
        'run',
        'x.csv',
    ]


def test_a_run_in_a_folder_that_a_link_leads_to(folder):
    Path('out').symlink_to('disk')
    first = call('fit', 'x.csv', '-o', 'out', *FIT, '--max-iter', 1)
    again = call('fit', 'x.csv', '-o', 'out', *FIT, '--overwrite')
    assert model_hash(first) and model_hash(again) and Path('out').is_symlink()
    assert sorted(os.listdir('disk')) == sorted(os.listdir('out')) and 'model.json' in os.listdir(
        'disk'
    )


def test_packed_rows_where_a_link_leads_are_used_and_replaced(run_of_links):
    assert 'using the packed rows' in call('assign', 'run', 'x.csv', '-o', 'labels').stderr
    done = call('fit', 'other.csv', '-o', 'run', *FIT, '--overwrite')
    assert model_hash(done) == model_hash(call('fit', 'other.csv', '-o', 'plain', *FIT))
    assert os.readlink('run/points') == '../disk/points'
    assert sorted(os.listdir('disk/points')) == sorted(os.listdir('plain/points'))
    assert (
        'using the packed rows'
        in call('fit', 'other.csv', '-o', 'run', '-k', 3, '--overwrite').stderr
    )


def test_packing_that_was_cut_short_where_a_link_leads(run_of_links):
    os.unlink('disk/points/_made_from.json')
    Path('disk/points/.packing.tmp/packed').mkdir(parents=True)
    done = call('fit', 'other.csv', '-o', 'run', *FIT, '--overwrite')
    assert done.code == 0 and sorted(os.listdir('disk/points')) == ['_made_from.json', 'part-00000']


@pytest.mark.parametrize('names', [['precious', '_made_from.json'], ['part-00000']])
def test_other_things_where_a_link_leads_are_not_touched(names, run_of_links):
    shutil.rmtree('disk/points')
    for name in names:
        Path('disk/points').mkdir(exist_ok=True)
        Path('disk/points', name).write_text('x')
    done = call('fit', 'other.csv', '-o', 'run', *FIT, '--overwrite')
    assert done.code == 1 and f'({names[0]})' in done.stderr and 'holds other things' in done.stderr
    assert {
        name: Path('disk/points', name).read_text() for name in os.listdir('disk/points')
    } == dict.fromkeys(names, 'x')


def test_packed_rows_on_a_disk_that_is_not_there(run_of_links):
    os.rename('disk', 'away')
    done = call('fit', 'other.csv', '-o', 'run', *FIT, '--overwrite')
    assert (
        done.code == 1
        and 'run/points: this is a link to ' in done.stderr
        and 'Mount that disk' in done.stderr
    )
    assert os.readlink('run/points') == '../disk/points'


def test_damaged_packed_rows_where_a_link_leads(run_of_links):
    """They are removed, and the link stays."""
    expected = model_hash(call('fit', 'x.csv', '-o', 'plain', *FIT))
    for command in ('fit', 'assign'):
        content = bytearray(Path('disk/points/part-00000').read_bytes())
        content[content.index(b'KMBLOCK') + 60] ^= 1
        Path('disk/points/part-00000').write_bytes(content)
        if command == 'fit':
            done = call('fit', 'x.csv', '-o', 'run', '-k', 2, '--init', 'random', '--overwrite')
            assert model_hash(done) == expected and sorted(os.listdir('disk/points')) == [
                '_made_from.json',
                'part-00000',
            ]
        else:
            done = call('assign', 'run', 'x.csv', '-o', 'labels')
            assert done.code == 0 and os.listdir('disk/points') == []
        assert (
            'the packed rows are damaged' in done.stderr
            and os.readlink('run/points') == '../disk/points'
        )
