"""What every backend keeps: this machine with both runners, and a real cluster."""

import inspect
import json
import os

import pytest

from mr_kmeans.errors import UsageError
from mr_kmeans.exact.survey import Survey
from mr_kmeans.inputs.source import find_source
from mr_kmeans.jobs.mr_pack import MRPack
from mr_kmeans.jobs.mr_survey import MRSurvey
from mr_kmeans.mapreduce.backend import Backend
from mr_kmeans.mapreduce.backends import backend_class, check_paths, make_backend
from mr_kmeans.mapreduce.packed import part_sizes, summaries
from mr_kmeans.options import RUNNERS, JobOptions, TextOptions
from mr_kmeans.run.directory import POINTS, RunDirectory
from mr_kmeans.runners.launcher import Launcher
from mr_kmeans.storage.base import Storage

BACKENDS = [
    'inline',
    pytest.param('local', marks=pytest.mark.slow),
    pytest.param('hadoop', marks=[pytest.mark.slow, pytest.mark.hadoop]),
]
ROWS = 'x,y\n1,2\n3,4.5\nno,number\n-6,7\n'
SAMPLING = ['--seed', '1', '--capacity', '10']


@pytest.fixture(params=BACKENDS)
def backend(request, tmp_path, monkeypatch):
    if request.param == 'hadoop':
        for name, value in request.getfixturevalue('cluster').environ.items():
            monkeypatch.setenv(name, value)
    (tmp_path / 'temporary').mkdir()
    run = RunDirectory(str(tmp_path / 'run'))
    made = make_backend(JobOptions(request.param), run, str(tmp_path / 'temporary'))
    yield made
    made.close()


@pytest.fixture
def source(tmp_path):
    (tmp_path / 'rows.csv').write_text(ROWS)
    return find_source([str(tmp_path / 'rows.csv')], TextOptions(max_bad_rows=1))


def reading(source):
    return ['--text-input', source.text_input.dumps(), *SAMPLING]


@pytest.mark.parametrize('runner', RUNNERS)
def test_a_backend_has_the_methods_of_the_interface(runner):
    kind = backend_class(runner)
    assert issubclass(kind, Backend) and '' in kind.schemes
    for name, method in inspect.getmembers(Backend, inspect.isfunction):
        own = inspect.signature(getattr(kind, name)).parameters
        assert list(own) == list(inspect.signature(method).parameters), (kind, name)


def test_a_backend_has_a_launcher_and_a_store(backend):
    assert isinstance(backend.launcher, Launcher) and isinstance(backend.storage, Storage)
    assert backend.storage.scheme in backend.schemes
    assert backend.points.endswith('/' + POINTS) and not backend.storage.exists(backend.points)
    assert not backend.storage.exists(backend.output('any'))


def test_text_is_surveyed(backend, source):
    for _ in range(2):  # a pass over text may be repeated
        result = backend.launcher.run(MRSurvey, backend.text(source), reading(source))
        survey = Survey.of_records(result.records)
        assert survey.n_samples == 3 and result.seconds > 0
        assert (result.counters['rows'], result.counters['rejected']) == (3, 1)


def test_rows_are_packed_into_a_folder_and_read_from_there(backend, source):
    made = backend.output('packed')
    result = backend.launcher.run(
        MRPack, backend.text(source), reading(source) + backend.pack_arguments, output=made
    )
    assert result.records == [] and result.counters['rows'] == 3
    assert part_sizes(backend.storage, made)
    packed = Survey.of_records(summaries(backend, made))
    space = json.dumps({'space': space_of(packed).to_json()})
    for note in (backend.note_file('space.json', space), backend.share_file('again.json', space)):
        result = backend.launcher.run(
            MRSurvey, backend.packed(made), [*reading(source), '--survey', note]
        )
        assert Survey.of_records(result.records).fingerprint == packed.fingerprint


def space_of(survey):
    return survey.space(['x', 'y'], None)


def test_packed_rows_are_those_of_the_run_by_default(backend, source):
    made = backend.output('packed')
    arguments = reading(source) + backend.pack_arguments
    backend.launcher.run(MRPack, backend.text(source), arguments, output=made)
    backend.storage.make_folder(os.path.dirname(backend.points))
    backend.storage.publish(made, backend.points)
    result = backend.launcher.run(MRSurvey, backend.packed(), reading(source))
    assert result.counters['rows'] == 3


def test_close_leaves_nothing_outside_of_the_temporary_folder(backend, source, tmp_path):
    note, folder = backend.note_file('a', 'text'), os.path.dirname(backend.output('any'))
    backend.launcher.run(MRSurvey, backend.text(source), reading(source))
    backend.close()
    inside = str(tmp_path / 'temporary')
    assert note.startswith(inside) or not os.path.exists(note)
    assert folder.startswith(inside) or not backend.storage.exists(folder)
    assert sorted(os.listdir(tmp_path)) == ['rows.csv', 'temporary']


@pytest.mark.parametrize('runner', RUNNERS)
def test_paths_of_stores_that_it_does_not_reach_are_refused(runner):
    for path in ('a.csv', 'hdfs:///a.csv'):
        if 'hdfs' in backend_class(runner).schemes or '://' not in path:
            check_paths(JobOptions(runner), [path], [path])
        else:
            with pytest.raises(UsageError, match=f'-r {runner} reads and writes local files only'):
                check_paths(JobOptions(runner), [path], [])
