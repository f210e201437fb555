"""The part `changes` of soak_adversary: the input is changed while a command reads it.

A file is cut, added to, overwritten in place or replaced, at a random moment, with its times put
back or not. The command may be refused; else its result must be that of the old content or of the
new one, and never of some rows of each.
"""

import os
import random
import shutil

from adversary_runs import Wrong, alive, call, checked, end_session, read, same_labels, wait_for
from commandline import Done, environment, model_hash, start

FIT = ['-k', '3', '--init', 'random', '--tol', '0', '--max-iter', '3']
N_ROWS = 250_000
COMMANDS = {
    'fit': [],
    'fit --no-pack': ['--no-pack'],
    'fit --engine sql': ['--engine', 'sql'],
    'assign': [],
}
HOWS = ['cut', 'append', 'overwrite', 'overwrite a little', 'replace']


def check_changes(case, counts, shared) -> None:
    """Change the input of a command at a random moment; raise Wrong when it got a mixture."""
    chance = random.Random(case.chance_seed)
    data = shared.made('changes', make_data)
    name, how, keep_times = (
        chance.choice(list(COMMANDS)),
        chance.choice(HOWS),
        chance.random() < 0.5,
    )
    paths = [case.path(os.path.basename(path)) for path in data['paths']]
    for path, kept in zip(paths, data['paths']):
        shutil.copy2(kept, path)
    which = chance.randrange(len(paths))
    new = case.path('new')
    new_content(chance, how, paths[which], new)
    command, out = command_of(name, paths, data, case)
    done, was_over = change_while_running(chance, case, command, how, paths[which], new, keep_times)
    counts['cases'] += 1
    counts[name] += 1
    counts[f'{how}{", times kept" if keep_times else ""}'] += 1
    checked(done)
    if done.code:
        counts['refused'] += 1
        if os.path.basename(paths[which]) not in done.stderr and 'changed' not in done.stderr:
            raise Wrong(
                f'{name}, {how}: the message does not say that the input changed: '
                f'{done.stderr[-400:]}'
            )
        return
    judge(name, how, out, paths, data, case, counts, done)
    counts['over before'] += was_over


def make_data(folder, seed):
    """Write the files that are changed, and what a fit makes of them."""
    chance = random.Random(f'{seed} changes')
    data = {'paths': []}
    for number in range(2):
        lines = [
            '%08.3f,%08.3f,%08.3f\n'
            % (chance.gauss(500, 99), chance.random() * 999, chance.gauss(0, 9) + 99)
            for _ in range(N_ROWS)
        ]
        path = os.path.join(folder, f'rows{number}.csv')
        with open(path, 'w', encoding='ascii') as file:
            file.write('x,y,z\n' + ''.join(lines))
        data['paths'].append(path)
    data['run'] = os.path.join(folder, 'run')
    data['hash'] = model_hash(call('fit', *data['paths'], '-o', data['run'], *FIT))
    data['labels'] = os.path.join(folder, 'labels')
    call('assign', data['run'], *data['paths'], '-o', data['labels'])
    return data


def new_content(chance, how, path, new):
    """Write what the file will be to `new`."""
    data = read(path)
    size = len(data)
    if how == 'cut':  # also in the middle of a number
        data = data[: chance.randrange(size // 10, size)]
    elif how == 'append':
        data += data[-chance.randrange(1, 200_000) * 27 :]
    else:  # other numbers of the same size, in all lines or in one of a thousand
        lines = data.splitlines(True)
        first = lines[0]
        step = 1000 if how == 'overwrite a little' else 1
        lines[1::step] = [line.translate(DIGITS) for line in lines[1::step]]
        data = first + b''.join(lines[1:])
    with open(new, 'wb') as file:
        file.write(data)


DIGITS = bytes.maketrans(b'123456789', b'987654321')


def command_of(name, paths, data, case):
    """Return the command and the folder that it writes."""
    if name == 'assign':
        return ['assign', data['run'], *paths, '-o', case.path('labels')], case.path('labels')
    return ['fit', *paths, '-o', case.path('out'), *FIT, *COMMANDS[name]], case.path('out')


def change_while_running(chance, case, command, how, path, new, keep_times):
    """Run a command, change a file at a random moment; return how it ended, and if before."""
    before = set(os.listdir(case.folder))
    process = start(*command, env=environment())
    try:
        wait_for(lambda: process.poll() is not None or set(os.listdir(case.folder)) != before, 60)
        wait_for(
            lambda: process.poll() is not None,
            chance.random() * chance.choice([0.0, 0.3, 0.6, 2.0]),
        )
        was_over = process.poll() is not None
        change(how, path, new, keep_times)
        try:
            out, err = process.communicate(timeout=120)
        except Exception as error:
            raise Wrong('it did not end within 120 s') from error
        if alive(process.pid):
            raise Wrong(f'processes are left: {alive(process.pid)}')
    finally:
        end_session(process.pid)
        process.wait()
    return Done(process.returncode, out, err), was_over


def change(how, path, new, keep_times):
    """Let a file have the new content."""
    times = os.stat(path)
    data = read(new)
    if how == 'replace':
        os.replace(shutil.copy(new, new + '.copy'), path)
    elif how == 'cut':
        os.truncate(path, len(data))
    elif how == 'append':
        old = os.path.getsize(path)
        with open(path, 'ab', buffering=0) as file:
            file.write(data[old:])
    else:
        with open(path, 'r+b', buffering=0) as file:
            file.write(data)
    if keep_times:
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def judge(name, how, out, paths, data, case, counts, done):
    """Raise Wrong unless a command that ended well read the old content or the new."""
    if name == 'assign':
        try:
            same_labels(out, data['labels'])
            counts['old result'] += 1
            return
        except Wrong:
            again = call('assign', data['run'], *paths, '-o', case.path('again'), '--no-pack')
            if again.code:
                raise Wrong(
                    f'assign, {how}: labels of a mixture: the new content is refused'
                ) from None
            same_labels(out, case.path('again'))
    elif model_hash(done) == data['hash']:
        counts['old result'] += 1
        return
    else:
        again = call('fit', *paths, '-o', case.path('again'), *FIT)
        if again.code or model_hash(again) != model_hash(done):
            raise Wrong(
                f'{name}, {how}: a mixture: neither the hash of the old content nor of the new '
                f'({again.stderr.strip()[-200:] if again.code else "another hash"})'
            )
    counts['new result'] += 1
