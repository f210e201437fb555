"""The rows of a run in files, and passes over them by MapReduce jobs."""

from __future__ import annotations

from typing import Callable, Dict, List, Optional, Sequence, Tuple

from mr_kmeans.algorithm.lloyd import Iteration, PassCost, PassResult, Rows, collect
from mr_kmeans.errors import DamagedRowsError, RunError
from mr_kmeans.exact.feature_space import Space
from mr_kmeans.exact.survey import Survey
from mr_kmeans.formats.centroid_file import format_iteration
from mr_kmeans.inputs.files import InputFile, check_unchanged
from mr_kmeans.inputs.source import Source
from mr_kmeans.jobs.mr_lloyd_combiner import MRLloydCombiner
from mr_kmeans.jobs.mr_lloyd_in_mapper import MRLloydInMapper
from mr_kmeans.jobs.mr_lloyd_two_job import MRLloydTwoJob
from mr_kmeans.mapreduce.backends import make_backend
from mr_kmeans.mapreduce.prepare import RowsMaker
from mr_kmeans.messages import counted
from mr_kmeans.options import FitOptions, JobOptions, TextOptions
from mr_kmeans.run import scales
from mr_kmeans.run.directory import JOBS as WORK
from mr_kmeans.run.directory import SURVEY, RunDirectory, Say
from mr_kmeans.run.loop import MakePass
from mr_kmeans.runners.launcher import JobResult
from mr_kmeans.system.signals import closing

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

    def __init__(
        self, run: RunDirectory, source: Source, text: TextOptions, jobs: JobOptions, say: Say
    ):
        self._run, self._source, self._text, self._jobs = run, source, text, jobs
        self._place = make_backend(jobs, run, run.temporary(WORK), say)
        self._maker = RowsMaker(run, source, self._place, text.max_bad_rows, say)
        self._data, self._capacity = None, 0
        self.features, self.has_names = source.features, source.dialect.header

    def to_json(self) -> Dict:
        """Return what the rows are made of; a run goes on only with the same."""
        return self._source.to_json()

    def begin(self, manifest: Dict, overwrite: bool) -> None:
        """Get ready to write what a new run makes."""
        self._run.remove_database()  # of an earlier run by SQL
        self._data = self._maker.put() or self._data

    def recover(self, manifest: Dict, options: FitOptions, capacity: int) -> List[Iteration]:
        """Return iterations of an interrupted run that its folder does not have."""
        return []

    def make(self, options: FitOptions, capacity: int) -> Tuple[Survey, Space]:
        """Make the rows ready for passes; survey them, with a sample; report bad ones."""
        rows = self._maker.make(options.seed, capacity, options.feature_weights)
        self._data, self.ledger, self._capacity = rows.data, rows.ledger, capacity
        return rows.survey, rows.space

    def compare(
        self, options: FitOptions, capacity: int, survey: Survey, space: Space, moved: str
    ) -> None:
        """Refuse rows other than those of the run; where the files are the same, by all that the
        manifest knows, so are the rows.
        """
        if moved:
            self.make_again(options, capacity, survey, space, [], moved)

    def scaling_hint(self, expressions: Dict[str, str]) -> str:
        """Return how columns are replaced by expressions of SQL; empty where one line won't do."""
        return scales.hint_of_files(self._source, expressions, self.ledger)

    def make_again(
        self,
        options: FitOptions,
        capacity: int,
        survey: Survey,
        space: Space,
        iterations: List[Iteration],
        moved: str,
    ) -> None:
        """Make the rows of an interrupted run ready for passes; `moved` is how its files differ
        from those of now, if they do.
        """
        rows = self._maker.make_again(options.seed, capacity, survey, space, moved)
        self._data, self.ledger, self._capacity = rows.data, rows.ledger, capacity

    def passes(self, facts: Rows, survey: Survey, options: FitOptions) -> MakePass:
        """Return what makes a pass over the rows."""
        arguments = [
            '--text-input',
            self._source.text_input.dumps(),
            '--survey',
            self._run.path(SURVEY),
        ]
        job_class = JOBS[self._jobs.variant]
        if not self._jobs.pack:
            return checked(
                JobPass(self._place, job_class, arguments, self._data, facts), self._source.files
            )

        def pack_again(error: DamagedRowsError):
            return self._maker.pack_again(error, options.seed, self._capacity, survey, facts.space)

        return JobPass(self._place, job_class, arguments, self._data, facts, pack_again)

    def close(self) -> None:
        """Leave nothing but the run's own files."""
        with closing(self._place):
            self._maker.close()


class JobPass:
    """Makes passes by a MapReduce job.

    Parameters
    ----------
    place : Backend
    job_class : subclass of LloydJob
    arguments : list of str
        Of each job, but for the centroids.
    data : list of lists of Split, or RemoteInput
        What the place reads.
    rows : Rows
    pack_again : callable, optional
        Is given the error about packed rows that are damaged; returns what the place reads of new
        ones.
    """

    def __init__(
        self,
        place,
        job_class,
        arguments: Sequence[str],
        data,
        rows: Rows,
        pack_again: Optional[Callable[[DamagedRowsError], object]] = None,
    ):
        self._place, self._job_class = place, job_class
        self._arguments, self._data, self._rows, self._pack_again = (
            list(arguments),
            data,
            rows,
            pack_again,
        )

    def __call__(self, iteration: Iteration) -> Tuple[PassResult, PassCost]:
        """Run one job over all rows."""
        text = format_iteration(
            iteration.number, iteration.centroids, iteration.counts, self._rows.space.features
        )
        path = self._place.note_file('centroids.csv', text)
        try:
            job = self._run([*self._arguments, '--centroids', path])
        except DamagedRowsError as error:
            if not self._pack_again:
                raise
            self._data, self._pack_again = (
                self._pack_again(error),
                None,
            )  # once: where it happens again, something else is wrong
            path = self._place.note_file('centroids.csv', text)
            job = self._run([*self._arguments, '--centroids', path])
        k, d = iteration.centroids.shape
        found = collect(
            [(key[1], value) for key, value in job.records if key[0] == 0],
            k,
            d,
            self._rows.n_samples,
        )
        return found, PassCost(
            job.seconds,
            *(job.counters.get(name, 0) for name in ('rows', 'slow_rows', 'blocks', 'rejected')),
        )

    def _run(self, arguments: List[str]) -> JobResult:
        """Run the job; refuse its result when rows are missing."""
        job = self._place.launcher.run(self._job_class, self._data, arguments)
        n_rows = job.counters.get('rows', 0)
        if n_rows != self._rows.n_samples:
            raise (DamagedRowsError if self._pack_again else RunError)(
                f'the tasks of the pass counted {counted(n_rows, "row")}, the survey'
                f' {self._rows.n_samples:,}: the input has changed, or a task lost rows. Nothing of'
                ' this pass was kept.'
            )
        return job
