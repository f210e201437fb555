"""model.json is read strictly: what was damaged or edited is refused with its field and rule."""

import copy
import functools
import json
import os
import re
import shutil
from pathlib import Path

import pytest
from commandline import call

from mr_kmeans.errors import DataError
from mr_kmeans.json_fields import parse_object
from mr_kmeans.run.digest import with_digest
from mr_kmeans.run.directory import RunDirectory
from mr_kmeans.run.model_file import parse_model

ROWS = 'id,a,b\nr1,1,0.5\nr2,2,0.25\nr3,30,7\nr4,31,9\nr5,33,8.125\n'
DEEP = json.loads('[' * 300 + ']' * 300)


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp('model')
    (folder / 'x.csv').write_text(ROWS)
    assert (
        call(
            'fit', folder / 'x.csv', '-k', 2, '-o', folder / 'whole', '--id-column', 'id', '-q'
        ).code
        == 0
    )
    return folder


@pytest.fixture
def run(finished, monkeypatch):
    """A copy of the run in `run`, its rows in `x.csv`, all in the working directory."""
    monkeypatch.chdir(finished)
    for name in os.listdir(finished):
        if name not in ('whole', 'x.csv'):
            shutil.rmtree(name) if os.path.isdir(name) else os.unlink(name)
    shutil.copytree('whole', 'run')
    return finished / 'run'


def at(*keys_and_value):
    """Return a change: the value of a field, set."""
    *keys, last, value = keys_and_value

    def change(model):
        for key in keys:
            model = model[key]
        model[last] = value

    return change


def without(*keys):
    def change(model):
        for key in keys[:-1]:
            model = model[key]
        del model[keys[-1]]

    return change


def swapped(field):
    def change(model):
        model[field] = model[field][::-1]

    return change


FIELDS = (
    'version',
    'k',
    'features',
    'grid',
    'weights',
    'centroids',
    'counts',
    'inertia',
    'n_iter',
    'converged',
    'stopped_by',
    'hash',
    'n_samples',
    'seed',
    'options',
    'data',
)
OPTIONS = (
    'k',
    'init',
    'n_init',
    'max_iter',
    'tol',
    'seed',
    'feature_weights',
    'columns',
    'id_column',
    'delimiter',
    'header',
    'missing',
    'max_bad_rows',
)

CHANGED = {
    **{f'no {name}': (without(name), f"no '{name}'") for name in FIELDS},
    **{f'{name} is an object': (at(name, {'a': 1}), name) for name in FIELDS},
    **{f'{name} is null': (at(name, None), name) for name in FIELDS},
    **{f'{name} is nested': (at(name, DEEP), name) for name in FIELDS},
    **{f'no option {name}': (without('options', name), f"no 'options.{name}'") for name in OPTIONS},
    **{
        f'option {name} is an object': (at('options', name, {'a': 1}), 'options')
        for name in OPTIONS
    },
    **{f'option {name} is nested': (at('options', name, [DEEP]), 'options') for name in OPTIONS},
    **{
        f'no {name} of the data': (without('data', name), f"no 'data.{name}'")
        for name in ('fingerprint', 'n_samples', 'features')
    },
    'k is huge': (at('k', 10**30), 'k should be a whole number from 1'),
    'k is negative': (at('k', -2), 'k should be a whole number from 1'),
    'k is true': (at('k', True), 'k should be a whole number'),
    'k is text': (at('k', '2'), "found '2'"),
    'k is a float': (at('k', 2.0), 'found 2.0'),
    'another k': (at('k', 3), 'centroids should be a list of 3'),
    'no feature': (at('features', []), 'features should be a list of names'),
    'a feature that is a number': (at('features', 0, 5), 'features[0] should be text'),
    'a feature with half a surrogate': (
        at('features', 0, 'a\ud800'),
        'features[0] should be text that can be written as UTF-8',
    ),
    'one more feature': (at('features', ['a', 'b', 'c']), 'grid should be a list of 3'),
    'features of one name': (at('features', ['a', 'a']), 'features should be names that differ'),
    'a feature renamed': (at('features', ['a', 'c']), 'the hash in the file is'),
    'features swapped': (swapped('features'), 'the hash in the file is'),
    'a grid that would take minutes': (
        at('grid', 0, ['decimal', 1e9]),
        'grid[0][1] should be a whole number from 0 to 15, found 1000000000.0',
    ),
    'a grid of many decimals': (
        at('grid', 0, ['decimal', 10**9]),
        'grid[0][1] should be a whole number from 0 to 15',
    ),
    'a grid of 16 decimals': (at('grid', 0, ['decimal', 16]), 'found 16'),
    'a grid of -1 decimals': (at('grid', 0, ['decimal', -1]), 'found -1'),
    'a binary grid too fine': (at('grid', 0, ['binary', -1075]), 'from -1074 to 971'),
    'a binary grid too coarse': (at('grid', 0, ['binary', 972]), 'from -1074 to 971'),
    'a grid of another kind': (
        at('grid', 0, ['octal', 1]),
        "grid[0][0] should be 'decimal' or 'binary', found 'octal'",
    ),
    'a grid of one value': (at('grid', 0, ['decimal']), 'grid[0] should be a list of 2'),
    'a grid that is text': (at('grid', 0, 'decimal'), 'grid[0] should be a list of 2'),
    'a grid with true': (at('grid', 0, ['decimal', True]), 'found true'),
    'another grid': (at('grid', 0, ['decimal', 5]), 'the hash in the file is'),
    'a weight below 0': (
        at('weights', 0, -1.0),
        'weights[0] should be a finite number >= 0, found -1.0',
    ),
    'an infinite weight': (
        at('weights', 0, float('inf')),
        'weights[0] should be a finite number >= 0, found inf',
    ),
    'a weight that is NaN': (at('weights', 0, float('nan')), 'NaN should be a number'),
    'a weight that is text': (at('weights', 0, '1.0'), 'weights[0]'),
    'a weight too many': (at('weights', [1.0] * 3), 'weights should be a list of 2'),
    'another weight': (
        at('weights', 0, 2.0),
        'options.feature_weights should be the weights of the model',
    ),
    'an infinite centroid': (
        at('centroids', 0, 0, float('inf')),
        'centroids[0][0] should be a finite number',
    ),
    'a centroid of -Infinity': (
        at('centroids', 0, 0, -float('inf')),
        '-Infinity should be a number',
    ),
    'a centroid that is NaN': (at('centroids', 1, 0, float('nan')), 'NaN should be a number'),
    'a centroid beyond 2^500': (
        at('centroids', 1, 1, 1e151),
        'centroids[1][1] should be a finite number from -3.27339e+150',
    ),
    'a centroid of an integer without end': (
        at('centroids', 1, 1, 10**39),
        'the hash in the file is',
    ),
    'a centroid of text': (at('centroids', 1, 0, '1'), 'centroids[1][0] should be a finite number'),
    'a short centroid': (at('centroids', 1, [1.0]), 'centroids[1] should be a list of 2'),
    'a centroid too few': (at('centroids', [[1.0, 2.0]]), 'centroids should be a list of 2'),
    'a centroid edited': (at('centroids', 0, 0, 1.25), 'the hash in the file is'),
    'centroids swapped': (swapped('centroids'), 'the hash in the file is'),
    'a count below 0': (at('counts', 0, -1), 'counts[0] should be a whole number from 0'),
    'a huge count': (
        at('counts', 0, 2**63),
        'counts[0] should be a whole number from 0 to 2**63 - 1',
    ),
    'a count of half a row': (at('counts', 0, 1.5), 'counts[0]'),
    'a count too few': (at('counts', [5]), 'counts should be a list of 2'),
    'counts of other rows': (
        at('counts', [1, 3]),
        'counts should add up to n_samples, 5; found 4.',
    ),
    'counts swapped': (swapped('counts'), 'the hash in the file is'),
    'no rows': (at('n_samples', 0), 'n_samples should be a whole number from 1'),
    'more rows': (at('n_samples', 6), 'counts should add up to n_samples, 6; found 5.'),
    'an inertia below 0': (at('inertia', -1.0), 'inertia should be a number >= 0'),
    'an inertia of text': (at('inertia', '1'), 'inertia should be a number >= 0'),
    'iterations below 0': (at('n_iter', -1), 'n_iter should be a whole number from 1'),
    'iterations without end': (at('n_iter', 10**12), 'n_iter should be a whole number from 1 to'),
    'more iterations than asked for': (
        at('n_iter', 101),
        'options.max_iter should be no less than n_iter',
    ),
    'converged is 1': (at('converged', 1), 'converged should be true or false'),
    'not converged': (
        at('converged', False),
        "converged should be true, as stopped_by is 'no centroid moved', found false",
    ),
    'stopped by something': (
        at('stopped_by', 'boredom'),
        "stopped_by should be 'no centroid moved' or 'tol' or 'tol-inertia' or 'max-iter', found "
        "'boredom'",
    ),
    'another hash': (
        at('hash', '0' * 64),
        f'the hash in the file is {"0" * 64}, that of the content is ',
    ),
    'a short hash': (at('hash', 'abc'), 'hash should be a SHA-256'),
    'a hash that is a number': (at('hash', 5), 'hash should be a SHA-256'),
    'a seed below 0': (at('seed', -1), 'seed should be a whole number from 0 to 2**64 - 1'),
    'another seed': (at('seed', 7), 'options.seed should be 7'),
    'a long version': (at('version', 'v' * 10**6), 'version should be text of at most 100'),
    'another k in the options': (at('options', 'k', 3), 'options.k should be 2'),
    'k as text in the options': (at('options', 'k', '2'), 'options: k should be a whole number'),
    'true for max_bad_rows': (
        at('options', 'max_bad_rows', True),
        'options: max_bad_rows should be a whole number',
    ),
    'tol is text': (at('options', 'tol', '0.1'), 'options: tol should be a number'),
    'missing is null': (at('options', 'missing', None), 'fail or skip'),
    'missing is unknown': (
        at('options', 'missing', 'mean'),
        'options: --missing mean should be one of',
    ),
    'a delimiter that is a word': (
        at('options', 'delimiter', 'a word'),
        'options.delimiter should be comma, tab',
    ),
    'header is text': (at('options', 'header', 'yes'), 'options: header should be True or False'),
    'columns are an object': (at('options', 'columns', {}), 'options: columns should be'),
    'weights of the options': (
        at('options', 'feature_weights', [1.0, 2.0]),
        'options.feature_weights should be the weights',
    ),
    'a fingerprint of other digits': (
        at('data', 'fingerprint', 'xyz'),
        'data.fingerprint should be 16 hexadecimal digits',
    ),
    'rows of other data': (at('data', 'n_samples', 4), 'data.n_samples should be 5'),
    'features of other data': (
        at('data', 'features', ['a', 'c']),
        'data.features should be the features of the model',
    ),
}


def written(model) -> bytes:
    return json.dumps(model, indent=1).encode()


def changed(run, name) -> bytes:
    model = json.loads((run / 'model.json').read_bytes())
    CHANGED[name][0](model)
    return written(model)


def check_refused(done, words, code=1):
    assert (done.code, done.stdout) == (code, ''), done.stderr
    assert 'model.json: ' in done.stderr and words in done.stderr, done.stderr
    assert '--resume' in done.stderr and len(done.stderr) < 1000
    assert 'defect' not in done.stderr
    assert 'Traceback' not in done.stderr
    assert 'Error' not in done.stderr


@pytest.mark.parametrize('name', CHANGED)
def test_a_changed_field_is_refused(name, run):
    (run / 'model.json').write_bytes(changed(run, name))
    check_refused(call('assign', 'run', 'x.csv', '-o', 'labels'), CHANGED[name][1])
    assert not Path('labels').exists()


def replaced(old, new):
    return lambda data: re.sub(old, new, data, count=1)


BYTES = {
    'an empty file': (lambda data: b'', 'the file is empty'),
    'white space': (lambda data: b' \n\n', 'only white space'),
    'a file that is cut': (lambda data: data[: len(data) // 2], 'not JSON'),
    'more behind it': (lambda data: data + b'{}', 'not JSON'),
    'bytes that are no text': (
        replaced(b'"version"', b'"versi\xff"'),
        'not UTF-8 text: byte 0xff at offset',
    ),
    'UTF-16': (lambda data: data.decode().encode('utf-16'), 'not UTF-8 text'),
    'a byte order mark': (lambda data: b'\xef\xbb\xbf' + data, 'not JSON'),
    'NULs': (lambda data: bytes(len(data)), 'not JSON'),
    'a list': (lambda data: b'[' + data + b']', 'should be a JSON object, found a list of 1'),
    'a number': (lambda data: b'5', 'should be a JSON object, found 5'),
    'null': (lambda data: b'null', 'should be a JSON object, found null'),
    'a hundred thousand brackets': (lambda data: b'[' * 100_000, 'nested too deeply'),
    'a hundred thousand objects': (lambda data: b'{"a":' * 100_000, 'nested too deeply'),
    'a field that is there twice': (
        replaced(b'"k": 2', b'"k": 2, "k": 2'),
        "the field 'k' is there twice",
    ),
    'an option that is there twice': (
        replaced(b'"n_init"', b'"tol": 1, "n_init"'),
        "the field 'tol' is there twice",
    ),
    'a number of a million digits': (
        replaced(b'"seed": 0', b'"seed": ' + b'9' * 10**6),
        'a whole number of 1000000 digits',
    ),
    'a fraction of a million digits': (
        replaced(b'"seed": 0', b'"seed": 0.' + b'9' * 10**6),
        'a number of 1000002 characters',
    ),
    'a number that overflows': (
        replaced(b'"inertia": [0-9.]+', b'"weights": [1e999, 1], "inertia": 1'),
        'there twice',
    ),
    'a centroid that overflows': (
        replaced(rb'"centroids": \[\s*\[\s*[0-9.]+', b'"centroids": [[1e999'),
        'centroids[0][0] should be a finite number',
    ),
}


@pytest.mark.parametrize('name', BYTES)
def test_a_damaged_file_is_refused(name, run):
    change, words = BYTES[name]
    data = (run / 'model.json').read_bytes()
    assert change(data) != data
    (run / 'model.json').write_bytes(change(data))
    check_refused(call('assign', 'run', 'x.csv', '-o', 'labels'), words)


def test_a_folder_in_its_place_is_refused(run):
    os.unlink(run / 'model.json')
    (run / 'model.json').mkdir()
    check_refused(call('assign', 'run', 'x.csv', '-o', 'labels'), 'this is a folder')


ARGUMENTS = ('fit', 'x.csv', '-k', 2, '--id-column', 'id')
READERS = {
    'resume': (*ARGUMENTS, '-o', 'run', '--resume'),
    'init': (*ARGUMENTS, '-o', 'other', '--init', 'run'),
    'init by file': (*ARGUMENTS, '-o', 'other', '--init', 'run/model.json'),
    'assign by SQL': (
        'assign',
        'run',
        '-o',
        'labels',
        '--engine',
        'sql',
        '--database',
        'x.duckdb',
        '--table',
        'x',
    ),
}


@pytest.mark.parametrize('reader', READERS)
@pytest.mark.parametrize(
    'name',
    [
        'a centroid edited',
        'a grid that would take minutes',
        'no hash',
        'stopped_by is null',
        'k is huge',
    ],
)
def test_every_reader_is_as_strict(reader, name, run):
    (run / 'model.json').write_bytes(changed(run, name))
    check_refused(call(*READERS[reader]), CHANGED[name][1], 3 if 'init' in reader else 1)
    assert not Path('other/model.json').exists()


UNHASHED = {
    'inertia': (at('inertia', 2.5), 'inertia is 2.5, but '),
    'n_iter': (at('n_iter', 3), 'n_iter is 3, but 1 by the last file in iterations/'),
    'version': (at('version', '9.9.9'), "do not fit its 'digest'"),
    'tol': (at('options', 'tol', 0.5), 'options.tol is 0.5, but 0.0001 by manifest.json'),
    'columns': (at('options', 'columns', 'a,b'), "do not fit its 'digest'"),
    'fingerprint': (at('data', 'fingerprint', '0' * 16), f"data.fingerprint is '{'0' * 16}', but"),
    'a field of nobody': (at('comment', 'mine'), "do not fit its 'digest'"),
}
"""Changes of what the model hash does not cover, to values that may be."""


@pytest.mark.parametrize('reader', ['assign', *READERS])
@pytest.mark.parametrize('name', UNHASHED)
def test_a_change_that_the_hash_does_not_cover_is_refused(reader, name, run):
    model = json.loads((run / 'model.json').read_bytes())
    UNHASHED[name][0](model)
    (run / 'model.json').write_bytes(written(model))
    is_start = 'init' in reader  # which has no run beside it
    words = "do not fit its 'digest'" if is_start else UNHASHED[name][1]
    arguments = READERS.get(reader, ('assign', 'run', 'x.csv', '-o', 'labels'))
    check_refused(call(*arguments), words, 3 if is_start else 1)


HASHED = {
    'features': (at('features', 1, 'c'), "features[1] is 'c', but 'b' by survey.json"),
    'grid': (at('grid', 0, ['decimal', 5]), 'grid[0][1] is 5, but 0 by survey.json'),
    'centroids': (
        at('centroids', 1, 0, 1.25),
        'centroids[1][0] is 1.25, but 31.333333333333332 by iterations/00001.json',
    ),
    'counts': (at('counts', [4, 1]), 'counts[0] is 4, but 2 by iterations/00001.json'),
    'hash': (at('hash', '0' * 64), f'the hash in the file is {"0" * 64}'),
}


@pytest.mark.parametrize('name', HASHED)
def test_the_field_that_was_changed_is_named(name, run):
    (run / 'model.json').write_bytes(written(edited(run, HASHED[name][0])))
    check_refused(call('assign', 'run', 'x.csv', '-o', 'labels'), HASHED[name][1])
    shutil.rmtree(run / 'iterations')  # nothing to compare with
    os.unlink(run / 'survey.json')
    done = call('assign', 'run', 'x.csv', '-o', 'labels')
    check_refused(done, 'the hash in the file is ')


def edited(run, change):
    model = json.loads((run / 'model.json').read_bytes())
    change(model)
    return model


@pytest.mark.parametrize(
    'change, words',
    [
        (at('n_iter', 3), 'n_iter should be 1, the last iteration in iterations/, found 3'),
        (at('inertia', 2.5), 'inertia should be 7.2083'),
    ],
)
def test_a_model_without_digest_is_compared_with_the_last_iteration(change, words, run):
    """As a version before the digest wrote it: resuming said that a file which was never there was
    damaged, or showed the changed inertia."""
    model = edited(run, change)
    del model['digest']
    (run / 'model.json').write_bytes(written(model))
    done = call(*READERS['resume'])
    check_refused(done, words)
    assert '--overwrite' not in done.stderr
    del model['n_iter'], model['inertia']
    whole = json.loads(Path('whole/model.json').read_bytes())
    (run / 'model.json').write_bytes(
        written(dict(model, n_iter=whole['n_iter'], inertia=whole['inertia']))
    )
    assert call(*READERS['resume']).code == 0


@pytest.mark.parametrize(
    'content, words',
    [
        ('{"a": 1}', "--init x.json: damaged, or of another version: it has no 'features'"),
        ('{"a": 1', '--init x.json: not a whole model.json (not JSON'),
    ],
)
def test_an_init_that_is_not_a_model_is_unusable_data(content, words, run):
    Path('x.json').write_text(content)
    done = call(*ARGUMENTS, '-o', 'other', '--init', 'x.json')
    Path('x.json').unlink()
    assert (done.code, done.stdout) == (3, '') and words in done.stderr
    assert 'or a table of centroids' in done.stderr and 'Restore' not in done.stderr


def test_the_model_that_was_refused_is_made_again_as_the_error_says(run):
    whole = (run / 'model.json').read_bytes()
    (run / 'model.json').write_bytes(changed(run, 'a centroid edited'))
    os.unlink(run / 'model.json')
    assert call(*READERS['resume']).code == 0
    assert (run / 'model.json').read_bytes() == whole


def test_a_model_of_another_run_is_not_shown(run):
    assert (
        call(*ARGUMENTS, '-o', 'other', '--init', 'random', '--seed', 3, '--max-iter', 1, '-q').code
        == 0
    )
    other = json.loads(Path('other/model.json').read_bytes())
    Path('y.csv').write_text(ROWS.replace('r5,33', 'r5,34'))
    assert call('fit', 'y.csv', '-k', 2, '--id-column', 'id', '-o', 'third', '-q').code == 0
    assert other['hash'] != json.loads((run / 'model.json').read_bytes())['hash']
    shutil.copy('third/model.json', run / 'model.json')
    done = call(*READERS['resume'])
    assert done.code == 1
    assert 'model.json: ' in done.stderr
    assert 'last iteration in iterations/' in done.stderr


def test_changes_without_meaning_are_accepted(run):
    model = json.loads((run / 'model.json').read_bytes())
    plain = parse_model(written(model), 'model.json')
    turned = dict(reversed(list(copy.deepcopy(model).items())))
    assert parse_model(json.dumps(turned).encode(), 'model.json') == plain
    del model['digest']
    assert plain.to_json() == model
    other = dict(model, weights=[1, 1], more='unknown')  # of a version before the digest
    again = parse_model(json.dumps(other).encode(), 'model.json')
    assert again == plain and again.space.weights == [1.0, 1.0]
    with pytest.raises(DataError, match='named.json: '):
        parse_model(b'{}', 'named.json')


def test_an_infinite_inertia_is_taken(run):
    """Huge values have one."""
    model = dict(json.loads((run / 'model.json').read_bytes()), inertia=float('inf'))
    del model['digest']
    found = parse_model(json.dumps(with_digest(model)).encode(), 'model.json')
    assert found.inertia == float('inf')


# Other files of a run

STATE = {
    'survey.json': {
        'n_samples': (at('n_samples', -1), 'n_samples should be a whole number from 1'),
        'other n_samples': (at('n_samples', 6), 'moments[0] should be of 6 values'),
        'vanished': (at('vanished', 'x'), 'vanished should be a whole number'),
        'fingerprint': (
            at('fingerprint', 2**64),
            'fingerprint should be a whole number from 0 to 2**64 - 1',
        ),
        'no moments': (at('moments', []), 'moments should be a list of 2'),
        'moments of 6': (at('moments', 0, [1] * 6), 'moments[0] should be a list of 7'),
        'minimum': (at('moments', 0, 1, 'x'), 'moments[0][1] should be a number in hexadecimal'),
        'a minimum that overflows': (
            at('moments', 0, 1, '0x1.0p+9999'),
            'moments[0][1] should be a number in hexadecimal',
        ),
        'minimum above maximum': (
            at('moments', 0, 1, '0x1.0p+90'),
            'moments[0][2] should be no less than the minimum',
        ),
        'decimals': (
            at('moments', 0, 3, 10**9),
            'moments[0][3] should be a whole number from -1 to 15',
        ),
        'total': (
            at('moments', 0, 5, '9' * 5000),
            'moments[0][5] should be a whole number as text',
        ),
        'total as a number': (
            at('moments', 0, 5, 5),
            'moments[0][5] should be a whole number as text',
        ),
        'squares': (at('moments', 0, 6, '1'), 'moments[0][5] should be a sum whose square'),
        'no grid': (at('moments', 0, 4, None), 'moments[0][4] should be there, as there are sums'),
        'a grid that hangs': (
            at('space', 'grids', 0, ['decimal', 1e9]),
            'space.grids[0][1] should be a whole number from 0 to 15',
        ),
        'a grid of the moments that hangs': (
            at('moments', 0, 4, ['decimal', 10**9]),
            'moments[0][4][1] should be',
        ),
        'another grid': (
            at('space', 'grids', 0, ['decimal', 7]),
            "moments[0] should be of values on the grid ['decimal', 7]",
        ),
        'weights': (
            at('space', 'weights', 0, float('inf')),
            'space.weights[0] should be a finite number >= 0',
        ),
        'features': (
            at('space', 'features', 0, 'c'),
            'space.features should be the features of the run',
        ),
        'feature of no text': (at('space', 'features', 0, [1]), 'space.features[0] should be text'),
        'no space': (without('space'), "no 'space'"),
    },
    'iterations/00001.json': {
        'no iteration': (without('iteration'), "no 'iteration'"),
        'no stats': (at('stats', None), 'stats should be an object'),
        'number': (
            at('iteration', 'number', 10**12),
            'iteration.number should be a whole number from 0 to',
        ),
        'another number': (
            at('iteration', 'number', 2),
            'iteration.number should be 1, as in the name of the file',
        ),
        'stats of another': (at('stats', 'iteration', 3), 'stats.iteration should be 1'),
        'centroids': (
            at('iteration', 'centroids', 0, 0, 'x'),
            'iteration.centroids[0][0] should be a finite number',
        ),
        'ragged centroids': (
            at('iteration', 'centroids', 0, [1.0]),
            'iteration.centroids[0] should be a list of 2',
        ),
        'nested centroids': (
            at('iteration', 'centroids', DEEP),
            'iteration.centroids should be a list of 2',
        ),
        'huge centroid': (
            at('iteration', 'centroids', 0, 0, 1e300),
            'iteration.centroids[0][0] should be a finite number',
        ),
        'counts': (
            at('iteration', 'counts', [-1, 6]),
            'iteration.counts[0] should be a whole number from 0',
        ),
        'other counts': (
            at('iteration', 'counts', [3, 3]),
            'iteration.counts should add up to the 5 rows, found 6.',
        ),
        'shift': (at('iteration', 'shift', -1.0), 'iteration.shift should be a number >= 0'),
        'no shift': (at('iteration', 'shift', None), 'iteration.shift should be a number >= 0'),
        'moved': (
            at('iteration', 'moved', 9),
            'iteration.moved should be a whole number from 0 to 2',
        ),
        'empty': (at('iteration', 'empty', 1), 'iteration.empty should be 0'),
        'inertia': (at('previous_inertia', 'x'), 'previous_inertia should be a number >= 0'),
        'seconds': (at('stats', 'seconds', 'x'), 'stats.seconds should be a finite number >= 0'),
        'rows': (at('stats', 'rows', 1.5), 'stats.rows should be a whole number'),
    },
    'iterations/00000.json': {
        'counts': (
            at('iteration', 'counts', [2, 3]),
            'iteration.counts should be all 0 in iteration 0',
        ),
        'shift': (at('iteration', 'shift', 0.0), 'iteration.shift should be null'),
        'one centroid': (
            at('iteration', 'centroids', [[1.0, 2.0]]),
            'iteration.centroids should be a list of 2',
        ),
    },
    'manifest.json': {
        'no inputs': (without('inputs'), "no 'inputs'"),
        'inputs': (at('inputs', 5), 'inputs should be a list'),
        'an input': (at('inputs', 0, 5), 'inputs[0] should be an object'),
        'text_input': (at('text_input', '[' * 100_000), 'text_input'),
        'text_input of no text': (at('text_input', 5), 'text_input should be'),
        'options': (at('options', [1]), 'options should be an object'),
        'features': (at('features', 'ab'), 'features should be a list'),
    },
}


@pytest.mark.parametrize(
    'name, change', [(name, change) for name, changes in STATE.items() for change in changes]
)
def test_a_changed_state_is_refused(name, change, run):
    os.unlink(run / 'model.json')
    content = json.loads((run / name).read_bytes())
    del content['digest']  # which would be enough: the fields are read strictly beside it
    STATE[name][change][0](content)
    (run / name).write_bytes(written(content))
    done = call(*READERS['resume'])
    assert (done.code, done.stdout) == (1, ''), done.stderr
    assert f'{name}: damaged' in done.stderr
    assert STATE[name][change][1] in done.stderr
    assert '--overwrite' in done.stderr
    assert 'defect' not in done.stderr and 'Error' not in done.stderr


@pytest.mark.parametrize(
    'name, place',
    [
        ('iterations/00001.json', ['iteration', 'centroids', 0, 0]),
        ('iterations/00001.json', ['stats', 'slow_rows']),
        ('survey.json', ['fingerprint']),
    ],
)
def test_a_damaged_digit_is_noticed(name, place, run):
    """A number that may be any, so that only the digest of the file can tell."""
    os.unlink(run / 'model.json')
    content = json.loads((run / name).read_bytes())
    *way, last = place
    holder = functools.reduce(lambda inner, key: inner[key], way, content)
    holder[last] += 1
    (run / name).write_bytes(written(content))
    done = call(*READERS['resume'])
    assert (done.code, done.stdout) == (1, '')
    assert f'{name}: damaged' in done.stderr and "do not fit its 'digest'" in done.stderr


@pytest.mark.parametrize('name', STATE)
@pytest.mark.parametrize(
    'damage', [b'', b'[' * 100_000, b'5', b'\xff', b'{"a": 1, "a": 2}', b'{"a": NaN}']
)
def test_a_damaged_state_is_refused(name, damage, run):
    os.unlink(run / 'model.json')
    (run / name).write_bytes(damage)
    done = call(*READERS['resume'])
    assert (done.code, done.stdout) == (1, '')
    assert f'{name}: damaged' in done.stderr
    assert 'defect' not in done.stderr


def test_packed_rows_whose_note_is_hostile_are_packed_again(run):
    (run / 'points/_made_from.json').write_bytes(b'[' * 100_000)
    done = call(*ARGUMENTS, '-o', 'run', '--overwrite')
    assert done.code == 0 and 'packed ' in done.stderr


def test_read_json_returns_what_was_written(run):
    directory = RunDirectory(str(run))
    written = parse_object((run / 'survey.json').read_bytes())
    del written['digest']
    assert written == directory.read_json('survey.json')
