"""On a real Hadoop: the same bits as inline, also under faults; errors in words. Two nodes on this
machine (on_hadoop.py).

Few fits, those that faults hit among them: each variant, number of maps, kind of files, packed or
not, in HDFS or local, with each of most others. All of them: scripts/soak hadoop.
"""

import bz2
import csv
import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hadoop_data import SHORT, TEXT, Data, labels_in, maps
from on_hadoop import ROOT, UBER, kill

from mr_kmeans.commands.fit import fit
from mr_kmeans.options import FitOptions, TextOptions

pytestmark = [pytest.mark.slow, pytest.mark.hadoop]


@pytest.fixture(scope='module')
def data(cluster, tmp_path_factory):
    return Data(tmp_path_factory.mktemp('data'), cluster)


def fetched(cluster, uri, folder):
    """Copy labels and what is beside them."""
    for suffix in ('', '.rejected.csv'):
        cluster.hdfs('-get', uri + suffix, f'{folder}{suffix}')
    return folder


def nothing_is_left(cluster, out):
    """Neither temporary files nor a lock, in HDFS and here."""
    left = (
        cluster.hdfs('-ls', '-R', out).decode()
        if out.startswith('hdfs:')
        else '\n'.join(os.listdir(out))
    )
    assert '/tmp' not in left and 'lock' not in left
    assert b'mr_kmeans' not in cluster.hdfs('-ls', '-R', '/user', check=False).replace(
        b'/tmp/mr_kmeans\n', b''
    )


# The same bits


def test_one_file_one_map_all_in_hdfs(cluster, data, tmp_path):
    model, centroids, rows, ledger = data.inline('one')
    out = 'hdfs:///run/one'
    done = cluster.fit(data.remote('one'), out, *TEXT, *UBER, *maps(1))
    assert done['hash'] == model.hash
    assert cluster.hdfs('-cat', out + '/centroids.csv') == centroids
    iterations = list(
        csv.DictReader(io.StringIO(cluster.hdfs('-cat', out + '/iterations.csv').decode()))
    )
    assert [int(row['rows']) for row in iterations] == [model.n_samples] * 3
    assert all(float(row['seconds']) - float(row['job_seconds']) < 3 for row in iterations[1:])
    code, _, err = cluster.kmeans(
        'assign',
        out,
        *data.remote('one'),
        '-o',
        'hdfs:///labels/one',
        '--max-bad-rows',
        3,
        '-r',
        'hadoop',
        *UBER,
        *maps(3),
    )
    assert code == 0, err
    assert labels_in(fetched(cluster, 'hdfs:///labels/one', tmp_path / 'labels')) == (rows, ledger)
    nothing_is_left(cluster, out)


def test_several_local_files_many_maps_combiner(cluster, data, tmp_path):
    model, centroids, rows, ledger = data.inline('several', SHORT)
    (tmp_path / 'mrjob.conf').write_text('runners: {hadoop: {hadoop_tmp_dir: /tmp/elsewhere}}\n')
    code, out, err = cluster.kmeans(
        'fit',
        *data.local('several'),
        '-o',
        tmp_path / 'out',
        '-r',
        'hadoop',
        '--json',
        *SHORT,
        *UBER,
        *maps(3),
        '--variant',
        'combiner',
        '-c',
        tmp_path / 'mrjob.conf',
        '-D',
        'mapreduce.job.tags=nightly',
    )
    assert code == 0, err
    assert 'uploading 3 local files' in err and '/tmp/elsewhere/' in err
    assert cluster.hdfs('-ls', '/tmp/elsewhere') == b''
    tagged = cluster.web('resourcemanager', '/ws/v1/cluster/apps?applicationTags=nightly')['apps'][
        'app'
    ]
    assert all('mr-kmeans-' in application['applicationTags'] for application in tagged)
    assert json.loads(out)['hash'] == model.hash
    assert (tmp_path / 'out' / 'centroids.csv').read_bytes() == centroids
    nothing_is_left(cluster, str(tmp_path / 'out'))


def test_no_pack_two_job_and_labels_from_text(cluster, data, tmp_path):
    model, centroids, rows, ledger = data.inline('several', SHORT)
    out = 'hdfs:///run/text'
    assert (
        cluster.fit(
            data.remote('several'),
            out,
            *SHORT,
            *UBER,
            *maps(2),
            '--no-pack',
            '--variant',
            'two-job',
        )['hash']
        == model.hash
    )
    iterations = list(
        csv.DictReader(io.StringIO(cluster.hdfs('-cat', out + '/iterations.csv').decode()))
    )
    assert [int(row['bad_rows']) for row in iterations] == [2, 2]
    code, _, err = cluster.kmeans(
        'assign',
        out,
        *data.remote('several'),
        '-o',
        tmp_path / 'labels',
        '--max-bad-rows',
        3,
        '-r',
        'hadoop',
        *UBER,
        *maps(2),
    )
    assert code == 0, err
    assert labels_in(tmp_path / 'labels') == (rows, ledger)
    assert [line[1] for line in ledger] == ['4001', '5501']
    nothing_is_left(cluster, out)


def test_rows_are_drawn_as_inline(cluster, data, tmp_path):
    options = FitOptions(4, 'k-means||', n_init=2, max_iter=1)
    model = fit(
        data.local('several'),
        str(tmp_path / 'out'),
        options,
        TextOptions(id_column='id', max_bad_rows=3),
    )
    few = ['--init', 'k-means||', '--n-init', '2', '--max-iter', '1', '--variant', 'combiner']
    text = ['--id-column', 'id', '--max-bad-rows', '3', '-k', '4']
    done = cluster.fit(data.remote('several'), 'hdfs:///run/drawn', *text, *few, *UBER, *maps(3))
    assert done['hash'] == model.hash


def test_containers_and_the_unmodified_hadoop_fs(cluster, data, tmp_path):
    """A pattern finds the file and no hidden one; no command fetches rows, which would all come
    through the driver."""
    conf = cluster.conf_with(tmp_path / 'conf', **{'dfs.webhdfs.enabled': 'false'})
    home, log = cluster.noting_home(tmp_path / 'home')
    cluster.hdfs('-cp', '-f', '/data/a.csv.gz', '/data/_a.csv.gz')
    done = cluster.fit(
        ['hdfs:///data/*a.c[rst]v.gz'],
        'hdfs:///run/gz',
        *SHORT,
        *maps(2),
        '-c',
        ROOT / 'conf' / 'hadoop.conf',
        HADOOP_CONF_DIR=conf,
        HADOOP_HOME=home,
    )
    assert done['hash'] == data.inline('gz', SHORT)[0].hash
    calls = [line.split() for line in log.read_text().splitlines()]
    read = [call[2:] for call in calls if call[:2] == ['fs', '-cat']]
    assert read and not [
        paths for paths in read if re.search('(points|packed)/(part-|.*[*])', ' '.join(paths))
    ], read
    assert len([call for call in calls if call[0] == 'fs']) <= 110, (
        calls
    )  # a second each; 106 since jobs and state check the lock
    nothing_is_left(cluster, 'hdfs:///run/gz')


# Bare nodes


def bare_pythons():
    """Return interpreters of other versions that run without any package, else this one without its
    packages."""
    found = {}
    for version in ('3.9', '3.13'):
        for name in [
            shutil.which('python' + version),
            *map(str, Path.home().glob(f'.pyenv/versions/{version}.*/bin/python')),
        ]:
            if (
                name
                and subprocess.run([name, '-S', '-c', ''], stderr=subprocess.DEVNULL).returncode
                == 0
            ):
                found[version] = name
    return found or {'%d.%d' % sys.version_info[:2]: sys.executable}


@pytest.mark.parametrize('version', list(bare_pythons()))
def test_nodes_without_numpy(cluster, data, tmp_path, version):
    conf, out = tmp_path / 'mrjob.conf', f'hdfs:///run/bare-{version}'
    conf.write_text('runners: {hadoop: {python_bin: [%s, -S]}}\n' % bare_pythons()[version])
    options = [*SHORT, '-c', conf, '--no-pack', '-D', 'mapreduce.map.maxattempts=1']
    if version == list(bare_pythons())[-1]:
        code, stdout, err = cluster.kmeans(
            'fit', *data.remote('gz'), '-o', out, '-r', 'hadoop', *options
        )
        assert (code, stdout) == (1, '')
        assert (
            'no numpy on the nodes' in err
            and '--ship-numpy' in err
            and "No module named 'numpy'" in err
        ), err
        assert '\tat org.apache' not in err and 'INFO' not in err and len(err.splitlines()) < 20, (
            err
        )
    variant, inputs = (
        ('in-mapper', data.local('gz'))
        if version == list(bare_pythons())[-1]
        else ('combiner', data.remote('gz'))
    )
    done = cluster.fit(inputs, out, *options, *UBER, '--ship-numpy', version, '--variant', variant)
    assert done['hash'] == data.inline('gz', SHORT)[0].hash


# Jobs that fail, in words


@pytest.mark.parametrize(
    'python, words',
    [
        (
            'nopython',
            [
                'There is no such Python on the nodes.',
                'as python_bin in the configuration',
                'Cannot run program "nopython"',
            ],
        ),
        (
            '[sh, -c, kill -9 $$]',
            ['was killed (signal 9)', 'mapreduce.map.memory.mb', 'subprocess failed with code 137'],
        ),
        (
            '[python3, -c, import nothing]',
            [
                'The last output of a task:\n  Traceback',
                "ModuleNotFoundError: No module named 'nothing'",
            ],
        ),
    ],
)
def test_tasks_that_do_not_start(cluster, data, tmp_path, python, words):
    """Words and reasons from the history server; where that has no plain HTTP, from the commands
    yarn and hadoop jar."""
    (tmp_path / 'mrjob.conf').write_text('runners: {hadoop: {python_bin: %s}}\n' % python)
    out, changes = str(tmp_path / 'out'), {}
    if 'import' in python:
        changes['HADOOP_CONF_DIR'] = cluster.conf_with(
            tmp_path / 'conf', **{'mapreduce.jobhistory.http.policy': 'HTTPS_ONLY'}
        )
    code, stdout, err = cluster.kmeans(
        'fit',
        *data.remote('gz'),
        '-o',
        out,
        '-r',
        'hadoop',
        *SHORT,
        '-c',
        tmp_path / 'mrjob.conf',
        '-D',
        'mapreduce.map.maxattempts=1',
        **changes,
    )
    assert (code, stdout) == (1, '') and all(word in err for word in words), err
    assert '\tat ' not in err and 'INFO' not in err and len(err.splitlines()) < 20, err
    assert not os.path.exists(out)
    nothing_is_left(cluster, str(tmp_path))


# Faults


def test_a_mapper_is_killed_and_another_sleeps(cluster, data):
    """kill -9 in the pack job, a stopped mapper in an iteration: retried, and rescued by a
    speculative attempt."""
    before = set(cluster.applications())
    process = cluster.popen(
        'fit',
        *data.remote('several'),
        '-o',
        'hdfs:///run/killed',
        '-r',
        'hadoop',
        '--json',
        *SHORT,
        *maps(3),
        '-D',
        'mapreduce.job.speculative.retry-after-no-speculate=500',
        '--variant',
        'combiner',
    )
    cluster.hit(signal.SIGKILL, 'mr_pack.py')
    stopped, _ = cluster.hit(signal.SIGSTOP, 'mr_lloyd_combiner.py', '--mapper')
    try:
        out, err = process.communicate(timeout=300)
    finally:
        kill(stopped)
    assert process.returncode == 0, err
    assert json.loads(out)['hash'] == data.inline('several', SHORT)[0].hash
    tasks, _ = cluster.attempts(set(cluster.applications()) - before)
    assert any('FAILED' in states for states in tasks), ('the kill missed', tasks)
    assert any('KILLED' in states for states in tasks), (
        'the stopped mapper was not replaced',
        tasks,
    )
    assert all(states.count('SUCCEEDED') == 1 for states in tasks), tasks


def test_the_driver_is_killed_and_the_namenode_restarts(cluster, data):
    """kill -9 while a task hangs, so that its application is still there for --resume to end; then
    an HDFS that goes away for a while."""
    step = random.SystemRandom().choice(
        ['mr_pack.py', 'mr_lloyd_in_mapper.py']
    )  # another in each run of the tests; each assertion tells
    out, model = 'hdfs:///run/resumed', data.inline('one')[0]
    arguments = [
        'fit',
        *data.remote('one'),
        '-o',
        out,
        '-r',
        'hadoop',
        '--json',
        *TEXT,
        *maps(2),
        '-D',
        'mapreduce.map.speculative=false',
    ]
    process = cluster.popen(*arguments)
    hanging, _ = cluster.hit(signal.SIGSTOP, step)
    kill(process.pid)
    process.communicate()
    alive = cluster.alive()
    assert len(alive) == 1, (step, alive)
    process = cluster.popen(*arguments, '--resume')
    cluster.wait_for_task('mr_lloyd_in_mapper.py')
    cluster.kill('namenode')
    cluster.start()
    stdout, err = process.communicate(timeout=300)
    if process.returncode:  # it was away for too long: said in words, and resumed
        assert process.returncode == 1 and 'Traceback' not in err, (step, err)
        process = cluster.popen(*arguments, '--resume')
        stdout, err = process.communicate(timeout=300)
    assert process.returncode == 0, (step, err)
    assert json.loads(stdout)['hash'] == model.hash, step
    left = {name: states for name, states in cluster.applications().items() if name in alive}
    assert [final for _, final in left.values()] == ['KILLED'], (step, left)
    assert hanging not in cluster.tasks(), step
    nothing_is_left(cluster, out)


def test_ctrl_c_kills_the_application(cluster, data):
    process = cluster.popen(
        'fit', *data.remote('one'), '-o', 'hdfs:///run/interrupted', '-r', 'hadoop', *TEXT
    )
    cluster.wait_for_task('mr_pack.py')
    for _ in range(3):  # as whoever is in a hurry
        kill(process.pid, signal.SIGINT)
        time.sleep(0.3)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and 'ending application_' in err, err
    assert not cluster.alive()
    assert cluster.hdfs('-ls', '/run/interrupted', check=False) == b''


# Errors in words


@pytest.mark.parametrize(
    'what',
    [
        'missing',
        'permission',
        'no home',
        'no NameNode',
        'no WebHDFS',
        'no command',
        'no cluster',
        'other cluster',
        'full',
        'lock',
    ],
)
def test_errors(cluster, data, tmp_path, what):
    inputs, out, changes, code = data.remote('one'), 'hdfs:///run/error', {}, 1
    if what == 'missing':
        inputs, word = ['hdfs:///data/nothing.csv'], 'nothing.csv: no such file'
    elif what == 'permission':
        changes, word = {'HADOOP_USER_NAME': 'mallory'}, 'Permission denied: user=mallory'
    elif what == 'no home':
        out, changes, word = (
            str(tmp_path / 'out'),
            {'HADOOP_USER_NAME': 'mallory'},
            'hadoop_tmp_dir in the configuration',
        )
    elif what in ('no NameNode', 'no WebHDFS'):
        nowhere = {
            'dfs.namenode.http-address': '127.0.0.1:1',
            **({'fs.defaultFS': 'hdfs://127.0.0.1:1'} if what == 'no NameNode' else {}),
        }
        changes = {'HADOOP_CONF_DIR': cluster.conf_with(tmp_path / 'conf', **nowhere)}
        path = tmp_path / 'conf' / 'hdfs-site.xml'
        path.write_text(path.read_text().replace('dfs.namenode.http-address', 'x'))
        if what == 'no NameNode':
            inputs, word = ['hdfs:///data/b.csv'], 'Is HDFS running?'
        else:
            inputs, word = ['hdfs:///data/nothing.csv'], 'nothing.csv: no such file'
    elif what == 'no command':
        changes, word = (
            {'HADOOP_HOME': str(tmp_path), 'PATH': os.path.dirname(sys.executable)},
            "there is no command 'hadoop'",
        )
    elif what == 'no cluster':
        changes, word, code = {'HADOOP_CONF_DIR': str(tmp_path)}, 'Set HADOOP_CONF_DIR', 2
    elif what == 'other cluster':
        inputs, word, code = (
            ['hdfs://elsewhere:8020/data/b.csv'],
            'the cluster of HADOOP_CONF_DIR is hdfs://',
            2,
        )
    elif what == 'full':
        cluster.hdfs('-mkdir', '-p', '/full')
        subprocess.run(
            ['hdfs', 'dfsadmin', '-setSpaceQuota', '1k', '/full'],
            env=cluster.environ,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        out, word = 'hdfs:///full/run', 'quota'
    else:
        cluster.hdfs('-mkdir', '-p', '/run/error')
        (tmp_path / 'lock').write_text(
            json.dumps({'host': 'elsewhere', 'pid': 7, 'started': '2020-01-01'})
        )
        cluster.hdfs('-put', '-f', tmp_path / 'lock', '/run/error/lock')
        word, code = 'in use by another run (process 7 on elsewhere', 4
    found, stdout, err = cluster.kmeans(
        'fit', *inputs, '-o', out, '-r', 'hadoop', *TEXT, *UBER, **changes
    )
    assert (found, stdout) == (code, ''), err
    assert word in err
    assert len(err.splitlines()) < 8 and '\tat ' not in err and 'defect' not in err
    assert ('using hadoop fs' in err) == (what == 'no WebHDFS')
    if what == 'no NameNode':
        assert (
            'hdfs://127.0.0.1:1 does not answer. By WebHDFS: no answer' in err
            and err.count('Connection refused') == 2
        )
    if what == 'lock':
        found, _, err = cluster.kmeans(
            'fit', *inputs, '-o', out, '-r', 'hadoop', *TEXT, *UBER, '--break-lock'
        )
        assert (
            found == 0
            and 'is broken, as --break-lock says (process 7 on elsewhere, since 2020-01-01)' in err
        ), err
        assert b'lock' not in cluster.hdfs('-ls', '/run/error')
    if what == 'full':
        assert b'lock' not in cluster.hdfs('-ls', '/full/run', check=False)
        cluster.run('hdfs', 'dfsadmin', '-clrSpaceQuota', '/full')
        process = cluster.popen('fit', *inputs, '-o', out, '-r', 'hadoop', *TEXT, *UBER)
        cluster.wait_for_task('mr_pack.py')  # past the lock
        kill(process.pid, signal.SIGINT)
        assert process.communicate(timeout=60) and process.returncode == 130
    cluster.hdfs('-rm', '-r', '-f', '-skipTrash', '/run/error')


@pytest.mark.parametrize('where', ['local', 'hdfs'])
def test_a_bzip2_block_that_hadoop_passes_over(cluster, tmp_path, where):
    """Hadoop looks for the first bits of blocks; where they are damaged, it read the rest of the
    file, and the run went well."""
    draw = random.Random(1).random
    first, second = (
        bz2.compress(b''.join(b'%.4f,%.4f\n' % (draw(), draw()) for _ in range(500)))
        for _ in range(2)
    )
    path = tmp_path / 'x.csv.bz2'
    for damaged, code in ((False, 0), (True, 3)):
        path.write_bytes(first + (second[:5] + b'B' + second[6:] if damaged else second))
        if where == 'hdfs':
            cluster.hdfs('-mkdir', '-p', '/bzip2')
            cluster.hdfs('-put', '-f', path, '/bzip2/x.csv.bz2')
        inputs = 'hdfs:///bzip2/x.csv.bz2' if where == 'hdfs' else path
        found, _, err = cluster.kmeans(
            'fit',
            inputs,
            '-k',
            2,
            '-o',
            tmp_path / f'out{damaged}',
            '-r',
            'hadoop',
            '--init',
            'random',
            '--max-iter',
            1,
            *UBER,
        )
        assert found == code, err
        assert damaged == ('x.csv.bz2: the compressed file is damaged' in err) and damaged != (
            '1,000 rows' in err
        )


@pytest.mark.parametrize('more', [UBER, []], ids=['uber', 'containers'])
def test_damaged_packed_rows_are_packed_again(cluster, tmp_path, more):
    """HDFS notices damage of its own; here the file has another byte since somebody put it
    there."""
    draw = random.Random(1).random
    path, out = tmp_path / 'x.csv', f'hdfs:///run/damaged{len(more)}'
    path.write_bytes(b''.join(b'%.4f,%.4f\n' % (draw(), draw()) for _ in range(500)))
    cluster.hdfs('-mkdir', '-p', '/damaged')
    cluster.hdfs('-put', '-f', path, '/damaged/x.csv')
    command = [
        'fit',
        'hdfs:///damaged/x.csv',
        '-k',
        2,
        '-o',
        out,
        '-r',
        'hadoop',
        '--json',
        '--init',
        'random',
        '--max-iter',
        1,
        *more,
    ]
    code, expected, err = cluster.kmeans(*command)
    assert code == 0, err
    name = [
        line.split()[-1]
        for line in cluster.hdfs('-ls', out + '/points').decode().splitlines()
        if '/part-' in line
    ][0]
    content = bytearray(cluster.hdfs('-cat', name))
    content[content.index(b'KMBLOCK') + 60] ^= 1
    (tmp_path / 'part').write_bytes(content)
    cluster.hdfs('-put', '-f', tmp_path / 'part', name)
    code, found, err = cluster.kmeans(*command, '--overwrite')
    assert code == 0 and err.count('the packed rows are damaged, and are packed again: ') == 1, err
    assert json.loads(found)['hash'] == json.loads(expected)['hash']


def test_inline_refuses_hdfs(cluster, tmp_path):
    code, _, err = cluster.kmeans('fit', 'hdfs:///data/b.csv', '-o', tmp_path / 'out', '-k', '2')
    assert code == 2 and '-r hadoop' in err


# The last: the cluster loses a node


def test_a_node_dies_in_the_middle(cluster, data):
    before = set(cluster.applications())
    process = cluster.popen(
        'fit',
        *data.remote('several'),
        '-o',
        'hdfs:///run/node',
        '-r',
        'hadoop',
        '--json',
        *SHORT,
        *maps(3),
    )
    _, node = cluster.wait_for_task('mr_lloyd_in_mapper.py')
    cluster.kill_node(node)
    out, err = process.communicate(timeout=400)
    try:
        assert process.returncode == 0, err
        assert json.loads(out)['hash'] == data.inline('several', SHORT)[0].hash
        tasks, masters = cluster.attempts(set(cluster.applications()) - before)
        assert any(len(states) > 1 for states in tasks) or max(masters) > 1, (
            'nothing was lost with the node',
            tasks,
            masters,
        )
    finally:
        cluster.start()
