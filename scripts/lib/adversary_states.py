"""The part `states` of soak_adversary: what a run has left in its folder, corrupted at random.

Then the folder is used, and must be refused, by a documented exit code and a message that names
what is damaged, or must lead to the very result of the whole one. What is not part of the result (a
digit of the inertia in model.json) may be changed without being noticed.
"""

import json
import os
import random
import shutil

import runs
from adversary_runs import Wrong, call, expect, listing, read, same_labels
from commandline import model_hash

FIT = ['-k', '4', '--init', 'random', '--tol', '0', '--max-iter', '8']
FROM_RUN = ['-k', '4', '--max-iter', '2', '--tol', '0']
NASTY = [
    None,
    True,
    0,
    -1,
    1,
    1e9,
    1e308,
    10**30,
    -(10**30),
    float('nan'),
    float('inf'),
    '',
    'x',
    '0' * 5000,
    [],
    {},
    [[]],
    {'a': {'b': []}},
    [1] * 1000,
    '\ud800',
    2**63,
    1.5,
    'decimal',
    '../../etc/passwd',
]
HOWS = [
    'flip',
    'flip',
    'flip',
    'cut',
    'empty',
    'remove',
    'swap',
    'folder',
    'link',
    'json',
    'json',
    'json',
    'nonsense',
]
ACTIONS = ['resume', 'resume', 'assign', 'overwrite', 'init', 'more']
WORDS = [
    b'',
    b'{}',
    b'[]',
    b'null',
    b'\0' * 100,
    b'[' * 10000,
    b'{"pid": 1}',
    b'\xff\xfe',
    b'nonsense\n',
    b'{"a": NaN}',
    b'1' * 10000,
    b'{"host": [], "pid": {}, "born": 7}',
]


def check_states(case, counts, shared) -> None:
    """Corrupt a folder and use it; raise Wrong when that does neither fail nor succeed rightly."""
    chance = random.Random(case.chance_seed)
    data = shared.made('states', make_data)
    kind = chance.choice(['finished', 'interrupted', 'interrupted', 'by sql'])
    out, action = case.path('out'), chance.choice(ACTIONS)
    shutil.copytree(data[kind], out)
    before = read_all(out)
    what = corrupt(chance, out, data)
    counts['cases'] += 1
    counts[what[0]] += 1
    if read_all(out) == before:
        return
    arguments = command_of(action, kind, data, out, case)
    try:
        done = call(*arguments)
        if done.code == 0:
            counts['right result'] += 1
            check_right(action, kind, done, out, data, case)
        else:
            counts['refused'] += 1
            if action != 'assign' or kind != 'interrupted':  # which is refused in any case
                check_refused(done, what[1])
    except Wrong as error:
        raise Wrong(f'{kind}, {" ".join(map(str, what))}, {action}: {error}') from error


def make_data(folder, seed):
    """Make the runs that are to be corrupted, and another."""
    chance = random.Random(f'{seed} states')
    rows = [
        (round(chance.random(), 3), round(chance.gauss(0, 5), 2), 1 / chance.randint(3, 40))
        for _ in range(900)
    ]
    data = {'paths': runs.write_rows(os.path.join(folder, 'rows'), rows, 2)}
    outcome = runs.outcome_of_reference(rows, runs.start_of_rows(rows, 4), None, 8, 0.0)
    data['hash'] = {'finished': outcome.hash, 'interrupted': outcome.hash, 'by sql': outcome.hash}
    data['more'] = runs.outcome_of_reference(rows, runs.start_of_rows(rows, 4), None, 10, 0.0).hash
    for name, more in (
        ('finished', []),
        ('interrupted', ['--max-iter', '4']),
        ('by sql', ['--engine', 'sql']),
        ('other', ['-k', '3', '--seed', '5', '--max-iter', '2']),
    ):
        data[name] = os.path.join(folder, name.replace(' ', '_'))
        done = call('fit', *data['paths'], '-o', data[name], *FIT, *more)
        expect(done, 0, 'an undisturbed fit')
        assert name in ('interrupted', 'other') or model_hash(done) == outcome.hash
    os.remove(os.path.join(data['interrupted'], 'model.json'))
    data['labels'] = os.path.join(folder, 'labels')
    expect(call('assign', data['finished'], *data['paths'], '-o', data['labels']), 0, 'assign')
    data['from run'] = {}
    for kind in data['hash']:
        out = os.path.join(folder, 'from_' + kind)
        done = call('fit', *data['paths'], '-o', out, '--init', data[kind], *FROM_RUN)
        expect(done, 0, '--init from a run')
        data['from run'][kind] = model_hash(done)
    return data


# What is done to a folder


def corrupt(chance, out, data):
    """Do one thing to a folder of a run; return what, and to which file."""
    how = chance.choice(HOWS)
    files = [name for name in listing(out) if not name.endswith('/')]
    if how == 'nonsense':
        return nonsense(chance, out, files)
    if how == 'json':
        files = [name for name in files if name.endswith('.json')]
    names = (
        ['points', 'iterations']
        if how in ('remove', 'folder', 'link') and chance.random() < 0.2
        else files
    )
    names = [name for name in names if os.path.exists(os.path.join(out, name))]
    weighty = [
        name for name in ('model.json', 'iterations/00004.json', 'survey.json') if name in names
    ]
    name = chance.choice(weighty if weighty and chance.random() < 0.3 else names)
    path = os.path.join(out, name)
    CORRUPTIONS[how](chance, path, os.path.join(data['other'], name))
    return how, name


def nonsense(chance, out, files):
    """Put nonsense as a lock, or into a file."""
    name = chance.choice(['lock', 'lock', 'tmp', *files])
    path = os.path.join(out, name)
    if chance.random() < 0.2 and not os.path.exists(path):
        os.mkdir(path)
    else:
        write(path, chance.choice(WORDS))
    return 'nonsense', name


def flip(chance, path, other):
    data = bytearray(read(path))
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    write(path, data)


def cut(chance, path, other):
    data = read(path)
    write(path, data[: chance.randrange(len(data) + 1)])


def empty(chance, path, other):
    write(path, b'')


def remove(chance, path, other):
    shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)


def swap(chance, path, other):
    """Put the file of another run there."""
    if os.path.isfile(other):
        shutil.copy2(other, path)


def folder_there(chance, path, other):
    remove(chance, path, other)
    os.mkdir(path)


def link_there(chance, path, other):
    """Put a symbolic link there: to another run's, to nothing, or to itself."""
    remove(chance, path, other)
    os.symlink(chance.choice([other, '/nowhere', os.path.basename(path)]), path)


def change_json(chance, path, other):
    """Replace, add or take out a value somewhere."""
    content = json.loads(read(path))
    place, key = chance.choice(list(places(content)))
    what = chance.random()
    if what < 0.7:
        place[key] = chance.choice(NASTY)
    elif what < 0.85:
        del place[key]
    elif isinstance(place, list):
        place.insert(key, place[key])
    else:
        place[str(key) + 'x'] = place[key]
    write(path, json.dumps(content).encode('ascii'))


def places(content):
    """Yield (container, key) of all values in JSON."""
    for key in list(content) if isinstance(content, dict) else range(len(content)):
        yield content, key
        if isinstance(content[key], (dict, list)):
            yield from places(content[key])


def write(path, data):
    with open(path, 'wb') as file:
        file.write(data)


CORRUPTIONS = {
    'flip': flip,
    'cut': cut,
    'empty': empty,
    'remove': remove,
    'swap': swap,
    'folder': folder_there,
    'link': link_there,
    'json': change_json,
}


# What is done with it, and what that may come to


def command_of(action, kind, data, out, case):
    """Return the command."""
    if action == 'assign':
        return ['assign', out, *data['paths'], '-o', case.path('labels')]
    if action == 'init':
        return ['fit', *data['paths'], '-o', case.path('next'), '--init', out, *FROM_RUN]
    more = ['--engine', 'sql'] if kind == 'by sql' else []
    more += ['--max-iter', '10'] if action == 'more' else []
    return [
        'fit',
        *data['paths'],
        '-o',
        out,
        *FIT,
        *more,
        '--overwrite' if action == 'overwrite' else '--resume',
    ]


def check_right(action, kind, done, out, data, case):
    """Raise Wrong unless a command that ended well came to the right result."""
    if action == 'assign':
        same_labels(case.path('labels'), data['labels'])
        return
    expected = {'init': data['from run'][kind], 'more': data['more']}.get(
        action, data['hash'][kind]
    )
    if model_hash(done) != expected:
        raise Wrong(
            f'exit code 0 and another hash, {model_hash(done)[:16]}, not {str(expected)[:16]}'
        )
    home = case.path('next') if action == 'init' else out
    model = json.loads(read(os.path.join(home, 'model.json')))
    if model['hash'] != expected:
        raise Wrong('model.json has not the hash that was printed')


def check_refused(done, name):
    """Raise Wrong unless the message names what is damaged: the file, or the folder it is in."""
    parts = [part for part in name.split('/') if part]
    # another run's manifest is none that is damaged; without centroids.csv, model.json is asked for
    parts += {
        'manifest.json': ['--resume: the options differ', '--resume: the input differs'],
        'centroids.csv': ['without model.json'],
    }.get(name, [])
    if not any(part in done.stderr for part in parts):
        raise Wrong(f'the message does not name {name}: {done.stderr.strip()[-400:]}')


def read_all(folder):
    """Return all files of a folder with their content; of a link, where it leads."""
    found = {}
    for name in listing(folder):
        path = os.path.join(folder, name.rstrip('/'))
        found[name] = (
            os.readlink(path)
            if os.path.islink(path)
            else read(path)
            if os.path.isfile(path)
            else None
        )
    return found
