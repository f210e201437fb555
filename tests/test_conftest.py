"""The rule that a skipped test fails the run."""

import os
import shutil
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))


@pytest.mark.parametrize('source, status, word', [
    ('@pytest.mark.xfail\ndef test(): assert False', 0, '1 passed, 1 xfailed'),
    ('def test(): pytest.skip("no time")', 1, 'open bug: test_it.py::test: Skipped: no time'),
    ('pytest.importorskip("no_such_module")', 1, 'open bug: test_it.py: Skipped: could not import'),
])
def test_a_skipped_test_fails(tmp_path, source, status, word):
    shutil.copy(os.path.join(HERE, 'conftest.py'), tmp_path)
    (tmp_path / 'test_it.py').write_text('import pytest\n%s\n' % source)
    (tmp_path / 'test_other.py').write_text('def test(): pass\n')
    done = subprocess.run([sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider'], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, word in done.stdout) == (status, True), done.stdout
