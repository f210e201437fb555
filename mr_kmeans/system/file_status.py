"""What a store tells of a file without opening it."""

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
        Milliseconds since 1970.
    file_id : int
        Of the file, whatever its name; 0 when it is not known.
    """

    name: str
    is_folder: bool
    size: int
    modified: int
    file_id: int = 0
