"""The rows of a run made ready: packed or not, surveyed, and their bad ones reported."""
from __future__ import annotations

import json
import os
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

from mr_kmeans.errors import DataError, RunError
from mr_kmeans.inputs import check_unchanged
from mr_kmeans.jobs.mr_pack import MRPack, load_records
from mr_kmeans.jobs.mr_survey import MRSurvey
from mr_kmeans.launch import Launcher
from mr_kmeans.ledger import Ledger
from mr_kmeans.pointreader import SUMMARY_KEY
from mr_kmeans.rundir import MADE_FROM, POINTS, RunDirectory
from mr_kmeans.sequencefile import read_tail
from mr_kmeans.source import Source, packed_tasks
from mr_kmeans.space import Space
from mr_kmeans.splits import Split
from mr_kmeans.survey import Survey

Say = Callable[[str], None]

MUCH_TEXT = 64 << 20
"""Bytes that take a second or more to pack; that it begins is then said."""


class Rows(NamedTuple):
    """Rows ready for passes.

    Attributes
    ----------
    tasks : list of lists of Split
        What each map task of a pass reads.
    survey : Survey
    space : Space
    ledger : Ledger
    """

    tasks: List[List[Split]]
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
    launcher : Launcher
    say : callable
        Takes lines for the user.
    """

    def __init__(self, run: RunDirectory, source: Source, launcher: Launcher, say: Say):
        self._run, self._source, self._launcher, self._say = run, source, launcher, say

    def make(self, seed: int, capacity: int, max_bad_rows: int, weights: Optional[List[float]]) -> Rows:
        """Pack and survey the rows; write the ledger, unless there is a run that has its own.

        Raises
        ------
        DataError
            When there are too many bad rows, or no row at all.
        """
        tasks, survey = self.pack(seed, capacity) if self._launcher.options.pack else self._survey_text(seed, capacity)
        ledger = self.report(survey.tallies, max_bad_rows)
        if not survey.n_samples:
            raise DataError(f'{self._source.files[0].name}: no usable row; there is nothing to cluster: '
                            + '; '.join(ledger.describe()) + '.')
        space = survey.space(self._source.features, weights)
        if survey.needs_grids or not (survey.sample and survey.sample.capacity == capacity):
            survey = self._survey_on_grids(tasks, seed, capacity, space)._replace(tallies=survey.tallies)
            space = survey.space(self._source.features, weights)
        return Rows(tasks, survey, space, ledger)

    def tasks(self, seed: int, capacity: int) -> List[List[Split]]:
        """Return the tasks of a pass over rows that were surveyed before; pack them again if they are gone."""
        return self.pack(seed, capacity)[0] if self._launcher.options.pack else self._source.tasks()

    def pack(self, seed: int, capacity: int) -> Tuple[List[List[Split]], Survey]:
        """Pack the rows, or find them packed; return the tasks of a pass and the survey."""
        folder, sampling = self._run.path(POINTS), {'seed': seed, 'capacity': capacity}
        made_from = packed_before(self._run, self._source)
        if made_from:
            has_sample = {key: made_from.get(key) for key in sampling} == sampling
            try:
                survey = Survey.of_records(record for record in read_summaries(folder) if has_sample or record[0][0] != 'sample')
                self._say(f'using the packed rows in {folder}')
                return packed_tasks(folder), survey
            except DataError as error:
                self._say(f'packing again: {error}')
        if self._source.n_bytes >= MUCH_TEXT:
            self._say(f'packing {self._source.n_bytes:,} bytes of text')
        self._run.storage.remove(folder)
        made = os.path.abspath(os.path.join(self._run.temporary('pack'), POINTS))
        result = self._launcher.run(MRPack, self._source.tasks(), self._read_text() + _sampling(seed, capacity), output=made)
        check_unchanged(self._source.files)
        survey, sizes = Survey.of_records(read_summaries(made)), part_sizes(made)
        self._run.write_json(dict(self._source.to_json(), **sampling, parts=sizes), made, MADE_FROM)
        n_packed = sum(sizes.values())
        self._run.storage.rename(made, folder)
        self._say(f'packed {self._source.n_bytes:,} bytes of text into {n_packed:,} in {result.seconds:.1f} s')
        return packed_tasks(folder), survey

    def _survey_text(self, seed: int, capacity: int) -> Tuple[List[List[Split]], Survey]:
        tasks = self._source.tasks()
        records = self._launcher.run(MRSurvey, tasks, self._read_text() + _sampling(seed, capacity)).records
        check_unchanged(self._source.files)
        return tasks, Survey.of_records(records)

    def _survey_on_grids(self, tasks, seed: int, capacity: int, space: Space) -> Survey:
        """Survey rows that change on their grids, which the first pass did not know yet."""
        path = os.path.abspath(os.path.join(self._run.temporary('survey'), 'space.json'))
        with open(path, 'w', encoding='utf-8') as stream:
            json.dump({'space': space.to_json()}, stream)
        return Survey.of_records(self._launcher.run(
            MRSurvey, tasks, self._read_text() + _sampling(seed, capacity) + ['--survey', path]).records)

    def _read_text(self) -> List[str]:
        return ['--text-input', self._source.text_input.dumps()]

    def report(self, tallies: Dict, max_bad_rows: int) -> Ledger:
        """Write the ledger, refuse too many bad rows, say what is in it."""
        ledger = Ledger.of_tallies(tallies, [file.name for file in self._source.files], self._source.dialect.names)
        ledger.report(self._run, max_bad_rows, self._say)
        return ledger


def packed_before(run: RunDirectory, source: Source) -> Optional[Dict]:
    """Return what the packed rows of a run were made from, None when that is not this source, or when they are not whole."""
    try:
        made_from = run.read_json(POINTS, MADE_FROM) or {}
    except RunError:  # damaged
        return None
    wanted = dict(source.to_json(), parts=part_sizes(run.path(POINTS)))
    return made_from if {key: made_from.get(key) for key in wanted} == wanted else None


def part_sizes(folder: str) -> Dict[str, int]:
    """Return the size in bytes of each file of packed rows in a folder."""
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    return {name: os.path.getsize(os.path.join(folder, name)) for name in names if name.startswith('part-')}


def read_summaries(folder: str) -> Iterator[Tuple]:
    """Yield the survey's records of all files of packed rows in a folder.

    Raises
    ------
    DataError
        When a file is damaged or has no summary.
    """
    for name in sorted(os.listdir(folder)):
        if name.startswith('part-'):
            path = os.path.join(folder, name)
            with open(path, 'rb') as stream:
                tail = read_tail(stream, path)
            if not tail or tail[-1].key != SUMMARY_KEY:
                raise DataError(f'{path}: the summary at its end is missing; the file is cut off. Remove {folder}.')
            yield from load_records(tail[-1].value, f'{path} at byte {tail[-1].position}')


def _sampling(seed: int, capacity: int) -> List[str]:
    return ['--seed', str(seed), '--capacity', str(capacity)]
