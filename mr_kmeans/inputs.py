"""What a user names as input, as files; and the head of each."""
from __future__ import annotations

import glob
import os
from typing import Dict, List, NamedTuple, Sequence, Tuple

from mr_kmeans.dialect import HEAD_BYTES, Dialect, check_rows, compare_headers, enough, sniff
from mr_kmeans.errors import DataError, RunError, UsageError
from mr_kmeans.splits import open_plain


class InputFile(NamedTuple):
    """A file of rows.

    Attributes
    ----------
    name : str
        As the user wrote it, or found below what the user wrote.
    path : str
        Absolute.
    size : int
        Bytes.
    modified : int
        Nanoseconds since 1970.
    """

    name: str
    path: str
    size: int
    modified: int

    def to_json(self) -> Dict:
        """Return what identifies the file and its content, as far as that can be seen from outside."""
        return {'path': self.path, 'size': self.size, 'modified': self.modified}


def find_files(inputs: Sequence[str]) -> List[InputFile]:
    """Return the files of paths, globs and folders, in the order given, those of a glob or folder by name.

    As for Hadoop, files in a folder whose names begin with ``.`` or ``_`` don't count, and folders are not entered twice.

    Raises
    ------
    RunError
        When there is no such file.
    DataError
        When a folder holds none.
    UsageError
        When a file is named twice.
    """
    names: List[str] = []
    for item in inputs:
        if os.path.isdir(item):
            names += files_in(item)
        elif os.path.exists(item) or not glob.has_magic(item):
            names.append(item)
        else:
            matches = sorted(match for match in glob.glob(item) if os.path.isfile(match))
            if not matches:
                raise RunError(f'no file matches {item!r}')
            names += matches
    files = [look(name) for name in names]
    seen: Dict[str, str] = {}
    for file in files:
        real = os.path.realpath(file.path)
        if real in seen:
            raise UsageError(f'{file.name} is named twice (first as {seen[real]}); its rows would count double')
        seen[real] = file.name
    return files


def files_in(folder: str) -> List[str]:
    """Return the files of a folder that count."""
    names = [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if not name.startswith(('.', '_'))]
    files = [name for name in names if os.path.isfile(name)]
    if not files:
        inside = f'only folders, such as {names[0]}' if names else 'nothing'
        raise DataError(f'the folder {folder} holds no input file ({inside})')
    return files


def look(name: str) -> InputFile:
    """Return an existing file."""
    if '://' in name:
        raise UsageError(f'{name}: the inline and local runners read local files only')
    try:
        status = os.stat(name)
        if not os.access(name, os.R_OK):
            raise RunError(f'{name}: no permission to read it')
    except OSError as error:
        raise RunError(f'{name}: {error.strerror.lower()}') from None
    if not os.path.isfile(name):
        raise UsageError(f'{name}: not a regular file, but a pass reads its input several times. Write it to a file first.')
    return InputFile(name, os.path.abspath(name), status.st_size, status.st_mtime_ns)


def read_head(path: str) -> Tuple[bytes, bool]:
    """Return the first bytes of a file, decompressed, as many as `dialect.sniff` wants, and whether these are all.

    Raises
    ------
    DataError
        When a compressed file is damaged.
    """
    head, wanted = b'', HEAD_BYTES
    try:
        with open_plain(path) as stream:
            while True:
                head += stream.read(wanted - len(head))
                complete = len(head) < wanted or not stream.peek(1)
                if complete or enough(head, complete):
                    return head, complete
                wanted *= 4
    except EOFError as error:
        raise DataError(f'{path}: the compressed file is cut off ({error})') from None
    except OSError as error:
        if error.errno is None:
            raise DataError(f'{path}: not a compressed file, though its name says so ({error})') from None
        raise


def sniff_files(files: Sequence[InputFile], delimiter=None, header=None) -> List[Dialect]:
    """Return the dialect of each file, all of the same columns.

    Raises
    ------
    DataError
        When a file cannot be read, differs from the first in its columns, or none has a row.
    """
    dialects: List[Dialect] = []
    for file in files:
        first = next((dialect for dialect in dialects if not dialect.empty), None)
        dialect = sniff(*read_head(file.path), delimiter, header, file.name)
        if first:
            compare_headers(first, dialect)
        dialects.append(dialect)
    check_rows(dialects)
    return dialects
