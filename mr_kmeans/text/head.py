"""Reading of a file's first bytes, from which its dialect is detected."""

from __future__ import annotations

import io
from typing import BinaryIO, Tuple, cast

from mr_kmeans.messages import CLUSTER
from mr_kmeans.text.dialect import HEAD_BYTES, enough
from mr_kmeans.text.not_text import refuse_formats


def head_of(stream: BinaryIO, name: str, task: str = CLUSTER) -> Tuple[bytes, bool]:
    """Return as many first bytes of a stream as `dialect.sniff` needs, and whether these are all.

    Parameters
    ----------
    stream : binary stream
        Decompressed, with `peek`.
    name : str
        The file's name in messages.
    task : CLUSTER or LABEL
        What the rows are read for.

    Raises
    ------
    DataError
        If the bytes are not text.
    """
    head, wanted = b'', HEAD_BYTES
    while True:
        head += stream.read(wanted - len(head))
        if wanted == HEAD_BYTES:
            refuse_formats(head, name, task)
        complete = len(head) < wanted or not cast(io.BufferedReader, stream).peek(1)
        if complete or enough(head, complete):
            return head, complete
        wanted *= 4
