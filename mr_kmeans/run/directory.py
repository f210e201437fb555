"""The output directory of a run: its files, its lock, and what is true of it after a crash.

====================  ==========================================================================
iterations/NNNNN.json the truth: one immutable file per iteration, put there whole
manifest.json         what the run is made of: files, how they are read, options
survey.json           what is known of the rows: count, moments, grids, weights, fingerprint
points/               the packed rows
kmeans.duckdb         the centroid table of a run by --engine sql that was given no database
centroids.csv, iterations.csv   rebuilt from the above
model.json            the result; its presence means that the run is done
rejected.csv          the ledger
lock                  which process writes here (lock.py)
tmp/                  temporary files of the running run; leftovers if there is no lock
====================  ==========================================================================

A run begins with its first iteration. What an attempt that failed before leaves here (a ledger,
packed rows) is no run.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
from typing import Dict, Iterator, List, Optional, Sequence, Type

from mr_kmeans import arguments
from mr_kmeans.errors import KMeansError, RunError, UsageError
from mr_kmeans.json_fields import FieldError, parse_object
from mr_kmeans.run.digest import with_digest, without_digest
from mr_kmeans.run.lock import LOCK, Lock
from mr_kmeans.runners.leftovers import is_left, remove_leftovers
from mr_kmeans.storage.base import COPYING, UNFINISHED, Storage, check_link
from mr_kmeans.storage.open import Stores
from mr_kmeans.system.signals import closing, undisturbed

log = logging.getLogger(__name__)

CENTROIDS, ITERATIONS, MODEL, LEDGER = (
    'centroids.csv',
    'iterations.csv',
    'model.json',
    'rejected.csv',
)
STATE, MANIFEST, SURVEY, POINTS, TEMPORARY = (
    'iterations',
    'manifest.json',
    'survey.json',
    'points',
    'tmp',
)

MADE_FROM = '_made_from.json'  # in POINTS
JOBS_FOLDER = 'jobs'  # in TEMPORARY
DATABASE = 'kmeans.duckdb'
SPILLED = DATABASE + '.tmp'  # a folder in which DuckDB keeps what memory does not hold
DATABASE_FILES = [
    DATABASE,
    SPILLED,
    *(DATABASE + suffix for suffix in ('.wal', '.wal.checkpoint', '.wal.recovery')),
]
"""Files that DuckDB may leave in the folder when it is killed; it reads them again, except
`SPILLED`."""

ATTEMPTS = 3  # at making the folder and locking it
RESULTS = [MODEL, CENTROIDS, ITERATIONS, STATE, MANIFEST, SURVEY, LEDGER]
"""Files of a result, in the order of their removal: if it is interrupted, what remains is a run
that can be resumed, or no run."""

OWN_FILES = RESULTS + [POINTS, LOCK, TEMPORARY, *DATABASE_FILES]
ADVICE = 'Start again with --overwrite.'
"""What can be done about a damaged file of a run."""

_UNFINISHED_NAME = re.compile(
    r'\.({own})\..*{unfinished}|({own}){copying}'.format(
        own='|'.join([*map(re.escape, OWN_FILES), '[0-9]{5}\\.json']),
        unfinished=re.escape(UNFINISHED),
        copying=re.escape(COPYING),
    )
)


class RunDirectory:
    """A run's output directory.

    Parameters
    ----------
    out : path
        It need not exist yet.
    candidates : sequence of str
        Names of folders in it, one for each of several candidates (`candidate`). A fit, whose one
        candidate lies in the directory itself, has none.
    lock : Lock, optional
        Of the directory above it.
    stores : Stores, optional

    Attributes
    ----------
    out : str
        As the user wrote it, for messages.
    stores : Stores
        Where this run's files are, its inputs as well.
    """

    def __init__(
        self,
        out: str,
        candidates: Sequence[str] = (),
        lock: Optional[Lock] = None,
        stores: Optional[Stores] = None,
    ):
        out = arguments.path('out', out)
        if not out:
            raise UsageError("-o '': name a folder")
        self.out = out
        self.stores = Stores() if stores is None else stores
        self.storage = self.stores.of(out)  # which refuses names that it cannot have
        self._root = self.storage.absolute(out)
        self._candidates = tuple(candidates)
        self._lock = lock or Lock(self.storage, self._root, out)
        self._made = False

    def path(self, *names: str) -> str:
        """Return the absolute path of a file of the run."""
        return self.storage.join(self._root, *names)

    def candidate(self, name: str) -> RunDirectory:
        """Return the folder of one of several candidates: a run of its own, which this directory
        keeps, opens and locks.
        """
        return RunDirectory(self.storage.join(self.out, name), lock=self._lock, stores=self.stores)

    @contextlib.contextmanager
    def held(self, break_lock: bool = False) -> Iterator[None]:
        """Open the directory for a block; if the block fails because another run has taken the
        lock, report that.
        """
        with closing(self):
            self.open(break_lock)
            try:
                yield
            except (RunError, OSError):
                self.check_lock()
                raise

    def open(self, break_lock: bool = False) -> None:
        """Make the directory where there is none, take the lock, remove leftovers.

        Parameters
        ----------
        break_lock : bool
            Replace the lock of a run that is gone, on the user's word; see `Lock.take`.

        Raises
        ------
        UsageError
            When there are other things in it than a run.
        LockedError
            If another run is using it.
        """
        check_link(self.storage, self._root, f'-o {self.out}')
        if self.storage.exists(self._root) and not self.storage.is_folder(self._root):
            raise UsageError(f'-o {self.out}: this is a file; name a folder')
        foreign = [
            name
            for name in self.storage.list(self._root)
            if name not in OWN_FILES and name not in self._candidates and not _is_unfinished(name)
        ]
        if foreign:
            raise UsageError(
                f'-o {self.out}: the folder holds other things ({foreign[0]}); name a new or'
                ' empty one'
            )
        try:
            broken = self._take_lock(break_lock)
            if broken:
                log.info(f'the lock of another run is broken, as --break-lock says ({broken})')
            self._remove_leftovers()
        except BaseException:
            self.close()
            raise

    def check_lock(self) -> None:
        """Make sure that no other run has taken this directory over since it was opened.

        Raises
        ------
        LockedError
        """
        self._lock.check()

    def close(self) -> None:
        """Remove temporary files and give the lock back; remove the directory if this run made it
        and left nothing.

        The note of work on a cluster that could not be ended stays: the next run ends it.
        """
        with undisturbed():
            try:
                if self._lock.is_own() and not is_left(
                    self.storage, self.path(TEMPORARY, JOBS_FOLDER)
                ):
                    self.storage.remove(self.path(TEMPORARY))
            finally:
                self._lock.give_back()
                if self._made:
                    self.storage.remove_empty(self._root)

    def has_run(self) -> bool:
        """Return whether a run has begun here, that is, has its first iteration."""
        names = self.storage.list(self._root)
        return (
            MODEL in names
            or CENTROIDS in names
            or (STATE in names and bool(self.iteration_numbers()))
            or any(self.candidate(name).has_run() for name in self._candidates if name in names)
        )

    def remove_database(self) -> None:
        """Remove the database that a run by SQL made in its folder."""
        names = self.storage.list(self._root)
        for name in DATABASE_FILES:
            if name in names:
                self.storage.remove(self.path(name))

    def clear(self) -> None:
        """Remove a run, except its packed rows."""
        names = self.storage.list(self._root)
        for name in [*self._candidates, *RESULTS]:
            if name in names:
                self.storage.remove(self.path(name))

    def iteration_numbers(self) -> List[int]:
        """Return the numbers of the iterations, 0 first, up to the first gap."""
        names = set(self.storage.list(self.path(STATE)))
        numbers: List[int] = []
        while f'{len(numbers):05d}.json' in names:
            numbers.append(len(numbers))
        return numbers

    def read_iteration(self, number: int) -> Dict:
        """Return the content of an iteration's file."""
        return self.read_json(STATE, f'{number:05d}.json') or {}

    def write_iteration(self, number: int, content: Dict) -> None:
        """Write an iteration's file, unless another run has taken the directory over."""
        self.check_lock()
        if not number:
            self.storage.make_folder(self.path(STATE))
        self.write_state(content, STATE, f'{number:05d}.json')

    def read_text(self, *names: str) -> str:
        """Return the content of a text file, empty if it does not exist."""
        try:
            return self.storage.read(self.path(*names)).decode('utf-8', 'surrogateescape')
        except (FileNotFoundError, NotADirectoryError):
            return ''

    def read_json(self, *names: str) -> Optional[Dict]:
        """Return the content of a JSON file, without its digest; None when there is none.

        Raises
        ------
        RunError
            When it is damaged.
        """
        content = read_json(self.storage, self.path(*names))
        with understanding(self.path(*names)):
            return None if content is None else without_digest(content)

    def write_json(self, content: Dict, *names: str) -> None:
        """Write a JSON file."""
        self.storage.write(self.path(*names), format_json(content))

    def write_state(self, content: Dict, *names: str) -> None:
        """Write a JSON file that a run can be resumed from, with a digest that is checked."""
        self.write_json(with_digest(content), *names)

    def write_text(self, text: str, *names: str) -> None:
        """Write a text file."""
        self.storage.write(self.path(*names), text.encode('utf-8', 'surrogateescape'))

    def temporary(self, name: str) -> str:
        """Return the path of a new temporary folder, made."""
        path = self.path(TEMPORARY, name)
        self.storage.make_folder(path)
        self.storage.make_private(self.path(TEMPORARY))
        return path

    def _take_lock(self, break_lock: bool) -> str:
        """Create the folder and take its lock; an earlier run that created the folder may be
        removing it.
        """
        for left in reversed(range(ATTEMPTS)):
            self._made = self._made or not self.storage.exists(self._root)
            try:
                self.storage.make_folder(self._root)
                return self._lock.take(break_lock)
            except FileNotFoundError:
                if not left:
                    raise
            except (FileExistsError, NotADirectoryError):
                raise UsageError(
                    f'-o {self.out}: there is a file where a folder above it should be'
                ) from None
        raise AssertionError('every attempt returns or raises')

    def _remove_leftovers(self) -> None:
        if self.storage.exists(self.path(TEMPORARY)):
            remove_leftovers(self.storage, self.path(TEMPORARY, JOBS_FOLDER), self.stores)
        self.storage.remove(self.path(TEMPORARY))
        self._remove_unfinished()
        for name in self._candidates:
            self.candidate(name)._remove_unfinished()

    def _remove_unfinished(self) -> None:
        for folder in (self._root, self.path(STATE)):
            for name in self.storage.list(folder):
                if _is_unfinished(name) or name == SPILLED:
                    self.storage.remove(self.storage.join(folder, name))


def format_json(content: Dict) -> bytes:
    """Return the bytes of a JSON file."""
    return json.dumps(content, indent=1).encode('utf-8') + b'\n'


def read_json(storage: Storage, path: str, advice: str = ADVICE) -> Optional[Dict]:
    """Return the content of a JSON file; None when there is none.

    Raises
    ------
    RunError
        When it is damaged.
    """
    try:
        data = storage.read(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except IsADirectoryError:
        raise RunError(f'{path}: damaged (this is a folder, not a file). {advice}') from None
    try:
        return parse_object(data)
    except FieldError as error:
        raise RunError(f'{path}: damaged ({error}). {advice}') from None


@contextlib.contextmanager
def understanding(
    path: str, advice: str = ADVICE, kind: Type[KMeansError] = RunError
) -> Iterator[None]:
    """Turn errors from reading the content of a state file into one that names the file.

    Raises
    ------
    KMeansError
        Of the kind that is asked for.
    """
    try:
        yield
    except FieldError as error:
        raise kind(f'{path}: damaged, or of another version: {error}. {advice}') from None
    except (
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise kind(
            f'{path}: damaged, or of another version ({type(error).__name__}: {error}). {advice}'
        ) from error


def _is_unfinished(name: str) -> bool:
    """Return whether a name is that of a file of an unfinished run."""
    return bool(_UNFINISHED_NAME.fullmatch(name))
