"""A digest within a JSON object, so that a digit damaged on the disk is noticed when it is read.

JSON says itself when a bracket is lost, and the strict readers say when a value cannot be, but a
coordinate of a centroid may be any number. The digest is made of the values, not of the bytes, so
the layout of the file does not matter. It is against accidents: whoever edits a file can make a new
one.
"""

from __future__ import annotations

import hashlib
import json
from typing import Dict

from mr_kmeans.json_fields import FieldError

DIGEST = 'digest'


class ChangedError(FieldError):
    """Each value is possible, but together they are not what was written."""


def with_digest(content: Dict) -> Dict:
    """Return a copy of a JSON object with the digest of the rest as its last field."""
    return {**content, DIGEST: _digest(content)}


def without_digest(content: Dict) -> Dict:
    """Return a copy of a JSON object without its digest, which is checked; it may have none.

    Files of versions that wrote no digest have none.

    Raises
    ------
    ChangedError
        When the rest is not what the digest was made of.
    """
    rest = {name: value for name, value in content.items() if name != DIGEST}
    if DIGEST in content and content[DIGEST] != _digest(rest):
        raise ChangedError(
            f'its values have changed since they were written: they do not fit its {DIGEST!r}'
        )
    return rest


def _digest(content: Dict) -> str:
    text = json.dumps(content, sort_keys=True, separators=(',', ':'))
    return hashlib.sha256(text.encode('ascii')).hexdigest()
