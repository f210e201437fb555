"""Points: rows of numbers together with their origin."""

from __future__ import annotations

from typing import List, NamedTuple, Optional

import numpy as np

from mr_kmeans.exact.column import Column


class Origin(NamedTuple):
    """The split of the input from which points were read.

    Attributes
    ----------
    file : str
        Path or URI.
    start : int
        The position of the split's first byte.
    """

    file: str
    start: int


class Points(NamedTuple):
    """A batch of n points, feature-major.

    Attributes
    ----------
    columns : list of d Column
    rows : ndarray of shape (n,), int64
        The line of each point within its split, from 0.
    ids : list of n bytes, or None
        The ids of the points, if the input has an id column.
    origin : Origin
    """

    columns: List[Column]
    rows: np.ndarray
    ids: Optional[List[bytes]]
    origin: Origin
