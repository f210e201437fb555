"""The code is as CONTRIBUTING.md says: ruff and mypy have nothing to say, and lines are short."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAX_COLUMNS = 100
TEXTS = [
    ROOT / 'scripts',
    ROOT / 'mr_kmeans',
    ROOT / 'docs',
    *(ROOT / name for name in ('README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md')),
]
"""Where files lie that ruff does not read; CHANGELOG.md and the licenses of others are left out."""


def run(*command):
    done = subprocess.run(
        [sys.executable, '-m', *command], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    if done.returncode:
        pytest.fail(done.stdout + done.stderr, pytrace=False)


def test_ruff_finds_nothing():
    run('ruff', 'check', '--no-cache', '.')


def test_code_is_formatted():
    run('ruff', 'format', '--check', '--no-cache', '.')


def test_mypy_finds_nothing():
    run('mypy', '--cache-dir', os.path.join(sys.prefix, 'mypy_cache'))


def files():
    for place in TEXTS:
        for path in sorted(place.rglob('*')) if place.is_dir() else [place]:
            if path.is_file() and path.suffix in ('', '.sh', '.sql', '.md'):
                yield path


def long_lines(path):
    """Yield the lines that are too long; those of Markdown's tables, code and links may be."""
    in_code = False
    for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
        is_markdown = path.suffix == '.md'
        in_code ^= is_markdown and line.startswith('```')
        is_free = is_markdown and (in_code or line.startswith('|') or ' ' not in line.strip())
        if len(line) > MAX_COLUMNS and not is_free:
            yield '%s line %d' % (path.relative_to(ROOT), number)


def test_lines_have_at_most_100_columns():
    found = list(files())
    assert {path.suffix for path in found} == {'', '.sh', '.sql', '.md'}
    assert [place for path in found for place in long_lines(path)] == []


SHELL = {'.', 'export', 'use_environment', '"$python"'}


def test_commands_of_contributing_exist():
    text = (ROOT / 'CONTRIBUTING.md').read_text(encoding='utf-8')
    blocks = re.findall(r'^```sh\n(.*?)^```', text, re.MULTILINE | re.DOTALL)
    commands = [line.split('#')[0].split() for line in ''.join(blocks).splitlines()]
    assert len(commands) > 4
    for words in commands:
        assert (ROOT / words[0]).is_file() or words[0] in SHELL, words
        for word in words:
            if word.startswith('tests/'):
                assert (ROOT / word).exists(), words
    markers = re.findall(r'^\| `(\w+)` \|', text, re.MULTILINE)
    declared = (ROOT / 'setup.cfg').read_text(encoding='utf-8').split('markers =')[1]
    assert markers
    assert all(f'\n    {marker}: ' in declared for marker in markers)
    for path in re.findall(r'\]\(([^)#]+)', text):
        assert (ROOT / path).is_file(), path
