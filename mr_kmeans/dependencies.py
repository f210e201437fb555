"""Messages about packages that are not installed, usable before anything else can be imported."""

from __future__ import annotations

import importlib.util
import os
import shlex
import sys
from typing import Optional

NEEDED = ('click', 'mrjob', 'numpy', 'tabulate', 'wcwidth', 'threadpoolctl')
"""Import names of the packages that `setup.cfg` requires for every Python."""

PACKAGES = {'distutils': 'setuptools', 'pipes': 'standard-pipes', 'yaml': 'PyYAML'}
"""Packages whose modules have other names; the first two are only missing in newer Pythons."""


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def explain_missing(error: ModuleNotFoundError) -> Optional[str]:
    """Return which packages to install and how, None if a module of this package is missing."""
    name = (error.name or '').partition('.')[0]
    if not name or name == 'mr_kmeans':
        return None
    missing = [PACKAGES.get(name, name)]
    missing += [other for other in NEEDED if other != name and not _is_there(other)]
    checkout = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    packages = f'packages {", ".join(missing)} are'
    if len(missing) == 1:
        packages = f'package {missing[0]} is'
    script = os.path.join(checkout, 'scripts', 'kmeans')
    has_script = os.path.exists(script)
    what = shlex.quote(checkout) if has_script else ' '.join(missing)
    advice = f'Install: {shlex.quote(sys.executable or "python3")} -m pip install {what}'
    if has_script:
        advice += f'; or use {shlex.quote(script)}, which needs nothing installed'
    return f'the {packages} not installed for this Python ({sys.version.split()[0]}). {advice}.'
