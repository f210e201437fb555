"""Text that was damaged at random, for the part `data` of soak_adversary.

Nobody knows what it says. So what is asked is that every way reads the same from it, or refuses it;
and of a damaged compressed file, that it is refused, or read as if it were whole.
"""

import csv
import os
from unittest import mock

from adversary_rows import make_problem
from adversary_runs import Wrong, call
from adversary_text import as_arguments, write_text
from commandline import model_hash

from mr_kmeans.inputs import source

PIECES = [
    b'"',
    b'""',
    b'\r',
    b'\n',
    b'\r\n',
    b',',
    b'\t',
    b';',
    b' ',
    b'\0',
    b'\xff',
    b'\xef\xbb\xbf',
    b'-',
    b'.',
    b'e',
    b'1',
    b'NA',
    b'\xc3',
    b'1e400',
    b'9' * 30,
    b'\x1a',
    b'\x0b',
    b'\xe2\x80\xa8',
]
ALLOWED_BAD = 10**6


def check_wild(case, chance, counts) -> None:
    """Damage files at random; raise Wrong where two ways don't agree about them."""
    problem = make_problem(chance)
    while len(problem.rows) > 100:
        problem = make_problem(chance)
    folder = case.path('text')
    os.mkdir(folder)
    text = write_text(chance, folder, problem)
    counts['rows'] += len(problem.rows)
    packed = [path for path in text.paths if path.endswith(('.gz', '.bz2'))]
    if packed and chance.random() < 0.7:
        check_damaged_stream(case, chance, counts, text, packed)
        return
    for path in text.paths:
        if path not in packed:
            damage(chance, path)
    options = {
        'missing': text.options['missing'],
        'max_bad_rows': ALLOWED_BAD,
        'columns': text.options['columns'],
    }
    if chance.random() < 0.6:
        options.update(text.options, max_bad_rows=ALLOWED_BAD)
    found = {}
    for number, way in enumerate([[], ['--no-pack', '--variant', 'two-job'], ['--engine', 'sql']]):
        found[' '.join(way) or 'packed'] = what_is_read(
            case, case.path(f'out{number}'), text, options, way, number
        )
        counts['runs'] += 1
    counts['damaged texts'] += 1
    if len(set(found.values())) > 1:
        raise Wrong(f'ways read different things: {found}')


def what_is_read(case, out, text, options, way, number):
    """Return exit code, hash and the number of rejected lines of a fit."""
    n_bytes = max(17, max(map(os.path.getsize, text.paths)) // 30)
    split = mock.patch.multiple(
        source, TEXT_SPLIT_BYTES=n_bytes, MIN_SPLIT_BYTES=n_bytes, usable_cores=lambda: 3
    )
    setting = {'setting': lambda: split} if number == 1 else {}
    done = call(
        'fit',
        *text.paths,
        '-k',
        1,
        '--init',
        'random',
        '-o',
        out,
        '--max-iter',
        2,
        *as_arguments(options),
        *way,
        **setting,
    )
    if done.code:
        return done.code, '', 0
    lines = []
    if os.path.exists(os.path.join(out, 'rejected.csv')):
        with open(
            os.path.join(out, 'rejected.csv'),
            encoding='utf-8',
            errors='surrogateescape',
            newline='',
        ) as file:
            lines = [(row['file'], row['line'], row['reason']) for row in csv.DictReader(file)]
    return 0, model_hash(done), hash(tuple(lines))


def damage(chance, path) -> None:
    """Put in, take out or replace some bytes of a file."""
    with open(path, 'rb') as file:
        data = file.read()
    for _ in range(chance.choice([1, 2, 5, 20])):
        at, piece = chance.randrange(len(data) + 1), chance.choice(PIECES)
        data = (
            data[:at]
            + chance.choice([piece, piece, b''])
            + data[at + chance.choice([0, 1, len(piece)]) :]
        )
    with open(path, 'wb') as file:
        file.write(data)


def check_damaged_stream(case, chance, counts, text, packed) -> None:
    """Flip a bit of a compressed file, or cut it off; it must be refused, or read as it was."""
    arguments = [
        *text.paths,
        '-k',
        1,
        '--init',
        'random',
        '--max-iter',
        2,
        *as_arguments(text.options),
    ]
    before = call('fit', *arguments, '-o', case.path('whole'))
    path = chance.choice(packed)
    with open(path, 'rb') as file:
        data = bytearray(file.read())
    at = chance.randrange(len(data))
    data[at] ^= 1 << chance.randrange(8)
    with open(path, 'wb') as file:
        file.write(data)
    for number, way in enumerate([[], ['--no-pack'], ['--engine', 'sql']]):
        after = call('fit', *arguments, '-o', case.path(f'out{number}'), *way)
        counts['runs'] += 1
        if after.code == 0 and model_hash(after) != model_hash(before):
            raise Wrong(
                f'a flipped bit in byte {at} of {os.path.basename(path)} made another result, '
                'with exit code 0'
            )
    counts['damaged streams'] += 1
