"""Splits of local files, which tasks read, and the lines of text in them.

On the inline and local runners, a task's input is not the data but their description, a line of
JSON per split; the task opens the files itself. Otherwise mrjob would copy every file, line by
line, before each job.
"""

from __future__ import annotations

import json
import re
from typing import BinaryIO, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from mr_kmeans.formats.compressed import format_of, open_compressed

TEXT, POINTS = 'text', 'points'

CHUNK_BYTES = 1 << 22
"""Number of bytes of text parsed at once, which become one or two packed blocks: about 50,000 rows
of 10 features. Larger blocks gain nothing (see blocks.py); with chunks of 1 MB an iteration takes
10 to 20 % longer.
"""

MAX_LINE_BYTES = 1 << 24
"""Maximum number of bytes of a line; longer ones are rejected, so that a task's memory is bounded
for any file.
"""


_LINE_END = re.compile(rb'\n|\r\n|\r(?=[^\n])')


class Split(NamedTuple):
    """A range of a local file.

    Attributes
    ----------
    kind : 'text' or 'points'
        Lines of text, or a SequenceFile of packed blocks.
    path : str
        The absolute path.
    start, length : int
        The range in bytes. A line belongs to the split in which it begins.
    name : str
        The file's name for the user, in messages, ledgers and labels.
    """

    kind: str
    path: str
    start: int
    length: int
    name: str

    def dumps(self) -> bytes:
        """Return the split as one line of JSON."""
        return json.dumps(self._asdict()).encode('ascii') + b'\n'

    @classmethod
    def loads(cls, line: bytes) -> Split:
        """Return the split that `dumps` wrote."""
        return cls(**json.loads(line))


def is_compressed(path: str) -> bool:
    """Return whether a file is compressed according to its name; such a file cannot be split."""
    return format_of(path) is not None


def total_bytes(splits: Iterable[Split]) -> Optional[int]:
    """Return the number of bytes of text in splits, None if some are compressed."""
    splits = list(splits)
    return (
        None
        if any(is_compressed(split.path) for split in splits)
        else sum(split.length for split in splits)
    )


def open_plain(path: str, name: Optional[str] = None) -> BinaryIO:
    """Open a local file for reading, decompressed; errors about its content mention `name`."""
    return decompressed(open(path, 'rb'), path, name or path)


def decompressed(stream: BinaryIO, path: str, name: str) -> BinaryIO:
    """Return a stream, decompressed if it is compressed according to its path."""
    compression = format_of(path)
    return open_compressed(stream, compression, name) if compression else stream


def cut(kind: str, path: str, name: str, size: int, split_bytes: int) -> List[Split]:
    """Cut a file into splits of about equal size of at most `split_bytes`."""
    if kind == TEXT and is_compressed(path):
        return [Split(kind, path, 0, size, name)]
    n_splits = max(1, -(-size // split_bytes))
    borders = [size * i // n_splits for i in range(n_splits + 1)]
    return [Split(kind, path, start, end - start, name) for start, end in zip(borders, borders[1:])]


def deal(splits: Sequence[Split], n_tasks: int) -> List[List[Split]]:
    """Distribute splits, in their order, to at most `n_tasks` tasks with about the same number of
    bytes.
    """
    total = sum(split.length for split in splits) or 1
    tasks: List[List[Split]] = [[] for _ in range(max(1, n_tasks))]
    before = 0
    for split in splits:
        middle = before + split.length / 2
        tasks[min(len(tasks) - 1, int(middle * len(tasks) / total))].append(split)
        before += split.length
    return [task for task in tasks if task]


def read_lines(split: Split) -> Iterator[Tuple[bytes, bool]]:
    """Yield the lines of a text split in chunks, as `chunks` does.

    Raises
    ------
    DataError
        If a compressed file is damaged.
    """
    with open_plain(split.path, split.name) as stream:
        if is_compressed(split.path):
            yield from chunks(stream)
            return
        skipped = 0
        if split.start:
            stream.seek(split.start - 1)
            skipped = _skip_line(stream) - 1
        if skipped < split.length:  # otherwise a line of an earlier split covers all of this one
            yield from chunks(stream, split.length - skipped)


def _skip_line(stream: BinaryIO) -> int:
    """Skip to the byte after the next newline; return the number of bytes skipped."""
    skipped = 0
    while True:
        part = stream.readline(CHUNK_BYTES)
        skipped += len(part)
        if not part or part.endswith(b'\n'):
            return skipped


def chunks(stream: BinaryIO, length: int = -1) -> Iterator[Tuple[bytes, bool]]:
    """Yield text in chunks of whole lines.

    Parameters
    ----------
    stream : binary file
    length : int
        Lines that begin within this number of bytes are read, and the rest up to a newline: lines
        that end in lone returns belong with those before them. -1 means everything.

    Yields
    ------
    data : bytes
        Complete lines; the very last may lack its end.
    overlong : bool
        Whether the chunk is the beginning of a line longer than MAX_LINE_BYTES, whose rest was
        skipped.
    """
    pending, passing_over = b'', False
    for data in _pieces(stream, length):
        pending += data
        if passing_over:
            end = _first_line_end(pending)
            if not end:
                pending = pending[-1:] if pending.endswith(b'\r') else b''
                continue
            pending, passing_over = pending[end:], False
        if len(pending) > MAX_LINE_BYTES:
            end = _first_line_end(pending)
            if len(pending[: end or None].rstrip(b'\r\n')) > MAX_LINE_BYTES:
                yield pending[:CHUNK_BYTES], True
                pending, passing_over = (
                    (pending[end:], False)
                    if end
                    else (pending[-1:] if pending.endswith(b'\r') else b'', True)
                )
        end = _last_line_end(pending)
        if end:
            yield pending[:end], False
            pending = pending[end:]
    if pending and not passing_over:
        yield pending, False


def _pieces(stream: BinaryIO, length: int) -> Iterator[bytes]:
    """Yield `length` bytes and the rest up to a newline in pieces, or everything if `length` is
    -1.
    """
    data = b''
    while length:
        data = stream.read(CHUNK_BYTES if length < 0 else min(CHUNK_BYTES, length))
        if not data:
            return
        length -= len(data) if length > 0 else 0
        yield data
    while data and not data.endswith(b'\n'):
        data = stream.readline(CHUNK_BYTES)
        if data:
            yield data


def _first_line_end(data: bytes) -> int:
    """Return where the first line ends, 0 if it does not end. A return as last byte may be half of
    a line end.
    """
    match = _LINE_END.search(data)
    return match.end() if match else 0


def _last_line_end(data: bytes) -> int:
    """Return where the last complete line ends, 0 if there is none. A return as last byte may be
    half of a line end.
    """
    return max(data.rfind(b'\n'), data.rfind(b'\r', 0, len(data) - 1)) + 1
