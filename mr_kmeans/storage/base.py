"""What all stores have in common.

A store's files are immutable once written: `write` puts a whole file in place or none.
"""

from __future__ import annotations

from mr_kmeans.errors import UsageError

UNFINISHED = '.tmp'
"""How the names of files end that are being written; they begin with a dot and the name to be."""

COPYING = '._COPYING_'
"""What ``hadoop fs -put`` appends to the name of a file that it is writing; it stays when the
command is killed."""


def check_link(storage, path: str, shown: str) -> None:
    """Refuse a link to nothing in the place of a folder, as ``mkdir -p`` does: the disk it leads to
    may not be mounted.

    Raises
    ------
    UsageError
    """
    target = storage.lost_link(path)
    if target:
        raise UsageError(
            f'{shown}: this is a link to {target}, which is not there. Make that folder (mkdir -p),'
            ' or name another.'
        )
