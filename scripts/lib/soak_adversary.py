"""The part `adversary` of soak.py: what somebody would do who wants a wrong result.

data     nasty numbers in nasty text and in tables, run in random ways, against the reference
kills    signals at random moments, to the driver, a task or all; then the same hash, nothing left
states   what a run has left, corrupted at random; then a clear refusal, or the right result
changes  the input changed while it is read; then the old result, the new one, or a refusal

Each case is a function of --seed and its number: --case data:17 repeats one alone.
"""

import collections
import importlib
import os
import time

from adversary_runs import Wrong, own_folder

PARTS = {'data': 500, 'kills': 200, 'states': 200, 'changes': 40}
"""And how many cases of each are the default."""

PROGRESS_SECONDS = 20


def add_options(parser) -> None:
    """Add what only this part takes."""
    for name, number in PARTS.items():
        parser.add_argument(
            f'--{name}',
            type=int,
            default=number,
            metavar='N',
            help=f'cases of {name} of `adversary` (%(default)s)',
        )
    parser.add_argument('--case', metavar='PART:N', help='of `adversary`: only this one')


def adversary(options, folder, say, table):
    """Run the cases; return what went wrong, each with what repeats it."""
    shared = Shared(folder, options.seed)
    numbers = {name: range(getattr(options, name)) for name in PARTS}
    if options.case:
        part, _, number = options.case.partition(':')
        numbers = {part: [int(number)]}
    wrong = []
    try:
        for name in numbers:
            wrong += run_part(name, numbers[name], say, table, shared)
    finally:
        shared.stop()
    return wrong


def run_part(name, numbers, say, table, shared):
    """Run the cases of one part; print its figures, return what went wrong."""
    if not numbers:
        return []
    check = getattr(importlib.import_module(f'adversary_{name}'), f'check_{name}')
    counts, wrong, began = collections.Counter(), [], time.monotonic()
    told = began
    for number in numbers:
        with own_folder(shared.folder, name, number, shared.seed) as case:
            try:
                check(case, counts, shared)
            except (Wrong, AssertionError) as error:
                wrong.append(f'adversary --seed {shared.seed} --case {name}:{number}: {error}')
                say(wrong[-1])
        if time.monotonic() - told > PROGRESS_SECONDS:
            told = time.monotonic()
            say(f'adversary, {name}: {number + 1} of {len(numbers)}, {len(wrong)} wrong')
    counts['seconds'] = round(time.monotonic() - began)
    table(
        f'adversary, {name}, --seed {shared.seed}:',
        ['what', 'number'],
        [
            [what, format(counts[what], ',')]
            for what in sorted(counts, key=lambda what: (what != 'cases', what))
        ]
        + [['wrong', len(wrong)]],
    )
    return wrong


class Shared:
    """What the cases of a part share: data, runs, a PostgreSQL, each made when first asked for."""

    def __init__(self, folder, seed):
        self.folder, self.seed = folder, seed
        self._server, self._made = None, {}

    def made(self, name, make):
        """Return what `make(folder, seed)` has returned."""
        if name not in self._made:
            folder = os.path.join(self.folder, name)
            os.mkdir(folder)
            self._made[name] = make(folder, self.seed)
        return self._made[name]

    def postgres(self) -> str:
        """Return the URL of a server."""
        if self._server is None:
            from postgres_server import PostgresServer

            self._server = PostgresServer()
        return self._server.url()

    def stop(self) -> None:
        """Stop and remove the server, if it runs."""
        if self._server is not None:
            self._server.remove()
