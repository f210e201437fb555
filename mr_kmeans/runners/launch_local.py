"""One run of one job: mrjob's runner is made, run and read here, and nowhere else."""

from __future__ import annotations

import logging
import os
import time
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple, Type

from mrjob.job import MRJob
from mrjob.step import StepFailedException

from mr_kmeans.errors import KMeansError, RunError, damage_in, naming
from mr_kmeans.formats.point_reader import SPLITS
from mr_kmeans.formats.splits import Split, total_bytes
from mr_kmeans.jobs.base import COUNTERS, package_directory
from mr_kmeans.options import JobOptions
from mr_kmeans.runners.inline import ParallelInlineRunner
from mr_kmeans.runners.local import ForkingLocalRunner
from mr_kmeans.runners.mrjob_options import check_configuration, option_names
from mr_kmeans.system.progress import current, reading


def _is_news(record: logging.LogRecord) -> bool:
    """Tell whether a record is worth showing; that mrjob has no configuration is usual, and it
    warns of it once a job.
    """
    usual = str(record.msg).startswith('No configs specified')
    return not usual or logging.getLogger(record.name).isEnabledFor(logging.DEBUG)


# else mrjob's warnings reach standard error in library use
logging.getLogger('mrjob').addHandler(logging.NullHandler())
logging.getLogger('mrjob.conf').addFilter(_is_news)

RUNNERS = {'inline': ParallelInlineRunner, 'local': ForkingLocalRunner}


class JobResult(NamedTuple):
    """What a job run gave.

    Attributes
    ----------
    records : list of (key, value)
        Its output; empty for a job whose output stays in a folder.
    counters : dict
        Of this project's group.
    seconds : float
    """

    records: List[Tuple]
    counters: Dict[str, int]
    seconds: float


class Launcher:
    """Runs jobs on local splits.

    Parameters
    ----------
    options : JobOptions
    folder : str
        Temporary, of this run.
    """

    def __init__(self, options: JobOptions, folder: str):
        self.options, self._folder = options, folder
        os.makedirs(folder, exist_ok=True)
        check_configuration(options)
        self._n_runs = 0

    def run(
        self,
        job_class: Type[MRJob],
        tasks: Sequence[Sequence[Split]],
        arguments: Sequence[str] = (),
        output: Optional[str] = None,
    ) -> JobResult:
        """Run a job.

        Parameters
        ----------
        job_class : subclass of PointsJob
        tasks : list of lists of Split
            What each map task reads.
        arguments : list of str
        output : str, optional
            A folder for the output, which is then not read.

        Raises
        ------
        KMeansError
            RunError when the job fails, or what a task on the inline runner raised.
        """
        self._n_runs += 1
        folder = os.path.join(self._folder, f'job-{self._n_runs:05d}')
        os.mkdir(folder)  # not the folders above: whoever has taken this run's lock removed them
        with naming(folder):
            return self._run(job_class, tasks, arguments, output, folder)

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
        # what a killed run leaves behind is then in its own folder, and removed by the next
        for option, value in (
            ('local_tmp_dir', folder),
            ('cleanup', 'ALL'),
            ('cleanup_on_failure', 'ALL'),
        ):
            if option not in configured:
                switches += ['--' + option.replace('_', '-'), value]
        if self.options.runner == 'local':
            # the tasks run the Python that runs this, and find what it finds
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
        """Write a file of split descriptions for each map task; return the paths."""
        paths = []
        for number, task in enumerate(tasks):
            paths.append(os.path.join(folder, f'task-{number:05d}'))
            with open(paths[-1], 'wb') as stream:
                stream.writelines(split.dumps() for split in task)
        return paths


def add_counters(steps: Sequence[Dict]) -> Dict[str, int]:
    """Return this project's counters, over all steps of a job."""
    counters: Dict[str, int] = {}
    for step in steps:
        for name, amount in step.get(COUNTERS, {}).items():
            counters[name] = counters.get(name, 0) + amount
    return counters


def _task_errors(folder: str) -> str:
    """Return the last traceback that a task of the local runner wrote."""
    for parent, _, names in sorted(os.walk(folder), reverse=True):
        if 'stderr' in names:
            with open(os.path.join(parent, 'stderr'), encoding='utf-8', errors='replace') as stream:
                lines = [line for line in stream if not line.startswith('reporter:')]
            if lines:
                return ''.join(lines[-15:]).rstrip()
    return ''
