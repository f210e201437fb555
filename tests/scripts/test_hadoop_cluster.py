"""scripts/hadoop: a real cluster starts, works, says what is wrong, and leaves nothing behind.

On the one cluster of all tests, in the order of the file: one of the last takes it down.
"""

import getpass
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest
from on_hadoop import SCRIPT, UBER, environ, hadoop, hosts, processes_of

pytestmark = [pytest.mark.slow, pytest.mark.hadoop]

AS_HOSTS = [] if hosts.why_not() else ['--hosts']
WORDS = 'der Hund und die Katze\nund die Maus\nüber die Brücke\n' * 50


@pytest.fixture(scope='module')
def words(cluster):
    """A file in HDFS."""
    cluster.hdfs('-rm', '-r', '-f', '-skipTrash', '/words')
    cluster.hdfs('-mkdir', '/words')
    cluster.run('hadoop', 'fs', '-put', '-', '/words/words.txt', input=WORDS.encode())
    return '/words/words.txt'


# -- it starts
# ----------------------------------------------------------------------------------------


def test_start_prints_exports_and_nothing_else(cluster):
    names = re.findall(r'^export (\w+)=', cluster.exports, re.M)
    assert names == ['JAVA_HOME', 'HADOOP_HOME', 'HADOOP_CONF_DIR', 'PATH']
    assert len(cluster.exports.splitlines()) == len(names)
    assert re.search('ready in|runs already', cluster.talk)


def test_nodes_are_hosts_where_this_machine_allows_it(cluster):
    """Whether it does is found out here in another way than by `why_not`, so that a mistake there
    is not mistaken for a machine that cannot."""
    link = ['unshare', '--net', 'ip', 'link', 'add', 'name', 'test0', 'type']
    able = (
        os.geteuid() == 0
        and all(shutil.which(link[i]) for i in (0, 2))
        and all(
            subprocess.run([*link, *kind], stderr=subprocess.DEVNULL).returncode == 0
            for kind in (['bridge'], ['veth', 'peer', 'name', 'test1'])
        )
    )
    found = {
        row['daemon']: row['address'].rpartition(':')[0] for row in cluster.status()['daemons']
    }
    assert len(set(found.values())) == (3 if able else 1), (found, hosts.why_not())
    assert (
        found['datanode1'] == found['nodemanager1']
        and found['namenode'] == found['resourcemanager']
    )
    assert len(hosts.remains(cluster.folder)) == (4 if able else 0)


def test_its_folder_is_private(cluster):
    assert cluster.folder.stat().st_mode & 0o777 == 0o700


def test_status_shows_daemons_that_are_well(cluster):
    state = cluster.status()
    assert state['well'] and state['ready']
    assert [row['daemon'] for row in state['daemons']] == [
        'namenode',
        'resourcemanager',
        'datanode1',
        'nodemanager1',
        'datanode2',
        'nodemanager2',
        'historyserver',
    ]
    for row in state['daemons']:
        assert row['state'] == 'running'
        assert row['web'].startswith(f'http://{row["address"].rpartition(":")[0]}:')
        os.kill(row['pid'], 0)
    table = hadoop('status', '--dir', str(cluster.folder))
    assert table.returncode == 0
    assert 'all is well' in table.stdout


def test_daemons_listen_where_they_say_only(cluster):
    """But for the shuffle, which Hadoop always binds to every address; it gives nothing without a
    job's own key."""
    ports = json.loads((cluster.folder / 'cluster.json').read_text())['ports']
    n_listening, beyond = 0, set()
    for row in cluster.status()['daemons']:
        its_own = {
            bytes(map(int, host.split('.')))[::-1].hex().upper()
            for host in ('127.0.0.1', row['address'].rpartition(':')[0])
        }
        for address in listening_at(row['pid']):
            n_listening += 1
            host, port = address.split(':')
            if host.replace('0000000000000000FFFF0000', '') not in its_own:
                beyond.add(int(port, 16))
    assert n_listening > 10
    assert beyond == {ports['nodemanager_shuffle1'], ports['nodemanager_shuffle2']}


def listening_at(pid):
    """Return the addresses at which a process listens, as its host's kernel writes them."""
    inodes = {os.readlink(link) for link in Path(f'/proc/{pid}/fd').iterdir() if link.is_symlink()}
    lines = [
        line.split()
        for name in ('tcp', 'tcp6')
        for line in Path(f'/proc/{pid}/net/{name}').read_text().splitlines()[1:]
    ]
    return {line[1] for line in lines if line[3] == '0A' and f'socket:[{line[9]}]' in inodes}


def test_a_second_start_is_harmless(cluster):
    before = cluster.status()
    again = hadoop('start', '--dir', str(cluster.folder))
    assert again.returncode == 0
    assert again.stdout == cluster.exports
    assert 'runs already' in again.stderr
    assert cluster.status() == before


def test_another_number_of_nodes_is_refused(cluster):
    refused = hadoop('start', '--nodes', '3', '--dir', str(cluster.folder))
    assert refused.returncode == 1
    assert '--nodes 2 runs' in refused.stderr


# -- it works
# -----------------------------------------------------------------------------------------


def test_hdfs_round_trip(cluster, words):
    assert cluster.run('hadoop', 'fs', '-cat', words).decode() == WORDS
    assert cluster.run('hdfs', 'dfs', '-cat', words).decode() == WORDS


def test_webhdfs_round_trip(cluster, words):
    web = next(row['web'] for row in cluster.status()['daemons'] if row['daemon'] == 'namenode')
    url = f'{web}webhdfs/v1/words/web.txt?user.name={getpass.getuser()}'
    with urllib.request.urlopen(
        urllib.request.Request(f'{url}&op=CREATE&noredirect=true', method='PUT')
    ) as answer:
        location = json.load(answer)['Location']
    with urllib.request.urlopen(
        urllib.request.Request(location, data=WORDS.encode(), method='PUT')
    ) as answer:
        assert answer.status == 201
    with urllib.request.urlopen(f'{url}&op=OPEN') as answer:
        assert answer.read().decode() == WORDS


def test_a_plain_streaming_job(cluster, words):
    jar = next(Path(cluster.environ['HADOOP_HOME']).rglob('hadoop-streaming-*.jar'))
    mapper = (
        "python3 -c 'import sys; sys.stdout.writelines(word + chr(10) for word in"
        " sys.stdin.read().split())'"
    )
    cluster.run(
        'hadoop',
        'jar',
        str(jar),
        *UBER,
        '-input',
        words,
        '-output',
        '/words/counted',
        '-mapper',
        mapper,
        '-reducer',
        'uniq -c',
    )
    counted = cluster.run('hadoop', 'fs', '-cat', '/words/counted/part-*').decode().split()
    assert dict(zip(counted[1::2], map(int, counted[::2])))['die'] == WORDS.split().count('die')


def test_an_mrjob_word_count_gives_the_same_bytes_as_inline(cluster, tmp_path):
    (tmp_path / 'words.txt').write_text(WORDS)
    command = [
        sys.executable,
        Path(__file__).parents[1] / 'support' / 'mr_word_count.py',
        '--no-conf',
        tmp_path / 'words.txt',
    ]
    inline = cluster.run(*command, '-r', 'inline')
    on_hadoop = cluster.run(*command, '-r', 'hadoop')
    assert sorted(on_hadoop.splitlines()) == sorted(inline.splitlines())
    assert b'"die"\t150' in on_hadoop.splitlines()


def test_yarn_knows_the_applications(cluster):
    listed = cluster.run('yarn', 'application', '-list', '-appStates', 'FINISHED').decode()
    assert listed.count('SUCCEEDED') >= 2


def test_java_keeps_its_temporary_files_in_the_clusters_folder(cluster):
    """What Java leaves when it is killed (web pages, jars of jobs) must go with the cluster."""
    assert any(
        entry.name.startswith('jetty-') for entry in (cluster.folder / 'data' / 'tmp').iterdir()
    )
    ports = {row['web'].rstrip('/').rpartition(':')[2] for row in cluster.status()['daemons']}
    assert not [
        path.name
        for path in Path(tempfile.gettempdir()).glob('jetty-*')
        if ports & set(path.name.split('-'))
    ]


def test_an_unknown_command_is_a_usage_error(cluster):
    done = cluster.run('hadoop', 'frobnicate', check=False)
    assert done.returncode == 2
    assert b'unknown command: frobnicate' in done.stderr


# -- it tells the truth, and is repaired
# ----------------------------------------------------------------


def test_status_tells_that_the_datanode_was_killed_and_start_brings_it_back(cluster, words):
    before = cluster.status()
    cluster.kill('datanode1')
    told = hadoop('status', '--dir', str(cluster.folder))
    assert told.returncode == 1
    assert re.search(r'^datanode1 +- +dead', told.stdout, re.M)
    assert 'NOT WELL' in told.stdout

    repaired = hadoop('start', '--dir', cluster.folder)
    assert 'starting again: datanode1' in repaired.stderr
    assert repaired.stdout == cluster.exports
    assert cluster.run('hadoop', 'fs', '-cat', words).decode() == WORDS
    after = cluster.status()
    assert after['well']
    assert [row['address'] for row in after['daemons']] == [
        row['address'] for row in before['daemons']
    ]


def test_the_namenode_keeps_its_files_over_a_restart(cluster, words):
    cluster.kill('namenode')
    cluster.start()
    assert cluster.run('hadoop', 'fs', '-cat', words).decode() == WORDS


# -- it ends
# ------------------------------------------------------------------------------------------


@pytest.mark.stops_cluster
def test_stop_in_the_middle_of_a_job_leaves_no_process_and_no_file(cluster, words):
    jar = next(Path(cluster.environ['HADOOP_HOME']).rglob('hadoop-streaming-*.jar'))
    job = subprocess.Popen(
        [
            'hadoop',
            'jar',
            str(jar),
            '-input',
            words,
            '-output',
            '/words/never',
            '-mapper',
            'sleep 1000',
        ],
        env=cluster.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        while not any('sleep' in line for line in processes_of(cluster.folder)):
            assert time.monotonic() < deadline, 'the mapper never began'
            time.sleep(0.2)
        begin = time.monotonic()
        stopped = hadoop('stop', '--dir', str(cluster.folder))
        seconds = time.monotonic() - begin
    finally:
        job.kill()
        job.wait()
    assert stopped.returncode == 0, stopped.stderr
    assert seconds < 10
    assert not cluster.folder.exists()
    assert processes_of(cluster.folder) == [] == hosts.remains(cluster.folder)
    assert hadoop('status', '--dir', str(cluster.folder)).returncode == 3
    assert hadoop('stop', '--dir', str(cluster.folder)).returncode == 0


@pytest.mark.parametrize('number, code', [(signal.SIGINT, 130), (signal.SIGTERM, 130)])
def test_an_interrupted_start_leaves_nothing(tmp_path, number, code):
    folder = tmp_path / 'cluster'
    starting = subprocess.Popen(
        [SCRIPT, 'start', '--dir', folder, *AS_HOSTS],
        env=environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while 'namenode' not in ''.join(processes_of(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    starting.send_signal(number)
    out, talk = starting.communicate(timeout=60)
    assert starting.returncode == code
    assert out == ''
    assert 'nothing is left' in talk
    assert processes_of(folder) == [] == hosts.remains(folder)
    assert not folder.exists()


def test_a_start_that_was_killed_is_cleared_by_the_next_stop(tmp_path):
    folder = tmp_path / 'cluster'
    starting = subprocess.Popen(
        [SCRIPT, 'start', '--dir', folder, *AS_HOSTS],
        env=environ(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 300
    while 'resourcemanager' not in ''.join(processes_of(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    starting.kill()
    starting.wait()
    assert processes_of(folder) != []
    assert hadoop('status', '--dir', str(folder)).returncode == 1
    assert hadoop('stop', '--dir', str(folder)).returncode == 0
    assert processes_of(folder) == [] == hosts.remains(folder)
    assert not folder.exists()


# -- it refuses
# ---------------------------------------------------------------------------------------


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    (tmp_path / 'thesis.tex').write_text('years of work')
    for command in ('start', 'stop'):
        refused = hadoop(command, '--dir', str(tmp_path))
        assert refused.returncode == 1
        assert 'thesis.tex' in refused.stderr
    assert (tmp_path / 'thesis.tex').read_text() == 'years of work'


def test_a_path_that_hadoop_cannot_digest_is_refused(tmp_path):
    refused = hadoop('start', '--dir', str(tmp_path / 'my cluster'))
    assert refused.returncode == 1
    assert "' '" in refused.stderr and '--dir' in refused.stderr
    assert not (tmp_path / 'my cluster').exists()


def test_a_java_that_does_not_fit_is_refused(tmp_path):
    java = tmp_path / 'bin' / 'java'
    java.parent.mkdir()
    java.write_text(
        "#!/bin/sh\necho '    java.home = /java24'\necho '    java.specification.version = 24'\n"
        "echo '    java.vm.version = 24+36'\n"
    )
    java.chmod(0o755)
    refused = subprocess.run(
        [SCRIPT, 'start', '--dir', str(tmp_path / 'cluster')],
        stderr=subprocess.PIPE,
        text=True,
        env=environ(JAVA_HOME=str(tmp_path)),
        timeout=60,
    )
    assert refused.returncode == 1
    assert 'is Java 24, Hadoop 3.4 needs Java 11 or 17' in refused.stderr


def test_hosts_are_refused_where_they_cannot_be(tmp_path):
    for command in ('sh', 'dirname'):  # all but `ip`
        (tmp_path / command).symlink_to(shutil.which(command))
    refused = subprocess.run(
        [SCRIPT, 'start', '--hosts', '--dir', tmp_path / 'cluster'],
        stderr=subprocess.PIPE,
        text=True,
        env=environ(PATH=str(tmp_path)),
        timeout=60,
    )
    assert refused.returncode == 1
    assert re.search('nodes cannot be hosts of their own, .*: leave out --hosts', refused.stderr)
    assert not (tmp_path / 'cluster').exists()


def test_usage():
    assert hadoop().returncode == 2
    assert hadoop('start', '--nodes', '0').returncode == 2
    assert 'exit codes' in hadoop('--help').stdout
