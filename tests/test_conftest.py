"""The rule that a skipped test fails the run, and signals in what tests start."""

import os
import shutil
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))


@pytest.mark.parametrize(
    'source, status, word',
    [
        ('@pytest.mark.xfail\ndef test(): assert False', 0, '1 passed, 1 xfailed'),
        ('def test(): pytest.skip("no time")', 1, 'open bug: test_it.py::test: Skipped: no time'),
        (
            'pytest.importorskip("no_such_module")',
            1,
            'open bug: test_it.py: Skipped: could not import',
        ),
    ],
)
def test_a_skipped_test_fails(tmp_path, source, status, word):
    shutil.copy(os.path.join(HERE, 'conftest.py'), tmp_path)
    (tmp_path / 'test_it.py').write_text('import pytest\n%s\n' % source)
    (tmp_path / 'test_other.py').write_text('def test(): pass\n')
    done = subprocess.run(
        [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider'],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, word in done.stdout) == (status, True), done.stdout


SIGNALED = """
import os, signal, subprocess, sys
ASK = 'import signal; print(*[signal.getsignal(number) == signal.SIG_IGN for number in (1, 2, 15)])'
def test_started_processes_handle_signals():
    assert subprocess.check_output([sys.executable, '-c', ASK]) == b'False False False\\n'
def test_the_tests_ignore_what_they_were_started_to_ignore():
    for number in 1, 2:
        os.kill(os.getpid(), number)
def test_a_test_can_handle_signals_itself(signals_of_a_terminal):
    assert signal.getsignal(2) == signal.default_int_handler
    assert signal.getsignal(1) == signal.SIG_DFL
"""


@pytest.mark.parametrize('how', [[], ['-n', '1']])
def test_signals_that_the_tests_were_started_to_ignore(tmp_path, how):
    """As under nohup, or in the background of a shell that is not interactive."""
    shutil.copy(os.path.join(HERE, 'conftest.py'), tmp_path)
    (tmp_path / 'test_it.py').write_text(SIGNALED)
    command = [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', *how]
    done = subprocess.run(
        ['sh', '-c', 'trap "" INT HUP; exec "$@"', 'sh', *command],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and '3 passed' in done.stdout, done.stdout
