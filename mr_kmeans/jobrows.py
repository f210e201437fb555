"""The rows of a run in files, and passes over them by MapReduce jobs."""
from __future__ import annotations

import os
from typing import Dict, List, Sequence, Tuple

from mr_kmeans.centroids import format_iteration
from mr_kmeans.inputs import InputFile, check_unchanged
from mr_kmeans.iterate import MakePass
from mr_kmeans.jobs.mr_lloyd_combiner import MRLloydCombiner
from mr_kmeans.jobs.mr_lloyd_in_mapper import MRLloydInMapper
from mr_kmeans.jobs.mr_lloyd_two_job import MRLloydTwoJob
from mr_kmeans.launch import Launcher
from mr_kmeans.lloyd import Iteration, PassCost, PassResult, Rows, collect
from mr_kmeans.options import FitOptions, JobOptions, TextOptions
from mr_kmeans.rows import RowsMaker, Say
from mr_kmeans.rundir import DATABASE, SURVEY, RunDirectory
from mr_kmeans.source import Source
from mr_kmeans.space import Space
from mr_kmeans.splits import Split
from mr_kmeans.survey import Survey

JOBS = {'in-mapper': MRLloydInMapper, 'combiner': MRLloydCombiner, 'two-job': MRLloydTwoJob}


def checked(make_pass: MakePass, files: Sequence[InputFile]) -> MakePass:
    """Return passes over text that fail when a file has changed since it was surveyed."""
    def make(iteration: Iteration):
        made = make_pass(iteration)
        check_unchanged(files)
        return made
    return make


class JobRows:
    """Rows in files.

    Any class of these methods and attributes makes a fit (see fit.py).

    Parameters
    ----------
    run : RunDirectory
        Open.
    source : Source
    text : TextOptions
    jobs : JobOptions
    say : callable

    Attributes
    ----------
    features : list of d str
    has_names : bool
        The features have names of their own.
    ledger : Ledger
        Of rows made ready.
    """

    def __init__(self, run: RunDirectory, source: Source, text: TextOptions, jobs: JobOptions, say: Say):
        self._run, self._source, self._text, self._jobs = run, source, text, jobs
        self._launcher = Launcher(jobs, os.path.abspath(run.temporary('jobs')))
        self._maker = RowsMaker(run, source, self._launcher, say)
        self._tasks: List[List[Split]] = []
        self.features, self.has_names = source.features, source.dialect.header

    def to_json(self) -> Dict:
        """Return what the rows are made of; a run goes on only with the same."""
        return self._source.to_json()

    def begin(self, manifest: Dict, overwrite: bool) -> None:
        """Get ready to write what a new run makes."""
        for name in (DATABASE, DATABASE + '.wal'):  # of an earlier run by SQL
            self._run.storage.remove(self._run.path(name))

    def recover(self, manifest: Dict) -> List[Iteration]:
        """Return iterations of an interrupted run that its folder does not have."""
        return []

    def make(self, options: FitOptions, capacity: int) -> Tuple[Survey, Space]:
        """Make the rows ready for passes; survey them, with a sample; report bad ones."""
        rows = self._maker.make(options.seed, capacity, self._text.max_bad_rows, options.feature_weights)
        self._tasks, self.ledger = rows.tasks, rows.ledger
        return rows.survey, rows.space

    def make_again(self, options: FitOptions, capacity: int, survey: Survey, space: Space, iterations: List[Iteration]) -> None:
        """Make the rows of an interrupted run ready for passes."""
        self._tasks = self._maker.tasks(options.seed, capacity)

    def passes(self, facts: Rows, survey: Survey, options: FitOptions) -> MakePass:
        """Return what makes a pass over the rows."""
        arguments = ['--text-input', self._source.text_input.dumps(), '--survey', os.path.abspath(self._run.path(SURVEY))]
        make_pass = JobPass(self._run, self._launcher, JOBS[self._jobs.variant], arguments, self._tasks, facts)
        return make_pass if self._jobs.pack else checked(make_pass, self._source.files)

    def close(self) -> None:
        """Give back what was taken."""


class JobPass:
    """Makes passes by a MapReduce job.

    Parameters
    ----------
    run : RunDirectory
    launcher : Launcher
    job_class : subclass of LloydJob
    arguments : list of str
        Of each job, but for the centroids.
    tasks : list of lists of Split
    rows : Rows
    """

    def __init__(self, run: RunDirectory, launcher: Launcher, job_class, arguments: Sequence[str], tasks: List[List[Split]], rows: Rows):
        self._run, self._launcher, self._job_class = run, launcher, job_class
        self._arguments, self._tasks, self._rows = list(arguments), tasks, rows

    def __call__(self, iteration: Iteration) -> Tuple[PassResult, PassCost]:
        """Run one job over all rows."""
        path = os.path.abspath(os.path.join(self._run.temporary('pass'), 'centroids.csv'))
        with open(path, 'w', encoding='utf-8', newline='') as stream:
            stream.write(format_iteration(iteration.number, iteration.centroids, iteration.counts, self._rows.space.features))
        job = self._launcher.run(self._job_class, self._tasks, [*self._arguments, '--centroids', path])
        k, d = iteration.centroids.shape
        found = collect([(key[1], value) for key, value in job.records if key[0] == 0], k, d, self._rows.n_samples)
        return found, PassCost(job.seconds, *(job.counters.get(name, 0) for name in ('rows', 'slow_rows', 'blocks')))
