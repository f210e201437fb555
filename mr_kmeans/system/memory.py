"""Keeping freed memory in the process, for code that constantly creates and frees arrays of some
100 kB.

By default, glibc returns such memory to the system at once and requests it again for the next
array, page by page. When parsing text, this took 1,300 page faults per MiB, 25 of 68 ns per field;
none if the heap is kept.
"""

import numpy as np

_MAX_THRESHOLD = 32 * 2**20
"""Number of bytes up to which glibc adapts its thresholds (DEFAULT_MMAP_THRESHOLD_MAX on 64
bits).
"""


def keep_heap():
    """Make glibc keep up to 64 MB of freed memory; do nothing with other C libraries.

    glibc adapts to what is freed: after an array of 31 MiB was, arrays up to that size are
    allocated on the heap, and the heap is returned only if more than twice that size is free. The
    array is never accessed, so it takes no memory. Forked child processes inherit the setting.
    """
    np.empty(_MAX_THRESHOLD - 2**20, dtype=np.uint8)
