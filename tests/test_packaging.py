"""What is installed is what is in the checkout: nothing forgotten, nothing more required than is
said."""

import ast
import configparser
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

import mr_kmeans
from mr_kmeans.cli.main import main

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILT_FROM = ('setup.cfg', 'pyproject.toml', 'README.md', 'LICENSE', 'MANIFEST.in', 'mr_kmeans')


@pytest.fixture(scope='module')
def wheel(tmp_path_factory):
    """The wheel built from a copy of the checkout, as pip builds it, but with the setuptools of
    this environment."""
    folder = tmp_path_factory.mktemp('build')
    for name in BUILT_FROM:
        copy = shutil.copytree if os.path.isdir(os.path.join(ROOT, name)) else shutil.copy
        copy(os.path.join(ROOT, name), folder / name)
    subprocess.run(
        [sys.executable, '-c', 'from setuptools import build_meta; build_meta.build_wheel("dist")'],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    [path] = (folder / 'dist').iterdir()
    with zipfile.ZipFile(path) as archive:
        yield archive


def read_metadata(wheel, name):
    return wheel.read('mr_kmeans-%s.dist-info/%s' % (mr_kmeans.__version__, name)).decode()


def test_every_file_of_the_package_is_in_the_wheel(wheel):
    found = {
        os.path.relpath(os.path.join(folder, name), ROOT)
        for folder, _, names in os.walk(os.path.join(ROOT, 'mr_kmeans'))
        if not folder.endswith('__pycache__')
        for name in names
    }
    assert {name for name in wheel.namelist() if '.dist-info/' not in name} == found


def test_the_command_is_installed(wheel):
    assert 'mr-kmeans = mr_kmeans.cli.main:main' in read_metadata(wheel, 'entry_points.txt')
    assert callable(main)


def test_metadata(wheel):
    metadata = read_metadata(wheel, 'METADATA')
    for line in (
        'Name: mr_kmeans',
        'Version: 0.1.0',
        'Requires-Python: >=3.9',
        'Requires-Dist: mrjob==0.7.4',
        'Requires-Dist: setuptools; python_version >= "3.12"',
        'Requires-Dist: standard-pipes; python_version >= "3.13"',
    ):
        assert line in metadata.splitlines()
    assert re.search('^License(-Expression)?: Apache-2.0$', metadata, re.MULTILINE)
    assert 'Apache License' in read_metadata(wheel, 'licenses/LICENSE')


def test_every_import_is_required():
    config = configparser.ConfigParser()
    config.read(os.path.join(ROOT, 'setup.cfg'))
    lines = (config['options']['install_requires'] + config['options.extras_require']['sql']).split(
        '\n'
    )
    required = {re.split('[^a-z]', line)[0] for line in lines if line}
    imported = set()
    for folder, _, names in os.walk(os.path.join(ROOT, 'mr_kmeans')):
        for name in names:
            if name.endswith('.py'):
                with open(os.path.join(folder, name), encoding='utf-8') as file:
                    tree = ast.parse(file.read())
                for node in ast.walk(tree):
                    if isinstance(node, ast.Import):
                        imported |= {alias.name.partition('.')[0] for alias in node.names}
                    elif isinstance(node, ast.ImportFrom):
                        imported.add(node.module.partition('.')[0])
    assert {
        name for name in imported - {'mr_kmeans', 'distutils'} if not is_standard(name)
    } <= required


def is_standard(name):
    origin = importlib.util.find_spec(name).origin
    return origin in ('built-in', 'frozen') or 'site-packages' not in origin


def test_the_version_is_the_same_everywhere():
    done = subprocess.run(
        [sys.executable, '-m', 'mr_kmeans', '--version'], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0 and mr_kmeans.__version__ in done.stdout
