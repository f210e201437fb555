"""The folder that `assign` writes and the list of rejected rows beside it, replaced together."""

from __future__ import annotations

import contextlib
import json
import posixpath
import re
import uuid
from typing import Dict, Optional

from mr_kmeans.errors import RunError, UsageError
from mr_kmeans.run.directory import LEDGER
from mr_kmeans.run.ledger import HEADER
from mr_kmeans.runners.leftovers import is_left, remove_leftovers
from mr_kmeans.storage.base import UNFINISHED, check_link
from mr_kmeans.storage.open import Stores
from mr_kmeans.system import processes

OLD, OLD_LEDGER = 'old', 'old.' + LEDGER
"""In the temporary folder: labels that are being replaced, and a copy of the list beside them."""


OWNER = 'owner.json'
"""File in the temporary folder that names the process that made it, as in a lock."""


class LabelFolder:
    """The folder for new labels.

    Parameters
    ----------
    labels : str
        The folder, as the user wrote it.
    overwrite : bool
        Replace labels that are there.
    stores : Stores, optional

    Attributes
    ----------
    labels : str
    storage : Storage
    target, ledger : str
        Paths of the folder, without links, and of the list beside it, where the user named the
        folder: a ``.csv`` in the folder would be read as labels.
    shown_ledger : str
        The latter, for messages.
    temporary : str
        A folder beside it for this use alone, once it is open.

    Raises
    ------
    UsageError
        When there is something that may not be replaced.
    """

    def __init__(self, labels: str, overwrite: bool, stores: Optional[Stores] = None):
        if not labels:
            raise UsageError("-o '': name a folder")
        self.labels = labels
        self._stores = Stores() if stores is None else stores
        self.storage = self._stores.of(labels)  # refuses what is no place for labels
        named = self.storage.absolute(labels)
        check_link(self.storage, named, f'-o {labels}')
        self.target = self.storage.real(named)  # a link stays, and what it leads to is replaced
        self.ledger = f'{named}.{LEDGER}'
        name = labels.rstrip('/')
        has_name = posixpath.basename(name) not in ('', '.', '..')
        self.shown_ledger = f'{name}.{LEDGER}' if has_name else self.ledger
        self._overwrite = overwrite
        self._check()

    def _check(self) -> None:
        storage, labels = self.storage, self.labels
        is_folder = storage.is_folder(self.target)
        names = storage.list(self.target) if is_folder else []
        if storage.exists(self.target) and not (is_folder and not names):
            if not self._overwrite:
                raise UsageError(
                    f'-o {labels}: it exists. Use --overwrite to replace it, or '
                    'name another folder.'
                )
            if not is_folder or not all(self._is_of_labels(name) for name in names):
                raise UsageError(
                    f'-o {labels}: it holds other things than labels, and is not '
                    'overwritten. Name another folder.'
                )
        if storage.exists(self.ledger) and not self._is_ledger(self.ledger):
            raise UsageError(
                f'-o {labels}: {self.shown_ledger} is not a list of rejected rows, '
                'and is not overwritten. Name another folder.'
            )

    def _is_of_labels(self, name: str) -> bool:
        """Tell whether `assign` has written a file in the folder; earlier versions put the list of
        rejected rows there, too.
        """
        path = self.storage.join(self.target, name)
        return name.startswith('part-') or (name == LEDGER and self._is_ledger(path))

    def _is_ledger(self, path: str) -> bool:
        if self.storage.is_folder(path):
            return False
        head = ','.join(HEADER).encode('ascii')
        with self.storage.open(path) as stream:
            return stream.read(len(head)) == head

    def open(self) -> None:
        """Make the temporary folder; remove what killed processes left behind, and end what they
        left running.
        """
        storage = self.storage
        parent, name = posixpath.split(self.target)
        try:
            storage.make_folder(parent)
        except (FileExistsError, NotADirectoryError):
            raise UsageError(
                f'-o {self.labels}: there is a file where a folder above it should be'
            ) from None
        me = processes.identity()
        leftover = re.compile(
            rf'\.{re.escape(name)}\.([0-9]+)@{re.escape(me["host"])}\..*' + re.escape(UNFINISHED)
        )
        for other in storage.list(parent):
            pid, left = leftover.fullmatch(other), storage.join(parent, other)
            if pid and processes.is_gone(
                self._owner(left) or dict(me, pid=int(pid.group(1)), born=None)
            ):
                remove_leftovers(storage, left, self._stores)
                with storage.alone(parent):
                    if storage.exists(left):  # else another assign was here first
                        self._put_back(left)
                        storage.remove(left)
        mine = f'.{name}.{me["pid"]}@{me["host"]}.{uuid.uuid4().hex[:8]}{UNFINISHED}'
        self.temporary = storage.join(parent, mine)
        try:
            storage.make_folder(self.temporary)
            storage.make_private(self.temporary)
            storage.write(storage.join(self.temporary, OWNER), json.dumps(me).encode('utf-8'))
        except BaseException:
            with contextlib.suppress(RunError, OSError):  # the first error is the one to report
                storage.remove(self.temporary)
            raise

    def _owner(self, temporary: str) -> Optional[Dict]:
        """Return the owner of a temporary folder, None if it is not recorded: the process id in its
        name may be used again.
        """
        try:
            return dict(json.loads(self.storage.read(self.storage.join(temporary, OWNER))))
        except (FileNotFoundError, NotADirectoryError, ValueError, TypeError, RecursionError):
            return None

    def put(self, made: str, ledger: bytes) -> None:
        """Put a folder of new labels in place, and the list of rejected rows, if it is not empty;
        one process at a time.

        The labels come last: whenever this is cut short, there are the old ones with their list,
        the new ones with theirs, or no labels until the next `assign` puts the old ones back.

        Raises
        ------
        RunError
            When another `assign` has written labels meanwhile, and they are not to be replaced.
        """
        with self.storage.alone(posixpath.dirname(self.target)):
            try:
                self._check()
            except UsageError:
                raise self._written_meanwhile() from None
            self._put(made, ledger)

    def _put(self, made: str, ledger: bytes) -> None:
        storage = self.storage
        if storage.exists(self.ledger):
            storage.write(storage.join(self.temporary, OLD_LEDGER), storage.read(self.ledger))
        if storage.exists(self.target):
            storage.publish(self.target, storage.join(self.temporary, OLD))
        try:
            if storage.exists(self.target):  # the lock is that of a host; HDFS has others
                raise self._written_meanwhile()
            self._put_ledger(ledger)
            storage.publish(made, self.target)
        except BaseException:
            self._put_back(self.temporary)
            raise

    def put_list(self, ledger: bytes) -> bool:
        """Write only the list of rejected rows, for labels that are refused; return whether it was
        written, which it is not beside other labels.
        """
        storage = self.storage
        with storage.alone(posixpath.dirname(self.target)):
            if storage.is_folder(self.target) and storage.list(self.target):
                return False
            self._put_ledger(ledger)
            return True

    def _written_meanwhile(self) -> RunError:
        return RunError(
            f'-o {self.labels}: another assign has written it meanwhile. Nothing of this one was'
            ' kept; name another folder, or replace those labels with --overwrite.'
        )

    def close(self) -> None:
        """Remove the temporary folder, unless something in it is still needed."""
        storage = self.storage
        old = storage.join(self.temporary, OLD)
        with storage.alone(posixpath.dirname(self.target)):
            is_needed = not storage.exists(self.target) and storage.exists(old)
        if not is_left(storage, self.temporary) and not is_needed:
            storage.remove(self.temporary)

    def _put_ledger(self, ledger: bytes) -> None:
        if ledger:
            self.storage.write(self.ledger, ledger)
        else:
            self.storage.remove(self.ledger)

    def _put_back(self, temporary: str) -> None:
        """Restore old labels and their list if new labels were not put in their place."""
        storage = self.storage
        old, old_ledger = storage.join(temporary, OLD), storage.join(temporary, OLD_LEDGER)
        if storage.exists(self.target):
            return
        self._put_ledger(storage.read(old_ledger) if storage.exists(old_ledger) else b'')
        if storage.exists(old):
            storage.publish(old, self.target)
