"""The threads of numpy's BLAS, on the driver's machine.

Our matrix products are small, and threads of the BLAS wait for each other by spinning: where the
cores have other work, a start on shuttle.csv took 72 s of CPU time with two threads, 7 with one.
"""

from __future__ import annotations

import contextlib
import functools
from typing import ContextManager

from threadpoolctl import threadpool_info, threadpool_limits


@functools.cache
def has_blas_threads() -> bool:
    """Return whether numpy's BLAS would start threads, which is determined once, in the parent."""
    return any(pool['num_threads'] > 1 for pool in threadpool_info())


def one_thread() -> ContextManager:
    """Return a context in which the BLAS uses one thread."""
    return threadpool_limits(1) if has_blas_threads() else contextlib.nullcontext()
