"""Tests of a fit with fake Hadoop commands: what is reported and left if a job or a command fails.
On a real Hadoop: test_hadoop.py.
"""

import json
import os
import signal
import time
from pathlib import Path

import pytest
from commandline import ROOT, environment, start
from fake_hadoop import FakeHadoop

IRIS = ROOT / 'data' / 'iris.csv'
APPLICATION = 'application_1_0001'
pytestmark = pytest.mark.slow

SUBMIT = f"""
import time
print('INFO impl.YarnClientImpl: Submitted application {APPLICATION}', flush=True)
with open(root + '/apps.json', 'w') as stream:
    json.dump({{'{APPLICATION}': 'RUNNING'}}, stream)
"""


@pytest.fixture
def hadoop(tmp_path):
    return FakeHadoop(tmp_path / 'hadoop')


@pytest.fixture
def out(request, tmp_path):
    return str(tmp_path / 'run') if getattr(request, 'param', 'hdfs') == 'local' else 'hdfs:///run'


def begin(hadoop, out, *options, **more):
    return start(
        'fit',
        IRIS,
        '-k',
        3,
        '-o',
        out,
        '-r',
        'hadoop',
        *options,
        env=environment(**hadoop.environ, **more),
    )


def end(process):
    stdout, err = process.communicate(timeout=60)
    assert stdout == '' and 'defect' not in err and 'Traceback' not in err, err
    return process.returncode, err


def left_in(hadoop, out):
    """Return the names of files of a run, and of others in HDFS."""
    local = [os.path.join(place, name) for place, _, names in os.walk(out) for name in names]
    return [path.rpartition('/run/')[2] for path in hadoop.files() + local]


def test_dead_client_leaves_no_application(hadoop, out):
    hadoop.tell(
        'jar',
        SUBMIT + "print('java.net.ConnectException: no ResourceManager',"
        ' flush=True)\nos.kill(os.getpid(), 9)',
    )
    code, err = end(begin(hadoop, out))
    assert code == 1 and f'MRPack failed on the cluster ({APPLICATION})' in err
    assert 'no ResourceManager' in err and f'ending {APPLICATION}' in err
    assert hadoop.apps() == {APPLICATION: 'KILLED'} and left_in(hadoop, out) == []


def test_client_that_dies_without_output_is_reported(hadoop, out):
    hadoop.tell(
        'jar',
        SUBMIT + "print('INFO mapreduce.Job: Running job', flush=True)\nos.kill(os.getpid(), 9)",
    )
    code, err = end(begin(hadoop, out))
    assert code == 1 and 'hadoop jar ended before its job did' in err


def test_yarn_is_not_queried_about_a_finished_job(hadoop, out):
    hadoop.tell(
        'jar',
        SUBMIT + "print('ERROR streaming.StreamJob: Job not successful!', flush=True)\nsys.exit(1)",
    )
    code, err = end(begin(hadoop, out))
    assert code == 1 and f'MRPack failed on the cluster ({APPLICATION})' in err
    assert (
        not [words for words in hadoop.asked() if words[:2] == ['yarn', 'application']]
        and left_in(hadoop, out) == []
    )


def wait_for_submission(hadoop, out, process):
    """Wait until the driver knows of the application, which its record then tells."""
    note = (
        Path(out if not out.startswith('hdfs:') else hadoop.folder / 'hdfs' / 'run')
        / 'tmp'
        / 'jobs'
        / 'hadoop.json'
    )
    deadline = time.monotonic() + 30
    while not note.exists() or APPLICATION not in note.read_text():
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.02)


@pytest.mark.parametrize(
    'numbers, code',
    [([signal.SIGINT] * 9, 130), ([signal.SIGTERM, signal.SIGINT, signal.SIGHUP], 143)],
)
def test_second_ctrl_c_leaves_no_application(numbers, code, hadoop, out):
    hadoop.tell('jar', SUBMIT + 'time.sleep(100)')
    process = begin(hadoop, out)
    wait_for_submission(hadoop, out, process)
    for number in numbers:
        os.killpg(process.pid, number)  # as a terminal does
        time.sleep(0.1)
    found, err = end(process)
    # the last may come when all is done and Python itself has the word: for a shell that is the
    # same exit code
    assert found in (code, 128 - code) and f'ending {APPLICATION} in YARN' in err
    assert hadoop.apps() == {APPLICATION: 'KILLED'} and left_in(hadoop, out) == []


@pytest.mark.parametrize('out', ['hdfs', 'local'], indirect=True)
def test_next_run_ends_an_application_that_could_not_be_ended(hadoop, out):
    hadoop.tell('jar', SUBMIT + 'time.sleep(100)')
    hadoop.tell('fails', 'application')
    process = begin(hadoop, out, '-q')
    wait_for_submission(hadoop, out, process)
    process.send_signal(signal.SIGINT)
    code, err = end(process)
    assert code == 130 and f'yarn application -kill {APPLICATION}' in err and 'told to fail' in err
    assert left_in(hadoop, out) == ['tmp/jobs/hadoop.json']
    for _ in range(2):
        code, err = end(begin(hadoop, out, '--resume'))
        assert (
            code == 1
            and 'may still be running' in err
            and f'yarn application -kill {APPLICATION}' in err
            and 'tmp/jobs first' in err
        )
        assert left_in(hadoop, out) == ['tmp/jobs/hadoop.json']
    hadoop.tell('fails', '')
    hadoop.tell('jar', "print('ERROR streaming.StreamJob: Job not successful!')\nsys.exit(1)")
    code, err = end(begin(hadoop, out, '--resume'))
    assert code == 1 and 'MRPack could not be submitted' in err and f'ending {APPLICATION}' in err
    assert hadoop.apps() == {APPLICATION: 'KILLED'} and left_in(hadoop, out) == []


@pytest.mark.parametrize('out', ['hdfs', 'local'], indirect=True)
def test_leftovers_of_a_dead_machine_are_ended_with_its_lock(hadoop, out):
    hadoop.tell('jar', SUBMIT + 'time.sleep(100)')
    process = begin(hadoop, out)
    wait_for_submission(hadoop, out, process)
    process.kill()
    process.wait()
    lock = Path(out if not out.startswith('hdfs:') else hadoop.folder / 'hdfs' / 'run') / 'lock'
    lock.write_text(json.dumps(dict(json.loads(lock.read_text()), host='elsewhere')))
    code, err = end(begin(hadoop, out, '--resume'))
    assert code == 4 and f'process {process.pid} on elsewhere' in err
    assert hadoop.apps() == {APPLICATION: 'RUNNING'}
    hadoop.tell('jar', "print('ERROR streaming.StreamJob: Job not successful!')\nsys.exit(1)")
    code, err = end(begin(hadoop, out, '--resume', '--break-lock'))
    assert code == 1 and f'ending {APPLICATION}' in err and 'MRPack could not be submitted' in err
    assert hadoop.apps() == {APPLICATION: 'KILLED'} and left_in(hadoop, out) == []


@pytest.mark.parametrize(
    'words, told',
    [
        ('version', "bin/hadoop version' failed (exit code 1): Error: told to fail"),
        ('/files/', 'hadoop fs says: Error: told to fail'),
    ],
)
def test_failed_command_is_reported_without_traceback(words, told, hadoop, out):
    hadoop.tell('fails', words)
    code, err = end(begin(hadoop, out))
    assert code == 1 and told in err and len(err.splitlines()) < 5
    assert (
        not [words for words in hadoop.asked() if words[0] == 'yarn'] and left_in(hadoop, out) == []
    )


def test_environment_is_not_logged(hadoop, out):
    hadoop.tell('jar', "print('ERROR streaming.StreamJob: Job not successful!')\nsys.exit(1)")
    code, err = end(begin(hadoop, out, '-v', SERVICE_PASSWORD='s3cr3t'))
    assert (
        code == 1
        and 'Running step 1 of 1' in err
        and 's3cr3t' not in err
        and 'SERVICE_PASSWORD' not in err
    )
