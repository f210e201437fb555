"""mrjob's Hadoop runner without a JVM per filesystem call, with an end to its application, and with the reason of a failure.

What a driver needs of it (see NOTES.md): `runner.fs` works over WebHDFS where that is possible; Ctrl-C, or any other
exception, kills the application; `TaskFailed` carries the task's own traceback.
"""

import logging
import subprocess
import uuid

from mrjob.fs.composite import CompositeFilesystem
from mrjob.fs.hadoop import HadoopFilesystem
from mrjob.fs.local import LocalFilesystem
from mrjob.hadoop import HadoopJobRunner, _log_record_from_hadoop
from mrjob.logs.step import _interpret_hadoop_jar_command_stderr
from mrjob.step import StepFailedException

import webhdfs
from hadoop_conf import conf_dir, read_conf
from yarn_rest import Yarn, last_traceback

log = logging.getLogger(__name__)


class TaskFailed(StepFailedException):
    """A step failed; `traceback` is the end of a failed task's stderr ('' if it was not to be had), `where` its address."""

    traceback = where = ""


class FastHadoopRunner(HadoopJobRunner):
    def __init__(self, **options):
        super().__init__(**options)
        conf = read_conf(conf_dir()) if conf_dir() else {}
        try:
            self.webhdfs, reason = webhdfs.from_conf(conf), ""
        except webhdfs.NotUsable as not_usable:
            self.webhdfs, reason = None, str(not_usable)
        if reason:
            log.info("every access to HDFS starts a JVM (a second each): %s", reason)
        self.yarn = Yarn.from_conf(conf, self.webhdfs.user) if self.webhdfs else None
        #: Applications of this runner are known by it, to this process and to a later one that clears up after it.
        self.tag = f"mrjob-{uuid.uuid4().hex}"

    @property
    def fs(self):
        if self._fs is None:
            self._fs = CompositeFilesystem()
            if self.webhdfs:
                self._fs.add_fs("webhdfs", self.webhdfs)
            self._fs.add_fs("hadoop", HadoopFilesystem(self._opts["hadoop_bin"] or None))
            self._fs.add_fs("local", LocalFilesystem())
        return self._fs

    def get_hadoop_version(self):
        """Asked of the ResourceManager: 0.01 s instead of a JVM. mrjob uses it to choose the names of options."""
        if self.yarn and not self.fs.hadoop._hadoop_version:
            self.fs.hadoop._hadoop_version = self.yarn.hadoop_version()
        return super().get_hadoop_version()

    def _jobconf_for_step(self, step_num):
        jobconf = super()._jobconf_for_step(step_num)
        return {**jobconf, "mapreduce.job.tags": ",".join(filter(None, [jobconf.get("mapreduce.job.tags"), self.tag]))}

    def _cmdenv(self):
        """A job's script is a link into the node's cache: Python looks for its neighbors there, not in the working folder."""
        environ = super()._cmdenv()
        return {**environ, "PYTHONPATH": ":".join(filter(None, [".", environ.get("PYTHONPATH")]))}

    def _run_hadoop(self, hadoop_args, env, record_callback):
        """mrjob's, on a pipe instead of a terminal; whatever interrupts it ends the client, then the application."""
        client = subprocess.Popen(hadoop_args, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                  env=env, start_new_session=True)  # Ctrl-C is for us: the client would die without a word
        try:
            with client.stderr:
                found = _interpret_hadoop_jar_command_stderr(client.stderr, record_callback=_log_record_from_hadoop)
            return client.wait(), found
        except BaseException:
            client.kill()
            client.wait()
            self.kill_applications()
            raise

    def kill_applications(self):
        """End what this runner has submitted and still runs."""
        for application_id in self.yarn.running(self.tag) if self.yarn else ():
            if not self.yarn.kill(application_id):
                subprocess.run([*self.get_hadoop_bin(), "org.apache.hadoop.yarn.client.cli.ApplicationCLI",
                                "application", "-kill", application_id], stdout=subprocess.DEVNULL)

    def _pick_error(self, log_interpretation, step_type):
        return None  # mrjob reads the history over many calls and finds only Java's lines

    def _run_job_in_hadoop(self):
        try:
            super()._run_job_in_hadoop()
        except StepFailedException as failed:
            error = TaskFailed(failed.reason, failed.step_num, failed.num_steps)
            job_id = (self._log_interpretations[-1].get("step") or {}).get("job_id")
            found = self.yarn.why_it_failed(job_id) if self.yarn and job_id else None
            if found:
                attempt, text, error.where = found
                error.traceback = last_traceback(text)
                log.error("%s failed:\n%s\n(%s)", attempt, error.traceback, error.where)
            raise error from None
