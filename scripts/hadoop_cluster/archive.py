"""Java's class archive: all classes of a cluster, parsed and verified once, mapped into memory by
every JVM.

Measured on 2 cores: five daemons start in 7 s instead of 13, a streaming job needs 2 to 3 s less.
It is made once (25 s of processor time, 127 MB in the cache) from the list `classes.txt.gz` (see
`classlist`). Nothing depends on it: without one, or with one that does not fit, Java reads its jars
as always.
"""

import gzip
import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

from .jars import CLASS_PATH_JAR

CLASS_LIST = Path(__file__).with_name('classes.txt.gz')
#: Minutes are only needed on a machine that is very busy; then it does without.
MAKE_SECONDS = 300
#: Archives of other Javas (other virtual environments) that are kept.
KEPT = 3

#: What Java says about an archive goes to stdout otherwise, into the output of `hadoop fs -cat`.
QUIET = ['-Xlog:disable', '-Xlog:all=error:stderr']
#: Every JVM else leaves a file in /tmp/hsperfdata_USER when it is killed.
NO_TRACE = '-XX:-UsePerfData'


def ensure_archive(java, jars_dir, talk=lambda text: None):
    """The archive for this Java and these jars, made if there is none that fits; None if it cannot
    be made."""
    tag = hashlib.sha256(
        f'{java.home}\n{java.build}\n'.encode() + CLASS_LIST.read_bytes()
    ).hexdigest()[:12]
    path = jars_dir.with_name(f'{jars_dir.name}-{tag}.jsa')
    if _fits(java, jars_dir, path):
        os.utime(path)  # used now: the others go first
        return path
    talk(f'making the class archive {path}, once (about 25 s)')
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix='.new')
    os.close(handle)
    try:
        if not _make(java, jars_dir, aside) or not _fits(java, jars_dir, aside):
            talk('it could not be made; Java starts without it, some seconds slower')
            return None
        os.replace(aside, path)
    finally:
        if os.path.exists(aside):
            os.unlink(aside)
    for old in sorted(path.parent.glob('*.jsa'), key=os.path.getmtime)[:-KEPT]:
        old.unlink()
    return path


def options(archive):
    """The JVM options that use it, for every JVM."""
    return [
        NO_TRACE,
        '-Xshare:auto',
        *([f'-XX:SharedArchiveFile={archive}', *QUIET] if archive else []),
    ]


def _fits(java, jars_dir, path):
    """Java itself says whether an archive fits: it compares builds, jars, sizes and times. A
    quarter of a second."""
    return (
        os.path.exists(path)
        and os.path.getsize(path) > 0
        and _run(java, jars_dir, ['-Xshare:on', f'-XX:SharedArchiveFile={path}', '-version'], 30)
    )


def _make(java, jars_dir, path):
    with tempfile.NamedTemporaryFile(suffix='.txt') as names:
        names.write(gzip.decompress(CLASS_LIST.read_bytes()))
        names.flush()
        os.unlink(path)  # Java makes it itself
        return _run(
            java,
            jars_dir,
            [
                '-Xshare:dump',
                '-Xmx1g',
                f'-XX:SharedClassListFile={names.name}',
                f'-XX:SharedArchiveFile={path}',
            ],
            MAKE_SECONDS,
        )


def _run(java, jars_dir, arguments, seconds):
    command = [
        f'{java.home}/bin/java',
        NO_TRACE,
        '-XX:TieredStopAtLevel=1',
        '-XX:+UseSerialGC',
        '-cp',
        str(jars_dir / CLASS_PATH_JAR),
        *arguments,
    ]
    try:
        return (
            subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=seconds,
            ).returncode
            == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
