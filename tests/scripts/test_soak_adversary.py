"""The adversary, made short: its cases run, and each of its judges sees what is wrong."""

import argparse
import collections
import csv
import json
import os
import random
import re
import signal
import subprocess
import sys
import time

import pytest
import reference
import runs
from commandline import Done

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIB = os.path.join(ROOT, 'scripts', 'lib')


@pytest.fixture(autouse=True)
def lib(monkeypatch):
    monkeypatch.syspath_prepend(LIB)


@pytest.fixture
def attack(tmp_path, capsys):
    """Run numbers of cases of each part; return what was wrong, and the tables."""
    import soak
    import soak_adversary

    def attack(case=None, seed=0, **numbers):
        options = argparse.Namespace(
            seed=seed, case=case, **{**dict.fromkeys(soak_adversary.PARTS, 0), **numbers}
        )
        folder = tmp_path / f'cases{len(list(tmp_path.iterdir()))}'
        folder.mkdir()
        wrong = soak_adversary.adversary(options, str(folder), lambda line: None, soak.table)
        return wrong, capsys.readouterr().out

    return attack


@pytest.mark.slow
def test_nasty_data(attack):
    wrong, tables = attack(data=3, seed=3)
    assert wrong == [] and '| cases | 3 |' in tables and '| wrong | 0 |' in tables


@pytest.mark.slow
def test_corrupted_states(attack):
    wrong, tables = attack(states=6)
    assert wrong == [] and '| cases | 6 |' in tables


@pytest.mark.slow
def test_kills(attack, monkeypatch):
    import adversary_kills

    monkeypatch.setattr(adversary_kills, 'N_WIDE', 3000)
    wrong, tables = attack(kills=4)
    assert wrong == [] and '| cases | 4 |' in tables


@pytest.mark.slow
def test_changed_inputs(attack, monkeypatch):
    import adversary_changes

    monkeypatch.setattr(adversary_changes, 'N_ROWS', 3000)
    wrong, tables = attack(changes=4)
    assert wrong == [] and '| cases | 4 |' in tables


@pytest.mark.slow
def test_the_command():
    done = subprocess.run(
        [
            sys.executable,
            os.path.join(LIB, 'soak.py'),
            'adversary',
            '--seed',
            '3',
            '--case',
            'data:1',
        ],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, 'No two results differ.'), (
        done.stderr
    )
    assert 'adversary, data, --seed 3:' in done.stdout


def test_a_case_is_the_same_alone():
    from adversary_rows import make_problem
    from adversary_runs import Case

    one, again = (make_problem(random.Random(Case('data', 5, 1, '').chance_seed)) for _ in range(2))
    assert one == again != make_problem(random.Random(Case('data', 6, 1, '').chance_seed))


def test_the_texts_of_numbers_say_what_they_should():
    from adversary_rows import KINDS

    for name, kind in KINDS.items():
        for text in kind(random.Random(1), 50):
            assert reference.parse([text]) == (float(text) + 0.0,), name


def test_what_is_written_is_known(tmp_path):
    """Python's csv and the reference read from the lines that are said to be rows what they are."""
    from adversary_rows import make_problem
    from adversary_text import write_text

    n_rows = 0
    for seed in range(200):
        chance = random.Random(seed)
        problem, folder = make_problem(chance), tmp_path / str(seed)
        folder.mkdir()
        text = write_text(chance, str(folder), problem)
        if text.options['delimiter'] in ('space', 'tab') or text.kind['quoting']:
            continue  # which csv reads in another way
        order = [j for j, _ in sorted(enumerate(text.kind['fields']), key=lambda pair: pair[1])]
        order = [j for j in order if text.kind['fields'][j][0] == 'x']
        for path, row, _, number in text.rows:
            if path.endswith('.csv'):
                with open(path, encoding='utf-8-sig', newline='') as file:
                    lines = re.split('\r\n|\r|\n', file.read())
                line = [lines[row - 1 + text.kind['header']]]
                fields = next(
                    csv.reader(line, delimiter=text.options['delimiter'], skipinitialspace=True)
                )
                assert reference.parse([fields[j] for j in order]) == problem.rows[number]
                n_rows += 1
        if n_rows > 300:
            return
    raise AssertionError(f'only {n_rows} rows')


# Each judge sees what is wrong


def test_another_result_is_seen(attack, monkeypatch):
    real = runs.model_hash
    monkeypatch.setattr(
        runs, 'model_hash', lambda names, *others: real([names[0] + ' ', *names[1:]], *others)
    )
    wrong, tables = attack(case='data:2', seed=3)
    assert len(wrong) == 1 and wrong[0].startswith('adversary --seed 3 --case data:2: hash: ')
    assert '| wrong | 1 |' in tables


def test_another_label_is_seen(attack, monkeypatch):
    real = reference.distance
    monkeypatch.setattr(reference, 'distance', lambda *args: real(*args) * 4 + 1)
    assert 'label (' in attack(case='data:2', seed=3)[0][0]


@pytest.mark.parametrize(
    'done, words',
    [
        (Done(7, '', 'oops'), 'exit code 7'),
        (Done(1, '', 'Traceback (most recent call last):'), 'Traceback'),
        (Done(1, '', 'This is a defect of mr-kmeans'), 'is a defect'),
        (Done(2, '', ''), 'no message'),
        (Done(-11, '', ''), 'exit code -11'),
    ],
)
def test_an_end_that_is_not_documented_is_seen(done, words):
    from adversary_runs import Wrong, checked

    with pytest.raises(Wrong, match=words):
        checked(done)


def test_a_command_that_hangs_or_dies_is_seen():
    from adversary_runs import Wrong, in_a_fork

    assert in_a_fork(lambda: [1, 'ä\udc80']) == [1, 'ä\udc80']
    with pytest.raises(Wrong, match='it hung'):
        in_a_fork(lambda: time.sleep(60), 0.2)
    with pytest.raises(Wrong, match='it died'):
        in_a_fork(lambda: os._exit(3))


def test_a_changed_state_that_is_taken_is_seen(tmp_path):
    from adversary_runs import Wrong
    from adversary_states import check_refused, check_right

    data = {'hash': {'finished': 'a' * 64}, 'more': 'b' * 64, 'from run': {'finished': 'd' * 64}}
    (tmp_path / 'model.json').write_text(json.dumps({'hash': 'a' * 64}))
    printed = 'model hash  %s\n'
    check_right('resume', 'finished', Done(0, printed % ('a' * 64), ''), str(tmp_path), data, None)
    with pytest.raises(Wrong, match='another hash'):
        check_right(
            'resume', 'finished', Done(0, printed % ('c' * 64), ''), str(tmp_path), data, None
        )
    check_refused(Done(1, '', 'out/points/part-00000: damaged'), 'points/part-00000')
    with pytest.raises(Wrong, match='does not name survey.json'):
        check_refused(Done(1, '', 'something is damaged'), 'survey.json')


def test_what_a_killed_run_leaves_is_seen(tmp_path):
    from adversary_kills import Scene, check_ending, check_result
    from adversary_runs import Case, Wrong

    for name in 'labels', 'expected', 'tmpdir':
        (tmp_path / name).mkdir()
    for name in 'labels', 'expected':
        (tmp_path / name / 'part-00000.csv').write_text(
            'file,row,id,cluster_id,distance\na.csv,1,,0,1.0\n'
        )
    case, scene = Case('kills', 0, 0, str(tmp_path)), Scene('assign', [], [], None)
    data, done = {'labels': str(tmp_path / 'expected')}, Done(0, '', '')
    (tmp_path / 'expected').rename(tmp_path.parent / 'expected')
    data['labels'] = str(tmp_path.parent / 'expected')
    check_result(scene, done, case, data)
    (tmp_path / '.labels.tmp').mkdir()
    with pytest.raises(Wrong, match=r"left behind: \['.labels.tmp'\]"):
        check_result(scene, done, case, data)
    (tmp_path / 'labels' / 'part-00000.csv').write_text(
        'file,row,id,cluster_id,distance\na.csv,1,,1,1.0\n'
    )
    with pytest.raises(Wrong, match='other labels'):
        check_result(scene, done, case, data)
    check_ending(Done(143, '', 'terminated'), signal.SIGTERM, 'driver')
    with pytest.raises(Wrong, match='exit code 1 after SIGTERM'):
        check_ending(Done(1, '', 'failed'), signal.SIGTERM, 'driver')


def test_a_mixture_is_seen(tmp_path):
    import adversary_changes
    from adversary_runs import Case, Wrong, call

    path = tmp_path / 'rows.csv'
    path.write_text('x,y\n' + ''.join(f'{i},{i * i}\n' for i in range(30)))
    case, data = Case('changes', 0, 0, str(tmp_path)), {'hash': 'a' * 64}
    done = call('fit', path, '-o', tmp_path / 'out', *adversary_changes.FIT)
    counts = collections.Counter()
    adversary_changes.judge('fit', 'cut', None, [path], data, case, counts, done)
    assert counts == {'new result': 1}
    path.write_text('x,y\n' + ''.join(f'{i},{i * i}\n' for i in range(20)))
    with pytest.raises(Wrong, match='a mixture'):
        adversary_changes.judge(
            'fit',
            'cut',
            None,
            [path],
            data,
            case._replace(folder=str(tmp_path / 'other')),
            counts,
            done,
        )
