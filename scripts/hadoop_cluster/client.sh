#!/bin/sh
# hadoop, hdfs, yarn and mapred of a cluster made by `scripts/hadoop start`: a command name becomes
# a main class. Filled in at the start: @JAVA@, @CONF@, @JARS@, @TMP@ and @ARCHIVE@ (options for
# Java's class archive).
set -eu
conf=${HADOOP_CONF_DIR:-@CONF@}
jars=@JARS@

usage() {
    cat >&2 <<'TEXT'
usage: hadoop fs|jar|version|classpath|CLASS ...    hdfs dfs|dfsadmin|fsck|getconf ...
       yarn application|node|logs|queue ...         mapred job|queue ...
TEXT
    exit 2
}

[ $# -gt 0 ] || usage
command=$1
shift
cli=org.apache.hadoop.yarn.client.cli
case $command in
    fs|dfs)      class=org.apache.hadoop.fs.FsShell ;;
    jar)         class=org.apache.hadoop.util.RunJar ;;
    version)     class=org.apache.hadoop.util.VersionInfo ;;
    classpath)   echo "$jars:$conf"; exit 0 ;;
    dfsadmin)    class=org.apache.hadoop.hdfs.tools.DFSAdmin ;;
    fsck)        class=org.apache.hadoop.hdfs.tools.DFSck ;;
    getconf)     class=org.apache.hadoop.hdfs.tools.GetConf ;;
    application|app|applicationattempt|container)
                 class=$cli.ApplicationCLI; set -- "$command" "$@" ;;
    node)        class=$cli.NodeCLI; set -- "$command" "$@" ;;
    logs)        class=$cli.LogsCLI ;;
    queue)       case $0 in
                     *mapred) class=org.apache.hadoop.mapred.JobQueueClient ;;
                     *)       class=$cli.QueueCLI; set -- "$command" "$@" ;;
                 esac ;;
    job)         class=org.apache.hadoop.mapred.JobClient ;;
    *.*)         class=$command ;;
    *)           echo "unknown command: $command" >&2; usage ;;
esac

# Short lives: the quick compiler and the small collector halve the time of `hadoop fs`.
# (HADOOP_*_OPTS are words.)
# shellcheck disable=SC2086
exec @JAVA@ -Xmx512m @ARCHIVE@ -XX:TieredStopAtLevel=1 -XX:+UseSerialGC \
    -Djava.net.preferIPv4Stack=true -Djava.io.tmpdir=@TMP@ \
    ${HADOOP_OPTS:-} ${HADOOP_CLIENT_OPTS:-} \
    -cp "$jars:$conf${HADOOP_CLASSPATH:+:$HADOOP_CLASSPATH}" "$class" "$@"
