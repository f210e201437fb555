"""Counts of what the tasks on this machine have read, in memory shared with forked children."""

from __future__ import annotations

import mmap

import numpy as np

SLOTS = 1024
"""Number of slots of two numbers each, 16 KB in all. Each child has its own slot; far fewer run at
a time.
"""

_counts = np.frombuffer(mmap.mmap(-1, SLOTS * 16), dtype=np.int64).reshape(SLOTS, 2)
"""Rows and bytes, for the whole process, since a task does not know who has started it."""

_slot = 0


def begin() -> None:
    """Reset the counts for a new job."""
    global _slot
    _counts[:] = 0
    _slot = 0


def next_slot() -> None:
    """Assign a new slot to the child that is about to be forked."""
    global _slot
    _slot = (_slot + 1) % SLOTS


def add(n_rows: int, n_bytes: int) -> None:
    """Add to the counts of this task."""
    _counts[_slot, 0] += n_rows
    _counts[_slot, 1] += n_bytes


def read() -> tuple:
    """Return the numbers of rows and bytes read by all tasks."""
    return int(_counts[:, 0].sum()), int(_counts[:, 1].sum())
