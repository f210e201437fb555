"""How each daemon is launched, and how one sees that it works."""

import json
import os
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from . import hosts
from .archive import options
from .home import make_node_python
from .layout import ClusterError
from .processes import marks

MAIN_CLASSES = {
    'namenode': 'org.apache.hadoop.hdfs.server.namenode.NameNode',
    'datanode': 'org.apache.hadoop.hdfs.server.datanode.DataNode',
    'resourcemanager': 'org.apache.hadoop.yarn.server.resourcemanager.ResourceManager',
    'nodemanager': 'org.apache.hadoop.yarn.server.nodemanager.NodeManager',
    'historyserver': 'org.apache.hadoop.mapreduce.v2.hs.JobHistoryServer',
}

#: MB of heap each; all five take about 1.5 GB of memory together.
HEAP_MB = {
    'namenode': 512,
    'datanode': 512,
    'resourcemanager': 512,
    'nodemanager': 384,
    'historyserver': 384,
}

#: What Hadoop reaches into by reflection, and Java 17 would not let it.
ADD_OPENS = [
    f'--add-opens=java.base/{package}=ALL-UNNAMED'
    for package in (
        'java.lang',
        'java.util',
        'java.net',
        'java.io',
        'java.nio',
        'java.util.concurrent',
        'sun.nio.ch',
    )
]

#: Starting is what costs here: the quick compiler and the small collector. DataNodes move the data
# of long jobs and : get Java's full compiler.
QUICK_COMPILER = ['-XX:TieredStopAtLevel=1']
JVM = ['-XX:+UseSerialGC', '-Djava.net.preferIPv4Stack=true']

#: Seconds for an answer on loopback; a daemon that is busy starting takes its time.
ANSWER_SECONDS = 5

_opener = urllib.request.build_opener(
    urllib.request.ProxyHandler({})
)  # a proxy of the environment is not for 127.0.0.1


def launch(layout, daemon, python=None):
    """Start a daemon as a process of its own session, its words appended to its log file."""
    with open(layout.log_file(daemon), 'ab') as log:
        subprocess.Popen(
            hosts.inside(layout, daemon, _command(layout, daemon)),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=layout.state_dir / 'logs',
            env=_environment(layout, daemon, python),
            start_new_session=True,
        )


def format_hdfs(layout):
    """Begin the empty filesystem: a process that ends by itself. Returned unfinished: others can
    start meanwhile."""
    with open(layout.log_file('namenode'), 'ab') as log:
        return subprocess.Popen(
            [*_command(layout, 'namenode'), '-format', '-force', '-nonInteractive'],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=layout.state_dir / 'logs',
            env=_environment(layout, 'namenode'),
            start_new_session=True,
        )


def _command(layout, daemon):
    kind = daemon.rstrip('0123456789')
    class_path = f'{layout.class_path}:{layout.conf_dir(daemon)}:{layout.home / "web"}'
    return [
        f'{layout.java_home}/bin/java',
        *marks(layout.state_dir, daemon),
        f'-Xmx{HEAP_MB[kind]}m',
        *JVM,
        f'-Djava.io.tmpdir={layout.tmp_dir}',
        *options(layout.archive),
        *([] if kind == 'datanode' else QUICK_COMPILER),
        *ADD_OPENS,
        '-cp',
        class_path,
        MAIN_CLASSES[kind],
    ]


def _environment(layout, daemon, python=None):
    """This environment without another Hadoop's variables. A NodeManager hands PATH and JAVA_HOME
    on to its tasks."""
    others = ('HADOOP_', 'YARN_', 'HDFS_', 'MAPRED_')
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    node_python = make_node_python(layout, python)
    return {
        **kept,
        'JAVA_HOME': layout.java_home,
        'HADOOP_HOME': str(layout.home),
        'HADOOP_CONF_DIR': str(layout.conf_dir(daemon)),
        'PATH': f'{node_python}:{kept.get("PATH", os.defpath)}',
    }


# -- Do they work?
# ------------------------------------------------------------------------------------


def web_address(layout, daemon):
    return f'http://{layout.address(daemon, "http")}/'


def answers(layout, daemon):
    """Does the daemon's web service answer?"""
    path = {
        'namenode': 'jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo',
        'datanode': 'jmx?qry=java.lang:type=Runtime',
        'resourcemanager': 'ws/v1/cluster/info',
        'nodemanager': 'ws/v1/node/info',
        'historyserver': 'ws/v1/history/info',
    }[daemon.rstrip('0123456789')]
    return _get(web_address(layout, daemon) + path) is not None


#: The state of an HDFS whose NameNode does not answer, in the form of `hdfs_state`.
NO_ANSWER = (0, 'no answer from the NameNode')


def hdfs_state(layout):
    """(live DataNodes, 'safe mode …' or '') as the NameNode tells it; None if it does not
    answer."""
    answer = _get(
        web_address(layout, 'namenode') + 'jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo'
    )
    if not answer or not answer.get('beans'):
        return None
    bean = answer['beans'][0]
    return len(json.loads(bean['LiveNodes'])), bean['Safemode']


def yarn_nodes(layout):
    """The number of NodeManagers that the ResourceManager counts on; None if it does not answer."""
    answer = _get(web_address(layout, 'resourcemanager') + 'ws/v1/cluster/metrics')
    return answer and answer['clusterMetrics']['activeNodes']


def _get(url):
    try:
        with _opener.open(url, timeout=ANSWER_SECONDS) as answer:
            return json.load(answer)
    except (OSError, ValueError):  # not there, not ready (404, 503), or only half an answer
        return None


def make_hdfs_folders(layout):
    """The folders that every HDFS has: /tmp for all, a home for the person who started it."""
    for path, permission in (('/tmp', '1777'), (f'/user/{layout.user}', '755')):
        query = urllib.parse.urlencode(
            {'op': 'MKDIRS', 'permission': permission, 'user.name': layout.user}
        )
        url = f'{web_address(layout, "namenode")}webhdfs/v1{urllib.parse.quote(path)}?{query}'
        try:
            _opener.open(
                urllib.request.Request(url, method='PUT'), timeout=10 * ANSWER_SECONDS
            ).close()
        except urllib.error.URLError as error:
            raise ClusterError(f'could not make {path} in HDFS: {error}') from error


# -- Why not?
# -----------------------------------------------------------------------------------------


def last_words(layout, daemon, lines=12):
    """The end of a daemon's log, from its last error on if there is one in sight."""
    try:
        text = layout.log_file(daemon).read_text(errors='replace').splitlines()[-200:]
    except OSError:
        return ''
    errors = [
        n for n, line in enumerate(text) if re.search(r' (ERROR|FATAL) |^Exception|^Error', line)
    ]
    begin = errors[-1] if errors else max(0, len(text) - lines)
    return '\n'.join(text[begin : begin + lines])


def port_was_taken(layout, daemon):
    """Did another program take one of its ports between our look and its start?"""
    try:
        return 'java.net.BindException' in layout.log_file(daemon).read_text(errors='replace')
    except OSError:
        return False
