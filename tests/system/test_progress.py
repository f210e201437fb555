"""Tests of progress: long operations report every two seconds, short ones never."""

import io
import os
import select
import threading
import time
from pathlib import Path

import pytest
from commandline import ROOT, environment, start
from fake_hadoop import FakeHadoop
from logged import hear, logged

from mr_kmeans.algorithm.starts import search
from mr_kmeans.commands.assign import assign
from mr_kmeans.commands.fit import fit
from mr_kmeans.formats import point_reader
from mr_kmeans.formats.splits import Split, total_bytes
from mr_kmeans.options import FitOptions, JobOptions, SqlOptions
from mr_kmeans.runners.launch_hadoop import Uploads
from mr_kmeans.system import progress, task_counts
from mr_kmeans.system.progress import (
    Progress,
    Restarts,
    current,
    how_far,
    reading,
    reporting,
    still_running,
)

IRIS = ROOT / 'data' / 'iris.csv'
SECONDS = 60
"""Until a test gives up."""


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


# When a line is due


def test_one_line_every_two_seconds():
    said, clock = [], Clock()
    one = Progress(said.append, clock)
    one.tick()
    assert one.seconds_left() is None
    with one.underway(lambda seconds: f'{seconds:g}'):
        for clock.now in (100, 101.9, 102, 102.1, 103.9, 104.5, 106.4, 106.5, 116.5, 116.6):
            one.tick()
        assert one.seconds_left() == pytest.approx(1.9)
    clock.now = 200
    one.tick()
    assert said == ['2', '4.5', '6.5', '16.5'] and one.seconds_left() is None


def test_part_of_an_operation_reports_in_its_place():
    said, clock = [], Clock()
    one = Progress(said.append, clock)
    with one.underway(lambda seconds: f'whole {seconds:g}'):
        clock.now = 101
        with pytest.raises(ZeroDivisionError), one.underway(lambda seconds: f'part {seconds:g}'):
            clock.now = 103
            one.tick()
            raise ZeroDivisionError
        clock.now = 104.9
        one.tick()
        clock.now = 105
        one.tick()
    assert said == ['part 2', 'whole 5']


def test_each_command_has_a_progress_of_its_own():
    with reporting():
        mine = current()
        with reporting():
            assert current() is not mine
        assert current() is mine
    assert current() is not mine


def test_two_threads_do_not_meet():
    with reporting():
        mine, theirs = current(), []
        thread = threading.Thread(target=lambda: theirs.append(current()))
        thread.start()
        thread.join()
    assert theirs != [mine]


def test_meanwhile_reports_from_a_thread_that_ends(monkeypatch):
    monkeypatch.setattr(progress, 'EVERY', 0.01)
    heard, n_threads = threading.Event(), threading.active_count()
    with Progress(lambda line: heard.set()).meanwhile(lambda seconds: 'line'):
        assert heard.wait(SECONDS)
    assert threading.active_count() == n_threads


# What a line says


def test_progress_lines():
    assert how_far('x', (0, 0), 100, 3.2) == still_running('x', 3.2) == 'x: still running after 3 s'
    assert how_far('x', (10, 5), None, 2) == 'x: 10 rows after 2 s, 5 a second'
    assert how_far('x', (10, 101), 100, 2) == 'x: 10 rows after 2 s, 5 a second; 100 % of 100 bytes'
    restarts = Restarts(2)
    restarts.watch(2)
    assert (
        restarts.describe(4)
        == 'looking for the start: 2 of 2 restarts after 4 s, continuing the best'
    )


def test_counts_of_splits_are_summed():
    describe = reading(
        'x',
        total_bytes([Split('text', '/a.csv', 0, 60, 'a'), Split('text', '/b.csv', 10, 40, 'b')]),
    )
    task_counts.add(8, 50)
    task_counts.next_slot()
    task_counts.add(2, 0)
    assert describe(2) == 'x: 10 rows after 2 s, 5 a second; 50 % of 100 bytes'
    assert (
        reading('x', total_bytes([Split('text', '/a.csv.gz', 0, 60, 'a')]))(2)
        == 'x: still running after 2 s'
    )
    task_counts.add(2, 500)  # of how many is not known
    assert reading('x', total_bytes([]))(2) == 'x: still running after 2 s'


def test_uploads_report_the_bytes_read(tmp_path):
    class Storage:
        def put(self, uri, stream, size):
            assert size == 10
            assert uploads.describe(1) == f'uploading: {n_done:,} of 20 bytes after 1 s'
            os.read(stream.fileno(), 4)
            assert uploads.describe(1) == f'uploading: {n_done + 4:,} of 20 bytes after 1 s'

    (tmp_path / 'a').write_bytes(bytes(10))
    uploads = Uploads(Storage(), 20)
    for n_done in (0, 10):  # noqa: B007 - the store reads it
        uploads.put(str(tmp_path / 'a'), 'hdfs:///a')
    assert uploads.describe(1) == 'uploading: 20 of 20 bytes after 1 s'


# Whole runs: each waits, until what is expected was said


class Listener:
    """Receiver of lines for the user, with which others (even forked processes) `wait` for some
    words.
    """

    def __init__(self, folder, *words):
        self.lines, self._words, self._heard = [], words, Path(folder, 'heard')

    def __call__(self, line):
        self.lines.append(line)
        if all(word in line for word in self._words):
            self._heard.touch()

    def wait(self):
        deadline = time.monotonic() + SECONDS
        while not self._heard.exists():
            assert time.monotonic() < deadline, self.lines
            time.sleep(0.005)


@pytest.fixture
def soon(monkeypatch):
    monkeypatch.setattr(progress, 'EVERY', 0.02)


def slowly(monkeypatch, say):
    """Let tasks continue only after the number of rows that they have read was reported."""

    def add(n_rows, n_bytes, add=task_counts.add):
        add(n_rows, n_bytes)
        if n_rows:
            say.wait()

    monkeypatch.setattr(point_reader.task_counts, 'add', add)


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp('finished') / 'run'
    return out, fit([str(IRIS)], str(out), FitOptions(3)).hash


DOING = [
    ('packing the text', {}),
    ('surveying the rows', {'jobs': JobOptions(pack=False)}),
    ('loading the rows', {'sql': SqlOptions()}),
]


@pytest.mark.parametrize('doing, options', DOING)
def test_reading_text_reports_the_number_of_rows(
    doing, options, tmp_path, monkeypatch, soon, finished
):
    say = Listener(tmp_path, doing + ': 150 rows after', f'100 % of {IRIS.stat().st_size:,} bytes')
    hear(say)
    with monkeypatch.context() as patched:
        slowly(patched, say)
        model = fit([str(IRIS)], str(tmp_path / 'run'), FitOptions(3), **options)
    assert model.hash == finished[1]


@pytest.mark.parametrize('jobs', [JobOptions(), JobOptions(pack=False)])
def test_labeling_reports_the_number_of_rows(jobs, tmp_path, monkeypatch, soon, finished):
    say = Listener(tmp_path, 'labeling the rows: 150 rows after')
    hear(say)
    if not jobs.pack:  # its first pass only counts lines
        monkeypatch.setattr('mr_kmeans.jobs.mr_survey.MRSurvey.DOING', 'labeling the rows')
    slowly(monkeypatch, say)
    done = assign(str(finished[0]), [str(IRIS)], str(tmp_path / 'labels'), jobs=jobs)
    assert done.n_samples == 150


def test_iteration_reports_the_number_of_rows(tmp_path, monkeypatch, soon, finished):
    say = Listener(tmp_path, 'a pass over the rows: 150 rows after')
    hear(say)
    fit([str(IRIS)], str(tmp_path / 'run'), FitOptions(3))
    slowly(monkeypatch, say)  # rows that are packed are only read in passes
    model = fit([str(IRIS)], str(tmp_path / 'run'), FitOptions(3), overwrite=True)
    assert model.hash == finished[1]


def test_restarts_are_counted(tmp_path, monkeypatch, soon, finished):
    say = Listener(tmp_path, 'looking for the start: 2 of 10 restarts')
    hear(say)

    def restart(problem, number, restart=search.restart):
        if number == 2:
            say.wait()
        return restart(problem, number)

    monkeypatch.setattr(search, 'restart', restart)
    assert fit([str(IRIS)], str(tmp_path / 'run'), FitOptions(3)).hash == finished[1]


@pytest.mark.slow
def test_tasks_in_other_processes_report_that_they_are_running(
    tmp_path, monkeypatch, soon, finished
):
    said, jobs = logged(), JobOptions('local')  # a process takes longer than the time between lines
    model = fit([str(IRIS)], str(tmp_path / 'run'), FitOptions(3), jobs=jobs)
    assert model.hash == finished[1]
    assert [line for line in said if line.startswith('packing the text: still running after')]


@pytest.mark.slow
def test_progress_of_a_job_on_a_cluster_is_reported(tmp_path):
    hadoop = FakeHadoop(tmp_path / 'hadoop')
    hadoop.tell(
        'jar',
        "import time\nprint('INFO mapreduce.Job:  map 50% reduce 0%', flush=True)\n"
        "while not content('go'):\n    time.sleep(0.05)\n"
        "print('ERROR streaming.StreamJob: Job not successful!')\nsys.exit(1)",
    )
    process = start(
        'fit',
        IRIS,
        '-k',
        3,
        '-o',
        tmp_path / 'out',
        '-r',
        'hadoop',
        env=environment(**hadoop.environ),
    )
    seen = io.StringIO()
    while 'packing the text: still running after' not in seen.getvalue():
        assert select.select([process.stderr], [], [], SECONDS)[0], seen.getvalue()
        assert process.poll() is None, seen.getvalue()
        seen.write(process.stderr.readline())
    hadoop.tell('go', 'on')
    _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 1 and '(map 50 %, reduce 0 %)' in seen.getvalue() + err
