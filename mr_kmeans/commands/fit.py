"""A fit: rows made ready, a start, and one pass per iteration, by a job or by SQL, until the
centroids stay.

The driver decides, and passes compute. After every iteration the state of a run is in its
directory (run/directory.py); `fit` resumes from there.
"""

from __future__ import annotations

import logging
import time
from dataclasses import asdict, replace
from typing import Dict, Optional, Sequence, Tuple

import numpy as np

from mr_kmeans import __version__, arguments
from mr_kmeans.algorithm.candidate import Candidate, IterationStats
from mr_kmeans.algorithm.lloyd import Iteration, PassCost, PassResult, RowFacts, measure
from mr_kmeans.algorithm.starts.base import Start
from mr_kmeans.commands.init_file import Initial
from mr_kmeans.errors import DataError, RunError, UsageError
from mr_kmeans.exact.feature_space import FeatureSpace
from mr_kmeans.exact.grid import BINARY
from mr_kmeans.exact.survey import Survey
from mr_kmeans.inputs.source import describe, find_source
from mr_kmeans.json_fields import Field
from mr_kmeans.mapreduce.backends import check_paths
from mr_kmeans.mapreduce.rows import JobRows
from mr_kmeans.messages import at_most_clusters, counted
from mr_kmeans.options import (
    DEFAULT_MISSING,
    PARALLEL,
    SAMPLE,
    FitOptions,
    JobOptions,
    SqlOptions,
    TextOptions,
    check_groups,
)
from mr_kmeans.run import scales
from mr_kmeans.run.directory import (
    LOCK,
    MANIFEST,
    MODEL,
    STATE,
    SURVEY,
    RunDirectory,
    understanding,
)
from mr_kmeans.run.loop import CandidateRun, Watch, iterate, read_iteration, write_iteration
from mr_kmeans.run.manifest import compare_manifests
from mr_kmeans.run.model_file import Model, check_last, read_model_if_any
from mr_kmeans.run.row_source import PassesAfterStart, PassesOnDemand, RowSource
from mr_kmeans.runners.blas import one_thread
from mr_kmeans.runners.mrjob_options import stores_of
from mr_kmeans.storage.open import Stores, check_known
from mr_kmeans.system.progress import reporting
from mr_kmeans.system.signals import closing

log = logging.getLogger(__name__)


def fit(
    inputs: Sequence[str],
    out: str,
    options: FitOptions,
    text: Optional[TextOptions] = None,
    jobs: Optional[JobOptions] = None,
    resume: bool = False,
    overwrite: bool = False,
    watch: Watch = lambda stats: None,
    sql: Optional[SqlOptions] = None,
    break_lock: bool = False,
    stores: Optional[Stores] = None,
) -> Model:
    """Cluster the rows of files, or of a table, into k clusters.

    Parameters
    ----------
    inputs : path or sequence of paths
        Files, globs, folders, str or pathlib.Path; none when the rows are in a table.
    out : path
        The output directory.
    options : FitOptions
    text : TextOptions, optional
    jobs : JobOptions, optional
    resume, overwrite : bool
        What to do when there is a run in `out`: go on with it, or replace it. It is refused
        otherwise.
    watch : callable
        Is given each iteration when its inertia is known.
    sql : SqlOptions, optional
        Make the passes in a database, and by no jobs.
    break_lock : bool
        Replace the lock of another run in `out` that is known to be gone, such as one of a machine
        that died.
    stores : Stores, optional
        Those of `jobs`, if there are some already.

    Returns
    -------
    Model

    Raises
    ------
    UsageError, DataError, RunError
    """
    text, jobs = TextOptions() if text is None else text, JobOptions() if jobs is None else jobs
    check_groups(
        options=(options, FitOptions),
        text=(text, TextOptions),
        jobs=(jobs, JobOptions),
        **({} if sql is None else {'sql': (sql, SqlOptions)}),
    )
    text = replace(text, missing=text.missing or DEFAULT_MISSING)
    inputs, out = arguments.paths('inputs', inputs, needed=sql is None), arguments.path('out', out)
    resume, overwrite = arguments.flag('resume', resume), arguments.flag('overwrite', overwrite)
    break_lock = arguments.flag('break_lock', break_lock)
    arguments.functions(watch=watch)
    if sql:
        sql.check_inputs(inputs, text)
    if resume and overwrite:
        raise UsageError('--resume and --overwrite exclude each other')
    stores = stores_of(jobs) if stores is None else stores
    initial = Initial(options.init, stores)
    read = [*inputs, *([options.init] if initial.is_file else [])]
    for path in read:
        check_known(path)
    check_paths(jobs, read, [out])
    initial.check()
    run = RunDirectory(out, stores=stores)
    if (
        not (resume or overwrite)
        and (break_lock or not run.storage.exists(run.path(LOCK)))
        and run.has_run()
    ):
        raise exists(out)
    source = None
    if inputs or not sql:
        source = find_source(inputs, text, stores)
        log.info(describe(source))
    with reporting(), run.held(break_lock):
        if sql:
            from mr_kmeans.sql.rows import SqlRows

            rows: RowSource = SqlRows(run, source, text, sql)
        else:
            rows = JobRows(run, source, text, jobs)
        with closing(rows):
            return Fit(run, rows, options, text, initial, watch).go(resume, overwrite)


def exists(out: str) -> UsageError:
    """Return the error for an output that is there."""
    return UsageError(
        f'-o {out}: there is a run already. Use --resume to continue it, --overwrite to replace'
        ' it, or name another folder.'
    )


class Fit:
    """One run of `fit`, in an open directory."""

    def __init__(
        self,
        run: RunDirectory,
        rows: RowSource,
        options: FitOptions,
        text: TextOptions,
        initial: Initial,
        watch: Watch,
    ):
        self._run, self._rows, self._options, self._text = run, rows, options, text
        self._initial, self._watch = initial, watch

    def go(self, resume: bool, overwrite: bool) -> Model:
        """Run to the end; return the model."""
        run, options = self._run, self._options
        if options.feature_weights is not None:
            arguments.check_weights('feature_weights', options.feature_weights, self._rows.features)
        manifest = dict(self._rows.to_json(), options=self._identity(), version=__version__)
        if run.has_run() and not (resume or overwrite):
            raise exists(run.out)
        if resume and not run.has_run():
            self._recover(manifest)
        begins, found = not (run.has_run() and resume), None
        if not begins:
            moved = self._check_resumable(manifest)
            model = read_model_if_any(run)
            if model and self._is_finished(model):
                survey, space = self._remembered()
                check_last(model, survey, space, run)
                self._rows.compare(options, self._capacity(), survey, space, moved)
                self._note_moved(manifest, moved)
                log.info('the run is complete; nothing is left to do')
                return model
            survey, space = self._take_up(manifest, moved)
        else:
            if resume:
                log.info(f'there is no iteration in {run.out} yet; starting')
            survey, space, found = self._begin(manifest, overwrite)
        facts = RowFacts.of_survey(survey, space)
        if begins:
            self._say_about_scales(facts, survey)
        passes = self._rows.passes_of_fit(facts, survey, options)
        if found is not None:
            passes = PassesAfterStart(passes, found)
        [result] = iterate(
            [CandidateRun(run, facts, self._watch)],
            passes,
            options.tol,
            options.max_iter,
            options.tol_inertia,
        )
        return self._finish(result, survey, space)

    def _begin(
        self, manifest: Dict, overwrite: bool
    ) -> Tuple[Survey, FeatureSpace, Optional[PassResult]]:
        """Make the rows ready and find the start; only then replace what an earlier run has
        left. Return also what a pass with the start has found, if one was made.
        """
        started = time.monotonic()
        start = self._initial.start(self._options, self._rows)
        survey, space = self._rows.make(self._options, self._capacity())
        self._say_about(survey, space)
        centroids, found = self._find(start, survey, space)
        first = Iteration(0, centroids, [0] * start.k)
        self._run.check_lock()
        self._rows.begin(manifest, overwrite)
        self._run.clear()
        self._rows.ledger.write(self._run)
        self._run.write_state(manifest, MANIFEST)
        self._run.write_state(survey.to_json(space), SURVEY)
        cost = PassCost(rows=survey.n_samples, bad_rows=self._rows.ledger.n_rejected)
        stats = IterationStats.of(first, cost, time.monotonic() - started)
        write_iteration(self._run, first, stats)
        return survey, space, found

    def _take_up(self, manifest: Dict, moved: str) -> Tuple[Survey, FeatureSpace]:
        """Take up a run where it was left; see that the rows are the same where its files have
        moved.
        """
        survey, space = self._remembered()
        iterations = [
            self._iteration(number, survey, space) for number in self._run.iteration_numbers()
        ]
        self._rows.make_again(self._options, self._capacity(), survey, space, iterations, moved)
        self._note_moved(manifest, moved)
        log.info(f'continuing after iteration {iterations[-1].number}')
        self._run.check_lock()
        self._run.storage.remove(self._run.path(MODEL))
        return survey, space

    def _note_moved(self, manifest: Dict, moved: str) -> None:
        """Remember files that have the rows of the run, but are others: the next time they need not
        be read to see that.
        """
        if moved:
            log.info(f'the input differs ({moved}), but its rows are those of the run')
            self._run.check_lock()
            self._rows.ledger.write(self._run)  # first: without the manifest, this is done again
            self._run.write_state(manifest, MANIFEST)

    def _remembered(self) -> Tuple[Survey, FeatureSpace]:
        """Return what the run knows of its rows."""
        remembered = self._run.read_json(SURVEY)
        with understanding(self._run.path(SURVEY)):
            survey, space = (
                Survey.from_json(remembered),
                FeatureSpace.from_json(remembered['space']),
            )
            features = Field(remembered['space'], 'space').get('features')
            features.check(space.features == self._rows.features, 'the features of the run')
        return survey, space

    def _iteration(self, number: int, survey: Survey, space: FeatureSpace) -> Iteration:
        """Return an iteration that the run has made."""
        return read_iteration(
            self._run, number, survey.n_samples, len(space.features), self._options.k
        )[0]

    def _recover(self, manifest: Dict) -> None:
        """Write the state of a run that only the store of its rows still has; the inertia of its
        past iterations is lost.
        """
        found = self._rows.recover(manifest, self._options, self._capacity())
        if not found:
            return
        if self._options.tol_inertia is not None:
            raise RunError(
                f'{self._run.out} cannot be resumed: the inertia of its iterations, which'
                ' --tol-inertia needs, is lost. Use --overwrite to start again.'
            )
        survey, space = self._rows.make(self._options, self._capacity())
        self._run.check_lock()
        self._run.write_state(manifest, MANIFEST)
        self._run.write_state(survey.to_json(space), SURVEY)
        facts = RowFacts.of_survey(survey, space)
        for before, iteration in zip([None, *found], found):
            if before is not None:
                iteration = measure(before, iteration, facts)
            stats = IterationStats.of(iteration, PassCost(rows=survey.n_samples))
            write_iteration(self._run, iteration, stats)

    def _capacity(self) -> int:
        """Return the size of the sample: what the start needs."""
        return self._initial.capacity(self._options, len(self._rows.features))

    def _identity(self) -> Dict:
        """Return the options that a run cannot change on its way."""
        identity = self._options.to_json()
        identity['init'] = self._initial.identity()
        if self._options.init not in (SAMPLE, PARALLEL):
            identity.pop('n_init')
        if self._options.tol_inertia is None:  # runs of earlier versions lack it
            identity.pop('tol_inertia')
        return identity

    def _find(
        self, start: Start, survey: Survey, space: FeatureSpace
    ) -> Tuple[np.ndarray, Optional[PassResult]]:
        """Return the initial centroids, and what a pass with them has found, if one was made."""
        n_distinct = len(survey.sample)
        if n_distinct < start.k:
            raise DataError(
                f'-k {start.k}: the data have only {counted(n_distinct, "distinct row")}, and k'
                ' clusters need as many. ' + at_most_clusters(n_distinct)
            )
        facts = RowFacts.of_survey(survey, space)
        passes = PassesOnDemand(facts, lambda: self._rows.passes(facts, survey))
        with one_thread():
            centroids = start.find(survey.sample, passes)
        return centroids, passes.found(centroids)

    def _check_resumable(self, manifest: Dict) -> str:
        """Refuse other options, naming the difference; return how the files differ, nothing when
        they do not.
        """
        old = self._run.read_json(MANIFEST)
        needed = {
            MANIFEST: old,
            SURVEY: self._run.read_json(SURVEY),
            STATE: self._run.iteration_numbers(),
        }
        for name, content in needed.items():
            if not content:
                raise RunError(
                    f'{self._run.out} cannot be resumed: its {name} is missing. Use --overwrite to'
                    ' start again.'
                )
        with understanding(self._run.path(MANIFEST)):
            moved = compare_manifests(old, manifest)
        done = self._run.iteration_numbers()[-1]
        if self._options.max_iter < done:
            raise UsageError(
                f'--resume: {counted(done, "iteration")} made already, --max-iter'
                f' {self._options.max_iter} asks for fewer'
            )
        return moved

    def _is_finished(self, model: Model) -> bool:
        """Tell whether a model is what these options lead to."""
        return model.converged or model.n_iter >= self._options.max_iter

    def _say_about(self, survey: Survey, space: FeatureSpace) -> None:
        """Say what is noteworthy about the rows."""
        log.info(counted(survey.n_samples, 'row'))
        for name, moments, grid in zip(space.features, survey.moments, space.grids):
            if moments.minimum == moments.maximum:
                log.info(
                    f'column {name!r} is constant ({moments.minimum!r}); it does not affect the'
                    ' clusters'
                )
            if grid.kind == BINARY:
                log.info(
                    f'column {name!r} has no common decimal step; its values are rounded to'
                    f' multiples of 2**{grid.exponent}'
                )
        if survey.vanished:
            log.warning(
                f'warning: {counted(survey.vanished, "value becomes", "values become")} 0, too'
                ' small beside the largest in the column'
            )

    def _say_about_scales(self, facts: RowFacts, survey: Survey) -> None:
        """Warn of features that decide the clusters by their scale alone, and of row numbers."""
        found = scales.find_dominance(facts.space.features, facts.deviations, facts.space.weights)
        counting = scales.find_counting(survey, facts.space) if self._rows.has_names else []
        if found:
            hint = self._rows.scaling_hint(scales.scaled(found))
            for line in scales.describe_dominance(found, hint, counting):
                log.warning(line)
        for name in counting:
            if not found or name not in found.features:
                log.warning(scales.describe_counting(name))

    def _finish(self, result: Candidate, survey: Survey, space: FeatureSpace) -> Model:
        """Write the model, the mark of a finished run; return it."""
        model = Model(
            space,
            result.last.centroids,
            result.counts,
            result.inertia,
            result.last.number,
            result.stopped_by,
            f'{survey.fingerprint:016x}',
            dict(asdict(self._options), **asdict(self._text)),
        )
        self._run.write_state(model.to_json(), MODEL)
        return model
