"""What bench_quality prints: the machine, Markdown tables, goals met and missed."""

import importlib.metadata
import os
import platform
import statistics
import sys

ROUNDING = 1e-6
"""By which sums in float64 differ, as a part of them."""


def machine():
    """Return a line on the machine and the versions."""
    versions = []
    for name in ('numpy', 'scikit-learn', 'bkmeans'):
        try:
            versions.append('%s %s' % (name, importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            versions.append('no ' + name)
    return '%d cores, %.0f GB, %s; Python %s, %s; load %.1f' % (
        len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count(),
        os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9,
        platform.machine(),
        platform.python_version(),
        ', '.join(versions),
        os.getloadavg()[0],
    )


def say(text):
    print(text, file=sys.stderr, flush=True)


def table(header, rows):
    """Print a Markdown table."""
    print('| %s |' % ' | '.join(header))
    print('|%s' % ('---|' * len(header)))
    for row in rows:
        print('| %s |' % ' | '.join(cell.replace('|', r'\|') for cell in row))
    print(flush=True)


def judged(goals):
    """Return what a row says of its goals, (what, value, goal) each, and those that are missed."""
    missed = [
        '%s is %.5g, should be <= %.5g' % (what, value, goal)
        for what, value, goal in goals
        if value > goal * (1 + ROUNDING)
    ]
    return 'MISSED' if missed else 'met', missed


def ratio(value, to):
    return '%.4f' % (value / to) if value is not None and to is not None else '-'


def median(values):
    return statistics.median(values) if values else None
