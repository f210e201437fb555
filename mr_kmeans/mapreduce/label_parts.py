"""The parts of a job's labels: put in the order of the input, and copied to their folder."""

from __future__ import annotations

import csv
import io
import logging
import os
from typing import List, Sequence, Tuple

from mr_kmeans.inputs.files import MIN_FILES_REPORTED
from mr_kmeans.jobs.mr_assign import HEADER
from mr_kmeans.storage.base import Storage

log = logging.getLogger(__name__)


def name_parts(storage: Storage, folder: str, target: str, files: Sequence[str]) -> List[str]:
    """Move the parts of a job's output that have a row to another folder, named by the input's
    order; return the names.

    Tasks are not numbered in the input's order everywhere: Hadoop begins with the largest splits.

    Parameters
    ----------
    storage : Storage
    folder : str
    target : str
        A folder that is not there.
    files : list of str
        Names of the input's files, in order.
    """
    sizes = storage.sizes(folder)
    kept = sorted(
        name for name, size in sizes.items() if name.startswith('part-') and size > len(HEADER)
    )
    if storage.slow_calls and len(kept) >= MIN_FILES_REPORTED:
        log.info(f'naming {len(kept)} files of labels by hadoop fs, about two seconds each')
    order = {file: number for number, file in enumerate(files)}
    first = dict(
        zip(
            kept,
            storage.map(
                lambda name: _first_row(storage, storage.join(folder, name), sizes[name]), kept
            ),
        )
    )
    kept.sort(key=lambda name: (order[first[name][0]], first[name][1]))
    kept = kept or sorted(name for name in sizes if name.startswith('part-'))[:1]
    names = {name: f'part-{number:05d}.csv' for number, name in enumerate(kept)}
    storage.move_files(folder, target, names)
    return list(names.values())


def fetch_parts(storage: Storage, folder: str, target: str) -> None:
    """Copy the parts of a job's output into a new local folder."""
    os.makedirs(target)
    storage.fetch(
        folder,
        {name: size for name, size in storage.sizes(folder).items() if name.startswith('part-')},
        target,
    )


def _first_row(storage: Storage, path: str, size: int) -> Tuple[str, int]:
    """Return file and number of the first row of a part."""
    with storage.open(path, size) as stream:
        rows = csv.reader(io.TextIOWrapper(stream, encoding='utf-8', newline=''))
        next(rows)
        file, row = next(rows)[:2]
    return file, int(row)
