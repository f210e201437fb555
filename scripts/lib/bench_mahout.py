"""Mahout 0.13's k-means on Hadoop (MapReduce), from the job jar of Maven Central."""

import hashlib
import os
import re
import subprocess
import time
import urllib.request

URL = 'https://repo1.maven.org/maven2/org/apache/mahout/mahout-mr/0.13.0/mahout-mr-0.13.0-job.jar'
SHA1_URL = URL + '.sha1'

HEAP = ['-Dmapreduce.map.java.opts=-Xmx1536m', '-Dmapreduce.reduce.java.opts=-Xmx1536m']
_FINISHED = re.compile(r'Running job: (job_\S+)')


def run(cluster, path, iterations):
    """Return the seconds of the conversion, the start and (median) an iteration, over a CSV file with a header."""
    jar, folder = ensure_jar(os.path.dirname(path)), cluster.uri('mahout')
    cluster.remove(folder)
    text = path + '.mahout'
    if not os.path.exists(text):
        write_text(path, text)
    cluster.put(text, 'mahout/text')
    seconds = {}
    for step, arguments in (
            ('conversion', ['org.apache.mahout.clustering.conversion.InputDriver', *HEAP, '-i', folder + '/text', '-o', folder + '/vectors',
                            '-v', 'org.apache.mahout.math.DenseVector']),
            ('fit', ['org.apache.mahout.clustering.kmeans.KMeansDriver', *HEAP, '-i', folder + '/vectors', '-c', folder + '/start', '-o',
                     folder + '/out', '-k', '20', '-x', str(iterations), '-cd', '0', '-ow',
                     '-dm', 'org.apache.mahout.common.distance.SquaredEuclideanDistanceMeasure'])):
        began = time.time()
        done = subprocess.run(['hadoop', 'jar', jar, *arguments], env=cluster.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, arguments, stderr=done.stdout[-4000:])
        seconds[step] = time.time() - began
    ends = [cluster.job(job)['finishTime'] / 1000 for job in _FINISHED.findall(done.stdout)]
    first = cluster.job(_FINISHED.findall(done.stdout)[0])['submitTime'] / 1000
    steps = sorted(end - start for start, end in zip([first, *ends], ends))
    cluster.remove(folder)
    os.unlink(text)
    return {'conversion': seconds['conversion'], 'start': first - began, 'iteration': steps[len(steps) // 2]}


def write_text(path, text):
    """Write the rows of a CSV file for Mahout: separated by blanks, no header."""
    with open(path, 'rb') as source, open(text + '.part', 'wb') as target:
        source.readline()
        for piece in iter(lambda: source.read(1 << 24), b''):
            target.write(piece.replace(b',', b' '))
    os.rename(text + '.part', text)


def ensure_jar(folder):
    """Return the path of Mahout's job jar, fetched once."""
    path = os.path.join(folder, os.path.basename(URL))
    if not os.path.exists(path):
        with urllib.request.urlopen(URL, timeout=60) as answer:
            content = answer.read()
        with urllib.request.urlopen(SHA1_URL, timeout=60) as answer:
            wanted = answer.read().split()[0].decode()
        if hashlib.sha1(content).hexdigest() != wanted:
            raise SystemExit('bench_hadoop: %s does not have its SHA-1' % URL)
        with open(path + '.part', 'wb') as file:
            file.write(content)
        os.rename(path + '.part', path)
    return path
