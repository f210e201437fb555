"""The survey beside the parsing on one core, as a pack task does both: CPU time in one process.

Usage: bench_survey.py ROWS FEATURES CAPACITY REPEATS SEED, with the number of threads limited to 1
by the environment. Makes rows in memory (blobs of 4 decimals) and prints JSON: CPU seconds of
parsing and of the survey (the least of the repeats).
"""

import io
import json
import sys
import time

import bench_data
import numpy as np

from mr_kmeans.exact.points import Origin, Points
from mr_kmeans.exact.survey import Surveyor
from mr_kmeans.formats.splits import chunks
from mr_kmeans.text.dialect import sniff
from mr_kmeans.text.features import make_format
from mr_kmeans.text.parse import parse

N_CLUSTERS = 20
ORIGIN = Origin('bench', 0)


def main(n_rows, n_features, capacity, repeats, seed):
    text = b''.join(map(bench_data.to_csv, bench_data.blobs(n_rows, n_features, N_CLUSTERS, seed)))
    head = (','.join('x%d' % j for j in range(n_features)) + '\n').encode('ascii')
    text_format = make_format(sniff(head + text[: 1 << 16], False))
    pieces = [piece for piece, _ in chunks(io.BytesIO(text))]
    parsing, surveying = [], []
    for _ in range(repeats):
        surveyor = Surveyor(seed, capacity)
        parse_seconds = survey_seconds = 0.0
        for piece in pieces:
            began = time.process_time()
            parsed = parse(piece, text_format)
            parse_seconds += time.process_time() - began
            points = Points(parsed.columns, np.asarray(parsed.rows, np.int64), None, ORIGIN)
            began = time.process_time()
            surveyor.add(points)
            survey_seconds += time.process_time() - began
        parsing.append(parse_seconds)
        surveying.append(survey_seconds)
    print(json.dumps({'parse': min(parsing), 'survey': min(surveying)}))


if __name__ == '__main__':
    main(*map(int, sys.argv[1:]))
