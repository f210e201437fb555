"""Tests of every job as a script, like any mrjob job, and of jobs shared by several candidates."""

import csv
import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import reference
import runs
from data_kinds import KINDS
from hypothesis import given
from hypothesis import strategies as st

from mr_kmeans.errors import UsageError
from mr_kmeans.exact.column import to_floats
from mr_kmeans.exact.survey import Survey
from mr_kmeans.formats.point_reader import read_packed
from mr_kmeans.formats.splits import POINTS, Split
from mr_kmeans.inputs.source import find_source
from mr_kmeans.jobs.lloyd import TaskSums, merge_all
from mr_kmeans.jobs.mr_assign import MRAssign
from mr_kmeans.jobs.mr_lloyd_combiner import MRLloydCombiner
from mr_kmeans.jobs.mr_lloyd_in_mapper import MRLloydInMapper
from mr_kmeans.jobs.mr_lloyd_two_job import MRLloydTwoJob
from mr_kmeans.jobs.mr_pack import MRPack
from mr_kmeans.jobs.mr_survey import MRSurvey
from mr_kmeans.mapreduce.packed import read_summaries
from mr_kmeans.options import JobOptions, TextOptions
from mr_kmeans.runners.launch_local import LocalLauncher
from mr_kmeans.storage.local import LocalStorage

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LLOYD = {
    'mr_lloyd_in_mapper': MRLloydInMapper,
    'mr_lloyd_combiner': MRLloydCombiner,
    'mr_lloyd_two_job': MRLloydTwoJob,
}
ROWS = KINDS['random_rows']().rows[20:60]
START = ROWS[:3]
BOTH = pytest.mark.parametrize('runner', ['inline', pytest.param('local', marks=pytest.mark.slow)])


def script(name, *arguments, cwd, runner='inline', as_module=True):
    """Run a job's file as a module, or by its path as mrjob runs it on a node; return what it
    prints."""
    arguments = [
        '-q',
        '-r',
        runner,
        *(['-D', 'mapreduce.job.maps=1'] if runner == 'local' else []),
        *arguments,
    ]  # a task takes its second
    what = (
        ['-m', 'mr_kmeans.jobs.' + name]
        if as_module
        else [os.path.join(ROOT, 'mr_kmeans', 'jobs', name + '.py')]
    )
    done = subprocess.run(
        [sys.executable, *what, *map(str, arguments)],
        cwd=cwd,
        env=dict(os.environ, PYTHONPATH=ROOT),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Make a folder with rows.csv, start.csv and the driver's run, out."""
    folder = tmp_path_factory.mktemp('jobs')
    os.rename(runs.write_rows(folder, ROWS)[0], folder / 'rows.csv')
    start = runs.write_start(folder / 'start.csv', START)
    runs.fit([str(folder / 'rows.csv')], folder / 'out', 3, init=start, max_iter=1)
    (folder / 'survey.txt').write_text(script('mr_survey', 'rows.csv', cwd=folder))
    return folder


def records_of(text):
    return [tuple(map(json.loads, line.split('\t'))) for line in text.splitlines()]


def by_cluster(records):
    return {tuple(key): value for key, value in records}


def driver_found(folder):
    """Return what the driver's first iteration averaged: (counts, centroids)."""
    with open(folder / 'out' / 'iterations' / '00001.json') as file:
        iteration = json.load(file)['iteration']
    return iteration['counts'], iteration['centroids']


# Alone


@pytest.mark.parametrize(
    'runner, as_module',
    [('inline', True), ('inline', False), pytest.param('local', True, marks=pytest.mark.slow)],
)
def test_survey_job_runs_alone(runner, as_module, folder):
    survey = Survey.of_records(
        records_of(script('mr_survey', 'rows.csv', cwd=folder, runner=runner, as_module=as_module))
    )
    with open(folder / 'out' / 'survey.json') as file:
        driver = Survey.from_json(json.load(file))
    assert survey[:4] == driver[:4]
    assert survey.n_samples == 40 and survey.fingerprint == reference.fingerprint(ROWS)
    sample = reference.hash_sample(ROWS, 1000, 0, 1)
    assert list(map(tuple, survey.sample.rows.tolist())) == [row for row, _ in sample]
    assert sum(tally['rows'] for tally in survey.tallies.values()) == 40


@BOTH
@pytest.mark.parametrize('name', LLOYD)
def test_lloyd_jobs_run_alone(runner, name, folder):
    arguments = ['--survey', 'survey.txt', '--centroids', 'start.csv', 'rows.csv']
    found = by_cluster(
        records_of(
            script(name, *arguments, cwd=folder, runner=runner, as_module=runner == 'inline')
        )
    )
    counts, centroids = driver_found(folder)
    assert [found[0, cluster]['count'] for cluster in range(3)] == counts and len(found) == 3
    assert [found[0, cluster]['centroid'] for cluster in range(3)] == centroids
    integers = reference.to_integers(ROWS, reference.choose_grids(ROWS))
    _, sums = reference.cluster_sums(integers, reference.label(ROWS, START, [1.0] * 3), 3)
    assert [found[0, cluster]['totals'] for cluster in range(3)] == sums


@BOTH
def test_assign_job_runs_alone(runner, folder):
    arguments = ['--survey', 'out/survey.json', '--centroids', 'out/centroids.csv', 'rows.csv']
    text = script('mr_assign', *arguments, cwd=folder, runner=runner)
    header = 'file,row,id,cluster_id,distance'
    parts = [list(csv.reader(io.StringIO(part))) for part in text.split(header + '\n')]
    centroids = driver_found(folder)[1]
    labels = reference.label(ROWS, centroids, [1.0] * 3)
    distances = [
        reference.distance(row, centroids[label], [1.0] * 3) ** 0.5
        for row, label in zip(ROWS, labels)
    ]
    assert parts[0] == [] and all(
        [int(row[1]) for row in part] == list(range(1, len(part) + 1)) for part in parts
    )
    found = sorted((label, distance) for part in parts for _, _, _, label, distance in part)
    assert found == sorted(
        (str(label), repr(distance)) for label, distance in zip(labels, distances)
    )
    first = next(part for part in parts if part and float(part[0][4]) == distances[0])
    assert [row[3] for row in first] == [str(label) for label in labels[: len(first)]]


@BOTH
def test_pack_job_runs_alone(runner, folder, tmp_path):
    assert (
        script(
            'mr_pack', '--output-dir', tmp_path / 'points', 'rows.csv', cwd=folder, runner=runner
        )
        == ''
    )
    rows = []
    for path in sorted((tmp_path / 'points').iterdir()):
        for points in read_packed(Split(POINTS, str(path), 0, path.stat().st_size, path.name)):
            rows += zip(*(to_floats(column).tolist() for column in points.columns))
    assert sorted(rows) == sorted(ROWS)
    survey = Survey.of_records(read_summaries(LocalStorage(), str(tmp_path / 'points')))
    assert (survey.n_samples, survey.fingerprint) == (40, reference.fingerprint(ROWS))


def test_help_describes_the_jobs_options():
    for job_class, words in [
        (MRSurvey, ['--capacity', '--seed']),
        (MRPack, ['--output-kind']),
        (MRAssign, ['--lines-before', '--centroids']),
        (MRLloydTwoJob, ['--shards', '--survey', '--centroids']),
    ]:
        text = job_class(args=['data.csv']).arg_parser.format_help()
        assert [word for word in words + ['--input-kind', '--text-input'] if word not in text] == []


def test_job_run_alone_requires_a_local_file():
    with pytest.raises(UsageError, match='--text-input'):
        MRSurvey(args=['-']).make_runner()


# Several candidates in one pass


@pytest.mark.parametrize('name', LLOYD)
def test_candidates_share_a_pass(name, folder, tmp_path):
    """Candidates with different k, over several tasks, find what each finds alone."""
    candidates = [
        runs.write_start(tmp_path / 'a.csv', START),
        runs.write_start(tmp_path / 'b.csv', ROWS[5:13]),
        runs.write_start(tmp_path / 'c.csv', [(0.0, 0.0, 0.0)]),
    ]
    source = find_source(runs.write_rows(tmp_path, ROWS, 3), TextOptions())
    launcher = LocalLauncher(JobOptions(), str(tmp_path / 'tmp'))

    def run(paths):
        arguments = [
            '--text-input',
            source.text_input.dumps(),
            '--survey',
            str(folder / 'survey.txt'),
        ]
        job = launcher.run(
            LLOYD[name],
            source.tasks(),
            arguments + [word for path in paths for word in ('--centroids', path)],
        )
        assert job.counters['rows'] == 40
        return by_cluster(job.records)

    together = run(candidates)
    alone = [run([path]) for path in candidates]
    assert together == {
        (number, cluster): value
        for number, found in enumerate(alone)
        for (_, cluster), value in found.items()
    }
    assert [len(found) for found in alone] == [3, 8, 1]


# The merge


SUMS = st.tuples(
    st.integers(0, 2**70), st.lists(st.integers(-(2**90), 2**90), min_size=3, max_size=3)
).map(list)


@given(SUMS, SUMS, SUMS)
def test_merge_is_associative_and_commutative(a, b, c):
    assert merge_all([merge_all([a, b]), c]) == merge_all([a, merge_all([b, c])])
    assert merge_all([a, b]) == merge_all([b, a])
    assert merge_all([a, [0, [0] * 3]]) == a


def test_merging_sums_equals_adding_their_rows():
    one, other, both = TaskSums(), TaskSums(), TaskSums()
    for labels, column in (([0, 1], [5, 6]), ([0], [7])):
        for sums in (one, both):
            sums.add(0, 2, np.array(labels), [np.array(column)])
    for sums in (other, both):
        sums.add(0, 2, np.array([1]), [np.array([2**50])])
    values = {0: [], 1: []}
    for (_, cluster), value in [*one.items(), *other.items()]:
        values[cluster].append(value)
    merged = [([0, cluster], merge_all(values[cluster])) for cluster in values]
    assert merged == list(both.items()) == [([0, 0], [2, [12]]), ([0, 1], [2, [6 + 2**50]])]


def test_merge_is_the_same_in_any_grouping_and_order():
    rng = np.random.default_rng(1)
    values = [
        [int(rng.integers(1, 9)), [int(i) * 10**20 for i in rng.integers(-99, 99, 3)]]
        for _ in range(6)
    ]
    whole = merge_all(values)
    assert whole == [
        sum(count for count, _ in values),
        [sum(column) for column in zip(*(totals for _, totals in values))],
    ]
    assert (
        merge_all(values[::-1])
        == merge_all([merge_all(values[:2]), values[2], merge_all(values[3:])])
        == whole
    )
    assert merge_all(iter(values[:1])) == values[0]


@pytest.mark.parametrize('name', LLOYD)
def test_empty_cluster_emits_nothing(name, tmp_path):
    paths = runs.write_rows(tmp_path, [(1.0,), (2.0,)])
    runs.fit(
        paths,
        tmp_path / 'out',
        2,
        init=runs.write_start(tmp_path / 'start.csv', [(1.5,), (99.0,)]),
        max_iter=1,
    )
    source = find_source(paths, TextOptions())
    job = LocalLauncher(JobOptions(), str(tmp_path / 'tmp')).run(
        LLOYD[name],
        source.tasks(),
        [
            '--text-input',
            source.text_input.dumps(),
            '--survey',
            str(tmp_path / 'out' / 'survey.json'),
            '--centroids',
            str(tmp_path / 'start.csv'),
        ],
    )
    assert job.records == [([0, 0], {'count': 2, 'totals': [3], 'centroid': [1.5]})]
