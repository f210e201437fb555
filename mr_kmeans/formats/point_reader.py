"""Reading of a task's points from text or packed blocks, passed by Hadoop or opened by the task
itself.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from typing import BinaryIO, Dict, Iterator, List, Optional, Tuple

import numpy as np

from mr_kmeans.errors import DataError
from mr_kmeans.exact.points import Origin, Points
from mr_kmeans.formats.blocks import decode_block
from mr_kmeans.formats.sequencefile import Reader, read_rawbytes
from mr_kmeans.formats.splits import MAX_LINE_BYTES, POINTS, Split, chunks, read_lines
from mr_kmeans.system import task_counts
from mr_kmeans.text.parse import Parsed, Rejected, drop_head, parse
from mr_kmeans.text.text_input import TextInput

SPLITS, TEXT_LINES, RAW_BLOCKS = 'splits', 'text', 'rawbytes'
INPUT_KINDS = (SPLITS, TEXT_LINES, RAW_BLOCKS)
"""Kinds of a task's standard input: descriptions of splits, lines of text, or packed blocks as
streaming's rawbytes.
"""

BLOCK_KEY, SUMMARY_KEY = b'block', b'summary'
"""Keys of the records of a packed file: a block of points, or the summary of the pack task, the
last record.
"""

MAX_RECORDS = 1000
"""Maximum number of rejected or skipped rows that a task keeps per split, at most 4 MB; further
ones are counted.
"""

STOP_MARGIN = 1_000_000
"""Number of bad rows of a split beyond --max-bad-rows after which a task stops reading: the run
will be refused, and entirely bad text takes 3 to 6 µs per line (a gz file of 1 MB may hold 1 GB of
it). Below that, counts are exact.
"""

_SET_PIPE_SIZE, _PIPE_BYTES = 1031, 1 << 19
"""Linux's F_SETPIPE_SZ, which fcntl has from Python 3.10 on, and the size, by default 64 KB. All
pipes of a user may have 64 MB, enough for 128 tasks per node.
"""


class Tally:
    """Counts of a task for one split of text.

    Attributes
    ----------
    head, lines, rows, blank, rejected, skipped : int
        The numbers of lines of the header (with blank lines before it), of all lines including
        these, of points, lines with only white space, bad rows, and rows left out because of a
        missing value.
    records : list of [line, reason, text, was_skipped]
        The first MAX_RECORDS bad or skipped rows; lines are numbered from 0 in the split.
    stopped : bool
        Whether the rest of the split was not read because of too many bad rows.
    """

    def __init__(self) -> None:
        self.head = self.lines = self.rows = self.blank = self.rejected = self.skipped = 0
        self.records: List[list] = []
        self.stopped = False

    def to_json(self) -> Dict:
        """Return the counts as plain JSON types."""
        return dict(vars(self))

    def note(self, parsed: Parsed) -> None:
        """Count a chunk, and keep its bad and skipped rows."""
        self.keep(
            [(entry, False) for entry in parsed.rejected]
            + [(entry, True) for entry in parsed.skipped]
        )
        self.lines += parsed.n_lines
        self.rows += len(parsed.rows)
        self.blank += parsed.n_blank
        self.rejected += parsed.n_rejected
        self.skipped += parsed.n_skipped

    def keep(self, entries: List[Tuple[Rejected, bool]]) -> None:
        """Keep (row, whether it was skipped) pairs in their order while there is room; their lines
        are numbered within the last chunk.
        """
        room = max(0, MAX_RECORDS - len(self.records))
        for entry, was_skipped in sorted(entries, key=lambda one: one[0].line)[:room]:
            reason = entry.reason.partition('; --missing skip')[0] if was_skipped else entry.reason
            self.records.append(
                [
                    self.lines + entry.line,
                    reason,
                    entry.text.decode('utf-8', 'replace'),
                    was_skipped,
                ]
            )


def widen_pipe(stdin: BinaryIO) -> None:
    """Enlarge a pipe to about half a block, so that Java keeps reading while Python computes."""
    # not a pipe, not a file, not Linux or no room: it works without
    with contextlib.suppress(AttributeError, OSError, ValueError):
        fcntl.fcntl(stdin.fileno(), _SET_PIPE_SIZE, _PIPE_BYTES)


class PointReader:
    """An iterator over the points of a task, in batches.

    Parameters
    ----------
    stdin : binary file
    kind : one of INPUT_KINDS
    text_input : TextInput or None
        Needed for text.
    with_ids : bool
        Whether to unpack the ids of packed rows.
    names : dict of str to str
        Names of the files that Hadoop passes, by their paths in HDFS.
    stop_after : int, optional
        Number of bad rows of a split after which the rest of it is not read.

    Attributes
    ----------
    tallies : dict of Origin to Tally
        The counts of the splits of text read so far.
    n_batches : int
    """

    def __init__(
        self,
        stdin: BinaryIO,
        kind: str,
        text_input: Optional[TextInput],
        with_ids: bool = True,
        names: Optional[Dict[str, str]] = None,
        stop_after: Optional[int] = None,
    ):
        self._names, self._stop_after = names or {}, stop_after
        self._stdin, self._kind, self._text_input, self._with_ids = (
            stdin,
            kind,
            text_input,
            with_ids,
        )
        self.tallies: Dict[Origin, Tally] = {}
        self.n_batches = 0

    def __iter__(self) -> Iterator[Points]:
        for points in self._batches():
            self.n_batches += 1
            task_counts.add(len(points.rows), 0)
            yield points

    def _batches(self) -> Iterator[Points]:
        if self._kind in (RAW_BLOCKS, TEXT_LINES):
            widen_pipe(self._stdin)
        if self._kind == RAW_BLOCKS:
            return self._read_raw_blocks(_hadoop_origin({}))
        if self._kind == TEXT_LINES:
            return self._read_text(chunks(self._stdin), _hadoop_origin(self._names))
        return self._read_splits()

    def _read_raw_blocks(self, origin: Origin) -> Iterator[Points]:
        place = f'{origin.file}, the split at byte {origin.start}'
        for number, (key, value) in enumerate(read_rawbytes(self._stdin, place)):
            if key == BLOCK_KEY:
                yield decode_block(value, f'{place}, record {number}', self._with_ids)

    def _read_splits(self) -> Iterator[Points]:
        for line in self._stdin:
            split = Split.loads(line)
            if split.kind == POINTS:
                yield from read_packed(split, self._with_ids)
            else:
                yield from self._read_text(read_lines(split), Origin(split.name, split.start))

    def _read_text(self, lines: Iterator[Tuple[bytes, bool]], origin: Origin) -> Iterator[Points]:
        text_input = self._text_input
        assert text_input is not None, 'text is read only where its format is given'
        tally = self.tallies.setdefault(origin, Tally())
        for data, overlong in lines:
            task_counts.add(0, len(data))
            if self._stop_after is not None and tally.rejected > self._stop_after:
                tally.stopped = True
                if (
                    self._kind == TEXT_LINES
                ):  # to Hadoop, a mapper that does not read all its input has failed
                    continue
                return
            if tally.lines == 0 and origin.start == 0:
                data, tally.head = drop_head(data, text_input.header)
                tally.lines = tally.head
            if overlong:
                tally.rejected += 1
                tally.keep(
                    [
                        (
                            Rejected(0, f'a line of more than {MAX_LINE_BYTES} bytes', data[:100]),
                            False,
                        )
                    ]
                )
                tally.lines += 1
                continue
            parsed = parse(data, text_input.format)
            rows = parsed.rows + tally.lines
            tally.note(parsed)
            if len(rows):
                yield Points(parsed.columns, np.asarray(rows, np.int64), parsed.ids, origin)


def read_packed(split: Split, with_ids: bool = True) -> Iterator[Points]:
    """Yield the blocks of a split of a packed file."""
    with open(split.path, 'rb') as stream:
        for record in Reader(stream, split.path, split.start, split.length):
            task_counts.add(0, len(record.value))
            if record.key == BLOCK_KEY:
                yield decode_block(
                    record.value, f'{split.path} at byte {record.position}', with_ids
                )


def _hadoop_origin(names: Dict[str, str]) -> Origin:
    """Return the file and split that Hadoop passes, which mrjob's runners specify in the same
    way.
    """
    uri = os.environ.get('mapreduce_map_input_file', 'standard input')
    return Origin(
        _name_of(uri, names) if names else uri, int(os.environ.get('mapreduce_map_input_start', 0))
    )


def _name_of(uri: str, names: Dict[str, str]) -> str:
    """Return the name of a file for the user. Java writes ``?`` or worse for letters that its
    locale lacks; the file is found nevertheless if there are few.
    """
    path = re.sub('^[a-z0-9]+://[^/]*', '', uri)
    if path in names:
        return names[path]
    pattern = re.compile(
        ''.join(
            re.escape(character) if ' ' <= character <= '~' and character != '?' else '.'
            for character in path
        )
    )
    found = [
        name
        for other, name in names.items()
        if pattern.fullmatch(re.sub('[^ -~]', '.', other)) or pattern.fullmatch(other)
    ]
    if len(found) != 1:
        raise DataError(
            f'Hadoop names an unknown input file {uri!r}, expected one of'
            f' {sorted(names)[:5]}. Rename it in ASCII.'
        )
    return found[0]
