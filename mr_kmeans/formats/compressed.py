"""Compressed text, read strictly: every byte of a .gz or .bz2 file belongs to a stream that is
whole, or the file is refused.

A file may be several streams, one after the other. Python's bz2 ignores whatever follows the first
and cannot be read, as trailing garbage: one damaged byte in the header of a later stream, and the
rest of the rows are silently gone.
"""

from __future__ import annotations

import bz2
import io
import os
import zlib
from typing import BinaryIO

from mr_kmeans.errors import DataError

READ_BYTES = 1 << 16
"""Compressed bytes read at once."""

TEXT_BYTES = 1 << 18
"""Text decompressed at once, at most: little compressed text may stand for much."""


class GzipFormat:
    """Members of a .gz file; zeros may follow one, as tapes and gzip itself pad files with them."""

    magic, padding, tool = b'\x1f\x8b', b'\0', 'gzip -t'

    @staticmethod
    def begins(head: bytes) -> bool:
        """Tell whether a member can begin so."""
        return head.startswith(GzipFormat.magic)

    class Decompressor:
        """One member, with the interface of `bz2.BZ2Decompressor`; zlib checks its header, CRC-32
        and length.
        """

        def __init__(self):
            self._inflate, self._left = zlib.decompressobj(zlib.MAX_WBITS | 16), b''

        def decompress(self, data: bytes, most: int) -> bytes:
            """Return text, at most as many bytes as are asked for."""
            text = self._inflate.decompress(self._left + data, most)
            self._left = self._inflate.unconsumed_tail
            return text

        @property
        def eof(self) -> bool:
            """The member is whole."""
            return self._inflate.eof

        @property
        def needs_input(self) -> bool:
            """Nothing more comes of what was given."""
            return not self._left

        @property
        def unused_data(self) -> bytes:
            """What follows the member."""
            return self._inflate.unused_data


class Bzip2Format:
    """Streams of a .bz2 file; nothing may be between them."""

    magic, padding, tool = b'BZh', b'', 'bzip2 -t'
    Decompressor = bz2.BZ2Decompressor

    @staticmethod
    def begins(head: bytes) -> bool:
        """Tell whether a stream can begin so: sign, size of blocks, and a first block or the
        end.
        """
        return head[:3] == b'BZh' and head[3:4] in b'123456789' and head[4:10] in (BLOCK, END)


BLOCK, END = b'1AY&SY', b'\x17\x72\x45\x38\x50\x90'
"""A block of a bzip2 stream begins with the digits of pi, the end of a stream with those of its
square root."""

HEAD_BYTES = 10
"""Of a stream: what `begins` wants to see."""

FORMATS = {'.gz': GzipFormat, '.bz2': Bzip2Format}
"""By the end of a file's name."""


def format_of(path: str):
    """Return the format that a file's name stands for, None for plain text."""
    return FORMATS.get(os.path.splitext(path)[1].lower())


def open_compressed(stream: BinaryIO, form, name: str) -> io.BufferedReader:
    """Return the text of a compressed file.

    Parameters
    ----------
    stream : binary file
        Closed with the text.
    form : GzipFormat or Bzip2Format
    name : str
        Of the file, for errors.

    Notes
    -----
    Reading raises DataError where the file is damaged or cut off.
    """
    return io.BufferedReader(_Text(stream, form, name), TEXT_BYTES)


class _Text(io.RawIOBase):
    """The text of the streams of a file."""

    def __init__(self, stream: BinaryIO, form, name: str):
        super().__init__()
        self._stream, self._form, self._name = stream, form, name
        self._data, self._position = (
            b'',
            0,
        )  # read and not decompressed; where it begins in the file
        self._begin = 0  # of the compressed stream
        self._decompressor = None
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
        """Read on until at least that number of bytes is available, or all."""
        while len(self._data) < least:
            more = self._stream.read(READ_BYTES)
            if not more:
                return
            self._data += more

    def _open_next(self) -> bool:
        """Begin with the next stream; tell whether there is one."""
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
        """Return some text of the stream, none at its end."""
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
