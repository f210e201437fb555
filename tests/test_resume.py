"""A run that was broken off after any iteration and resumed is, file by file, the run that was not. (Signals: test_state.py.)"""

import json
import os
import shutil
import time

import pytest

import runs
from data_kinds import KINDS
from mr_kmeans.errors import UsageError


class Problem:
    """Rows in two files and a start, with a run to the end."""

    def __init__(self, kind, folder):
        self.case, self.folder = KINDS[kind](), folder
        self.paths = runs.write_rows(folder, self.case.rows, 2)
        self.start = runs.write_start(folder / 'start.csv', self.case.start)
        self.expected = runs.outcome_of_reference(self.case.rows, self.case.start, self.case.weights)
        self.n_iter = len(self.expected.counts) - 1
        self.fit('whole')

    def fit(self, out, **options):
        return runs.fit(self.paths, self.folder / out, len(self.case.start), **{'init': self.start, **options})

    def check(self, out):
        """It came to what the reference says, and all that stands in its folder but times is as in the unbroken run."""
        assert runs.outcome_of_run(self.folder / out) == self.expected
        assert self.files(out) == self.files('whole')

    def files(self, out):
        """Return the content of the run's files: JSON without times, the tables without theirs."""
        found = {}
        for parent, _, names in os.walk(self.folder / out):
            for name in names:
                path = os.path.join(parent, name)
                key = os.path.relpath(path, self.folder / out)
                if name.endswith('.json'):
                    with open(path) as file:
                        found[key] = without_times(json.load(file))
                elif name == 'iterations.csv':
                    found[key] = None
                elif not key.startswith('points'):
                    with open(path, 'rb') as file:
                        found[key] = file.read()
        return found


def without_times(plain):
    if not isinstance(plain, dict):
        return plain
    return {key: without_times(value) for key, value in plain.items() if key not in ('seconds', 'job_seconds', 'blocks', 'max_iter')}


@pytest.fixture(scope='module')
def problem(tmp_path_factory):
    return Problem('thirds', tmp_path_factory.mktemp('resume'))


@pytest.fixture
def out(problem, tmp_path):
    shutil.copytree(problem.folder / 'whole', tmp_path / 'out')
    return tmp_path / 'out'


def test_after_each_max_iter(problem):
    """One more iteration at a time, by another variant, packed or not, each time."""
    ways = [(combining, pack) for combining in runs.VARIANTS for pack in (True, False)]
    assert problem.n_iter >= 4
    for max_iter in range(1, problem.n_iter + 1):
        combining, pack = ways[max_iter % len(ways)]
        model = problem.fit('stepwise', combining=combining, pack=pack, max_iter=max_iter, resume=True)
        assert model['n_iter'] == max_iter
        cut = runs.outcome_of_reference(problem.case.rows, problem.case.start, None, max_iter)
        assert runs.outcome_of_run(problem.folder / 'stepwise') == cut and model['hash'] == cut.hash
    problem.fit('stepwise', resume=True)
    problem.check('stepwise')


@pytest.mark.parametrize('keeps', [1, 3, pytest.param(2, marks=pytest.mark.slow), pytest.param(4, marks=pytest.mark.slow)])
def test_after_the_later_iterations_are_lost(keeps, problem, out):
    """The tables still tell of iterations that are gone: the files of the iterations are the truth."""
    for number in range(keeps, problem.n_iter + 1):
        os.unlink(out / 'iterations' / ('%05d.json' % number))
    os.unlink(out / 'model.json')
    before = (out / 'iterations' / ('%05d.json' % (keeps - 1))).read_bytes()
    problem.fit(out, resume=True)
    problem.check(out)
    assert (out / 'iterations' / ('%05d.json' % (keeps - 1))).read_bytes() == before


def test_only_the_model_is_lost(problem, out):
    """The run was killed in the moment between its last iteration and its end."""
    os.unlink(out / 'model.json')
    problem.fit(out, resume=True)
    problem.check(out)


def test_a_gap_ends_what_is_there(problem, out):
    os.unlink(out / 'iterations' / '00002.json')
    os.unlink(out / 'model.json')
    problem.fit(out, resume=True)
    problem.check(out)


def test_of_a_sampled_start(tmp_path, problem):
    """The start is remembered, not found again."""
    whole = problem.fit('sampled', init='sample', n_init=1, tol=0.0)
    problem.fit('sampled cut', init='sample', n_init=1, tol=0.0, max_iter=1)
    assert problem.fit('sampled cut', init='sample', n_init=1, tol=0.0, resume=True)['hash'] == whole['hash']
    assert runs.outcome_of_run(problem.folder / 'sampled cut') == runs.outcome_of_run(problem.folder / 'sampled')


@pytest.mark.slow
def test_on_another_runner(problem, out):
    for number in range(3, problem.n_iter + 1):
        os.unlink(out / 'iterations' / ('%05d.json' % number))
    os.unlink(out / 'model.json')
    problem.fit(out, resume=True, runner='local', combining='combiner', max_iter=3)
    problem.fit(out, resume=True)
    problem.check(out)


# Refusals. Those of the command line's options are in test_state.py.

@pytest.mark.parametrize('options, words', [
    (dict(feature_weights=[1.0, 2.0, 3.0]), 'feature_weights was None, is'),
    (dict(init='random'), 'init was .*, is .random'),
])
def test_other_options_are_refused(options, words, problem, out):
    os.unlink(out / 'model.json')
    with pytest.raises(UsageError, match='^--resume: the options differ: ' + words):
        problem.fit(out, resume=True, **options)


def refused(problem, out, words):
    before = problem.files(out)
    with pytest.raises(UsageError, match=words):
        problem.fit(out, resume=True)
    assert problem.files(out) == before


def test_another_start_file_is_refused(problem, out, tmp_path):
    with open(problem.start) as file:
        text = file.read()
    (tmp_path / 'other.csv').write_text(text.replace('0,1,0,', '0,1,0,1'))
    with pytest.raises(UsageError, match='init was .file [0-9a-f]{64}., is .file [0-9a-f]{64}.'):
        problem.fit(out, resume=True, init=str(tmp_path / 'other.csv'))
    (tmp_path / 'same.csv').write_text(text)
    assert problem.fit(out, resume=True, init=str(tmp_path / 'same.csv'))['hash'] == problem.expected.hash


@pytest.fixture
def changing(problem):
    """The second file, put back afterwards as it was to the nanosecond."""
    path = problem.paths[1]
    status = os.stat(path)
    with open(path) as file:
        text = file.read()
    yield path, text
    with open(path, 'w') as file:
        file.write(text)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_changed_data_are_refused(problem, out, changing):
    path, text = changing
    with open(path, 'a') as file:
        file.write('1,2,3\n')
    refused(problem, out, r'the input differs: (modified|size) was \d+, is \d+ \(.*rows-1.csv\)')
    with open(path, 'w') as file:
        file.write(text)
    os.utime(path, ns=(0, time.time_ns() + 10 ** 9))
    refused(problem, out, r'the input differs: modified was \d+, is \d+ \(.*rows-1.csv\)')


def test_other_files_are_refused(problem, out):
    paths = problem.paths
    for problem.paths, words in ((paths[:1], 'rows-1.csv'), (paths[::-1], 'path was .*rows-0.csv.*, is .*rows-1.csv')):
        refused(problem, out, 'the input differs: .*' + words)
    problem.paths = paths
    assert problem.fit(out, resume=True)['hash'] == problem.expected.hash
