"""The launcher of jobs on this machine, which makes mrjob's runner, runs it and reads its
output.
"""

from __future__ import annotations

import logging
import os
import time
from typing import List, Optional, Sequence, Type

from mrjob.job import MRJob
from mrjob.step import StepFailedException

from mr_kmeans.errors import KMeansError, RunError, damage_in, naming
from mr_kmeans.formats.point_reader import SPLITS
from mr_kmeans.formats.splits import Split, total_bytes
from mr_kmeans.jobs.base import package_directory
from mr_kmeans.options import JobOptions
from mr_kmeans.runners.inline import ParallelInlineRunner
from mr_kmeans.runners.launcher import JobResult, Launcher, add_counters
from mr_kmeans.runners.local import ForkingLocalRunner
from mr_kmeans.runners.mrjob_options import check_configuration, option_names
from mr_kmeans.system.progress import current, reading


def _is_news(record: logging.LogRecord) -> bool:
    """Return whether a log record is worth showing. Having no configuration is normal, but mrjob
    warns of it once per job.
    """
    usual = str(record.msg).startswith('No configs specified')
    return not usual or logging.getLogger(record.name).isEnabledFor(logging.DEBUG)


# otherwise mrjob's warnings appear on standard error when used as a library
logging.getLogger('mrjob').addHandler(logging.NullHandler())
logging.getLogger('mrjob.conf').addFilter(_is_news)

RUNNERS = {'inline': ParallelInlineRunner, 'local': ForkingLocalRunner}


class LocalLauncher(Launcher):
    """Launcher of jobs on local splits.

    Parameters
    ----------
    options : JobOptions
    folder : str
        The temporary folder of this run.
    """

    def __init__(self, options: JobOptions, folder: str):
        self.options, self._folder = options, folder
        os.makedirs(folder, exist_ok=True)
        check_configuration(options)
        self._n_runs = 0

    def run(
        self,
        job_class: Type[MRJob],
        data: Sequence[Sequence[Split]],
        arguments: Sequence[str] = (),
        output: Optional[str] = None,
    ) -> JobResult:
        """Run a job.

        Parameters
        ----------
        job_class : subclass of PointsJob
        data : list of lists of Split
            The splits that each map task reads.
        arguments : list of str
        output : str, optional
            A folder for the output, which is not read in this case.

        Raises
        ------
        KMeansError
            RunError if the job fails, or the exception of a task on the inline runner.
        """
        self._n_runs += 1
        folder = os.path.join(self._folder, f'job-{self._n_runs:05d}')
        os.mkdir(folder)  # not its parents: only a run that took the lock removes them
        with naming(folder):
            return self._run(job_class, data, arguments, output, folder)

    def _run(
        self,
        job_class: Type[MRJob],
        tasks: Sequence[Sequence[Split]],
        arguments: Sequence[str],
        output: Optional[str],
        folder: str,
    ) -> JobResult:
        """Run a job, whose temporary files are in `folder`."""
        started = time.monotonic()
        job = job_class(
            args=[
                *self._switches(folder),
                *arguments,
                *self._write_tasks(folder, tasks),
                *(['--output-dir', output] if output else []),
            ]
        )
        job.runner_class = RUNNERS.get(self.options.runner)
        with job.make_runner() as runner:
            try:
                with current().underway(
                    reading(job_class.DOING, total_bytes(split for task in tasks for split in task))
                ):
                    runner.run()
            except KMeansError:
                raise
            except StepFailedException as error:
                words = _task_errors(folder)
                raise damage_in(words) or RunError(
                    f'{job_class.__name__} failed: {error}\n{words}'.rstrip()
                ) from None
            records = [] if output else list(job.parse_output(runner.cat_output()))
            counters = add_counters(runner.counters())
        return JobResult(records, counters, time.monotonic() - started)

    def _switches(self, folder: str) -> List[str]:
        switches = ['-r', self.options.runner, '--input-kind', SPLITS]
        configured = set()
        if self.options.conf_path:
            switches += ['--conf-path', self.options.conf_path]
            configured.update(option_names(self.options.runner, self.options.conf_path))
        # the files that a killed run leaves are then in its folder, which the next run removes
        for option, value in (
            ('local_tmp_dir', folder),
            ('cleanup', 'ALL'),
            ('cleanup_on_failure', 'ALL'),
        ):
            if option not in configured:
                switches += ['--' + option.replace('_', '-'), value]
        if self.options.runner == 'local':
            # the tasks use the same Python and find the same modules
            switches += [
                '--no-bootstrap-mrjob',
                '--cmdenv',
                f'PYTHONPATH={os.path.dirname(package_directory())}',
                '--cmdenv',
                'OPENBLAS_NUM_THREADS=1',
                '--cmdenv',
                'OMP_NUM_THREADS=1',
            ]
        for item in self.options.jobconf:
            switches += ['-D', item]
        return switches

    @staticmethod
    def _write_tasks(folder: str, tasks: Sequence[Sequence[Split]]) -> List[str]:
        """Write a file of split descriptions for each map task and return the paths."""
        paths = []
        for number, task in enumerate(tasks):
            paths.append(os.path.join(folder, f'task-{number:05d}'))
            with open(paths[-1], 'wb') as stream:
                stream.writelines(split.dumps() for split in task)
        return paths


def _task_errors(folder: str) -> str:
    """Return the last traceback written by a task of the local runner."""
    for parent, _, names in sorted(os.walk(folder), reverse=True):
        if 'stderr' in names:
            with open(os.path.join(parent, 'stderr'), encoding='utf-8', errors='replace') as stream:
                lines = [line for line in stream if not line.startswith('reporter:')]
            if lines:
                return ''.join(lines[-15:]).rstrip()
    return ''
