"""The folder of packed rows: replaced as a whole, or within the folder that a link leads to; kept
while the run that it belongs to is."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from commandline import call, model_hash

from mr_kmeans.errors import RunError
from mr_kmeans.mapreduce.points_folder import (
    PACKING,
    begin_points,
    drop_points,
    put_points,
    remove_points,
)
from mr_kmeans.run.directory import MADE_FROM
from mr_kmeans.storage.local import LocalStorage

WHOLE = {MADE_FROM: 'old', 'part-00000': 'old', 'part-00001': 'old'}


@pytest.fixture(params=['a folder', 'a link'])
def place(request, tmp_path):
    """A place with packed rows of an earlier run."""
    points = tmp_path / 'run/points'
    points.parent.mkdir()
    folder = points if request.param == 'a folder' else tmp_path / 'disk'
    folder.mkdir()
    for name, text in WHOLE.items():
        (folder / name).write_text(text)
    if folder != points:
        points.symlink_to(folder)
    return SimpleNamespace(
        storage=LocalStorage(),
        points=str(points),
        output=lambda name: str(tmp_path / 'tmp' / name),
    )


def content(place):
    return {path.name: path.read_text() for path in Path(place.points).iterdir() if path.is_file()}


def pack(place):
    """Make new packed rows, beside those that are there."""
    made = Path(begin_points(place))
    made.mkdir(parents=True)
    for name in ('part-00000', MADE_FROM, '_SUCCESS'):
        (made / name).write_text('new')
    return str(made)


def test_new_rows_take_the_place_of_all_old_ones(place):
    was_link = os.path.islink(place.points)
    made = pack(place)
    assert content(place) == WHOLE  # until they are put
    put_points(place, made)
    wanted = {'part-00000': 'new', MADE_FROM: 'new'}
    assert {name: text for name, text in content(place).items() if name != '_SUCCESS'} == wanted
    assert os.path.islink(place.points) == was_link and not os.path.exists(made)
    assert PACKING not in os.listdir(place.points)


def test_new_rows_that_are_dropped_leave_the_old_ones(place):
    made = pack(place)
    drop_points(place, made)
    assert content(place) == WHOLE and sorted(os.listdir(place.points)) == sorted(WHOLE)
    assert not os.path.exists(made)


def test_rows_are_removed_and_a_link_stays(place):
    was_link = os.path.islink(place.points)
    remove_points(place)
    assert os.path.islink(place.points) == was_link
    assert not os.path.isdir(place.points) or os.listdir(place.points) == []


@pytest.mark.parametrize('place', ['a link'], indirect=True)
def test_a_folder_of_other_things_is_left_alone(place):
    Path(place.points, 'mine.txt').write_text('x')
    with pytest.raises(RunError, match=r'holds other things than packed rows \(mine.txt\)'):
        begin_points(place)
    assert content(place) == {**WHOLE, 'mine.txt': 'x'}


@pytest.mark.parametrize('place', ['a link'], indirect=True)
def test_a_link_to_nothing_is_refused(place, tmp_path):
    (tmp_path / 'disk').rename(tmp_path / 'away')
    with pytest.raises(RunError, match='this is a link to .*which is not there'):
        begin_points(place)


FIT = ('fit', '-o', 'run', '-k', 3, '--init', 'random')
ROWS = 'a,b\n1,2\n3,4\n50,70\n52,71\n'
REFUSED = {
    'a bad row': ('bad.csv', ROWS + 'no,number\n', FIT),
    'too few distinct rows': ('bad.csv', 'a,b\n1,2\n3,4\n3,4\n', FIT),
    'no row': ('bad.csv', 'a,b\nx,y\n', (*FIT, '--max-bad-rows', 1)),
}


@pytest.mark.parametrize(
    'why, linked',
    [
        pytest.param(why, linked, marks=[] if (i + linked) % 2 == 0 else [pytest.mark.slow])
        for i, why in enumerate(REFUSED)
        for linked in (False, True)
    ],
)
def test_a_refused_run_leaves_the_packed_rows_of_the_run_that_it_was_to_replace(
    why, linked, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    name, text, arguments = REFUSED[why]
    Path('x.csv').write_text(ROWS)
    Path(name).write_text(text)
    if linked:
        Path('disk').mkdir()
        Path('run').mkdir()
        Path('run/points').symlink_to('../disk')
    assert call(*FIT, 'x.csv', '-q').code == 0
    before = {path: path.read_bytes() for path in Path('run').rglob('*') if path.is_file()}
    done = call(*arguments, name, '--overwrite')
    assert done.code == 3, done.stderr
    assert {path: path.read_bytes() for path in Path('run').rglob('*') if path.is_file()} == before
    assert not linked or sorted(os.listdir('disk')) == [MADE_FROM, 'part-00000']
    assert 'using the packed rows' in call('assign', 'run', 'x.csv', '-o', 'labels').stderr
    Path('y.csv').write_text(ROWS + '6,5\n')
    replaced = call(*FIT, 'y.csv', '--overwrite')
    assert 'packed ' in replaced.stderr
    assert model_hash(replaced) == model_hash(call(*FIT, 'y.csv', '--overwrite'))
