"""The folder of packed rows: emptied, filled and put in place, also where the user has made it a
link to another disk.

A folder that is not a link is replaced as a whole. A link stays, and the folder it leads to as
well: rows are packed within that folder, on its disk, and nothing is removed from it but what was
packed there. `PACKING` in it says that this is in progress.
"""

from __future__ import annotations

import re
from typing import List

from mr_kmeans.errors import RunError
from mr_kmeans.mapreduce.backend import Backend
from mr_kmeans.run.directory import MADE_FROM
from mr_kmeans.storage.base import UNFINISHED

PACKING = '.packing' + UNFINISHED
_PART = re.compile(r'part-\d+')


def begin_points(backend: Backend) -> str:
    """Return the path of a new folder for packed rows of a backend. Existing ones stay until
    `put_points`.

    Raises
    ------
    RunError
        When the folder is a link to nothing, or to a folder that holds other things.
    """
    storage, points = backend.storage, backend.points
    lost = storage.lost_link(points)
    if lost:
        raise RunError(
            f'{points}: this is a link to {lost}, which is not there. Mount that disk, make the'
            ' folder (mkdir -p), or remove the link.'
        )
    if not _is_linked(backend):
        return backend.output('packed')
    names = storage.list(points)
    parts = _parts(names)
    foreign = [name for name in names if name not in (*parts, MADE_FROM, PACKING)]
    if not foreign and MADE_FROM not in names and PACKING not in names:
        foreign = parts
    if foreign:
        raise RunError(
            f'{points}: this is a link to a folder that holds other things than packed rows'
            f' ({foreign[0]}). Let it lead to an empty folder, or remove the link.'
        )
    packing = storage.join(points, PACKING)
    storage.make_folder(packing)
    made = storage.join(packing, 'packed')
    storage.remove(made)
    return made


def put_points(backend: Backend, made: str) -> None:
    """Replace the packed rows by new ones; what they were made from is written last."""
    storage, points = backend.storage, backend.points
    if not _is_linked(backend):
        storage.remove(points)
        storage.publish(made, points, MADE_FROM)
        return
    _empty(backend)
    names = [MADE_FROM, *_parts(storage.list(made))]
    storage.move_files(made, points, {name: name for name in names}, MADE_FROM)
    storage.remove(storage.join(points, PACKING))


def drop_points(backend: Backend, made: str) -> None:
    """Remove new packed rows that are not needed; existing ones stay."""
    storage, points = backend.storage, backend.points
    storage.remove(made)
    if _is_linked(backend) and MADE_FROM in storage.list(points):
        storage.remove(storage.join(points, PACKING))


def remove_points(backend: Backend) -> None:
    """Remove packed rows; a link and the folder it leads to stay."""
    storage, points = backend.storage, backend.points
    if not _is_linked(backend):
        storage.remove(points)
        return
    storage.make_folder(storage.join(points, PACKING))
    _empty(backend)
    storage.remove(storage.join(points, PACKING))


def _empty(backend: Backend) -> None:
    """Remove packed rows from the folder that a link leads to, if `PACKING` says that packing is in
    progress.
    """
    for name in (MADE_FROM, *_parts(backend.storage.list(backend.points))):
        backend.storage.remove(backend.storage.join(backend.points, name))


def _parts(names: List[str]) -> List[str]:
    return [name for name in names if _PART.fullmatch(name)]


def _is_linked(backend: Backend) -> bool:
    return backend.storage.is_link(backend.points) and backend.storage.is_folder(backend.points)
