"""A real Hadoop cluster on one machine, from Python packages alone.

NameNode, DataNode(s), ResourceManager, NodeManager(s) and JobHistoryServer, each a process of its
own, on 127.0.0.1, or each node on a host of its own. For tests and trials: its HDFS lives in a
private temporary folder and is gone after `stop`.

The modules, each of which uses only those above it:

* `layout`     what a cluster is: its folder, its ports, its daemons
* `hosts`      the nodes as hosts of their own, in network namespaces (`--hosts`)
* `java`       which Java runs it
* `jars`       Hadoop's jars, from the locked list `jars.lock` (made by `relock`) into a cache
               outside the tree
* `archive`    Java's class archive, which halves the time of a start
* `settings`   Hadoop's configuration, every value with its reason
* `home`       the HADOOP_HOME of a cluster: the client commands, the streaming jar
* `processes`  which processes are ours, and how they end
* `daemons`    how each daemon is launched, and how one sees that it works
* `cluster`    start, status, stop
* `cli`        the command line
"""

#: The newest version whose hadoop-streaming is published to the Maven repository (3.4.3 and 3.5.0
# are not).
HADOOP_VERSION = '3.4.2'
