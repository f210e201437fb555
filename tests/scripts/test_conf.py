"""mrjob takes the shipped conf files whole, and they do what they are there for."""

import os
import subprocess
import sys

import pytest
import yaml
from mrjob.hadoop import HadoopJobRunner
from mrjob.inline import InlineMRJobRunner
from mrjob.local import LocalMRJobRunner

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CONF = os.path.join(os.path.dirname(TESTS), 'conf')
RUNNERS = {'inline': InlineMRJobRunner, 'local': LocalMRJobRunner, 'hadoop': HadoopJobRunner}


def run(runner, text, folder):
    """Run the word count with the runner's conf and the temporary files in `folder`."""
    command = [
        sys.executable,
        os.path.join(TESTS, 'support', 'mr_word_count.py'),
        '-r',
        runner,
        '-c',
        os.path.join(CONF, runner + '.conf'),
    ]
    environ = dict(os.environ, TMPDIR=str(folder))
    return subprocess.run(command, input=text, capture_output=True, text=True, env=environ)


def test_every_runner_has_one_of_its_name():
    for name in os.listdir(CONF):
        with open(os.path.join(CONF, name), encoding='utf-8') as file:
            assert list(yaml.safe_load(file)['runners']) == [name[: -len('.conf')]]


@pytest.mark.parametrize('name', os.listdir(CONF))
def test_no_option_is_unknown_also_those_commented_out(name):
    with open(os.path.join(CONF, name), encoding='utf-8') as file:
        lines = [
            line.replace('#', '', 1)
            for line in file
            if line.startswith('    ') and not line.lstrip().startswith('# ')
        ]
    options = {
        line.split(':')[0].strip()
        for line in lines
        if line.startswith('    ') and line[4:5].isalpha()
    }
    assert options and options <= RUNNERS[name[: -len('.conf')]].OPT_NAMES


@pytest.mark.parametrize('runner', ['inline', 'local'])
def test_a_job_runs_without_a_warning_and_leaves_nothing(runner, tmp_path):
    done = run(runner, 'a b a\n', tmp_path)
    assert (done.returncode, sorted(done.stdout.split('\n'))) == (0, ['', '"a"\t2', '"b"\t1'])
    for word in ('Unexpected', 'Deprecated', 'WARNING', 'ignoring', 'No configs'):
        assert word not in done.stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize('runner', ['inline', 'local'])
def test_a_failing_job_leaves_nothing(runner, tmp_path):
    done = run(runner, 'fail\n', tmp_path)
    assert done.returncode == 1
    assert 'told to fail' in done.stderr
    assert os.listdir(tmp_path) == []
