"""Tests of compressed text: it is read completely, or an error tells where the file is damaged."""

import bz2
import gzip
import io
import random

import pytest

from mr_kmeans.errors import DataError
from mr_kmeans.formats import compressed
from mr_kmeans.formats.compressed import Bzip2Format, GzipFormat, open_compressed

PACK = {GzipFormat: lambda text: gzip.compress(text, mtime=0), Bzip2Format: bz2.compress}
FORMATS = pytest.mark.parametrize('form', PACK)


@pytest.fixture(autouse=True, params=[7, 1 << 16])
def read_bytes(request, monkeypatch):
    monkeypatch.setattr(compressed, 'READ_BYTES', request.param)


def text_of(content, form):
    with open_compressed(io.BytesIO(content), form, 'x') as stream:
        return stream.read()


def rows(n, seed=0):
    draw = random.Random(seed).random
    return b''.join(b'%.3f,%.3f\n' % (draw(), draw()) for _ in range(n))


@FORMATS
def test_several_streams_are_read_as_one_text(form):
    parts = [rows(n, n) for n in (1, 0, 50, 3000)]
    assert text_of(b''.join(map(PACK[form], parts)), form) == b''.join(parts)
    assert text_of(PACK[form](b'0' * 10**6), form) == b'0' * 10**6


@FORMATS
def test_no_damaged_byte_loses_rows_silently(form):
    """A file with one changed byte gives its text or an error; formerly, a damaged header of a
    later stream ended a .bz2.
    """
    text = rows(8)
    whole = PACK[form](text) * 2
    refused = 0
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 0x55
        try:
            assert text_of(bytes(damaged), form) == text + text, (
                position
            )  # a time, say, in the header of gzip
        except DataError as error:
            refused += 1
            assert str(error).startswith('x: ') and 'compressed' in str(error)
    assert refused > len(whole) * 0.8


@FORMATS
def test_truncation_is_refused_except_between_streams(form):
    text = rows(8)
    stream = PACK[form](text)
    for length in range(1, 2 * len(stream)):
        if length == len(stream):
            continue
        with pytest.raises(DataError, match='^x: .*cut off'):
            text_of((stream + stream)[:length], form)


@FORMATS
@pytest.mark.parametrize(
    'more', [b'\n', b'garbage', b'BZh9', b'\x1f\x8b', b'\x1f', b'BZh9garbage..']
)
def test_foreign_bytes_between_streams_are_refused_with_their_position(form, more):
    stream = PACK[form](rows(5))
    if more == form.magic:
        words = (
            f'cut off: it ends at byte {len(stream) + 2:,}, within what begins at byte'
            f' {len(stream):,}'
        )
    else:
        words = rf'cut off at byte {len(stream):,}: a compressed stream should begin there'
    with pytest.raises(DataError, match=words):
        text_of(stream + more, form)


def test_zeros_may_follow_only_a_gz_stream():
    stream = gzip.compress(b'1\n', mtime=0)
    assert text_of(stream + bytes(20), GzipFormat) == b'1\n'
    assert text_of(stream + bytes(9) + stream, GzipFormat) == b'1\n1\n'
    with pytest.raises(DataError, match='cut off at byte'):
        text_of(bz2.compress(b'1\n') + bytes(20), Bzip2Format)


def test_empty_compressed_file():
    """As for gzip and bzip2, an empty .gz file is empty text, and an empty .bz2 file is cut off."""
    assert text_of(b'', GzipFormat) == b''
    with pytest.raises(DataError, match='cut off'):
        text_of(b'', Bzip2Format)
