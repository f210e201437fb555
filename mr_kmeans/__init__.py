"""k-means clustering of any number of numeric rows, as Hadoop Streaming jobs.

>>> import mr_kmeans
>>> result = mr_kmeans.fit('data/wine.csv', k=3, columns=['alcohol', 'hue'])
>>> result.model.counts
[61, 59, 58]

Public names are imported on first use, since the nodes of a cluster also import this package but
lack what the driver needs.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, List

__version__ = '0.1.0'

__all__ = [
    'AssignResult',
    'DataError',
    'FitResult',
    'KMeansError',
    'LockedError',
    'Model',
    'RunError',
    'UsageError',
    '__version__',
    'assign',
    'fit',
]

if TYPE_CHECKING:
    from mr_kmeans.commands.api import assign, fit
    from mr_kmeans.errors import DataError, KMeansError, LockedError, RunError, UsageError
    from mr_kmeans.run.model_file import Model
    from mr_kmeans.run.result import AssignResult, FitResult

_HOMES = {
    'commands.api': ('assign', 'fit'),
    'errors': ('DataError', 'KMeansError', 'LockedError', 'RunError', 'UsageError'),
    'run.model_file': ('Model',),
    'run.result': ('AssignResult', 'FitResult'),
}
"""Modules from which public names are imported."""


def __getattr__(name: str) -> object:
    for module, names in _HOMES.items():
        if name in names:
            found = getattr(importlib.import_module(f'{__name__}.{module}'), name)
            globals()[name] = found
            return found
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')


def __dir__() -> List[str]:
    return sorted({*globals(), *__all__})
