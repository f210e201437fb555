"""The part `hadoop` of soak.py: on the daemons of a real Hadoop, every way to run, and faults at
random moments."""

import itertools
import json
import random
import signal
import time
from pathlib import Path

from hadoop_data import FILES, TEXT, Data, maps
from on_hadoop import UBER, Cluster, kill
from pairwise import pairwise

VARIANTS = ('in-mapper', 'combiner', 'two-job')
RESUMES = 3
"""Attempts with --resume until a run that a fault has ended must be complete."""

NOBODY = 2**22 + 1
"""Beyond the largest process id of Linux. Not 0, which means our own process group to kill."""


def hadoop(options, folder, say, table):
    """Compare fits on a cluster with the inline runner's; return the differences."""
    folder = Path(folder)
    folder.mkdir()
    cluster = Cluster(folder / 'cluster')
    try:
        data = Data(folder, cluster.start())
        return ways(options, cluster, data, say, table) + faults(options, cluster, data, say, table)
    finally:
        cluster.stop()


def ways(options, cluster, data, say, table):
    """Run fits in uber mode; compare."""
    differences, n_done = [], 0
    factors = VARIANTS, list(FILES), (1, 3), (True, False), (True, False)
    for variant, which, n_maps, pack, in_hdfs in (
        itertools.product(*factors) if options.hadoop == 'all' else pairwise(*factors)
    ):
        inputs, out = (
            (data.remote(which), 'hdfs:///run/way')
            if in_hdfs
            else (data.local(which), str(data.folder / 'out-way'))
        )
        name = (
            f'hadoop: {variant}, {which}, {n_maps} maps, {"packed" if pack else "text"},'
            f' {"HDFS" if in_hdfs else "local"}'
        )
        code, stdout, err = cluster.kmeans(
            'fit',
            *inputs,
            '-o',
            out,
            '-r',
            'hadoop',
            '--json',
            '--overwrite',
            '--variant',
            variant,
            *TEXT,
            *UBER,
            *maps(n_maps),
            *([] if pack else ['--no-pack']),
        )
        n_done += 1
        if code or json.loads(stdout)['hash'] != data.inline(which)[0].hash:
            differences.append(f'{name}: {err.strip()[-300:] if code else "another hash"}')
        say(f'{n_done}: {name}')
    table(
        f'{n_done} fits on a Hadoop, compared with the inline runner:',
        ['fits', 'different'],
        [[n_done, len(differences)]],
    )
    return differences


def faults(options, cluster, data, say, table):
    """Break a fit at a random moment, as often as asked; it must end with the same hash, if need be
    by --resume."""
    chance, differences, rows = (
        random.Random(options.seed),
        [],
        {name: [0, 0, 0] for name in FAULTS},
    )
    settings = [*TEXT, *maps(3), '-D', 'mapreduce.job.speculative.retry-after-no-speculate=500']
    began = time.monotonic()
    cluster.fit(data.remote('several'), 'hdfs:///run/whole', *settings)
    seconds = time.monotonic() - began
    for number in range(options.faults):
        name, moment, out = (
            list(FAULTS)[number % len(FAULTS)],
            chance.uniform(0, seconds),
            f'hdfs:///run/fault{number}',
        )
        arguments = ['fit', *data.remote('several'), '-o', out, '-r', 'hadoop', '--json', *settings]
        process = cluster.popen(*arguments)
        time.sleep(moment)
        undo = FAULTS[name](cluster, process, chance)
        found, n_resumed = ending(cluster, process, undo, arguments)
        rows[name][0] += 1
        rows[name][1] += n_resumed > 0
        if found != data.inline('several')[0].hash or cluster.alive():
            rows[name][2] += 1
            differences.append(
                f'hadoop: {name} after {moment:.1f} s (--seed {options.seed}, number {number}):'
                f' {found}'
            )
        cluster.hdfs('-rm', '-r', '-f', '-skipTrash', out)
        say(
            f'{number + 1}: {name} after {moment:.1f} s of {seconds:.0f}: '
            + ('resumed' if n_resumed else 'went on')
        )
    table(
        f'Faults at random moments of a fit of {seconds:.0f} s:',
        ['fault', 'times', 'ended and resumed', 'different'],
        [[name, *row] for name, row in rows.items()],
    )
    return differences


def ending(cluster, process, undo, arguments):
    """Wait for a run, resume it if it ended; return its hash, or what went wrong, and how often it
    was resumed."""
    for n_resumed in range(RESUMES + 1):
        try:
            out, err = process.communicate(timeout=600)
        finally:
            undo()
            cluster.start()
        if process.returncode == 0:
            return json.loads(out)['hash'], n_resumed
        if 'Traceback' in err or 'defect' in err:
            return err.strip()[-1000:], n_resumed
        process = cluster.popen(*arguments, '--resume')
    process.kill()
    process.wait()
    return err.strip()[-1000:], RESUMES


# The faults: each is given the cluster, the driver and chance, and returns what is to be done in
# the end


def kill_a_task(cluster, process, chance):
    """Kill a task's Python, as soon as there is one."""
    pid = a_task(cluster, process)
    kill(pid)
    return lambda: None


def stop_a_task(cluster, process, chance):
    """Let a task hang, so that speculation runs it twice."""
    pid = a_task(cluster, process, '--mapper')
    kill(pid, signal.SIGSTOP)
    return lambda: kill(pid)


def kill_a_node(cluster, process, chance):
    """Let a DataNode and a NodeManager die with all tasks; they are back in the end."""
    cluster.kill_node(chance.randint(1, cluster.nodes))
    return lambda: None


def cut_off_a_node(cluster, process, chance):
    """Cut the network of a node, where nodes are hosts; it is restored at the end, with what
    the node went on with."""
    number = chance.randint(1, cluster.nodes)
    if not cluster.as_hosts:
        return kill_a_node(cluster, process, chance)
    cluster.connect(number, False)
    return lambda: cluster.connect(number, True)


def kill_the_driver(cluster, process, chance):
    """Kill -9."""
    kill(process.pid)
    return lambda: None


def restart_the_namenode(cluster, process, chance):
    """Kill it and start it again at once."""
    cluster.kill('namenode')
    cluster.start()
    return lambda: None


def a_task(cluster, process, *words):
    """Return the process of a task; a number that no process has when the run is over before."""
    while process.poll() is None:
        for pid in cluster.tasks(*words):
            return pid
        time.sleep(0.01)
    return NOBODY


FAULTS = {
    'a task is killed': kill_a_task,
    'a task hangs': stop_a_task,
    'a node dies': kill_a_node,
    'a node is cut off': cut_off_a_node,
    'the driver is killed': kill_the_driver,
    'the NameNode restarts': restart_the_namenode,
}
