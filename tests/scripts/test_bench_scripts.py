"""What the benchmarks measure with: the data they make, the memory of a tree of processes; and
bench_sql and bench_quality on few rows."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

LIB = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), 'scripts', 'lib'
)


@pytest.fixture(autouse=True)
def library(monkeypatch):
    monkeypatch.syspath_prepend(LIB)


def test_blob_file_holds_the_blobs(tmp_path):
    import bench_data

    path = bench_data.blob_file(str(tmp_path), 1000, n_features=3, n_clusters=2, seed=5)
    with open(path) as file:
        header, *lines = file.read().splitlines()
    expected = np.concatenate(list(bench_data.blobs(1000, 3, 2, 5)))
    assert header == 'x0,x1,x2' and os.listdir(tmp_path) == [os.path.basename(path)]
    assert lines == [','.join('%.4f' % (i / 10**4) for i in row) for row in expected.tolist()]


def test_to_csv_of_all_sizes_and_signs():
    import bench_data

    text = bench_data.to_csv(np.array([[0, -1, 10000], [-99999, 123456, -999999]]))
    assert text == b'0.0000,-0.0001,1.0000\n-9.9999,12.3456,-99.9999\n'


if sys.platform == 'linux':  # elsewhere there is no /proc

    def test_memory_of_all_processes_is_counted_once():
        """100 MB shared by a parent and its child, and 50 MB of the child's own."""
        import process_tree

        source = (
            'import os, time\nshared = b"x" * 100_000_000\npid = os.fork()\nown = b"" if pid else'
            ' b"y" * 50_000_000\ntime.sleep(0.5)\nif pid: os.waitpid(pid, 0); print("done")'
        )
        done = process_tree.run([sys.executable, '-c', source], cores=1, with_memory=True)
        assert done.stdout == 'done\n' and done.seconds > 0.5
        assert 150e6 < done.peak_bytes < 180e6


def test_a_failing_command_is_an_error():
    import process_tree

    with pytest.raises(subprocess.CalledProcessError):
        process_tree.run([sys.executable, '-c', 'raise SystemExit(3)'])


@pytest.mark.slow
def test_bench_sql_measures_all_sides(tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            os.path.join(LIB, 'bench_sql.py'),
            '--rows',
            '3000',
            '--slow-rows',
            '1000',
            '--repeats',
            '1',
            '--iterations',
            '1',
            '--folder',
            str(tmp_path),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    sides = [line.split(' | ')[0].strip('| ') for line in done.stdout.splitlines()[4:10]]
    assert sides == [
        'inline, packed',
        'DuckDB, fast',
        'DuckDB, fast, no screen',
        'DuckDB, ranking',
        'PostgreSQL, fast',
        'PostgreSQL, ranking',
    ], done.stderr
    assert (
        done.returncode == ('MISSED' in done.stdout) and len(os.listdir(tmp_path)) == 2
    )  # the two CSV files


def quality(folder, *arguments):
    """Run bench_quality; return its exit code, the rows of its table, what it says, and its
    errors.
    """
    command = [sys.executable, os.path.join(LIB, 'bench_quality.py'), '--folder', str(folder)]
    done = subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, timeout=120
    )
    lines = done.stdout.splitlines()
    rows = [line.strip('| ').split(' | ') for line in lines if line.startswith('| ')]
    assert done.returncode == ('MISSED: ' in done.stdout), done.stderr
    return rows[1:], done.stdout, done.stderr


def test_bench_quality_compares_with_the_best(tmp_path):
    arguments = ('others', '--sets', 'duplicates/3', 'a3/50', '--rows', 500, '--seeds', 2)
    rows, _, errors = quality(tmp_path, *arguments, '--peers', 'ten', 'one')
    [(name, shape, k, ours, worst, ten, one, bkmeans, _)] = rows
    assert (name, shape, k, bkmeans) == ('duplicates', '500 x 4', '3', '-')
    assert min(map(float, (ours, worst, ten, one))) >= 1 and float(worst) >= float(ours)
    assert errors.count('duplicates, k = 3, seed') == 2
    assert 'a3.csv.gz is missing. Name the folder' in errors
    known = json.loads((tmp_path / 'peers.json').read_text())
    assert len(known) == 4
    again = quality(tmp_path, *arguments, '--peers', 'ten', 'one')[0]
    assert again == rows and json.loads((tmp_path / 'peers.json').read_text()) == known


def test_bench_quality_looks_for_far_rows(tmp_path):
    rows, output, _ = quality(tmp_path, 'far', '--rows', 2000, '--seeds', 1, '--peers')
    assert [row[0] for row in rows] == ['200', '1000', '5000']
    assert {row[-1] for row in rows} == {'met'} and '2,000 rows' in output


def test_bench_quality_refuses_unknown_tables(tmp_path):
    script = os.path.join(LIB, 'bench_quality.py')
    done = subprocess.run([sys.executable, script, 'knwon'], capture_output=True, text=True)
    assert done.returncode == 2 and 'unknown table knwon; there are known, ' in done.stderr


def test_sets_survive_a_csv_file(tmp_path):
    import quality_data

    for name in ('mixture:10', 'counts', 'pareto', 'shuttle'):
        x = quality_data.load(name)[:300]
        path = quality_data.csv_file(str(tmp_path), name, x)
        assert (np.loadtxt(path, delimiter=',', skiprows=1) == x).all()


def test_known_sets_are_those_of_the_paper():
    import quality_data

    spam = quality_data.load('spam58')
    assert spam.shape == (4601, 58) and spam[:, -1].sum() == 1813
    far = quality_data.far_groups(1000, n=100)
    near = np.hypot(*(far[:, None] - quality_data.far_centers(1000)).transpose(2, 0, 1)) < 10
    assert near.sum(axis=0).tolist() == [5, 5, 5]
