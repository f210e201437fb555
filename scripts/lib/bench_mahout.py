"""Mahout 0.13's k-means on Hadoop (MapReduce), from the job jar of Maven Central."""

import hashlib
import os
import re
import statistics
import struct
import subprocess
import time
import urllib.request

import bench_data
import numpy as np

URL = 'https://repo1.maven.org/maven2/org/apache/mahout/mahout-mr/0.13.0/mahout-mr-0.13.0-job.jar'

HEAP_MB = 1536
WAYS = {
    'containers': [],
    'uber': [
        '-Dmapreduce.job.ubertask.enable=true',
        '-Dmapreduce.job.ubertask.maxbytes=%d' % (1 << 40),
        '-Dmapreduce.job.ubertask.maxmaps=1000',
        '-Dyarn.app.mapreduce.am.resource.mb=2048',
    ],
}
"""A process per task, or all tasks in that of the job's master."""

_JOB = re.compile(r'Running job: (job_\S+)')

SYNC = hashlib.md5(b'mr_kmeans bench').digest()
ROWS_PER_SYNC = 20
DENSE_SEQUENTIAL = 3
"""Flags of a VectorWritable: dense, in the order of its elements, doubles."""


def run(cluster, folder, rows, seed, iterations, ways):
    """Return, for each way, the median seconds of an iteration over blobs: from the end of a job to
    the end of the next, the first from its submission."""
    jar, uri, path = (
        ensure_jar(folder),
        cluster.uri('mahout'),
        os.path.join(folder, 'mahout-vectors'),
    )
    cluster.remove(uri)
    write_vectors(path, rows, seed)
    cluster.put(path, 'mahout/vectors/part-00000')
    os.unlink(path)
    found = {way: _run(cluster, jar, uri, iterations, WAYS[way]) for way in ways}
    cluster.remove(uri)
    return found


def _run(cluster, jar, uri, iterations, switches):
    java = cluster.java_options(HEAP_MB)
    heaps = [
        '-D%s=%s' % (name, java)
        for name in (
            'mapreduce.map.java.opts',
            'mapreduce.reduce.java.opts',
            'yarn.app.mapreduce.am.command-opts',
        )
    ]
    arguments = [
        'org.apache.mahout.clustering.kmeans.KMeansDriver',
        *heaps,
        *switches,
        '-i',
        uri + '/vectors',
        '-c',
        uri + '/start',
        '-o',
        uri + '/out',
        '-k',
        '20',
        '-x',
        str(iterations),
        '-cd',
        '0',
        '-ow',
        '-dm',
        'org.apache.mahout.common.distance.SquaredEuclideanDistanceMeasure',
    ]
    began = time.time()
    done = subprocess.run(
        ['hadoop', 'jar', jar, *arguments],
        env=cluster.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, arguments, stderr=done.stdout[-4000:])
    jobs = [cluster.job(job) for job in _JOB.findall(done.stdout)]
    ends = [jobs[0]['submitTime'] / 1000] + [job['finishTime'] / 1000 for job in jobs]
    return {
        'iteration': statistics.median(after - before for before, after in zip(ends, ends[1:])),
        'start': ends[0] - began,
    }


def write_vectors(path, rows, seed):
    """Write blobs as a SequenceFile<LongWritable, VectorWritable>; what Mahout's own conversion
    from text takes is not counted."""
    with open(path, 'wb') as file:
        file.write(
            b'SEQ\x06'
            + text('org.apache.hadoop.io.LongWritable')
            + text('org.apache.mahout.math.VectorWritable')
            + b'\0\0'
            + struct.pack('>i', 0)
            + SYNC
        )
        for integers in bench_data.blobs(rows, 10, 20, seed):
            file.write(records(integers / 10**bench_data.DECIMALS))


def text(name):
    """Return a short string as Hadoop's Text."""
    return bytes([len(name)]) + name.encode()


def records(x):
    """Return the records of rows (n, d), a sync mark before each ROWS_PER_SYNC; n is a multiple of
    it, or what is left is a group of its own."""
    whole = len(x) // ROWS_PER_SYNC * ROWS_PER_SYNC
    parts = [x[:whole].reshape(-1, ROWS_PER_SYNC, x.shape[1]), x[whole:][None]]
    return b''.join(_groups(part) for part in parts if part.size)


def _groups(x):
    n_groups, n, d = x.shape
    record = np.dtype(
        [
            ('length', '>i4'),
            ('key_length', '>i4'),
            ('key', '>i8'),
            ('flags', 'u1'),
            ('size', 'u1'),
            ('values', '>f8', (d,)),
        ]
    )
    group = np.dtype([('escape', '>i4'), ('sync', 'S16'), ('records', record, (n,))])
    found = np.zeros(n_groups, group)
    found['escape'], found['sync'] = -1, SYNC
    inner = found['records']
    inner['length'], inner['key_length'], inner['flags'], inner['size'], inner['values'] = (
        8 + 2 + 8 * d,
        8,
        DENSE_SEQUENTIAL,
        d,
        x,
    )
    return found.tobytes()


def ensure_jar(folder):
    """Return the path of Mahout's job jar, fetched once."""
    path = os.path.join(folder, os.path.basename(URL))
    if not os.path.exists(path):
        with urllib.request.urlopen(URL, timeout=60) as answer:
            content = answer.read()
        with urllib.request.urlopen(URL + '.sha1', timeout=60) as answer:
            wanted = answer.read().split()[0].decode()
        if hashlib.sha1(content).hexdigest() != wanted:
            raise SystemExit('bench_hadoop: %s does not have its SHA-1' % URL)
        with open(path + '.part', 'wb') as file:
            file.write(content)
        os.rename(path + '.part', path)
    return path
