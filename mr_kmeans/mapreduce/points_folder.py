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
from mr_kmeans.run.directory import MADE_FROM
from mr_kmeans.storage.base import UNFINISHED

PACKING = '.packing' + UNFINISHED
_PART = re.compile(r'part-\d+')


def begin_points(place) -> str:
    """Return the path of a folder, not made yet, for new packed rows of a place. Those that are
    there stay until `put_points`.

    Raises
    ------
    RunError
        When the folder is a link to nothing, or to a folder that holds other things.
    """
    storage, points = place.storage, place.points
    lost = storage.lost_link(points)
    if lost:
        raise RunError(
            f'{points}: this is a link to {lost}, which is not there. Mount that disk, make the'
            ' folder (mkdir -p), or remove the link.'
        )
    if not _is_linked(place):
        return place.output('packed')
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


def put_points(place, made: str) -> None:
    """Put new packed rows in place of those that are there; what they were made from comes last."""
    storage, points = place.storage, place.points
    if not _is_linked(place):
        storage.remove(points)
        storage.publish(made, points, MADE_FROM)
        return
    _empty(place)
    names = [MADE_FROM, *_parts(storage.list(made))]
    storage.move_files(made, points, {name: name for name in names}, MADE_FROM)
    storage.remove(storage.join(points, PACKING))


def drop_points(place, made: str) -> None:
    """Remove new packed rows that are not to be put in place; those that are there stay."""
    storage, points = place.storage, place.points
    storage.remove(made)
    if _is_linked(place) and MADE_FROM in storage.list(points):
        storage.remove(storage.join(points, PACKING))


def remove_points(place) -> None:
    """Remove packed rows; a link and the folder it leads to stay."""
    storage, points = place.storage, place.points
    if not _is_linked(place):
        storage.remove(points)
        return
    storage.make_folder(storage.join(points, PACKING))
    _empty(place)
    storage.remove(storage.join(points, PACKING))


def _empty(place) -> None:
    """Remove packed rows from the folder that a link leads to, where `PACKING` says that this is in
    progress.
    """
    for name in (MADE_FROM, *_parts(place.storage.list(place.points))):
        place.storage.remove(place.storage.join(place.points, name))


def _parts(names: List[str]) -> List[str]:
    return [name for name in names if _PART.fullmatch(name)]


def _is_linked(place) -> bool:
    return place.storage.is_link(place.points) and place.storage.is_folder(place.points)
