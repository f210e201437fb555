"""Text to numbers on one core: our parser, as a pack task calls it, and numpy.loadtxt.

Usage: bench_parse.py FILE BYTES REPEATS, with the number of threads limited to 1 by the environment. Reads the first BYTES of a CSV
file with a header. Prints JSON: `ours` and `theirs` in bytes per second (medians), and fails when the numbers differ.
"""

import io
import json
import statistics
import sys
import time

import numpy as np

from mr_kmeans.columns import to_floats
from mr_kmeans.dialect import sniff
from mr_kmeans.features import make_format
from mr_kmeans.inputs import read_head
from mr_kmeans.splits import chunks
from mr_kmeans.textparse import parse


def main(path, n_bytes, repeats):
    text_format = make_format(sniff(*read_head(path), path=path))
    with open(path, 'rb') as file:
        file.readline()
        text = file.read(n_bytes)
    text = text[:text.rindex(b'\n') + 1]
    pieces = [piece for piece, _ in chunks(io.BytesIO(text))]
    ours, theirs = [], []
    for _ in range(repeats):
        began = time.perf_counter()
        parsed = [parse(piece, text_format).columns for piece in pieces]
        between = time.perf_counter()
        expected = np.loadtxt(io.BytesIO(text), delimiter=',')
        ours.append(between - began)
        theirs.append(time.perf_counter() - between)
    found = np.column_stack([np.concatenate([to_floats(columns[j]) for columns in parsed]) for j in range(expected.shape[1])])
    if not np.array_equal(found, expected):
        sys.exit('bench_parse: the two read different numbers')
    print(json.dumps({'ours': len(text) / statistics.median(ours), 'theirs': len(text) / statistics.median(theirs)}))


if __name__ == '__main__':
    main(sys.argv[1], *map(int, sys.argv[2:]))
