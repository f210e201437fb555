"""Hadoop's jars: from the locked list into a cache outside the tree, complete or absent.

`jars.lock` has a line per jar: SHA-256, size, coordinate. So every machine runs the same bytes,
nothing has to be resolved (65 s of small requests), and what arrives is checked. `jgo` fetches
them: pure Python, no Maven.

`hadoop.jar` beside them is made here: an empty jar whose manifest names all others, in a fixed
order. So a class path is one short word, and the same everywhere (`*` would be in the order of the
folder).
"""

import fcntl
import hashlib
import os
import shutil
import ssl
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from . import HADOOP_VERSION
from .layout import ClusterError

CLASS_PATH_JAR = 'hadoop.jar'
LOCK_FILE = Path(__file__).with_name('jars.lock')
#: 8 at a time: 100 MB in 20 s, where one after the other they took 60.
DOWNLOADS = 8
#: Seconds without a byte before a download is given up; a slow line is no reason to fail.
TIMEOUT = 60


class Jar(NamedTuple):
    sha256: str
    size: int
    coordinate: str  # group:artifact:version, or group:artifact:classifier:version

    @property
    def filename(self):
        _, artifact, *classifier, version = self.coordinate.split(':')
        return '-'.join([artifact, version, *classifier]) + '.jar'


def locked_jars():
    """All jars of `jars.lock`."""
    lines = [
        line for line in LOCK_FILE.read_text().splitlines() if line and not line.startswith('#')
    ]
    return [
        Jar(sha256, int(size), coordinate) for sha256, size, coordinate in map(str.split, lines)
    ]


def cache_dir(environ=os.environ):
    """The folder of this version's jars: named after the list, so that another list never meets old
    jars."""
    base = environ.get('XDG_CACHE_HOME')
    base = Path(base) if base and os.path.isabs(base) else Path.home() / '.cache'
    digest = hashlib.sha256(LOCK_FILE.read_bytes()).hexdigest()[:12]
    return base / 'mr_kmeans' / f'hadoop-{HADOOP_VERSION}' / digest


def ensure_jars(talk=lambda text: None):
    """The folder with all jars and `hadoop.jar`, fetched if they are not there yet.

    They are gathered in `<folder>.partial`, checked, and the folder is then renamed: what exists is
    complete. A second start waits for the first; what an interrupted one had fetched is used again.
    """
    jars, folder = locked_jars(), cache_dir()
    if _is_complete(folder, jars):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(f'{folder}.lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _is_complete(folder, jars):
            return folder
        partial = folder.with_name(folder.name + '.partial')
        partial.mkdir(exist_ok=True)
        total = sum(jar.size for jar in jars)
        talk(
            f'fetching Hadoop {HADOOP_VERSION} ({len(jars)} jars, {total / 1e6:.0f} MB) into'
            f' {folder}, once'
        )
        _fetch_all(jars, partial)
        _write_class_path_jar(partial / CLASS_PATH_JAR, jars)
        if folder.exists():  # somebody took files out of it
            shutil.rmtree(folder)
        partial.rename(folder)
    return folder


def _is_complete(folder, jars):
    """Sizes are compared, not sums: the folder was checked when it was made, this notices a cleaner
    of old files."""
    try:
        sizes = {entry.name: entry.stat().st_size for entry in os.scandir(folder)}
    except OSError:
        return False
    return sizes.get(CLASS_PATH_JAR, 0) > 0 and all(
        sizes.get(jar.filename) == jar.size for jar in jars
    )


def _fetch_all(jars, partial):
    try:
        from jgo.maven import MavenContext
    except ImportError:
        raise ClusterError(
            f"{sys.executable} has no package `jgo`, which fetches Hadoop's jars. Install it: "
            "python3 -m pip install 'jgo>=2.1,<4', or the extra `hadoop` of this project"
        ) from None
    trusted = ssl.get_default_verify_paths()
    if (
        trusted.cafile or trusted.capath
    ):  # as pip and curl do: behind a proxy of its own, a site's certificate is only there
        os.environ.setdefault('REQUESTS_CA_BUNDLE', trusted.cafile or trusted.capath)
    maven = MavenContext(repo_cache=partial / 'repository', timeout=TIMEOUT)
    pool = ThreadPoolExecutor(DOWNLOADS)
    try:
        list(pool.map(lambda jar: _fetch(maven, jar, partial / jar.filename), jars))
    finally:
        pool.shutdown(
            cancel_futures=True
        )  # Ctrl-C and the first failure do not wait for those not begun
    shutil.rmtree(partial / 'repository', ignore_errors=True)


def _fetch(maven, jar, target):
    """Fetch one jar to `target`, twice if the first try brings something wrong."""
    if target.exists() and _sha256(target) == jar.sha256:
        return
    group, artifact, *classifier, version = jar.coordinate.split(':')
    wanted = (
        maven.project(group, artifact)
        .at_version(version)
        .artifact(classifier[0] if classifier else '', 'jar')
    )
    found = 'nothing'
    for _ in range(2):
        try:
            wanted.cached_path.unlink(missing_ok=True)  # half a file of an interrupted try
            arrived = wanted.resolve()
        except Exception as error:  # requests' and jgo's own: all mean that the jar is not here
            found = f'{type(error).__name__}: {error}'
            continue
        found = _sha256(arrived)
        if found == jar.sha256:
            arrived.replace(target)
            return
    raise ClusterError(
        f'could not fetch {jar.coordinate}: expected SHA-256 {jar.sha256}, got {found}. '
        'Start again: what has arrived is kept'
    )


def _sha256(path):
    digest = hashlib.sha256()
    with open(path, 'rb') as stream:
        for piece in iter(lambda: stream.read(1 << 20), b''):
            digest.update(piece)
    return digest.hexdigest()


def _write_class_path_jar(path, jars):
    """The jar of jars. A manifest's lines end at 72 bytes and go on after a blank."""
    text = 'Class-Path: ' + ' '.join(sorted(jar.filename for jar in jars))
    lines = [text[:70]] + [' ' + text[at : at + 69] for at in range(70, len(text), 69)]
    with zipfile.ZipFile(path, 'w') as jar:
        jar.writestr(
            zipfile.ZipInfo('META-INF/MANIFEST.MF'),
            '\r\n'.join(['Manifest-Version: 1.0', *lines, '', '']),
        )
