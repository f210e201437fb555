"""What the benchmarks measure with: the data they make, and the memory of a tree of processes."""

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
    sides = [line.split(' | ')[0].strip('| ') for line in done.stdout.splitlines()[4:9]]
    assert sides == [
        'inline, packed',
        'DuckDB, fast',
        'DuckDB, ranking',
        'PostgreSQL, fast',
        'PostgreSQL, ranking',
    ], done.stderr
    assert (
        done.returncode == ('MISSED' in done.stdout) and len(os.listdir(tmp_path)) == 2
    )  # the two CSV files
