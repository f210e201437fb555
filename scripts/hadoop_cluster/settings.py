"""Hadoop's configuration: every value that is not its default, with the reason.

Measured on 2 cores: a trivial streaming job takes 25-34 s with Hadoop's own waiting times and 7-10
s with these; all of them are waits made for thousands of nodes. What a job computes, and how faults
are handled, is as everywhere.
"""

import os
import xml.sax.saxutils

from .archive import options

# -- Sizes
# --------------------------------------------------------------------------------------------

#: MB of a container. A streaming task's JVM only pipes: 512 hold it; what Python takes is not
# counted (no pmem check).
CONTAINER_MB = 512
#: MB of heap in it. The sort buffer (64) and records of a few MB have room; uber jobs run all tasks
# in the master's.
HEAP_MB = 384
#: JVM options of tasks and masters: they live for seconds, so start counts, not peak speed. A long
# job that moves much : data through Java sets its own: -D mapreduce.map.java.opts=-Xmx384m
TASK_JVM = f'-Xmx{HEAP_MB}m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC'
#: What YARN puts on a task's class path besides Hadoop: its working folder, the job's jar, jars
# that were shipped.
TASK_JARS = '.:job.jar/*:job.jar/classes/:job.jar/lib/*:./*'


def containers_per_node():
    """One application master, one task per core, and one waiting reducer."""
    return (os.cpu_count() or 1) + 2


# -- The four files
# -----------------------------------------------------------------------------------


def core_site(layout):
    return {
        'fs.defaultFS': layout.filesystem,
        'hadoop.tmp.dir': layout.tmp_dir,
        # Web pages and WebHDFS without user.name act as the person who started the cluster, not as
        # "dr.who".
        'hadoop.http.staticuser.user': layout.user,
    }


def hdfs_site(layout, node):
    datanode = f'datanode{node}'
    return {
        'dfs.namenode.http-address': layout.address('namenode', 'http'),
        'dfs.namenode.name.dir': layout.data_dir('namenode').as_uri(),
        'dfs.datanode.data.dir': layout.data_dir(datanode).as_uri(),
        'dfs.datanode.address': layout.address(datanode, 'data'),
        'dfs.datanode.ipc.address': layout.address(datanode, 'ipc'),
        'dfs.datanode.http.address': layout.address(datanode, 'http'),
        'dfs.datanode.hostname': layout.host(datanode),
        'dfs.namenode.datanode.registration.ip-hostname-check': (
            'false'
        ),  # an address here has many names, or none
        'dfs.replication': min(layout.nodes, 3),
        # Blocks smaller than Hadoop's least (1 MB) are allowed, so that a small test file can have
        # many maps.
        'dfs.namenode.fs-limits.min-block-size': 4096,
        # Ready at once: no 30 s of safe mode after the last block was reported.
        'dfs.namenode.safemode.extension': 0,
        # A DataNode that died is known as dead after 2 x 2 + 10 x 1 = 14 s (Hadoop: 10.5 minutes),
        # and its blocks are copied from then on.
        'dfs.heartbeat.interval': 1,
        'dfs.namenode.heartbeat.recheck-interval': 2000,
        'dfs.namenode.redundancy.interval.seconds': 1,
        # With so few DataNodes a write goes on with those that are left, as it does when there is
        # no other.
        'dfs.client.block.write.replace-datanode-on-failure.best-effort': 'true',
        # The first wait for the NameNode to hear of a finished block: 400 ms per file otherwise.
        'dfs.client.block.write.locateFollowingBlock.initial.delay.ms': 10,
        'dfs.datanode.scan.period.hours': -1,  # nobody keeps data here for three weeks
    }


def yarn_site(layout, node):
    nodemanager, manager = f'nodemanager{node}', 'resourcemanager'
    data = layout.data_dir(nodemanager)
    memory = containers_per_node() * CONTAINER_MB
    return {
        'yarn.resourcemanager.hostname': layout.host(manager),
        'yarn.resourcemanager.address': layout.address(manager, 'rpc'),
        'yarn.resourcemanager.scheduler.address': layout.address(manager, 'scheduler'),
        'yarn.resourcemanager.resource-tracker.address': layout.address(manager, 'tracker'),
        'yarn.resourcemanager.admin.address': layout.address(manager, 'admin'),
        'yarn.resourcemanager.webapp.address': layout.address(manager, 'http'),
        'yarn.nodemanager.address': layout.address(nodemanager, 'rpc'),
        'yarn.nodemanager.localizer.address': layout.address(nodemanager, 'localizer'),
        'yarn.nodemanager.webapp.address': layout.address(nodemanager, 'http'),
        'yarn.nodemanager.aux-services': 'mapreduce_shuffle',
        'yarn.nodemanager.local-dirs': data / 'local',
        'yarn.nodemanager.log-dirs': data / 'logs',
        'yarn.node-attribute.fs-store.root-dir': (
            (layout.state_dir / 'data' / 'attributes').as_uri()
        ),  # else in /tmp, for all
        # The folder with the tasks' python3 comes first. (PATH alone is not handed on: the shell
        # that launches a task sets its own before it looks at what the NodeManager has.)
        'yarn.nodemanager.admin-env.PATH': (
            f'{layout.state_dir / "python"}:{os.environ.get("PATH", os.defpath)}'
        ),
        'yarn.application.classpath': _class_path(layout),
        'yarn.nodemanager.resource.memory-mb': memory,
        'yarn.nodemanager.resource.cpu-vcores': containers_per_node(),
        'yarn.scheduler.minimum-allocation-mb': CONTAINER_MB // 2,
        'yarn.scheduler.maximum-allocation-mb': memory,
        # Virtual memory says nothing about a JVM, and Python's own is not ours to ration.
        'yarn.nodemanager.vmem-check-enabled': 'false',
        'yarn.nodemanager.pmem-check-enabled': 'false',
        'yarn.nodemanager.container-monitor.enabled': 'false',
        # A developer's disk is often 90 % full, from where a NodeManager takes no work.
        'yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage': 99,
        # Containers are handed out on heartbeats: ten a second instead of one.
        'yarn.resourcemanager.nodemanagers.heartbeat-interval-ms': 100,
        'yarn.client.application-client-protocol.poll-interval-ms': 50,
        # A NodeManager that died is known as dead after 15 s, a master after 30 (Hadoop: 10 minutes
        # each).
        'yarn.nm.liveness-monitor.expiry-interval-ms': 15_000,
        'yarn.am.liveness-monitor.expiry-interval-ms': 30_000,
        # Masters and clients give up a NodeManager that does not answer after 5 s; for 3 minutes,
        # measured, a job whose node had died did nothing else.
        'yarn.client.nodemanager-connect.max-wait-ms': 5000,
        'yarn.client.nodemanager-connect.retry-interval-ms': 500,
        # As on most clusters: a finished application's logs are in HDFS, for `yarn logs` and the
        # history server.
        'yarn.log-aggregation-enable': 'true',
        'yarn.log.server.url': f'http://{layout.address("historyserver", "http")}/jobhistory/logs',
    }


def mapred_site(layout, node):
    # Java's archive wants Hadoop's jars first on the class path, where YARN puts the working
    # folder; `-cp` comes before YARN's own. (No shell expands the `*`: no file name begins like
    # that.)
    task_jvm = (
        f'{TASK_JVM} {" ".join(options(layout.archive))} -cp'
        f' {layout.class_path}:{layout.conf_dir()}:{TASK_JARS}'
    )
    return {
        'mapreduce.framework.name': 'yarn',
        'mapreduce.application.classpath': _class_path(layout),
        'mapreduce.jobhistory.address': layout.address('historyserver', 'rpc'),
        'mapreduce.jobhistory.admin.address': layout.address('historyserver', 'admin'),
        'mapreduce.jobhistory.webapp.address': layout.address('historyserver', 'http'),
        'mapreduce.shuffle.port': layout.port(f'nodemanager{node}', 'shuffle'),
        'yarn.app.mapreduce.am.resource.mb': CONTAINER_MB,
        'yarn.app.mapreduce.am.command-opts': task_jvm,
        'mapreduce.map.memory.mb': CONTAINER_MB,
        'mapreduce.map.java.opts': task_jvm,
        'mapreduce.reduce.memory.mb': CONTAINER_MB,
        'mapreduce.reduce.java.opts': task_jvm,
        'mapreduce.task.io.sort.mb': 64,
        # Waits between a master and the ResourceManager, and between a client and the master: 1 s,
        # 1 s and 5 s otherwise.
        'yarn.app.mapreduce.am.scheduler.heartbeat.interval-ms': 100,
        'mapreduce.client.progressmonitor.pollinterval': 100,
        'mapreduce.client.completion.pollinterval': 100,
        'mapreduce.client.submit.file.replication': layout.nodes,
    }


CAPACITY_SCHEDULER = {  # no jar has one
    'yarn.scheduler.capacity.root.queues': 'default',
    'yarn.scheduler.capacity.root.default.capacity': 100,
    'yarn.scheduler.capacity.root.default.maximum-capacity': 100,
    'yarn.scheduler.capacity.root.default.user-limit-factor': 1,
    'yarn.scheduler.capacity.root.default.state': 'RUNNING',
    'yarn.scheduler.capacity.maximum-applications': 1000,
    # Two masters may run at once on the smallest cluster (0.1 of 2 GB would be none).
    'yarn.scheduler.capacity.maximum-am-resource-percent': 0.5,
    # Every node is this machine: waiting 40 heartbeats for a better one gains nothing.
    'yarn.scheduler.capacity.node-locality-delay': -1,
    'yarn.scheduler.capacity.resource-calculator': (
        'org.apache.hadoop.yarn.util.resource.DefaultResourceCalculator'
    ),
}

#: The level is the only thing that differs: `hadoop` says INFO (mrjob reads its progress and
# counters), daemons too.
LOG4J = """\
log4j.rootLogger=INFO,stderr
log4j.appender.stderr=org.apache.log4j.ConsoleAppender
log4j.appender.stderr.target=System.err
log4j.appender.stderr.layout=org.apache.log4j.PatternLayout
log4j.appender.stderr.layout.ConversionPattern=%d{ISO8601} %p %c{2}: %m%n
# Says on every command that there is no native code.
log4j.logger.org.apache.hadoop.util.NativeCodeLoader=ERROR
"""


def write_configuration(layout):
    """Write the folder of the clients and the masters (node 1's values do no harm there), and one
    per node."""
    for folder, node in [(layout.conf_dir(), 1)] + [
        (layout.conf_dir(f'node{n}'), n) for n in range(1, layout.nodes + 1)
    ]:
        folder.mkdir(exist_ok=True)
        files = {
            'core-site.xml': core_site(layout),
            'hdfs-site.xml': hdfs_site(layout, node),
            'yarn-site.xml': yarn_site(layout, node),
            'mapred-site.xml': mapred_site(layout, node),
            'capacity-scheduler.xml': CAPACITY_SCHEDULER,
        }
        for name, properties in files.items():
            (folder / name).write_text(_xml(properties))
        (folder / 'log4j.properties').write_text(LOG4J)


def _class_path(layout):
    return f'{layout.class_path},{layout.conf_dir()}'


def _xml(properties):
    lines = [
        f' <property><name>{name}</name>'
        f'<value>{xml.sax.saxutils.escape(str(value))}</value></property>'
        for name, value in properties.items()
    ]
    return '\n'.join(['<?xml version="1.0"?>', '<configuration>', *lines, '</configuration>', ''])
