"""The launcher of jobs on a Hadoop cluster, as `launch_local.LocalLauncher` is for local splits."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import time
from subprocess import CalledProcessError
from typing import BinaryIO, Callable, Dict, List, NamedTuple, Optional, Sequence, Type

from mrjob.job import MRJob
from mrjob.step import StepFailedException

from mr_kmeans.errors import RunError, UsageError, damage_in, naming
from mr_kmeans.formats.point_reader import RAW_BLOCKS
from mr_kmeans.hadoop.cluster import Cluster
from mr_kmeans.hadoop.commands import failed, no_command
from mr_kmeans.hadoop.failures import explain
from mr_kmeans.hadoop.hadoop_fs import literal
from mr_kmeans.hadoop.webhdfs import path_of
from mr_kmeans.hadoop.yarn import end_applications
from mr_kmeans.options import JobOptions
from mr_kmeans.runners.hadoop import ChainedHadoopRunner
from mr_kmeans.runners.launcher import JobResult, Launcher, add_counters
from mr_kmeans.runners.mrjob_fs import HdfsFilesystem
from mr_kmeans.runners.mrjob_options import check_configuration, read_sections
from mr_kmeans.runners.payload import NUMPY, PAYLOAD, write_numpy, write_payload
from mr_kmeans.storage.base import Storage
from mr_kmeans.storage.hdfs import storage_of_cluster
from mr_kmeans.system.progress import current, still_running
from mr_kmeans.system.signals import undisturbed

log = logging.getLogger(__name__)

CORES, TAGS = 'mapreduce.map.cpu.vcores', 'mapreduce.job.tags'
BLAS_THREADS = ('OPENBLAS_NUM_THREADS', 'OMP_NUM_THREADS', 'MKL_NUM_THREADS')

JOB_IS_OVER = 'Job not successful!'
"""Message of Hadoop Streaming about a job that failed by itself, unlike one whose client died or
lost its ResourceManager.
"""


class RemoteInput(NamedTuple):
    """The input of a job.

    Attributes
    ----------
    kind : 'text' or 'rawbytes'
        Lines of text, or packed files.
    uris : list of str
        URIs, which may be patterns.
    names : dict of str to str
        For text, the path of each file in HDFS and its name as the user wrote it.
    """

    kind: str
    uris: List[str]
    names: Dict[str, str]

    @classmethod
    def of_files(cls, uris: Sequence[str], names: Sequence[str]) -> RemoteInput:
        """Return the input of text files.

        Raises
        ------
        UsageError
            If Hadoop's commands would read a name as several.
        """
        for uri, name in zip(uris, names):
            if ',' in uri:
                raise UsageError(
                    f'{name}: to Hadoop, a comma ends a path. Rename the file, or name'
                    ' its folder with a pattern (?).'
                )
        return cls(
            'text',
            [literal(uri) for uri in uris],
            {path_of(uri): name for uri, name in zip(uris, names)},
        )


class HadoopLauncher(Launcher):
    """Launcher of jobs on a cluster.

    Parameters
    ----------
    options : JobOptions
    cluster : Cluster
    folder : str
        A temporary local folder.
    remote : str
        A temporary folder in HDFS, for uploads and the jobs' own files.
    tag : str
        Tag of each YARN application.
    note : callable
        Called with ``client=``, the identity of a running ``hadoop jar``, and ``application=``, its
        id in YARN; with ``left=True`` if the application could not be ended.
    """

    def __init__(
        self,
        options: JobOptions,
        cluster: Cluster,
        folder: str,
        remote: str,
        tag: str,
        note: Callable,
    ):
        self.options, self._cluster, self._folder, self._remote = options, cluster, folder, remote
        self._tag, self._note = tag, note
        check_configuration(options)
        command = cluster.command[0]
        if not shutil.which(command):
            raise no_command(command)
        self.storage = storage_of_cluster(cluster)
        self._filesystem = HdfsFilesystem(
            cluster.client, [f'{cluster.conf.default_fs}/', 'hdfs:///']
        )
        self._archives: List[str] = []

    def run(
        self,
        job_class: Type[MRJob],
        data: RemoteInput,
        arguments: Sequence[str] = (),
        output: Optional[str] = None,
    ) -> JobResult:
        """Run a job; see `Launcher.run`."""
        os.makedirs(self._folder, exist_ok=True)
        with naming(self._folder):
            return self._run(job_class, data, arguments, output)

    def _run(
        self,
        job_class: Type[MRJob],
        data: RemoteInput,
        arguments: Sequence[str],
        output: Optional[str],
    ) -> JobResult:
        started = time.monotonic()
        job = job_class(
            args=[
                *self._switches(data),
                *arguments,
                *data.uris,
                *(['--output-dir', output] if output else []),
            ]
        )
        job.runner_class = ChainedHadoopRunner
        version = self._cluster.version
        with job.make_runner() as runner:
            runner.filesystem, runner.version = self._filesystem, version
            runner.note = self._note
            if runner.get_hadoop_streaming_jar() is None:
                raise RunError(
                    'no jar of Hadoop Streaming was found below HADOOP_HOME; set it in -c FILE as'
                    ' hadoop_streaming_jar'
                )
            try:
                try:
                    with current().meanwhile(
                        lambda seconds: still_running(job_class.DOING, seconds, runner.how_far)
                    ):
                        runner.run()
                except StepFailedException:  # find why first: a kill deletes the tasks' messages
                    lines, ended = runner.last_lines, _is_over(runner)
                    if runner.application and not ended:
                        lines = [
                            *lines,
                            'hadoop jar ended before its job did',
                        ]  # unless it has printed why
                    log.warning(
                        '%s failed; asking YARN why, for at most a minute', job_class.__name__
                    )
                    why = explain(
                        job_class.__name__, runner.application, lines, self._cluster, ended
                    )
                    raise (
                        damage_in(str(why)) if data.kind == RAW_BLOCKS else None
                    ) or why from None
                except CalledProcessError as error:  # raised for a command that mrjob ran
                    raise failed(error.cmd, error.returncode, error.stderr or b'') from None
            except BaseException:
                with undisturbed():
                    self._end(runner)
                raise
            records = [] if output else list(job.parse_output(runner.cat_output()))
            counters = add_counters(runner.counters())
        if not counters:
            raise RunError(
                f'{job_class.__name__} ({runner.application}) succeeded, but its counters could not'
                ' be read back, and nothing is kept unchecked. Is the JobHistoryServer running'
                ' (mapreduce.jobhistory.address)?'
            )
        log.debug(
            '%s: %.2f s, of these %.2f in hadoop jar',
            job_class.__name__,
            time.monotonic() - started,
            runner.seconds,
        )
        return JobResult(records, counters, runner.seconds)

    def _end(self, runner: ChainedHadoopRunner) -> None:
        """End whatever a failed or interrupted job still has running; report what could not be
        ended and leave it recorded.
        """
        if not runner.started or _is_over(runner):
            return
        left = end_applications(self._tag, runner.application, self._cluster)
        if left:
            log.error('%s', left)
            with contextlib.suppress(RunError, OSError):  # the error to report is why the job ended
                self._note(left=True)

    def _switches(self, data: RemoteInput) -> List[str]:
        switches = [
            '-r',
            'hadoop',
            '--local-tmp-dir',
            self._folder,
            '--hadoop-tmp-dir',
            self._remote,
            '--input-kind',
            data.kind,
            '--no-bootstrap-mrjob',
            '--no-check-input-paths',
            '--no-read-logs',
            '--cleanup',
            'ALL',
            '--cleanup-on-failure',
            'ALL',
        ]
        if self.options.conf_path:
            switches += ['--conf-path', self.options.conf_path]
        for uri in self._upload_archives():
            switches += ['--archives', uri]
        switches += ['--cmdenv', f'PYTHONPATH={PAYLOAD}:{NUMPY}:{PAYLOAD}/shims']
        switches += [
            '--cmdenv',
            'SETUPTOOLS_USE_DISTUTILS=stdlib',
        ]  # loads all of setuptools, 0.1 s per task, for one function of mrjob
        for variable in BLAS_THREADS:
            switches += ['--cmdenv', f'{variable}={self._n_threads()}']
        if data.names:
            switches += ['--names', self._write_names(data.names)]
        for item in self.options.jobconf:
            switches += ['-D', item]
        # the run's tag is added to the user's tags, since applications are found again by it
        return switches + [
            '-D',
            f'{TAGS}=' + ','.join([self._tag, *filter(None, [self._property(TAGS)])]),
        ]

    def _n_threads(self) -> int:
        """Return the number of cores of a container."""
        cores = self._property(CORES) or '1'
        return int(cores) if cores.isdigit() else 1

    def _property(self, name: str) -> Optional[str]:
        """Return a property of the jobs as set by -D, else by mrjob's configuration, else by
        Hadoop's.
        """
        places = [dict(item.split('=', 1) for item in self.options.jobconf)]
        places += [
            values.get('jobconf') or {}
            for values in reversed(read_sections('hadoop', self.options.conf_path))
        ]
        found = next(
            (place[name] for place in places if name in place), None
        ) or self._cluster.conf.get(name)
        return str(found) if found else None

    def _write_names(self, names: Dict[str, str]) -> str:
        path = os.path.join(self._folder, 'names.json')
        with open(path, 'w', encoding='ascii') as stream:
            json.dump(names, stream)
        return path

    def _upload_archives(self) -> List[str]:
        """Upload the archives that the nodes need, once per run."""
        if not self._archives:
            local = os.path.join(self._folder, 'payload.tar.gz')
            write_payload(local)
            self._archives.append(self._upload(local) + '#' + PAYLOAD)
            if self.options.ship_numpy:
                local = os.path.join(self._folder, 'numpy.tar.gz')
                write_numpy(local, self.options.ship_numpy)
                self._archives.append(self._upload(local) + '#' + NUMPY)
        return self._archives

    def _upload(self, local: str) -> str:
        uri = self.storage.join(self._remote, os.path.basename(local))
        uploads = Uploads(self.storage, os.path.getsize(local))
        with current().meanwhile(uploads.describe):
            uploads.put(local, uri)
        return uri


class Uploads:
    """Uploads of local files to HDFS, with their progress.

    Parameters
    ----------
    storage : Storage
    n_bytes : int
        The size of all files.
    """

    def __init__(self, storage: Storage, n_bytes: int):
        self._storage, self._n_bytes, self._n_done = storage, n_bytes, 0
        self._stream: Optional[BinaryIO] = None

    def put(self, local: str, uri: str) -> None:
        """Upload a file."""
        size = os.path.getsize(local)
        with open(local, 'rb') as self._stream:
            self._storage.put(uri, self._stream, size)
        self._n_done += size

    def describe(self, seconds: float) -> str:
        """Return the progress as a line for the user."""
        n_read = 0
        if self._stream is not None:
            with contextlib.suppress(OSError, ValueError):  # it is closed
                # whichever process reads it, including `hadoop fs`
                n_read = os.lseek(self._stream.fileno(), 0, os.SEEK_CUR)
        return (
            f'uploading: {self._n_done + n_read:,} of {self._n_bytes:,} bytes after {seconds:.0f} s'
        )


def _is_over(runner: ChainedHadoopRunner) -> bool:
    """Return whether a failed job has failed by itself, so that no part of it is still running."""
    return any(JOB_IS_OVER in line for line in runner.last_lines)
