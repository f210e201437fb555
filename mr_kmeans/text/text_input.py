"""The description of text input that every task gets: the line format, and whether there is a
header.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from mr_kmeans.text.line_format import TextFormat


class TextInput(NamedTuple):
    """The dialect of all input files of a run, as passed to the tasks.

    Attributes
    ----------
    format : TextFormat
    header : bool
        Whether the first line of each file is a header; the task whose split starts at 0 skips it.
    """

    format: TextFormat
    header: bool

    def dumps(self) -> str:
        """Return one line of JSON without apostrophes, by which Hadoop Streaming quotes
        arguments.
        """
        return json.dumps(
            {'format': self.format.to_json(), 'header': self.header}, sort_keys=True
        ).replace("'", '\\u0027')

    @classmethod
    def loads(cls, text: str) -> TextInput:
        """Return the description that `dumps` wrote."""
        plain = json.loads(text)
        return cls(TextFormat.from_json(plain['format']), plain['header'])
