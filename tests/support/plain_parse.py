"""The reference of `text.parse.parse`: text to columns, line by line."""

import numpy as np

from mr_kmeans.exact.column import from_floats
from mr_kmeans.text.parse import LineReader, Parsed, TextFormat, split_lines


def parse_plainly(data: bytes, fmt: TextFormat) -> Parsed:
    """Return what `parse` returns."""
    texts = split_lines(data)
    lines, rows, values, ids = LineReader(fmt), [], [], []
    for number, line in enumerate(texts):
        point = lines.read(line, number)
        if point is not None:
            rows.append(number)
            values.append(point[0])
            ids.append(point[1])
    lines.trim()
    table = np.array(values, dtype=np.float64).reshape(len(rows), len(fmt.columns))
    columns = [from_floats(table[:, j].copy()) for j in range(len(fmt.columns))]
    ids = None if fmt.id_column is None else ids
    return Parsed(len(texts), columns, np.array(rows, np.int64), ids, *lines.found())
