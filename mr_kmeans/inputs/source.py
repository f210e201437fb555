"""The source of a run's rows: the input files, their dialect, and the tasks of a pass over the text
or over packed blocks.
"""

from __future__ import annotations

import logging
import os
from typing import Dict, List, NamedTuple, Optional, Sequence

from mr_kmeans.formats.splits import POINTS, TEXT, Split, cut, deal
from mr_kmeans.inputs.files import InputFile, find_files
from mr_kmeans.inputs.heads import blaming_damage, sniff_files
from mr_kmeans.messages import counted, shortened
from mr_kmeans.options import DEFAULT_MISSING, TextOptions
from mr_kmeans.storage.open import Stores
from mr_kmeans.system.forking import usable_cores
from mr_kmeans.text.delimiters import delimiter_bytes
from mr_kmeans.text.dialect import Dialect
from mr_kmeans.text.features import check_filled, check_header, make_format
from mr_kmeans.text.index_column import describe_index
from mr_kmeans.text.text_input import TextInput

log = logging.getLogger(__name__)

TEXT_SPLIT_BYTES = 64 << 20
"""Approximate size of a task's text: several tasks per core balance the load, but each one emits a
sample.
"""

PACK_FORMAT = 4
"""Version of packed rows, their summaries and how text is read. Rows packed by another version are
packed again."""

MIN_SPLIT_BYTES = 1 << 20
"""Minimum size of a split; a smaller file is not worth a second task."""


class Source(NamedTuple):
    """Text input of a run.

    Attributes
    ----------
    files : list of InputFile
    dialect : Dialect
        The dialect of the first file that is not empty; all have the same columns.
    text_input : TextInput
    """

    files: List[InputFile]
    dialect: Dialect
    text_input: TextInput

    @property
    def features(self) -> List[str]:
        """The names of the selected columns."""
        return [self.dialect.names[field] for field in self.text_input.format.columns]

    @property
    def n_bytes(self) -> int:
        """The size of all files in bytes."""
        return sum(file.size for file in self.files)

    def to_json(self) -> Dict:
        """Return everything that the packed rows depend on."""
        fmt = self.text_input
        return {
            'format': PACK_FORMAT,
            'inputs': [file.to_json() for file in self.files],
            'text_input': fmt.dumps(),
            'features': self.features,
            'names': [file.name for file in self.files],
        }

    def tasks(self) -> List[List[Split]]:
        """Return the splits of each task of a pass over the text."""
        splits = []
        for file in self.files:
            n_bytes = min(
                TEXT_SPLIT_BYTES, max(MIN_SPLIT_BYTES, -(-self.n_bytes // usable_cores()))
            )
            splits += cut(TEXT, file.path, file.name, file.size, n_bytes)
        return deal(splits, max(usable_cores(), -(-self.n_bytes // TEXT_SPLIT_BYTES)))


def find_source(
    inputs: Sequence[str],
    options: TextOptions,
    stores: Optional[Stores] = None,
) -> Source:
    """Find the input files and detect their dialect."""
    files = find_files(inputs, stores)
    delimiter = None if options.delimiter is None else delimiter_bytes(options.delimiter)
    with blaming_damage(files):
        dialects = sniff_files(files, delimiter, options.header)
        first = next(dialect for dialect in dialects if not dialect.empty)
        fmt = make_format(
            first, options.columns, options.id_column, options.missing or DEFAULT_MISSING, dialects
        )
        check_header(dialects, fmt, options.max_bad_rows)
        empty = check_filled(dialects, fmt, options.max_bad_rows)
        for line in describe_index(dialects, fmt, options.columns is not None) + empty:
            log.info(line)
    return Source(files, first, TextInput(fmt, first.header))


def packed_tasks(folder: str) -> List[List[Split]]:
    """Return the splits of each task of a pass over packed rows, with one task per core."""
    cores = usable_cores()
    paths = [
        os.path.join(os.path.abspath(folder), name)
        for name in sorted(os.listdir(folder))
        if name.startswith('part-')
    ]
    sizes = {path: os.path.getsize(path) for path in paths}
    splits: List[Split] = []
    for path in paths:
        n_bytes = max(MIN_SPLIT_BYTES, -(-sum(sizes.values()) // (2 * cores)))
        splits += cut(POINTS, path, path, sizes[path], n_bytes)
    return deal(splits, cores)


def describe(source: Source) -> str:
    """Return what was detected about the input, for the user."""
    files = source.files[0].name if len(source.files) == 1 else f'{len(source.files)} files'
    names = source.features
    shown = [
        shortened(name, 40)
        for name in (names if len(names) <= 8 else [*names[:4], '...', *names[-2:]])
    ]
    return (
        f'{files}: {source.dialect.describe()}; {counted(len(names), "feature")}:'
        f' {", ".join(shown)}'
    )
