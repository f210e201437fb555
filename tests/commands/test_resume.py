"""A run that was broken off after any iteration and resumed is, file by file, the run that was not.
(Signals: test_state.py.)"""

import json
import os
import shutil

import pytest
import runs
from data_kinds import KINDS
from logged import logged

import mr_kmeans.commands.assign
import mr_kmeans.commands.fit
from mr_kmeans.errors import DataError, RunError, UsageError
from mr_kmeans.options import FitOptions, JobOptions, SqlOptions, TextOptions
from mr_kmeans.runners.launch_local import LocalLauncher


class Problem:
    """Rows in two files and a start, with a run to the end."""

    def __init__(self, kind, folder):
        self.case, self.folder = KINDS[kind](), folder
        self.paths = runs.write_rows(folder, self.case.rows, 2)
        self.start = runs.write_start(folder / 'start.csv', self.case.start)
        self.expected = runs.outcome_of_reference(
            self.case.rows, self.case.start, self.case.weights
        )
        self.n_iter = len(self.expected.counts) - 1
        self.fit('whole')

    def fit(self, out, **options):
        return runs.fit(
            self.paths, self.folder / out, len(self.case.start), **{'init': self.start, **options}
        )

    def check(self, out):
        """It came to what the reference says, and all that stands in its folder but times is as in
        the unbroken run."""
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
    times = (
        'seconds',
        'job_seconds',
        'blocks',
        'max_iter',
        'digest',
    )  # the digest is of these, too
    return {key: without_times(value) for key, value in plain.items() if key not in times}


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
        model = problem.fit(
            'stepwise', combining=combining, pack=pack, max_iter=max_iter, resume=True
        )
        assert model.n_iter == max_iter
        cut = runs.outcome_of_reference(problem.case.rows, problem.case.start, None, max_iter)
        assert runs.outcome_of_run(problem.folder / 'stepwise') == cut and model.hash == cut.hash
    problem.fit('stepwise', resume=True)
    problem.check('stepwise')


@pytest.mark.parametrize(
    'keeps',
    [1, 3, pytest.param(2, marks=pytest.mark.slow), pytest.param(4, marks=pytest.mark.slow)],
)
def test_after_the_later_iterations_are_lost(keeps, problem, out):
    """The tables still tell of iterations that are gone: the files of the iterations are the
    truth."""
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
    assert (
        problem.fit('sampled cut', init='sample', n_init=1, tol=0.0, resume=True).hash == whole.hash
    )
    assert runs.outcome_of_run(problem.folder / 'sampled cut') == runs.outcome_of_run(
        problem.folder / 'sampled'
    )


@pytest.mark.slow
def test_on_another_runner(problem, out):
    for number in range(3, problem.n_iter + 1):
        os.unlink(out / 'iterations' / ('%05d.json' % number))
    os.unlink(out / 'model.json')
    problem.fit(out, resume=True, runner='local', combining='combiner', max_iter=3)
    problem.fit(out, resume=True)
    problem.check(out)


# Refusals. Those of the command line's options are in test_state.py.


@pytest.mark.parametrize(
    'options, words',
    [
        ({'feature_weights': [1.0, 2.0, 3.0]}, 'feature_weights was None, is'),
        ({'init': 'random'}, 'init was .*, is .random'),
    ],
)
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
    assert (
        problem.fit(out, resume=True, init=str(tmp_path / 'same.csv')).hash == problem.expected.hash
    )


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
    refused(
        problem,
        out,
        r'the input differs: size was \d+, is \d+ \(.*rows-1.csv\); there were \d+ rows, now \d+',
    )
    lines = text.splitlines()
    with open(path, 'w') as file:
        file.write('\n'.join([*lines[:-1], lines[-2]]) + '\n')
    refused(
        problem,
        out,
        r'the input differs: .* \(.*rows-1.csv\); there are other values in column .x1.\.',
    )
    columns = list(zip(*[line.split(',') for line in lines[1:]]))
    columns[0] = columns[0][::-1]
    with open(path, 'w') as file:
        file.write('\n'.join([lines[0], *map(','.join, zip(*columns))]) + '\n')
    refused(
        problem,
        out,
        r'the input differs: .* the values of each column have the same sums, those of the rows'
        r' differ',
    )


def test_missing_files_are_refused(problem, out):
    paths = problem.paths
    problem.paths = paths[:1]
    refused(
        problem,
        out,
        r'the input differs: path was .*rows-1.csv., is .no file.; there were \d+ rows, now \d+',
    )
    problem.paths = paths
    assert problem.fit(out, resume=True).hash == problem.expected.hash


def touched(problem, folder):
    for path in problem.paths:
        os.utime(path)
    return problem.paths


def moved(problem, folder):
    return [
        shutil.copy(path, folder / ('moved-%s' % os.path.basename(path))) for path in problem.paths
    ]


def cut_and_shuffled(problem, folder):
    return runs.write_rows(folder / 'other', runs.ordered(problem.case.rows, 'shuffled'), 7)


@pytest.mark.parametrize(
    'change, pack, is_finished',
    [
        pytest.param(
            change, pack, done, marks=[] if (i + pack + done) % 2 == 0 else [pytest.mark.slow]
        )
        for i, change in enumerate((touched, moved, cut_and_shuffled))
        for pack in (True, False)
        for done in (False, True)
    ],
)
def test_the_same_rows_in_other_files_go_on(change, pack, is_finished, problem, out, tmp_path):
    """What counts is the rows as a multiset; the files of now are remembered, so that the next time
    all is as it was."""
    if not is_finished:
        os.unlink(out / 'model.json')
        os.unlink(out / 'iterations' / ('%05d.json' % problem.n_iter))
    paths, said = change(problem, tmp_path), logged()
    for turn in range(2):
        model = mr_kmeans.commands.fit.fit(
            paths,
            str(out),
            FitOptions(len(problem.case.start), init=problem.start),
            None,
            JobOptions(pack=pack),
            resume=True,
        )
        assert model.hash == problem.expected.hash
        assert any('but its rows are those of the run' in line for line in said) == (turn == 0)
        said.clear()
    assert runs.outcome_of_run(out) == problem.expected
    with open(out / 'manifest.json') as file:
        assert [one['path'] for one in json.load(file)['inputs']] == list(
            map(os.path.abspath, paths)
        )


@pytest.mark.parametrize('own_database', [True, False])
@pytest.mark.parametrize('change', [touched, cut_and_shuffled])
def test_sql_resumes_with_the_same_rows_in_other_files(change, own_database, problem, tmp_path):
    """From the folder, and where that is gone, from the table."""
    out, said = tmp_path / 'out', logged()
    sql = SqlOptions(database=None if own_database else f'duckdb:{tmp_path}/base.duckdb')

    def fit(paths, max_iter, **options):
        return mr_kmeans.commands.fit.fit(
            paths,
            str(out),
            FitOptions(len(problem.case.start), init=problem.start, max_iter=max_iter),
            sql=sql,
            **options,
        )

    fit(problem.paths, 1)
    paths = change(problem, tmp_path)
    fit(paths, 2, resume=True)
    assert any('but its rows are those of the run' in line for line in said)
    fit(paths, 3, resume=True)
    if not own_database:
        shutil.rmtree(out)
    assert fit(change(problem, tmp_path), 100, resume=True).hash == problem.expected.hash
    other = tmp_path / 'other.csv'
    other.write_text('x1,x2,x3\n' + '1,2,3\n' * len(problem.case.rows))
    with pytest.raises(
        UsageError, match='--resume: the input differs: .*; its rows are not those of the run'
    ):
        fit([str(other)], 100, resume=True)


def test_the_ledger_tells_of_the_files_of_now(tmp_path):
    for name in ('a.csv', 'b.csv'):
        (tmp_path / name).write_text('x\n1\n2\n?\n3\n' if name == 'a.csv' else 'x\n3\n?\n2\n1\n')
    text, out = TextOptions(max_bad_rows=1), tmp_path / 'out'
    model = runs.fit_text([str(tmp_path / 'a.csv')], out, 2, text, max_iter=1, init='random')
    with pytest.raises(DataError, match='b.csv line 3: '):
        runs.fit_text(
            [str(tmp_path / 'b.csv')], out, 2, None, max_iter=1, init='random', resume=True
        )
    assert 'a.csv,4' in (out / 'rejected.csv').read_text()
    assert (
        runs.fit_text(
            [str(tmp_path / 'b.csv')], out, 2, text, max_iter=1, init='random', resume=True
        )
        == model
    )
    assert 'b.csv,3' in (out / 'rejected.csv').read_text()


def test_packed_rows_stay_if_other_rows_are_refused(problem, packed, tmp_path):
    out = packed
    os.unlink(out / 'model.json')
    (tmp_path / 'other.csv').write_text('x1,x2,x3\n1,2,3\n')
    before = [
        (path.name, path.stat().st_ino, path.stat().st_mtime_ns)
        for path in sorted((out / 'points').iterdir())
    ]
    with pytest.raises(UsageError, match='there were'):
        runs.fit(
            [str(tmp_path / 'other.csv')],
            out,
            len(problem.case.start),
            init=problem.start,
            resume=True,
        )
    assert [
        (path.name, path.stat().st_ino, path.stat().st_mtime_ns)
        for path in sorted((out / 'points').iterdir())
    ] == before


# Packed rows that are not to be used


@pytest.fixture
def packed(problem, tmp_path):
    """A run whose packed rows are those of the files as they are: other tests touch them."""
    problem.fit(tmp_path / 'packed')
    return tmp_path / 'packed'


def same_size_and_time(path, text):
    """Put a file in place as cp -p, rsync -t and tar do."""
    status = os.stat(path)
    aside = str(path) + '.new'
    with open(aside, 'w') as file:
        file.write(text)
    os.utime(aside, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.replace(aside, path)
    assert (os.stat(path).st_size, os.stat(path).st_mtime_ns) == (
        status.st_size,
        status.st_mtime_ns,
    )


def test_other_content_of_the_same_size_and_time_is_packed_again(tmp_path):
    path, out = tmp_path / 'x.csv', tmp_path / 'out'
    path.write_text('x\n1\n2\n8\n9\n')
    old = runs.fit([str(path)], out, 2, init='random')
    same_size_and_time(path, 'x\n1\n3\n7\n9\n')
    with pytest.raises(UsageError, match='--resume: the input differs'):
        runs.fit([str(path)], out, 2, init='random', resume=True)
    new = runs.fit([str(path)], out, 2, init='random', overwrite=True)
    assert new.centroids.tolist() == [[2.0], [8.0]] != old.centroids.tolist()
    same_size_and_time(path, 'x\n1\n2\n7\n9\n')
    labeled = mr_kmeans.commands.assign.assign(str(out), [str(path)], str(tmp_path / 'labels'))
    assert (
        (tmp_path / 'labels' / labeled.parts[0]).read_text().splitlines()[2].endswith(',0,0.0')
    )  # the row 2, not 3


def damage_a_block(out):
    """Change a byte in the middle of a block of packed rows."""
    [path] = [path for path in (out / 'points').iterdir() if path.name == 'part-00000']
    content = bytearray(path.read_bytes())
    at = content.index(b'KMBLOCK') + 60
    content[at] ^= 1
    path.write_bytes(content)


def damage_a_key(out):
    """Make of a block something else, so that it is passed over."""
    path = out / 'points' / 'part-00000'
    path.write_bytes(path.read_bytes().replace(b'block', b'clock', 1))


def damage_a_record(out):
    path = out / 'points' / 'part-00000'
    content = bytearray(path.read_bytes())
    content[content.index(b'block') - 8] ^= 0x40
    path.write_bytes(content)


DAMAGES = (damage_a_block, damage_a_key, damage_a_record)


@pytest.mark.parametrize(
    'how, runner, damage',
    [
        pytest.param(
            how,
            runner,
            damage,
            marks=[] if runner == 'inline' and i % 3 == j else [pytest.mark.slow],
        )
        for runner in ('inline', 'local')
        for i, how in enumerate(('resume', 'overwrite', 'fresh', 'running'))
        for j, damage in enumerate(DAMAGES)
    ],
)
def test_damaged_packed_rows_are_packed_again(how, runner, damage, problem, packed, monkeypatch):
    said = logged()

    def fit(**options):
        return mr_kmeans.commands.fit.fit(
            problem.paths,
            str(packed),
            FitOptions(len(problem.case.start), init=problem.start),
            None,
            JobOptions(runner=runner),
            **options,
        )

    if how == 'resume':
        os.unlink(packed / 'model.json')
    elif how == 'fresh':
        for path in packed.iterdir():
            if path.name != 'points':
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    if how == 'running':
        runs_job, seen = LocalLauncher.run, []

        def run(self, job_class, *args, **kwargs):
            seen.append(job_class.__name__)
            if len(seen) == 3:
                damage(packed)
            return runs_job(self, job_class, *args, **kwargs)

        monkeypatch.setattr(LocalLauncher, 'run', run)
    else:
        damage(packed)
    model = fit(
        **{how: True} if how in ('resume', 'overwrite') else {'overwrite': how == 'running'}
    )
    assert model.hash == problem.expected.hash
    assert (
        len(
            [
                line
                for line in said
                if line.startswith('the packed rows are damaged, and are packed again: ')
            ]
        )
        == 1
    ), said
    assert runs.outcome_of_run(packed) == problem.expected
    said.clear()
    assert fit(overwrite=True).hash == problem.expected.hash and any(
        'using the packed rows' in line for line in said
    )


@pytest.mark.parametrize(
    'damage', [DAMAGES[0], *(pytest.param(other, marks=pytest.mark.slow) for other in DAMAGES[1:])]
)
def test_damaged_packed_rows_are_no_end_of_assign(damage, problem, packed, tmp_path):
    def labels(folder):
        said = logged()
        done = mr_kmeans.commands.assign.assign(str(packed), problem.paths, str(tmp_path / folder))
        return [(tmp_path / folder / part).read_bytes() for part in done.parts], ' '.join(said)

    expected, said = labels('before')
    assert 'using the packed rows' in said
    damage(packed)
    found, said = labels('after')
    assert (
        found == expected
        and 'the packed rows are damaged, and the text is read in their place' in said
    )
    assert not (packed / 'points').exists() and not (packed / 'lock').exists()


def test_damaged_packed_rows_of_text_that_is_gone(problem, packed, tmp_path):
    paths = moved(problem, tmp_path)
    runs.fit(paths, packed, len(problem.case.start), init=problem.start, overwrite=True)
    damage_a_block(packed)
    os.unlink(paths[1])
    before = problem.files(packed)
    for options in ({'resume': True}, {'overwrite': True}):
        with pytest.raises(RunError, match='moved-rows-1.csv: no such file'):
            runs.fit(paths, packed, len(problem.case.start), init=problem.start, **options)
    assert problem.files(packed) == before
