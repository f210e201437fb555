"""Hadoop Streaming's `rawbytes`: int32 length, key, int32 length, value, big-endian, over and over."""

import struct

_LENGTH = struct.Struct(">i")


def read_pairs(stream):
    """Yield (key, value) from a binary stream; a stream that ends in the middle of a record is an error."""
    while True:
        key = _read_field(stream, may_end=True)
        if key is None:
            return
        yield key, _read_field(stream)


def _read_field(stream, may_end=False):
    head = stream.read(4)
    if not head and may_end:
        return None
    size = _LENGTH.unpack(head)[0] if len(head) == 4 else -1
    data = stream.read(size) if size >= 0 else b""
    if len(head) != 4 or len(data) != size:
        raise ValueError(f"rawbytes stream ends within a record: {len(head)} bytes of a length, {len(data)} of {size} bytes")
    return data


def write_pair(stream, key, value):
    stream.write(_LENGTH.pack(len(key)) + key + _LENGTH.pack(len(value)) + value)
