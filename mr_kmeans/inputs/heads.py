"""The heads of input files: read, made sense of, and blamed on damage where they make none."""

from __future__ import annotations

import contextlib
from typing import Iterator, List, Optional, Sequence, Tuple

from mr_kmeans.errors import DataError, UsageError, of_os_error
from mr_kmeans.formats.compressed import format_of
from mr_kmeans.formats.splits import decompressed
from mr_kmeans.inputs.files import LOCAL, InputFile, stores_of_files
from mr_kmeans.messages import CLUSTER
from mr_kmeans.storage.base import Storage
from mr_kmeans.text.dialect import Dialect, check_rows, compare_headers, sniff
from mr_kmeans.text.head import head_of

MAX_NAME_LENGTH = 1000
"""Maximum number of characters of a column's name; a longer one is not a header."""

MAX_CHECKED_BYTES = 64 << 20
"""Maximum number of bytes decompressed to check whether a compressed file is damaged, about 2 s. A
block of bzip2, which has its own checksum, has at most 900 kB of text.
"""


def read_heads(files: Sequence[InputFile], task: str = CLUSTER) -> Iterator[Tuple[bytes, bool]]:
    """Yield the head of each file, as `read_head` does, in the way that is fastest in its store."""

    def read(file: InputFile) -> Tuple[bytes, bool]:
        return read_head(file.path, file.name, file.size, task, file.storage)

    heads = {
        id(storage): iter(storage.map(read, [file for file in files if file.storage is storage]))
        for storage in stores_of_files(files)
    }
    for file in files:
        yield next(heads[id(file.storage)])


def read_head(
    path: str,
    name: Optional[str] = None,
    size: Optional[int] = None,
    task: str = CLUSTER,
    storage: Storage = LOCAL,
) -> Tuple[bytes, bool]:
    """Return as many first bytes of a file, decompressed, as `dialect.sniff` needs, and whether
    these are all.

    Parameters
    ----------
    path : str
    name : str, optional
        The file's name in messages.
    size : int, optional
        The file's size in bytes, if it is known.
    task : CLUSTER or LABEL
        What the rows are read for.
    storage : Storage
        The store that it is in.

    Raises
    ------
    DataError
        If a compressed file is damaged, or the bytes are not text.
    RunError
        If the file cannot be read.
    """
    name = name or path
    try:
        with decompressed(storage.open(path, size), path, name) as stream:
            return head_of(stream, name, task)
    except OSError as error:
        raise of_os_error(error, name) from None


@contextlib.contextmanager
def blaming_damage(files: Sequence[InputFile]) -> Iterator[None]:
    """Replace an error about the content of files by one about damage if a compressed file is
    damaged: its checksum comes after the text, and damaged text can look like anything.
    """
    try:
        yield
    except (DataError, UsageError):
        for file in files:
            if format_of(file.path):
                _check_sound(file)
        raise


def _check_sound(file: InputFile) -> None:
    left = MAX_CHECKED_BYTES
    content = file.storage.open(file.path, file.size)
    with decompressed(content, file.path, file.name) as stream:
        while left > 0:
            text = stream.read(min(left, 1 << 20))
            if not text:
                return
            left -= len(text)


def sniff_files(
    files: Sequence[InputFile], delimiter=None, header=None, task: str = CLUSTER
) -> List[Dialect]:
    """Return the dialect of each file; all have the same columns.

    Raises
    ------
    DataError
        If a file cannot be read or its columns differ from those of the first, or none has a row.
    """
    dialects: List[Dialect] = []
    for file, head in zip(files, read_heads(files, task)):
        first = next((dialect for dialect in dialects if not dialect.empty), None)
        dialect = sniff(*head, delimiter, header, file.name)
        longest = max(map(len, dialect.names), default=0)
        if longest > MAX_NAME_LENGTH:
            raise DataError(
                f'{file.name}: the header has a name of {longest:,} characters, at most'
                f' {MAX_NAME_LENGTH:,} are allowed. Is it a text file with one row per line?'
            )
        if first:
            compare_headers(first, dialect)
        dialects.append(dialect)
    check_rows(dialects, task)
    return dialects
