"""Points for benchmarks: blobs around uniform centers, as CSV with 4 decimals, written by numpy at
60 MB/s or so."""

import os

import numpy as np

CHUNK_ROWS = 100_000
DECIMALS = 4
FIELD_BYTES = 9
"""A field before what it has no use for is dropped: sign, two digits, point, four decimals,
comma."""


def blobs(n, n_features, n_clusters, seed):
    """Yield the points in chunks, as integers in units of 10**-4, int64 of shape (rows,
    n_features).

    Centers are uniform in [-10, 10) in every feature, the spread is 1; |x| < 100.
    """
    rng = np.random.default_rng(seed)
    centers = rng.uniform(-10, 10, (n_clusters, n_features))
    for start in range(0, n, CHUNK_ROWS):
        rows = min(CHUNK_ROWS, n - start)
        x = centers[rng.integers(0, n_clusters, rows)] + rng.standard_normal((rows, n_features))
        yield np.rint(np.clip(x, -99, 99) * 10**DECIMALS).astype(np.int64)


def to_csv(integers):
    """Return rows of integers in units of 10**-4 as lines of text."""
    rows, n_features = integers.shape
    text = np.zeros((rows, n_features, FIELD_BYTES), dtype=np.uint8)
    text[:, :, 0] = np.where(integers < 0, ord('-'), 0)
    rest = np.abs(integers)
    for position in (7, 6, 5, 4, 2, 1):
        rest, digit = np.divmod(rest, 10)
        text[:, :, position] = digit + ord('0')
    text[:, :, 1][text[:, :, 1] == ord('0')] = 0
    text[:, :, 3] = ord('.')
    text[:, :, 8] = ord(',')
    text[:, -1, 8] = ord('\n')
    return text[text != 0].tobytes()


def blob_file(folder, n, n_features=10, n_clusters=20, seed=0):
    """Return the path of a CSV file of such points, made when it is not there yet."""
    path = os.path.join(folder, 'blobs-%d-%d-%d-%d.csv' % (n, n_features, n_clusters, seed))
    if not os.path.exists(path):
        os.makedirs(folder, exist_ok=True)
        with open(path + '.part', 'wb') as file:
            file.write((','.join('x%d' % j for j in range(n_features)) + '\n').encode())
            for integers in blobs(n, n_features, n_clusters, seed):
                file.write(to_csv(integers))
        os.rename(path + '.part', path)
    return path
