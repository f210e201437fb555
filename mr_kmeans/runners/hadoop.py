"""mrjob's Hadoop runner, extended for chains of jobs: fewer JVMs, an application that can be
killed, and the tasks' own errors.
"""

from __future__ import annotations

import logging
import re
import time
from subprocess import DEVNULL, PIPE, STDOUT, Popen
from typing import Any, BinaryIO, Callable, List, Optional, cast

from mrjob.fs.base import Filesystem
from mrjob.fs.composite import CompositeFilesystem
from mrjob.fs.hadoop import HadoopFilesystem
from mrjob.fs.local import LocalFilesystem
from mrjob.hadoop import HadoopJobRunner
from mrjob.logs.step import _interpret_hadoop_jar_command_stderr

from mr_kmeans.system.processes import identity

log = logging.getLogger(__name__)

_APPLICATION = re.compile(r'Submitted application (application_\d+_\d+)')
_PERCENT = re.compile(r' map (\d+)% +reduce (\d+)%')
_LAST_LINES = 40


class ChainedHadoopRunner(HadoopJobRunner):
    """Runner of one job of a chain; mrjob makes one for each job, and the launcher tells it the
    following.

    Attributes
    ----------
    filesystem : mrjob Filesystem or None
        Client of HDFS that needs no JVM per call; None means the ``hadoop`` command.
    version : str or None
        Hadoop's version, if it is already known.
    note : callable
        Called with ``client=``, the identity of each ``hadoop jar``, and ``application=``, its id
        in YARN, as soon as they are known.
    """

    alias = 'hadoop'
    _fs: Any

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.filesystem: Optional[Filesystem] = None
        self.version: Optional[str] = None
        self.note: Callable = lambda **facts: None
        self.application: Optional[str] = None
        self.last_lines: List[str] = []
        self.how_far = ''  # as printed by the client
        self.seconds = 0.0
        self.started = False  # whether a client was started, which may have submitted a job

    @property
    def fs(self):
        """The filesystems, the fast one first."""
        if self._fs is None:
            self._fs = CompositeFilesystem()
            if self.filesystem is not None:
                self._fs.add_fs('webhdfs', self.filesystem)
            self._fs.add_fs('hadoop', HadoopFilesystem(self._opts['hadoop_bin'] or None))
            self._fs.add_fs('local', LocalFilesystem())
        return self._fs

    def get_hadoop_version(self):
        """Return Hadoop's version."""
        return self.version or super().get_hadoop_version()

    def _run_hadoop(self, hadoop_args, env, record_callback):
        """Run ``hadoop jar``: record the application, keep the last lines, and end the process on
        an interrupt.
        """
        started, self.started = time.monotonic(), True
        self.application, self.last_lines, self.how_far = (
            None,
            [],
            '',
        )  # of this step, since a job may have two
        process = Popen(
            hadoop_args, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, env=env, start_new_session=True
        )
        output = cast(BinaryIO, process.stdout)
        try:
            self.note(client=identity(process.pid), application=None)
            interpretation = _interpret_hadoop_jar_command_stderr(
                self._watch(output), record_callback=record_callback
            )
            return process.wait(), interpretation
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            output.close()
            self.seconds += time.monotonic() - started

    def _watch(self, lines):
        for line in lines:
            text = line.decode('utf-8', 'replace').rstrip()
            if not text.startswith(
                '\tat '
            ):  # Java's stack traces would leave no room for the messages
                self.last_lines = self.last_lines[1 - _LAST_LINES :] + [text]
            percent = _PERCENT.search(text)
            if percent:
                self.how_far = 'map {} %, reduce {} %'.format(*percent.groups())
            found = _APPLICATION.search(text)
            if found:
                self.application = found.group(1)
                self.note(application=self.application)
            yield line
