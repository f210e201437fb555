"""The status of a file in a store, known without opening it."""

from __future__ import annotations

from typing import NamedTuple


class Status(NamedTuple):
    """A file or folder.

    Attributes
    ----------
    name : str
        The last part of its path.
    is_folder : bool
    size : int
    modified : int
        Time of the last change, in nanoseconds since 1970.
    file_id : int
        The file's id, which does not depend on its name; 0 if it is not known.
    """

    name: str
    is_folder: bool
    size: int
    modified: int
    file_id: int = 0
