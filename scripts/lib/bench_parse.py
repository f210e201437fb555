"""Text to numbers on one core: our parser, as a pack task calls it, and pandas' read_csv.

Usage: bench_parse.py ROWS REPEATS SEED, with the number of threads limited to 1 by the environment.
Makes rows of six features and a column of text that is not used, in a file in memory for each kind
of text; in each, every line is of this kind, but for `empty in four`, where one line in four lacks
a feature. Numbers of 17 digits are read in two ways: many at once, as usual, and one by one, as
without text/long_numbers.py. Prints JSON: for each kind the bytes, and the CPU seconds of both
(medians). Fails when the numbers differ.
"""

import io
import json
import statistics
import sys
import time

import numpy as np
import pandas

from mr_kmeans.exact.column import to_floats
from mr_kmeans.formats.splits import chunks
from mr_kmeans.text import parse
from mr_kmeans.text.dialect import sniff
from mr_kmeans.text.features import make_format
from mr_kmeans.text.long_numbers import available

N_FEATURES = 6
NAMES = [f'x{j}' for j in range(N_FEATURES)]
LONG = '17 digits'


def make_kinds(n_rows, seed):
    """Yield the name of each kind of text, and the text."""
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 100, (n_rows, N_FEATURES))
    shorts = [[str(value) for value in row] for row in np.round(values, 4).tolist()]
    longs = [[repr(value) for value in row] for row in values.tolist()]
    lacking = [
        [*row[: i % N_FEATURES], '', *row[i % N_FEATURES + 1 :]] if i % 4 == 0 else row
        for i, row in enumerate(shorts)
    ]
    always = [
        [*row[: i % N_FEATURES], '', *row[i % N_FEATURES + 1 :]] for i, row in enumerate(shorts)
    ]
    numbers = [i % 97 for i in range(n_rows)]
    for name, rows, word in (
        ('clean', shorts, 'say hi to {}'),
        ('quoted', shorts, '"say hi to {}"'),
        ('commas in quotes', shorts, '"say hi, to {}"'),
        ('doubled quotes', shorts, '"say ""hi"" to {}"'),
        ('empty, not used', shorts, ''),
        ('empty in four', lacking, 'say hi to {}'),
        ('empty in every', always, 'say hi to {}'),
        (LONG, longs, 'say hi to {}'),
    ):
        lines = [','.join([*row, word.format(number)]) for row, number in zip(rows, numbers)]
        yield name, '\n'.join([','.join([*NAMES, 'text']), *lines, '']).encode('ascii')


def ours(text, many_at_once=True):
    """Return the values of the features, and the seconds; `many_at_once`: long numbers are read by
    text/long_numbers.py."""
    head, _, body = text.partition(b'\n')
    text_format = make_format(sniff(text[: 1 << 16], False), columns='x0-x5', missing='skip')
    pieces = [piece for piece, _ in chunks(io.BytesIO(body))]
    parse.long_numbers = many_at_once and available()
    began = time.process_time()
    parsed = [parse.parse(piece, text_format).columns for piece in pieces]
    seconds = time.process_time() - began
    return [
        np.concatenate([to_floats(columns[j]) for columns in parsed]) for j in range(N_FEATURES)
    ], seconds


def theirs(text):
    """Return what pandas makes of it, rows without a value left out as well."""
    began = time.process_time()
    frame = pandas.read_csv(io.BytesIO(text), usecols=NAMES).dropna()
    seconds = time.process_time() - began
    return [frame[name].to_numpy() for name in NAMES], seconds


def cases(n_rows, seed):
    """Yield (name, text, whether long numbers are read many at once): each kind of text, and long
    numbers in both ways."""
    for name, text in make_kinds(n_rows, seed):
        yield name, text, True
        if name == LONG:
            yield f'{LONG}, one by one', text, False


def main(n_rows, repeats, seed):
    found = {}
    for name, text, many_at_once in cases(n_rows, seed):
        both = [(ours(text, many_at_once), theirs(text)) for _ in range(repeats)]
        (mine, _), (other, _) = both[0]
        if not all(
            np.allclose(a, b, rtol=1e-14, atol=0) for a, b in zip(mine, other)
        ):  # pandas rounds twice
            sys.exit(f'bench_parse: the two read different numbers ({name})')
        found[name] = {
            'bytes': len(text),
            'ours': statistics.median(one[1] for one, _ in both),
            'theirs': statistics.median(one[1] for _, one in both),
        }
    print(json.dumps(found))


if __name__ == '__main__':
    main(*map(int, sys.argv[1:]))
