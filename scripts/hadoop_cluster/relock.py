"""Make `jars.lock` again, for another version of Hadoop: `python3 -m hadoop_cluster.relock` in the
folder `scripts`.

Resolves the artifacts that make a whole cluster (about 65 s), leaves out what no daemon needs,
fetches the rest into a temporary folder and writes down what arrived. Look at the difference before
you commit it.
"""

import fnmatch
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import HADOOP_VERSION
from .jars import DOWNLOADS, LOCK_FILE, TIMEOUT, Jar, _sha256

#: What makes a whole cluster. Without `timelineservice` the ResourceManager dies at its start.
ARTIFACTS = (
    'hadoop-common',
    'hadoop-hdfs',
    'hadoop-hdfs-client',
    'hadoop-yarn-client',
    'hadoop-yarn-server-resourcemanager',
    'hadoop-yarn-server-nodemanager',
    'hadoop-yarn-server-timelineservice',
    'hadoop-mapreduce-client-app',
    'hadoop-mapreduce-client-jobclient',
    'hadoop-mapreduce-client-shuffle',
    'hadoop-mapreduce-client-hs',
    'hadoop-streaming',
)

#: What they bring along and nothing here uses: test libraries, a database driver of the YARN
# federation, and netty's : native transports, without which it uses Java's.
UNUSED = (
    'org.mockito:*',
    'net.bytebuddy:*',
    'org.objenesis:*',
    'com.microsoft.sqlserver:*',
    'io.netty:netty-transport-native-epoll:?*:*',
    'io.netty:netty-transport-native-kqueue:?*:*',
    'io.netty:netty-resolver-dns-native-macos:*',
)

HEADER = f"""\
# The jars of Hadoop {HADOOP_VERSION}: SHA-256, size in bytes, group:artifact[:classifier]:version.
# Made by relock.py. Do not edit.
"""


def main():
    from jgo.maven import MavenContext, PythonResolver

    with tempfile.TemporaryDirectory() as folder:
        maven = MavenContext(resolver=PythonResolver(), repo_cache=Path(folder), timeout=TIMEOUT)
        wanted = [
            maven.create_dependency(f'org.apache.hadoop:{name}:{HADOOP_VERSION}')
            for name in ARTIFACTS
        ]
        inputs, transitive = maven.resolver.resolve(wanted)
        artifacts = {
            _coordinate(found.artifact): found.artifact for found in [*inputs, *transitive]
        }
        used = {
            name: artifact
            for name, artifact in sorted(artifacts.items())
            if not any(fnmatch.fnmatch(name, pattern) for pattern in UNUSED)
        }
        with ThreadPoolExecutor(DOWNLOADS) as pool:
            paths = list(pool.map(lambda artifact: artifact.resolve(), used.values()))
        jars = [Jar(_sha256(path), path.stat().st_size, name) for name, path in zip(used, paths)]
    LOCK_FILE.write_text(
        HEADER + ''.join(f'{jar.sha256} {jar.size} {jar.coordinate}\n' for jar in jars)
    )
    print(
        f'{LOCK_FILE}: {len(jars)} jars, {sum(jar.size for jar in jars) / 1e6:.0f} MB '
        f'({len(artifacts) - len(used)} left out)',
        file=sys.stderr,
    )


def _coordinate(artifact):
    parts = (artifact.groupId, artifact.artifactId, artifact.classifier, artifact.version)
    return ':'.join(part for part in parts if part)


if __name__ == '__main__':
    main()
