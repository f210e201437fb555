"""The rows of a run in files, and passes over them by MapReduce jobs."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple, Type

from mr_kmeans.algorithm.draw import Draw, DrawnRows
from mr_kmeans.algorithm.lloyd import (
    Iteration,
    PassCost,
    Passes,
    PassResult,
    RowFacts,
    collect,
)
from mr_kmeans.errors import DamagedRowsError, RunError
from mr_kmeans.exact.feature_space import FeatureSpace
from mr_kmeans.exact.survey import Survey
from mr_kmeans.formats.centroid_file import format_iteration
from mr_kmeans.inputs.files import InputFile, check_unchanged
from mr_kmeans.inputs.source import Source
from mr_kmeans.jobs.lloyd import DRAWN, LloydJob
from mr_kmeans.jobs.mr_lloyd_combiner import MRLloydCombiner
from mr_kmeans.jobs.mr_lloyd_in_mapper import MRLloydInMapper
from mr_kmeans.jobs.mr_lloyd_two_job import MRLloydTwoJob
from mr_kmeans.mapreduce.backend import Backend
from mr_kmeans.mapreduce.backends import make_backend
from mr_kmeans.mapreduce.prepare import RowPreparer
from mr_kmeans.messages import counted
from mr_kmeans.options import FitOptions, JobOptions, TextOptions
from mr_kmeans.run import scales
from mr_kmeans.run.directory import JOBS_FOLDER, RunDirectory
from mr_kmeans.run.row_source import RowSource
from mr_kmeans.runners.launcher import JobResult
from mr_kmeans.system.signals import closing

JOBS = {'in-mapper': MRLloydInMapper, 'combiner': MRLloydCombiner, 'two-job': MRLloydTwoJob}


class JobRows(RowSource):
    """Rows in files.

    Parameters
    ----------
    run : RunDirectory
        Open.
    source : Source
    text : TextOptions
    jobs : JobOptions
    """

    def __init__(self, run: RunDirectory, source: Source, text: TextOptions, jobs: JobOptions):
        self._run, self._source, self._text, self._jobs = run, source, text, jobs
        self._backend = make_backend(jobs, run, run.temporary(JOBS_FOLDER))
        self._maker = RowPreparer(run, source, self._backend, text.max_bad_rows)
        self._data: Any = None
        self._seed, self._capacity = 0, 0
        self.features, self.has_names = source.features, source.dialect.header

    def to_json(self) -> Dict:
        """Return what identifies the rows; a run can be resumed only with the same."""
        return self._source.to_json()

    def begin(self, manifest: Dict, overwrite: bool) -> None:
        """Get ready to write what a new run makes."""
        self._run.remove_database()  # of an earlier run by SQL
        self._data = self._maker.put() or self._data

    def recover(self, manifest: Dict, options: FitOptions, capacity: int) -> List[Iteration]:
        """Return iterations of an interrupted run that its folder does not have."""
        return []

    def make(self, options: FitOptions, capacity: int) -> Tuple[Survey, FeatureSpace]:
        """Make the rows ready for passes; survey them, with a sample; report bad ones."""
        rows = self._maker.make(options.seed, capacity, options.feature_weights)
        self._data = rows.data
        if rows.ledger is not None:
            self.ledger = rows.ledger
        self._seed, self._capacity = options.seed, capacity
        return rows.survey, rows.space

    def compare(
        self, options: FitOptions, capacity: int, survey: Survey, space: FeatureSpace, moved: str
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
        space: FeatureSpace,
        iterations: List[Iteration],
        moved: str,
    ) -> None:
        """Make the rows of an interrupted run ready for passes; `moved` is how its files differ
        from those of now, if they do.
        """
        rows = self._maker.make_again(options.seed, capacity, survey, space, moved)
        self._data = rows.data
        if rows.ledger is not None:
            self.ledger = rows.ledger
        self._seed, self._capacity = options.seed, capacity

    def passes(self, facts: RowFacts, survey: Survey) -> JobPasses:
        """Return what makes passes over the rows."""

        def pack_again(error: DamagedRowsError):
            self._data = self._maker.pack_again(
                error, self._seed, self._capacity, survey, facts.space
            )
            return self._data

        job = PassJob(
            JOBS[self._jobs.variant],
            [
                '--text-input',
                self._source.text_input.dumps(),
                '--survey',
                self._backend.share_file(
                    'space.json', json.dumps({'space': facts.space.to_json()})
                ),
            ],
        )
        if self._jobs.pack:
            return JobPasses(self._backend, job, self._data, facts, pack_again=pack_again)
        return JobPasses(self._backend, job, self._data, facts, files=self._source.files)

    def close(self) -> None:
        """Leave nothing but the run's own files."""
        with closing(self._backend):
            self._maker.close()


class PassJob(NamedTuple):
    """The job of a pass.

    Attributes
    ----------
    job_class : subclass of LloydJob
    arguments : list of str
        Of each job, but for the centroids.
    """

    job_class: Type[LloydJob]
    arguments: List[str]


class JobPasses(Passes):
    """Makes passes by MapReduce jobs, one for all candidates.

    Parameters
    ----------
    backend : Backend
    job : PassJob
    data : list of lists of Split, or RemoteInput
        What the backend reads.
    facts : RowFacts
    pack_again : callable, optional
        Is given the error about packed rows that are damaged; returns what the backend reads of new
        ones.
    files : sequence of InputFile
        Text that is read in each pass; it fails when one has changed since it was surveyed.
    """

    def __init__(
        self,
        backend: Backend,
        job: PassJob,
        data,
        facts: RowFacts,
        pack_again: Optional[Callable[[DamagedRowsError], object]] = None,
        files: Sequence[InputFile] = (),
    ):
        self.facts = facts
        self._backend, self._job, self._data = backend, job, data
        self._pack_again, self._files = pack_again, files

    def __call__(
        self, iterations: Sequence[Iteration], draw: Optional[Draw] = None
    ) -> List[PassResult]:
        """Run one job over all rows."""
        try:
            made = self._run(iterations, draw)
        except DamagedRowsError as error:
            if not self._pack_again:
                raise
            # once: where it happens again, something else is wrong
            self._data, self._pack_again = self._pack_again(error), None
            made = self._run(iterations, draw)
        cost = PassCost(
            job_seconds=made.seconds,
            rows=made.counters.get('rows', 0),
            slow_rows=made.counters.get('slow_rows', 0),
            blocks=made.counters.get('blocks', 0),
            bad_rows=made.counters.get('rejected', 0),
        )
        records: List[List] = [[] for _ in iterations]
        drawn: List[List] = [[] for _ in iterations]
        for (candidate, cluster), value in made.records:
            (drawn if cluster == DRAWN else records)[candidate].append((cluster, value))
        found = [
            collect(
                some,
                len(iteration.centroids),
                iteration.centroids.shape[1],
                self.facts.n_samples,
            )._replace(cost=cost)
            for some, iteration in zip(records, iterations)
        ]
        if draw is not None:
            found = [
                one._replace(drawn=DrawnRows.from_json(draw, _only_draw(parts)))
                for one, parts in zip(found, drawn)
            ]
        check_unchanged(self._files)
        return found

    def _run(self, iterations: Sequence[Iteration], draw: Optional[Draw]) -> JobResult:
        """Run the job; refuse its result when rows are missing."""
        arguments = list(self._job.arguments)
        for number, iteration in enumerate(iterations):
            text = format_iteration(
                iteration.number, iteration.centroids, iteration.counts, self.facts.space.features
            )
            name = f'centroids-{number}.csv' if number else 'centroids.csv'
            arguments += ['--centroids', self._backend.note_file(name, text)]
        if draw is not None:
            arguments += ['--draw', draw.dumps()]
        made = self._backend.launcher.run(self._job.job_class, self._data, arguments)
        n_rows = made.counters.get('rows', 0)
        if n_rows != self.facts.n_samples:
            raise (DamagedRowsError if self._pack_again else RunError)(
                f'the tasks of the pass counted {counted(n_rows, "row")}, the survey'
                f' {self.facts.n_samples:,}: the input has changed, or a task lost rows. Nothing of'
                ' this pass was kept.'
            )
        return made


def _only_draw(records: Sequence[Tuple]) -> List:
    """Return what was drawn for a candidate, merged by one reducer.

    Raises
    ------
    RunError
    """
    if len(records) != 1:
        raise RunError(f'the pass returned {len(records)} draws of rows, it should return one')
    return records[0][1]
