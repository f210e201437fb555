"""The rows of a run made ready: packed or not, surveyed, and their bad ones reported."""
from __future__ import annotations

import json
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Tuple

from mr_kmeans.errors import DataError, RunError
from mr_kmeans.inputs import check_unchanged
from mr_kmeans.jobs.mr_pack import MRPack, load_records
from mr_kmeans.jobs.mr_summaries import MRSummaries
from mr_kmeans.jobs.mr_survey import MRSurvey
from mr_kmeans.ledger import Ledger
from mr_kmeans.pointreader import SUMMARY_KEY
from mr_kmeans.pointsfolder import begin_points, put_points
from mr_kmeans.rundir import MADE_FROM, RunDirectory, Say, read_json
from mr_kmeans.sequencefile import read_tail
from mr_kmeans.source import Source
from mr_kmeans.space import Space
from mr_kmeans.survey import Survey
from mr_kmeans.wording import counted

MUCH_TEXT = 64 << 20
"""Bytes that take a second or more to pack; that it begins is then said."""


class Rows(NamedTuple):
    """Rows ready for passes.

    Attributes
    ----------
    data : list of lists of Split, or RemoteInput
        What a pass reads, as the place has it.
    survey : Survey
    space : Space
    ledger : Ledger
    """

    data: object
    survey: Survey
    space: Space
    ledger: Ledger


class RowsMaker:
    """Makes rows ready in a run's directory.

    Parameters
    ----------
    run : RunDirectory
        Open.
    source : Source
    place : LocalPlace or HadoopPlace
    say : callable
        Takes lines for the user.
    """

    def __init__(self, run: RunDirectory, source: Source, place, say: Say):
        self._run, self._source, self._place, self._say = run, source, place, say

    def make(self, seed: int, capacity: int, max_bad_rows: int, weights: Optional[List[float]]) -> Rows:
        """Pack and survey the rows; write the ledger, unless there is a run that has its own.

        Raises
        ------
        DataError
            When there are too many bad rows, or no row at all.
        """
        data, survey = self.pack(seed, capacity) if self._place.launcher.options.pack else self._survey_text(seed, capacity)
        ledger = self._report(survey, max_bad_rows)
        space = survey.space(self._source.features, weights)
        if survey.needs_grids or not (survey.sample and survey.sample.capacity == capacity):
            survey = self._survey_on_grids(data, seed, capacity, space)._replace(tallies=survey.tallies)
            space = survey.space(self._source.features, weights)
        return Rows(data, survey, space, ledger)

    def data(self, seed: int, capacity: int):
        """Return what a pass over rows reads that were surveyed before; pack them again if they are gone."""
        return self.pack(seed, capacity)[0] if self._place.launcher.options.pack else self._place.text(self._source)

    def pack(self, seed: int, capacity: int) -> Tuple[object, Survey]:
        """Pack the rows, or find them packed; return what a pass reads, and the survey."""
        place, source, sampling = self._place, self._source, {'seed': seed, 'capacity': capacity}
        made_from = packed_before(place, source)
        if made_from:
            has_sample = {key: made_from.get(key) for key in sampling} == sampling
            try:
                survey = Survey.of_records(record for record in summaries(place, place.points) if has_sample or record[0][0] != 'sample')
                self._say(f'using the packed rows in {place.points}')
                return place.packed(), survey
            except DataError as error:
                self._say(f'packing again: {error}')
        text = place.text(source)
        if source.n_bytes >= MUCH_TEXT:
            self._say(f'packing {counted(source.n_bytes, "byte")} of text')
        self._run.check_lock()
        made = begin_points(place)
        result = place.launcher.run(MRPack, text, self._read_text() + _sampling(seed, capacity) + place.pack_arguments, output=made)
        check_unchanged(source.files)
        survey, sizes = Survey.of_records(summaries(place, made)), part_sizes(place.storage, made)
        check_counted(result.counters, survey)
        made_from = json.dumps(dict(source.to_json(), **sampling, parts=sizes), indent=1)
        place.storage.write(place.storage.join(made, MADE_FROM), made_from.encode('utf-8') + b'\n')
        n_packed = sum(sizes.values())
        self._run.check_lock()
        put_points(place, made)
        self._say(f'packed {counted(source.n_bytes, "byte")} of text into {n_packed:,} in {result.seconds:.1f} s')
        return place.packed(), survey

    def _survey_text(self, seed: int, capacity: int) -> Tuple[object, Survey]:
        data = self._place.text(self._source)
        result = self._place.launcher.run(MRSurvey, data, self._read_text() + _sampling(seed, capacity))
        check_unchanged(self._source.files)
        survey = Survey.of_records(result.records)
        check_counted(result.counters, survey)
        return data, survey

    def _survey_on_grids(self, data, seed: int, capacity: int, space: Space) -> Survey:
        """Survey rows that change on their grids, which the first pass did not know yet."""
        path = self._place.note_file('space.json', json.dumps({'space': space.to_json()}))
        return Survey.of_records(self._place.launcher.run(
            MRSurvey, data, self._read_text() + _sampling(seed, capacity) + ['--survey', path]).records)

    def _read_text(self) -> List[str]:
        return ['--text-input', self._source.text_input.dumps()]

    def _report(self, survey: Survey, max_bad_rows: int) -> Ledger:
        """Write the ledger, refuse too many bad rows, say what is in it."""
        names = [file.name for file in self._source.files]
        ledger = Ledger.of_tallies(survey.tallies, names, self._source.dialect.names)
        ledger.report(self._run, names[0], survey.n_samples, max_bad_rows, self._say)
        return ledger


def packed_before(place, source: Source) -> Optional[Dict]:
    """Return what the packed rows of a place were made from, None when that is not this source, or when they are not whole."""
    try:
        made_from = read_json(place.storage, place.storage.join(place.points, MADE_FROM)) or {}
    except RunError:  # damaged
        return None
    wanted = dict(source.to_json(), parts=part_sizes(place.storage, place.points))
    return made_from if {key: made_from.get(key) for key in wanted} == wanted else None


def part_sizes(storage, folder: str) -> Dict[str, int]:
    """Return the size in bytes of each file of packed rows in a folder."""
    return {name: size for name, size in storage.sizes(folder).items() if name.startswith('part-')}


def check_counted(counters: Dict[str, int], survey: Survey) -> None:
    """Compare the job's counters to what it has written: a part that got lost shows here.

    Raises
    ------
    RunError
    """
    written = {'rows': survey.n_samples, 'rejected': sum(tally['rejected'] for tally in survey.tallies.values())}
    for name, n_rows in written.items():
        if counters.get(name, 0) != n_rows:
            raise RunError(f'the tasks counted {counters.get(name, 0):,} {name}, what they have written has {n_rows:,}: something was lost. '
                           'Nothing of this pass was kept.')


def summaries(place, folder: str) -> Iterable[Tuple]:
    """Return the survey's records of all files of packed rows in a folder; merged, where a job has to read them.

    `hadoop fs` reads a file from its beginning: all rows would come to the driver for the last record of each file.

    Raises
    ------
    DataError
        When a file is damaged or has no summary.
    """
    if not place.storage.slow:
        return read_summaries(place.storage, folder)
    n_parts = len(part_sizes(place.storage, folder))
    result = place.launcher.run(MRSummaries, place.packed(folder))
    n_summaries = result.counters.get('summaries', 0)
    if n_summaries != n_parts:
        raise DataError(f'{folder}: {n_parts} files of packed rows have {n_summaries} summaries; they should end with one each. '
                        f'Remove {folder}.')
    return result.records


def read_summaries(storage, folder: str) -> Iterator[Tuple]:
    """Yield the survey's records of all files of packed rows in a folder.

    Raises
    ------
    DataError
        When a file is damaged or has no summary.
    """
    for name in part_sizes(storage, folder):
        path = storage.join(folder, name)
        with storage.open(path) as stream:
            tail = read_tail(stream, path)
        if not tail or tail[-1].key != SUMMARY_KEY:
            raise DataError(f'{path}: the summary at its end is missing; the file is cut off. Remove {folder}.')
        yield from load_records(tail[-1].value, f'{path} at byte {tail[-1].position}')


def _sampling(seed: int, capacity: int) -> List[str]:
    return ['--seed', str(seed), '--capacity', str(capacity)]
