"""A package that is missing is named with the command that installs it, before anything else."""

import subprocess
import sys

import pytest
from commandline import ROOT, environment

from mr_kmeans import dependencies
from mr_kmeans.dependencies import NEEDED, explain_missing


def missing(name):
    return explain_missing(ModuleNotFoundError(f'No module named {name!r}', name=name))


@pytest.mark.parametrize(
    'module, package',
    [
        ('mrjob', 'mrjob'),
        ('mrjob.job', 'mrjob'),
        ('yaml', 'PyYAML'),
        ('distutils.version', 'setuptools'),
        ('pipes', 'standard-pipes'),
    ],
)
def test_the_package_of_a_module_is_named(module, package):
    message = missing(module)
    assert message.startswith(f'the package {package} is not installed for this Python (')
    assert f'Install: {sys.executable} -m pip install ' in message


def test_all_that_is_missing_is_named_at_once(monkeypatch):
    monkeypatch.setattr(dependencies, '_is_there', lambda module: module not in ('numpy', 'click'))
    assert missing('numpy').startswith('the packages numpy, click are not installed')


@pytest.mark.parametrize('name', [None, '', 'mr_kmeans', 'mr_kmeans.text.parse'])
def test_a_module_of_this_package_is_a_defect(name):
    assert explain_missing(ModuleNotFoundError('no module', name=name)) is None


def test_without_a_checkout_the_packages_are_installed_by_name(monkeypatch, tmp_path):
    monkeypatch.setattr(dependencies, '__file__', str(tmp_path / 'mr_kmeans' / 'dependencies.py'))
    assert missing('mrjob').endswith(f'Install: {sys.executable} -m pip install mrjob.')
    (tmp_path / 'scripts').mkdir()
    (tmp_path / 'scripts' / 'kmeans').touch()
    assert missing('mrjob').endswith(
        f'pip install {tmp_path}; or use {tmp_path}/scripts/kmeans, which needs nothing installed.'
    )


@pytest.mark.parametrize('name', ['_no_such_module', 'numpy._no_such_module', '.relative'])
def test_a_module_that_cannot_be_found_is_not_there(name):
    assert not dependencies._is_there(name)


def test_what_is_needed_is_there():
    assert [name for name in NEEDED if not dependencies._is_there(name)] == []


def test_the_command_names_what_is_missing_without_a_traceback():
    hide = (
        "import sys, runpy; sys.modules['mrjob'] = None; "
        "sys.argv = ['mr-kmeans', 'fit', 'x.csv', '-k', '2', '-o', 'out']; "
        "runpy.run_module('mr_kmeans', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, '-c', hide], cwd=ROOT, env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 1 and done.stdout == ''
    assert 'error: the package mrjob is not installed for this Python' in done.stderr
    assert 'Traceback' not in done.stderr
