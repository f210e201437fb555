"""Tests of the hash of a file's content at a few places."""

import random

import pytest

from mr_kmeans.inputs.content_hash import (
    BYTES_PER_PLACE,
    MAX_PLACES,
    PLACE_BYTES,
    hash_places,
    places,
)

SIZES = [
    0,
    1,
    PLACE_BYTES - 1,
    PLACE_BYTES,
    PLACE_BYTES + 1,
    4 * PLACE_BYTES,
    4 * PLACE_BYTES + 1,
    10**6,
    BYTES_PER_PLACE,
    10**9,
    10**13,
]


@pytest.mark.parametrize('size', SIZES)
def test_places_cover_beginning_and_end(size):
    """The places are the beginning, the end and a few in between; for a small file, they cover all
    bytes.
    """
    found = places(size)
    assert found == sorted(set(found)) and len(found) <= MAX_PLACES
    covered = sum(min(PLACE_BYTES, size - place) for place in found)
    assert covered == min(size, len(found) * PLACE_BYTES)
    if size:
        assert found[0] == 0 and found[-1] + PLACE_BYTES >= size


def test_changed_byte_at_a_place_changes_the_hash(tmp_path):
    content = bytearray(random.Random(1).randbytes(100_000))
    path = tmp_path / 'x'
    hashes = set()
    for change in [None, *places(len(content)), len(content) - 1]:
        changed = bytearray(content)
        if change is not None:
            changed[change] ^= 1
        path.write_bytes(changed)
        hashes.add(hash_places(str(path), len(changed)))
    assert len(hashes) == 1 + len(places(len(content))) + 1
