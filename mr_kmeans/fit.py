"""A fit: rows made ready, a start, and one job run per iteration until the centroids stay.

The driver decides, the tasks are told. What is true of a run stands in its directory (rundir.py) after every iteration;
`fit` continues from there when it is asked to resume.
"""
from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict
from itertools import zip_longest
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from mr_kmeans import __version__, seeding
from mr_kmeans.centroids import read_initial_centroids
from mr_kmeans.errors import DataError, RunError, UsageError
from mr_kmeans.grid import BINARY
from mr_kmeans.inputs import InputFile, check_unchanged
from mr_kmeans.iterate import IterationStats, JobPass, LloydRun, MakePass, Result, Watch
from mr_kmeans.jobs.mr_lloyd_combiner import MRLloydCombiner
from mr_kmeans.jobs.mr_lloyd_in_mapper import MRLloydInMapper
from mr_kmeans.jobs.mr_lloyd_two_job import MRLloydTwoJob
from mr_kmeans.lloyd import MAX_ITER, Iteration
from mr_kmeans.lloyd import Rows as RowFacts
from mr_kmeans.model import model_hash
from mr_kmeans.options import RANDOM, SAMPLE, FitOptions, JobOptions, TextOptions
from mr_kmeans.places import check_paths, make_place
from mr_kmeans.rows import RowsMaker
from mr_kmeans.rundir import JOBS as WORK
from mr_kmeans.rundir import MANIFEST, MODEL, STATE, SURVEY, RunDirectory, Say
from mr_kmeans.source import Source, describe, find_source
from mr_kmeans.space import Space
from mr_kmeans.survey import Survey
from mr_kmeans.wording import counted

JOBS = {'in-mapper': MRLloydInMapper, 'combiner': MRLloydCombiner, 'two-job': MRLloydTwoJob}


def fit(inputs: Sequence[str], out: str, options: FitOptions, text: Optional[TextOptions] = None, jobs: Optional[JobOptions] = None,
        resume: bool = False, overwrite: bool = False, say: Say = lambda line: None,
        watch: Watch = lambda stats: None) -> Dict:
    """Cluster the rows of files into k clusters.

    Parameters
    ----------
    inputs : sequence of str
        Paths, globs, folders.
    out : str
        The output directory.
    options : FitOptions
    text : TextOptions, optional
    jobs : JobOptions, optional
    resume, overwrite : bool
        What to do when there is a run in `out`: go on with it, or replace it. It is refused otherwise.
    say : callable
        Is given lines for the user.
    watch : callable
        Is given each iteration when its inertia is known.

    Returns
    -------
    dict
        The content of model.json.

    Raises
    ------
    UsageError, DataError, RunError
    """
    text, jobs = text or TextOptions(), jobs or JobOptions()
    for group in (options, text, jobs):
        group.check()
    if resume and overwrite:
        raise UsageError('--resume and --overwrite exclude each other')
    check_paths(jobs, inputs, [out])
    run = RunDirectory(out)
    if not run.storage.exists(run.path('lock')) and run.has_run() and not (resume or overwrite):
        raise exists(out)
    source = find_source(inputs, text, say)
    say(describe(source))
    try:
        run.open()
        place = make_place(jobs, run, run.temporary(WORK), say)
        try:
            return Fit(run, source, options, text, place, say, watch).go(resume, overwrite)
        finally:
            place.close()
    finally:
        run.close()


def checked(make_pass: MakePass, files: Sequence[InputFile]) -> MakePass:
    """Return passes over text that fail when a file has changed since it was surveyed."""
    def make(iteration: Iteration):
        made = make_pass(iteration)
        check_unchanged(files)
        return made
    return make


def exists(out: str) -> UsageError:
    """Return the error for an output that is there."""
    return UsageError(f'-o {out}: there is a run already. Use --resume to go on with it, --overwrite to replace it, '
                      'or name another folder.')


class Fit:
    """One run of `fit`, in an open directory."""

    def __init__(self, run: RunDirectory, source: Source, options: FitOptions, text: TextOptions, place, say: Say, watch: Watch):
        self._run, self._source, self._options, self._text, self._place = run, source, options, text, place
        self._say, self._watch = say, watch
        self._jobs = place.launcher.options

    def go(self, resume: bool, overwrite: bool) -> Dict:
        """Run to the end; return the model."""
        run, options = self._run, self._options
        manifest = dict(self._source.to_json(), options=self._identity(), version=__version__)
        maker = RowsMaker(run, self._source, self._place, self._say)
        if run.has_run() and not (resume or overwrite):
            raise exists(run.out)
        if run.has_run() and resume:
            self._check_resumable(manifest)
            model = run.read_json(MODEL)
            if self._is_finished(model):
                self._say('the run is complete; nothing is left to do')
                return model
            data, survey, space = self._take_up(maker)
        else:
            if resume:
                self._say(f'there is no iteration in {run.out} yet; starting')
            data, survey, space = self._begin(maker, manifest)
        facts = RowFacts.of_survey(survey, space)
        make_pass = JobPass(self._place, JOBS[self._jobs.variant], self._pass_arguments(), data, facts)
        if not self._jobs.pack:
            make_pass = checked(make_pass, self._source.files)
        result = LloydRun(run, make_pass, facts, options.tol, options.max_iter, self._watch).go()
        return self._finish(result, survey, space)

    def _begin(self, maker: RowsMaker, manifest: Dict) -> Tuple[object, Survey, Space]:
        """Make the rows ready and find the start; only then replace what an earlier run has left."""
        started = time.monotonic()
        given = self._read_init()
        rows = maker.make(self._options.seed, self._capacity(), self._text.max_bad_rows, self._options.feature_weights)
        self._say_about(rows.survey, rows.space)
        start = Iteration(0, self._start(given, rows.survey, rows.space), [0] * self._options.k)
        self._run.clear()
        maker.write_ledger(rows.ledger)
        self._run.write_json(manifest, MANIFEST)
        self._run.write_json(rows.survey.to_json(rows.space), SURVEY)
        stats = IterationStats(0, seconds=time.monotonic() - started, rows=rows.survey.n_samples, bad_rows=rows.ledger.n_rejected)
        self._run.write_iteration(0, {'iteration': start.to_json(), 'stats': stats._asdict()})
        return rows.data, rows.survey, rows.space

    def _take_up(self, maker: RowsMaker) -> Tuple[object, Survey, Space]:
        """Take up a run where it was left."""
        remembered = self._run.read_json(SURVEY)
        data = maker.data(self._options.seed, self._capacity())
        self._say(f'going on after iteration {self._run.iteration_numbers()[-1]}')
        self._run.storage.remove(self._run.path(MODEL))
        return data, Survey.from_json(remembered), Space.from_json(remembered['space'])

    def _pass_arguments(self) -> List[str]:
        return ['--text-input', self._source.text_input.dumps(), '--survey', self._run.path(SURVEY)]

    def _capacity(self) -> int:
        """Return the size of the sample: what the start needs."""
        k = self._options.k
        return seeding.sample_capacity(k, len(self._source.features)) if self._options.init == SAMPLE else k

    def _identity(self) -> Dict:
        """Return the options that a run cannot change on its way."""
        identity = self._options.to_json()
        if self._options.init not in (SAMPLE, RANDOM):
            identity['init'] = 'file ' + hashlib.sha256(self._init_bytes()).hexdigest()
        if self._options.init != SAMPLE:
            identity.pop('n_init')
        return identity

    def _init_bytes(self) -> bytes:
        try:
            with open(self._options.init, 'rb') as stream:
                return stream.read()
        except OSError as error:
            raise RunError(f'--init {self._options.init}: {error.strerror.lower()} (it should be {SAMPLE}, {RANDOM} or a '
                           'centroid file)') from None

    def _read_init(self) -> Optional[np.ndarray]:
        """Return the centroids of ``--init FILE``, None for another start."""
        if self._options.init in (SAMPLE, RANDOM):
            return None
        given = read_initial_centroids(self._init_bytes(), self._options.init, self._source.features, not self._source.dialect.header)
        if len(given) != self._options.k:
            raise UsageError(f'--init {self._options.init}: it has {counted(len(given), "centroid")}, but -k is {self._options.k}')
        return given

    def _start(self, given: Optional[np.ndarray], survey: Survey, space: Space) -> np.ndarray:
        """Return the initial centroids."""
        k = self._options.k
        n_distinct = len(survey.sample.rows)
        if n_distinct < k:
            raise DataError(f'-k {k}: the data have only {counted(n_distinct, "distinct row")}, and k clusters need as many. '
                            f'Choose -k {n_distinct} or less.')
        if given is not None:
            return given
        if self._options.init == RANDOM:
            return seeding.random_start(survey.sample, space.grids, k)
        return seeding.sample_start(survey.sample, space.grids, np.array(space.weights), k, self._options.seed, self._options.n_init)

    def _check_resumable(self, manifest: Dict) -> None:
        """Refuse to go on with other data or options, naming the difference."""
        old = self._run.read_json(MANIFEST)
        needed = {MANIFEST: old, SURVEY: self._run.read_json(SURVEY), STATE: self._run.iteration_numbers()}
        for name, content in needed.items():
            if not content:
                raise RunError(f'{self._run.out} cannot be resumed: its {name} is missing. Use --overwrite to start again.')
        for was, now in zip_longest(old['inputs'], manifest['inputs'], fillvalue={'path': 'no file'}):
            if was != now:
                raise UsageError(f'--resume: the input differs: {_difference(was, now)}. Use --overwrite to start again.')
        for what in ('features', 'text_input', 'options'):
            was, now = ({what: value} if what == 'features' else json.loads(value) if what == 'text_input' else value
                        for value in (old[what], manifest[what]))
            was.pop('max_iter', None), now.pop('max_iter', None)
            if was != now:
                raise UsageError(f'--resume: the options differ: {_difference(was, now)}. Use --overwrite to start again.')
        done = self._run.iteration_numbers()[-1]
        if self._options.max_iter < done:
            raise UsageError(f'--resume: {done} iterations are made, --max-iter {self._options.max_iter} asks for fewer')

    def _is_finished(self, model: Optional[Dict]) -> bool:
        """Tell whether a model is what these options lead to."""
        return bool(model) and (model['stopped_by'] != MAX_ITER or model['n_iter'] >= self._options.max_iter)

    def _say_about(self, survey: Survey, space: Space) -> None:
        """Say what is noteworthy about the rows."""
        self._say(counted(survey.n_samples, 'row'))
        for name, moments, grid in zip(space.features, survey.moments, space.grids):
            if moments.minimum == moments.maximum:
                self._say(f'column {name!r} is constant ({moments.minimum!r}); it does not affect the clusters')
            if grid.kind == BINARY:
                self._say(f'column {name!r} has no common decimal step; its values are rounded to multiples of 2**{grid.exponent}')
        if survey.vanished:
            self._say(f'warning: {survey.vanished:,} values are too small beside the largest of their column, and become 0')

    def _finish(self, result: Result, survey: Survey, space: Space) -> Dict:
        """Write the model, the mark of a finished run; return it."""
        last = result.iteration
        model = {
            'version': __version__, 'k': self._options.k, 'features': space.features,
            'grid': [grid.to_json() for grid in space.grids], 'weights': space.weights,
            'centroids': last.centroids.tolist(), 'counts': result.counts, 'inertia': result.inertia,
            'n_iter': last.number, 'converged': result.stopped_by != MAX_ITER, 'stopped_by': result.stopped_by,
            'hash': model_hash(space, last.centroids, result.counts), 'n_samples': survey.n_samples,
            'seed': self._options.seed, 'options': dict(asdict(self._options), **asdict(self._text)),
            'data': {'fingerprint': f'{survey.fingerprint:016x}', 'n_samples': survey.n_samples, 'features': space.features},
        }
        self._run.write_json(model, MODEL)
        return model


def _difference(was: Dict, now: Dict) -> str:
    """Return the first difference of two plain dicts in words."""
    for key in sorted({*was, *now}, key=lambda key: (key != 'path', key)):
        old, new = was.get(key), now.get(key)
        if isinstance(old, dict) and isinstance(new, dict) and old != new:
            return _difference(old, new)
        if old != new:
            name = now.get('path', was.get('path'))
            return f'{key} was {old!r}, is {new!r}' + (f' ({name})' if name and key != 'path' else '')
    return 'nothing'
