"""Preparation of the rows of a run: packing, survey, report of bad rows."""

from __future__ import annotations

import json
import logging
from typing import Callable, List, NamedTuple, Optional, Tuple

from mr_kmeans.errors import DamagedRowsError, RunError, UsageError
from mr_kmeans.exact.feature_space import FeatureSpace
from mr_kmeans.exact.survey import Survey, differing
from mr_kmeans.formats.point_reader import STOP_MARGIN
from mr_kmeans.inputs.files import check_unchanged
from mr_kmeans.inputs.source import Source
from mr_kmeans.jobs.mr_pack import MRPack
from mr_kmeans.jobs.mr_survey import MRSurvey
from mr_kmeans.mapreduce.backend import Backend
from mr_kmeans.mapreduce.packed import check_counted, packed_before, part_sizes, summaries
from mr_kmeans.mapreduce.points_folder import (
    begin_points,
    drop_points,
    put_points,
    remove_points,
)
from mr_kmeans.messages import counted
from mr_kmeans.run.directory import MADE_FROM, RunDirectory
from mr_kmeans.run.ledger import Ledger

log = logging.getLogger(__name__)

MUCH_TEXT = 64 << 20
"""Minimum number of bytes whose packing is announced, since it takes a second or more."""


Accept = Callable[[object, Survey], object]


class PreparedRows(NamedTuple):
    """Rows ready for passes.

    Attributes
    ----------
    data : list of lists of Split, or RemoteInput
        What a pass reads, as the backend has it.
    survey : Survey
    space : FeatureSpace
    ledger : Ledger or None
        None where the run's own still holds.
    """

    data: object
    survey: Survey
    space: FeatureSpace
    ledger: Optional[Ledger]


class RowPreparer:
    """Preparation of rows in a run's directory.

    Parameters
    ----------
    run : RunDirectory
        Open.
    source : Source
    backend : Backend
    max_bad_rows : int
    """

    def __init__(self, run: RunDirectory, source: Source, backend: Backend, max_bad_rows: int):
        self._run, self._source, self._backend = run, source, backend
        self._max_bad_rows = max_bad_rows
        self._aside: Optional[str] = None

    def make(self, seed: int, capacity: int, weights: Optional[List[float]]) -> PreparedRows:
        """Pack and survey the rows; write the ledger, unless there is a run that has its own.

        Raises
        ------
        DataError
            When there are too many bad rows, or no row at all.
        """
        if not self._packs:
            return self._finish(*self._survey_text(seed, capacity), seed, capacity, weights)
        found = self._find_packed(seed, capacity)
        if found:
            try:
                return self._finish(*found, seed, capacity, weights)
            except DamagedRowsError as error:
                self._throw_away(error)
        packed = self._pack(seed, capacity, aside=self._run.has_run())
        return self._finish(*packed, seed, capacity, weights)

    def put(self):
        """Replace the packed rows of an earlier run by those that `make` has kept aside, once that
        run is replaced as well; return what a pass reads, None if none were kept aside.
        """
        if self._aside is None:
            return None
        put_points(self._backend, self._aside)
        self._aside = None
        return self._backend.packed()

    def close(self) -> None:
        """Remove packed rows that were kept aside and not put in place."""
        if self._aside is not None:
            drop_points(self._backend, self._aside)

    def _finish(
        self, data, survey: Survey, seed: int, capacity: int, weights: Optional[List[float]]
    ) -> PreparedRows:
        """Report bad rows; survey the rows on their grids if necessary."""
        ledger = self._report(survey)
        space = survey.space(self._source.features, weights)
        if survey.needs_grids or not (survey.sample and survey.sample.capacity == capacity):
            survey = self._survey_on_grids(data, survey, seed, capacity, space)
            space = survey.space(self._source.features, weights)
        return PreparedRows(data, survey, space, ledger)

    def make_again(
        self, seed: int, capacity: int, survey: Survey, space: FeatureSpace, moved: str = ''
    ) -> PreparedRows:
        """Prepare the rows of an earlier run, and check that they are the same, whatever their
        order.

        Parameters
        ----------
        seed, capacity : int
        survey : Survey
        space : FeatureSpace
            What the run knows of its rows.
        moved : str
            How the files differ from those of the run, nothing when they do not.

        Raises
        ------
        UsageError
            When they are other rows.
        """
        found = self._find_packed(seed, capacity) if self._packs else None
        if not moved and (found or not self._packs):
            return PreparedRows(
                found[0] if found else self._backend.text(self._source), survey, space, None
            )
        ledgers = []

        def accept(data, now: Survey) -> None:
            ledgers.append(self._check_same(data, now, seed, capacity, survey, space, moved))

        if found:
            try:
                accept(*found)
            except DamagedRowsError as error:
                self._throw_away(error)
                found = None
        if not found:
            found = (
                self._pack(seed, capacity, accept)
                if self._packs
                else self._survey_text(seed, capacity)
            )
        if not self._packs:
            accept(*found)
        return PreparedRows(found[0], survey, space, ledgers[-1])

    def pack_again(
        self, error: DamagedRowsError, seed: int, capacity: int, survey: Survey, space: FeatureSpace
    ):
        """Remove packed rows that are damaged, and pack them from the text; return what a pass
        reads.
        """
        self._throw_away(error)
        return self._pack(
            seed,
            capacity,
            lambda data, now: self._check_same(data, now, seed, capacity, survey, space, ''),
        )[0]

    def _check_same(
        self,
        data,
        now: Survey,
        seed: int,
        capacity: int,
        survey: Survey,
        space: FeatureSpace,
        moved: str,
    ) -> Optional[Ledger]:
        """Refuse rows that are not those of the run."""
        ledger = self._report(now) if moved else None
        if now.n_samples == survey.n_samples and now.needs_grids:
            now = self._survey_on_grids(
                data, now, seed, capacity, now.space(space.features, space.weights)
            )
        difference = differing(survey, space, now, now.space(space.features, space.weights))
        if difference:
            what = (
                f'the input differs: {moved}; {difference}'
                if moved
                else f'the rows have changed since the run began ({difference})'
            )
            raise UsageError(f'--resume: {what}. Use --overwrite to start again.')
        return ledger

    @property
    def _packs(self) -> bool:
        return self._backend.launcher.options.pack

    def _find_packed(self, seed: int, capacity: int) -> Optional[Tuple[object, Survey]]:
        """Return what a pass over packed rows reads, and their survey; None if there are none of
        these files, or they are damaged.
        """
        backend, sampling = self._backend, {'seed': seed, 'capacity': capacity}
        made_from = packed_before(backend, self._source)
        if not made_from:
            return None
        has_sample = {key: made_from.get(key) for key in sampling} == sampling
        try:
            survey = Survey.of_records(
                record
                for record in summaries(backend, backend.points)
                if has_sample or record[0][0] != 'sample'
            )
        except DamagedRowsError as error:
            self._throw_away(error)
            return None
        log.info(f'using the packed rows in {backend.points}')
        return backend.packed(), survey

    def _throw_away(self, error: DamagedRowsError) -> None:
        """Remove packed rows that are damaged; they can be packed again from the text."""
        log.info(f'the packed rows are damaged, and are packed again: {error}')
        self._run.check_lock()
        remove_points(self._backend)

    def _pack(
        self,
        seed: int,
        capacity: int,
        accept: Accept = lambda data, survey: None,
        aside: bool = False,
    ) -> Tuple[object, Survey]:
        """Pack the rows; return what a pass reads, and the survey. What was packed before stays
        until all is well.

        Parameters
        ----------
        seed, capacity : int
        accept : callable
            Is given both, and raises what is wrong with them.
        aside : bool
            Leave those that were packed before in place until `put`: a run that is kept has use for
            them.
        """
        backend, source = self._backend, self._source
        text = backend.text(source)
        if source.n_bytes >= MUCH_TEXT:
            log.info(f'packing {counted(source.n_bytes, "byte")} of text')
        self._run.check_lock()
        made = begin_points(backend)
        result = backend.launcher.run(
            MRPack,
            text,
            self._read_text() + _sampling(seed, capacity) + backend.pack_arguments,
            output=made,
        )
        check_unchanged(source.files)
        survey, sizes = (
            Survey.of_records(summaries(backend, made)),
            part_sizes(backend.storage, made),
        )
        check_counted(result.counters, survey)
        if survey.is_cut:
            self._report(survey)  # which refuses it: what was packed is not whole
        accept(backend.packed(made), survey)
        made_from = json.dumps(
            dict(source.to_json(), seed=seed, capacity=capacity, parts=sizes), indent=1
        )
        backend.storage.write(
            backend.storage.join(made, MADE_FROM), made_from.encode('utf-8') + b'\n'
        )
        n_packed = sum(sizes.values())
        self._run.check_lock()
        if aside:
            self._aside = made
        else:
            put_points(backend, made)
        log.info(
            f'packed {counted(source.n_bytes, "byte")} of text into {n_packed:,} in'
            f' {result.seconds:.1f} s'
        )
        return backend.packed(self._aside), survey

    def _survey_text(self, seed: int, capacity: int) -> Tuple[object, Survey]:
        data = self._backend.text(self._source)
        result = self._backend.launcher.run(
            MRSurvey, data, self._read_text() + _sampling(seed, capacity)
        )
        check_unchanged(self._source.files)
        survey = Survey.of_records(result.records)
        check_counted(result.counters, survey)
        return data, survey

    def _survey_on_grids(
        self, data, first: Survey, seed: int, capacity: int, space: FeatureSpace
    ) -> Survey:
        """Survey rows that change on their grids, which the first pass did not know."""
        path = self._backend.note_file('space.json', json.dumps({'space': space.to_json()}))
        survey = Survey.of_records(
            self._backend.launcher.run(
                MRSurvey, data, self._read_text() + _sampling(seed, capacity) + ['--survey', path]
            ).records
        )
        if survey.n_samples != first.n_samples:
            raise (DamagedRowsError if self._packs else RunError)(
                f'the first survey has {counted(first.n_samples, "row")}, the second'
                f' {survey.n_samples:,}: the input has changed, or a task lost rows.'
            )
        return survey._replace(tallies=first.tallies)

    def _read_text(self) -> List[str]:
        return [
            '--text-input',
            self._source.text_input.dumps(),
            '--stop-after',
            str(self._max_bad_rows + STOP_MARGIN),
        ]

    def _report(self, survey: Survey) -> Ledger:
        """Write the ledger, refuse too many bad rows, log what is in it."""
        names = [file.name for file in self._source.files]
        ledger = Ledger.of_tallies(survey.tallies, names, self._source.dialect.names)
        ledger.report(self._run, names[0], survey.n_samples, self._max_bad_rows)
        return ledger


def _sampling(seed: int, capacity: int) -> List[str]:
    return ['--seed', str(seed), '--capacity', str(capacity)]
