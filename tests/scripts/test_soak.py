"""The long scripts, made short: they run, they see a difference when there is one, and their exit
code says so."""

import json
import os
import subprocess
import sys

import pytest
import reference
import runs

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIB = os.path.join(ROOT, 'scripts', 'lib')


@pytest.fixture
def soak(monkeypatch):
    monkeypatch.syspath_prepend(LIB)
    import soak

    return soak


def script(name, *arguments):
    return subprocess.run(
        [sys.executable, os.path.join(LIB, name), *map(str, arguments)],
        capture_output=True,
        text=True,
    )


def test_random_problems():
    done = script('soak.py', 'random', '--problems', 2, '--seed', 5)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, 'No two results differ.'), (
        done.stderr
    )
    assert '| 2 |' in done.stdout


def test_a_difference_is_seen(soak, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['soak', 'random', '--problems', '1'])
    real = reference.shift
    monkeypatch.setattr(reference, 'shift', lambda *args: real(*args) * (1 + 2.0**-52))
    with pytest.raises(SystemExit) as caught:
        soak.main()
    assert (
        caught.value.code == 1
        and 'DIFFERENT: random: --seed 0, problem 0\n1 results differ.' in capsys.readouterr().out
    )


def test_random_problems_can_be_run(soak):
    """A start has distinct rows, not more than the data have on their grids."""
    for number in range(40):
        rows, start, weights = soak.random_problem([1, number])
        assert 1 <= len(start) == len(set(start)) <= len(runs.start_of_rows(rows, 8))
        assert {len(row) for row in rows + start} == {len(weights or rows[0])}


def test_a_list_of_runs(soak, tmp_path):
    paths = runs.write_rows(tmp_path / 'rows', [(1.0,), (2.0,), (5.0,)])
    listed = [
        {'name': 'one', 'paths': paths, 'fit': {'k': 2}, 'text': {}, 'jobs': {'variant': 'two-job'}}
    ]
    (tmp_path / 'runs.json').write_text(json.dumps(listed))
    found, again = (
        soak.run_list(sys.executable, tmp_path / 'runs.json', tmp_path) for _ in range(2)
    )
    assert (
        found == again
        and found['python'] == '%d.%d.%d' % sys.version_info[:3]
        and len(found['runs']['one'][0]) == 64
    )
    other = {'runs': {'one': ['0' * 64, found['runs']['one'][1]]}}
    assert soak.compare('x', found, found) == [] and soak.compare('x', found, other) == ['x, one']
    assert soak.agreement(['x, one'], other) == '0 of 1'


def test_pythons_are_found_once_each(soak):
    versions = [
        subprocess.check_output([path, '-c', 'import sys; print(sys.version_info[1])'], text=True)
        for path in soak.find_pythons()
    ]
    assert len(set(versions)) == len(versions) and versions == sorted(versions, key=int)


@pytest.mark.parametrize('more', [[], pytest.param(['--no-pack'], marks=pytest.mark.slow)])
def test_memory_is_measured(more, tmp_path):
    done = script('bench_memory.py', '--rows', 2000, 4000, '--folder', tmp_path, *more)
    assert done.returncode == 0, done.stdout + done.stderr
    header, _, few, many, ratio = [
        line.strip('| ').split(' | ') for line in done.stdout.splitlines() if line.startswith('|')
    ]
    assert (
        header == ['rows', 'pack', 'iteration', 'assign', 'driver']
        and few[0] == '2000'
        and many[0] == '4000'
    )
    peaks = [float(cell.split()[0]) for cell in few[1:]]
    assert all(20 < peak < 300 for peak in peaks) and few[2].endswith('(3)')
    assert all(0.8 < float(value) <= 1.2 for value in ratio[1:])
