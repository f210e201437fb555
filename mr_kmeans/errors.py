"""The errors of this package, and the exit code of the command for each.

==== =========================================================
code meaning
==== =========================================================
0    done
1    the run failed: a job, the storage, a missing file
2    usage: an option, a column name, an output that exists
3    the data are unusable: bad rows, too few rows, a bad centroid file
4    another run holds the output folder
129  the terminal was closed (SIGHUP)
130  interrupted by Ctrl-C
143  terminated (SIGTERM)
==== =========================================================
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import traceback
from typing import Iterator, Optional

from mr_kmeans.masking import masked

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
MAKE_ROOM = 'Make room, then give the same command again (fit: with --resume).'


_JAVA_FOUND_DAMAGE = re.compile(
    r'.*(BlockMissingException|ChecksumException|CorruptSequenceFileException|File is corrupt|not a'
    r' SequenceFile).*'
)
"""Pattern of Hadoop's errors when reading a SequenceFile."""


class KMeansError(Exception):
    """A failure with a message for the user, in which secrets are masked; it is never shown as a
    traceback.
    """

    exit_code = 1

    def __str__(self) -> str:
        return masked(super().__str__())


class RunError(KMeansError):
    """A job, the storage or the state of an output folder failed."""

    exit_code = 1


class LockedError(RunError):
    """Another run holds the output folder, or has taken it from this one."""

    exit_code = 4


class UsageError(KMeansError):
    """An option or a combination of options is wrong."""

    exit_code = 2


class DataError(KMeansError):
    """The rows, a header or a centroid file cannot be used."""

    exit_code = 3


class DamagedRowsError(DataError):
    """Packed rows are damaged or incomplete; they can be packed again from the text."""


def damage_in(text: str) -> Optional[DamagedRowsError]:
    """Return the error if the output of a task that read packed rows reports damage in them."""
    found = re.search(r'\bDamagedRowsError: (.*)', text) or _JAVA_FOUND_DAMAGE.search(text)
    return DamagedRowsError(found.group(found.lastindex or 0).strip()) if found else None


def of_os_error(error: OSError, where: str = 'a file') -> RunError:
    """Return a system error as a message for the user.

    Parameters
    ----------
    error : OSError
    where : str
        The file that was read or written, for an error that names none.
    """
    path = error.filename
    if error.errno in (*_NO_ROOM, errno.EFBIG) and error.filename2:  # of a copy, the target
        path = error.filename2
    message = f'{path or where}: {error.strerror or error}'
    if error.errno in _NO_ROOM:
        message += f'. {MAKE_ROOM}'
    if error.errno == errno.EFBIG:
        message += ' (is there a limit on the size of files? see ulimit -f). ' + MAKE_ROOM.replace(
            'Make room', 'Raise it'
        )
    return RunError(message)


@contextlib.contextmanager
def in_words() -> Iterator[None]:
    """Turn errors of the system, such as a full disk, into errors of this package."""
    try:
        yield
    except OSError as error:
        raise of_os_error(error) from error


@contextlib.contextmanager
def naming(path: str) -> Iterator[None]:
    """Add this file or its folder to a system error that names none, such as for a full disk while
    writing.
    """
    try:
        yield
    except OSError as error:
        if error.errno and error.filename is None:
            error.filename = path
        raise


def of_defect(error: BaseException) -> str:
    """Return one line on an unexpected exception: what it is, and where in the code."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f' ({os.path.basename(frames[-1].filename)} line {frames[-1].lineno})' if frames else ''
    return (
        f'{type(error).__name__}: {error}{place}. This is a defect of mr-kmeans: please report it,'
        ' with what -v shows.'
    )
