"""The files of packed rows in a run's directory: what they were made from, their sizes, and the
surveys at their ends.
"""

from __future__ import annotations

from typing import Dict, Iterable, Iterator, Optional, Tuple

from mr_kmeans.errors import DamagedRowsError, RunError
from mr_kmeans.exact.survey import Survey
from mr_kmeans.formats.point_reader import SUMMARY_KEY
from mr_kmeans.formats.sequencefile import read_tail
from mr_kmeans.inputs.source import Source
from mr_kmeans.jobs.mr_pack import load_records
from mr_kmeans.jobs.mr_summaries import MRSummaries
from mr_kmeans.mapreduce.backend import Backend
from mr_kmeans.run.directory import MADE_FROM, read_json
from mr_kmeans.storage.base import Storage


def packed_before(backend: Backend, source: Source) -> Optional[Dict]:
    """Return what the packed rows of a backend were made from, None if that is not this source or
    they are incomplete.
    """
    try:
        made_from = (
            read_json(backend.storage, backend.storage.join(backend.points, MADE_FROM)) or {}
        )
    except RunError:  # damaged
        return None
    wanted = dict(source.to_json(), parts=part_sizes(backend.storage, backend.points))
    return made_from if {key: made_from.get(key) for key in wanted} == wanted else None


def part_sizes(storage: Storage, folder: str) -> Dict[str, int]:
    """Return the size in bytes of each file of packed rows in a folder."""
    return {name: size for name, size in storage.sizes(folder).items() if name.startswith('part-')}


def check_counted(counters: Dict[str, int], survey: Survey) -> None:
    """Compare the counters of the job to what it has written: a lost part shows here.

    Raises
    ------
    RunError
    """
    written = {
        'rows': survey.n_samples,
        'rejected': sum(tally['rejected'] for tally in survey.tallies.values()),
    }
    for name, n_rows in written.items():
        if counters.get(name, 0) != n_rows:
            raise RunError(
                f'the tasks counted {counters.get(name, 0):,} {name}, what they have written has'
                f' {n_rows:,}: something was lost. Nothing of this pass was kept.'
            )


def summaries(backend: Backend, folder: str) -> Iterable[Tuple]:
    """Return the survey's records of all files of packed rows in a folder; merged, if a job has to
    read them.

    `hadoop fs` reads a file from its beginning: all rows would come to the driver for the last
    record of each file.

    Raises
    ------
    DamagedRowsError
        When a file is damaged or has no summary.
    """
    if backend.storage.seekable:
        return read_summaries(backend.storage, folder)
    n_parts = len(part_sizes(backend.storage, folder))
    result = backend.launcher.run(MRSummaries, backend.packed(folder))
    n_summaries = result.counters.get('summaries', 0)
    if n_summaries != n_parts:
        raise DamagedRowsError(
            f'{folder}: {n_parts} files of packed rows have {n_summaries} summaries; they should'
            ' end with one each.'
        )
    return result.records


def read_summaries(storage: Storage, folder: str) -> Iterator[Tuple]:
    """Yield the survey's records of all files of packed rows in a folder.

    Raises
    ------
    DamagedRowsError
        When a file is damaged or has no summary.
    """
    for name in part_sizes(storage, folder):
        path = storage.join(folder, name)
        with storage.open(path) as stream:
            tail = read_tail(stream, path)
        if not tail or tail[-1].key != SUMMARY_KEY:
            raise DamagedRowsError(
                f'{path}: the summary at its end is missing; the file is cut off.'
            )
        yield from load_records(tail[-1].value, f'{path} at byte {tail[-1].position}')
