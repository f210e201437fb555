"""Strict reading of compressed text: a .gz or .bz2 file is refused unless every byte belongs to a
complete stream.

A file may consist of several streams, one after the other. Python's bz2 ignores unreadable bytes
after the first stream as trailing garbage, so that one damaged byte in the header of a later stream
silently loses the rest of the rows.
"""

from __future__ import annotations

import bz2
import io
import os
import zlib
from typing import Any, BinaryIO

from mr_kmeans.errors import DataError

READ_BYTES = 1 << 16
"""Number of compressed bytes read at once."""

TEXT_BYTES = 1 << 18
"""Maximum number of bytes decompressed at once, since few compressed bytes may stand for many."""


class GzipFormat:
    """The members of a .gz file; zeros may follow one, since tapes and gzip itself pad files with
    them.
    """

    magic, padding, tool = b'\x1f\x8b', b'\0', 'gzip -t'

    @staticmethod
    def begins(head: bytes) -> bool:
        """Return whether a member can begin with these bytes."""
        return head.startswith(GzipFormat.magic)

    class Decompressor:
        """Decompressor of one member, with the interface of `bz2.BZ2Decompressor`; zlib checks its
        header, CRC-32 and length.
        """

        def __init__(self):
            self._inflate, self._left = zlib.decompressobj(zlib.MAX_WBITS | 16), b''

        def decompress(self, data: bytes, most: int) -> bytes:
            """Return at most `most` bytes of text."""
            text = self._inflate.decompress(self._left + data, most)
            self._left = self._inflate.unconsumed_tail
            return text

        @property
        def eof(self) -> bool:
            """Whether the member is complete."""
            return self._inflate.eof

        @property
        def needs_input(self) -> bool:
            """Whether the data given so far yield no more text."""
            return not self._left

        @property
        def unused_data(self) -> bytes:
            """The bytes after the member."""
            return self._inflate.unused_data


class Bzip2Format:
    """The streams of a .bz2 file; nothing may be between them."""

    magic, padding, tool = b'BZh', b'', 'bzip2 -t'
    Decompressor = bz2.BZ2Decompressor

    @staticmethod
    def begins(head: bytes) -> bool:
        """Return whether a stream can begin with these bytes: signature, size of blocks, and a
        first block or the end.
        """
        return head[:3] == b'BZh' and head[3:4] in b'123456789' and head[4:10] in (BLOCK, END)


BLOCK, END = b'1AY&SY', b'\x17\x72\x45\x38\x50\x90'
"""First bytes of a block of a bzip2 stream (the digits of pi), and of a stream's end (those of its
square root).
"""

HEAD_BYTES = 10
"""Number of first bytes of a stream that `begins` needs."""

FORMATS = {'.gz': GzipFormat, '.bz2': Bzip2Format}
"""Formats by the ending of a file's name."""


def format_of(path: str):
    """Return the format according to a file's name, None for plain text."""
    return FORMATS.get(os.path.splitext(path)[1].lower())


def open_compressed(stream: BinaryIO, form, name: str) -> io.BufferedReader:
    """Return a stream of the text of a compressed file.

    Parameters
    ----------
    stream : binary file
        The compressed file, which is closed with the text.
    form : GzipFormat or Bzip2Format
    name : str
        The file's name, for errors.

    Notes
    -----
    Reading raises DataError if the file is damaged or cut off.
    """
    return io.BufferedReader(_Text(stream, form, name), TEXT_BYTES)


class _Text(io.RawIOBase):
    """The text of all streams of a file."""

    def __init__(self, stream: BinaryIO, form, name: str):
        super().__init__()
        self._stream, self._form, self._name = stream, form, name
        self._data, self._position = (
            b'',
            0,
        )  # bytes not decompressed so far, and their position in the file
        self._begin = 0  # position of the compressed stream
        self._decompressor: Any = None
        self._is_first = True

    def readable(self):
        return True

    def close(self):
        if not self.closed:
            self._stream.close()
        super().close()

    def readinto(self, buffer):
        while True:
            if self._decompressor is None and not self._open_next():
                return 0
            text = self._decompress(len(buffer))
            if self._decompressor.eof:
                self._data = self._decompressor.unused_data
                self._position -= len(self._data)
                self._decompressor, self._is_first = None, False
            if text:
                buffer[: len(text)] = text
                return len(text)

    def _fill(self, least: int) -> None:
        """Read until at least that number of bytes, or everything, is available."""
        while len(self._data) < least:
            more = self._stream.read(READ_BYTES)
            if not more:
                return
            self._data += more

    def _open_next(self) -> bool:
        """Begin with the next stream; return whether there is one."""
        self._fill(HEAD_BYTES)
        while (
            not self._is_first and self._form.padding and self._data.startswith(self._form.padding)
        ):
            rest = self._data.lstrip(self._form.padding)
            self._position += len(self._data) - len(rest)
            self._data = rest
            self._fill(HEAD_BYTES)
        if not self._data and not (self._is_first and self._form is Bzip2Format):
            return False
        if not self._form.begins(self._data[:HEAD_BYTES]):
            raise self._not_a_stream()
        self._begin, self._decompressor = self._position, self._form.Decompressor()
        return True

    def _decompress(self, most: int) -> bytes:
        """Return some text of the stream, or nothing at its end."""
        while True:
            if self._decompressor.needs_input:
                self._fill(1)
                if not self._data:
                    raise DataError(
                        f'{self._name}: the compressed file is damaged or cut off: it ends at byte'
                        f' {self._position:,}, within what begins at byte {self._begin:,}.'
                        f' {self._advice}'
                    )
            data, self._data = self._data, b''
            self._position += len(data)
            try:
                text = self._decompressor.decompress(data, most)
            except (OSError, EOFError, zlib.error) as error:
                raise DataError(
                    f'{self._name}: the compressed file is damaged or cut off between byte'
                    f' {self._begin:,} and byte {self._position:,} ({error}). {self._advice}'
                ) from None
            if text or self._decompressor.eof:
                return text

    def _not_a_stream(self) -> DataError:
        found = self._data[:HEAD_BYTES]
        if self._is_first and not found.startswith(self._form.magic):
            return DataError(
                f'{self._name}: not a compressed file, though its name says so, or a damaged or cut'
                f' off one (it begins with {found!r})'
            )
        return DataError(
            f'{self._name}: the compressed file is damaged or cut off at byte {self._position:,}: a'
            f' compressed stream should begin there, found {found!r}. {self._advice}'
        )

    @property
    def _advice(self) -> str:
        return f'Test it with {self._form.tool}.'
