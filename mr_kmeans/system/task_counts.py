"""How much the tasks on this machine have read, in memory that forked children share."""

from __future__ import annotations

import mmap

import numpy as np

SLOTS = 1024
"""Of two numbers each, 16 KB. Each child has its own slot: far fewer run at a time."""

_counts = np.frombuffer(mmap.mmap(-1, SLOTS * 16), dtype=np.int64).reshape(SLOTS, 2)
"""Rows and bytes; of the process, since a task does not know who has started it."""

_slot = 0


def begin() -> None:
    """Forget the counts of another job."""
    global _slot
    _counts[:] = 0
    _slot = 0


def next_slot() -> None:
    """Let a child that is about to be forked count in a slot of its own."""
    global _slot
    _slot = (_slot + 1) % SLOTS


def add(n_rows: int, n_bytes: int) -> None:
    """Count what this task has read."""
    _counts[_slot, 0] += n_rows
    _counts[_slot, 1] += n_bytes


def read() -> tuple:
    """Return the rows and bytes that all tasks have read."""
    return int(_counts[:, 0].sum()), int(_counts[:, 1].sum())
