"""model.json read strictly: every field has a type and a range, the fields fit each other, and the hash is that of the content.

All that reads a model reads it here: `assign`, by jobs and by SQL, `fit --resume`, and `--init` from an earlier run.
"""
from __future__ import annotations

import dataclasses
from typing import Dict, Optional

import numpy as np

from mr_kmeans.dialect import delimiter_bytes
from mr_kmeans.errors import RunError, UsageError
from mr_kmeans.fields import Field, FieldError, parse_object
from mr_kmeans.lloyd import MAX_COORDINATE, MAX_ITER, MOST_ITERATIONS, NO_MOVE, TOL
from mr_kmeans.model import model_hash
from mr_kmeans.options import FitOptions, TextOptions
from mr_kmeans.rundir import MODEL, RunDirectory, read_json, understanding
from mr_kmeans.space import Space

ADVICE = 'Restore the file, or remove it and give the command of the fit again with --resume, which writes it again.'
"""What can be done about a damaged model.json."""

LONGEST_VERSION = 100


def read_model(run: RunDirectory) -> Dict:
    """Return the content of model.json of a finished run.

    Raises
    ------
    RunError
        When there is none, or when it is damaged or was edited.
    """
    model = read_model_if_any(run)
    if model is not None:
        return model
    if not run.storage.is_folder(run.path()):
        what = 'this is a file' if run.storage.exists(run.path()) else 'there is no such folder'
        raise RunError(f'{run.out}: {what}; name the output folder of a fit')
    what = 'the run in it is not finished; fit --resume goes on with it' if run.has_run() else 'no run is in it'
    raise RunError(f'{run.out}: there is no {MODEL}: {what}')


def read_model_if_any(run: RunDirectory) -> Optional[Dict]:
    """Return the content of model.json, None where there is none.

    Raises
    ------
    RunError
    """
    path = run.path(MODEL)
    content = read_json(run.storage, path, ADVICE)
    return None if content is None else _understood(content, path)


def parse_model(data: bytes, name: str) -> Dict:
    """Return the model in the bytes of a file.

    Raises
    ------
    RunError
        Which names the file and the field.
    """
    try:
        return _understood(parse_object(data), name)
    except FieldError as error:
        raise RunError(f'{name}: not a whole {MODEL} ({error}). {ADVICE}') from None


def _understood(content: Dict, name: str) -> Dict:
    with understanding(name, ADVICE):
        return check_model(content)


def space_of(model: Dict) -> Space:
    """Return the space of a model: features, grids, weights."""
    return Space.from_json(model, '', 'grid')


def check_model(content: Dict) -> Dict:
    """Return the content of model.json; numbers that are whole in the file become floats where they have to be.

    Raises
    ------
    FieldError
        When a field is missing, is not what it can be, or contradicts another; when the hash is another.
    """
    field, space = Field(content), space_of(content)
    features = field.get('features')
    features.check(len(set(space.features)) == len(space.features), 'names that differ')
    k, d = field.get('k').whole(1), len(space.features)
    centroids = field.get('centroids').matrix(k, d, MAX_COORDINATE)
    counts = field.get('counts').wholes(k)
    n_samples = field.get('n_samples').whole(1)
    field.get('counts').check(sum(counts) == n_samples, f'counts of {n_samples} rows (n_samples) in all, not of {sum(counts)},')
    stopped_by = field.get('stopped_by').choice([NO_MOVE, TOL, MAX_ITER])
    field.get('converged').check(field.get('converged').flag() == (stopped_by != MAX_ITER), f'the contrary, as stopped_by is {stopped_by!r}')
    field.get('n_iter').whole(1, MOST_ITERATIONS)
    field.get('seed').whole(0, 2 ** 64 - 1)
    field.get('version').text(LONGEST_VERSION)
    _check_options(field, space)
    inertia = field.get('inertia').number(0.0, infinite=True)
    _check_hash(field.get('hash'), model_hash(space, np.array(centroids), counts))
    _check_data(field.get('data'), n_samples, space)
    return dict(content, weights=space.weights, centroids=centroids, inertia=inertia)


def _check_hash(field: Field, actual: str) -> None:
    written = field.matching('[0-9a-f]{64}', 'a SHA-256 in hexadecimal')
    if written != actual:
        raise FieldError('features, grid, weights, centroids, counts or hash were changed after the run wrote them: the hash in the file '
                         f'is {written}, that of the content is {actual}')


def _check_data(field: Field, n_samples: int, space: Space) -> None:
    """Check the fingerprint, and what is repeated beside it."""
    field.get('fingerprint').matching('[0-9a-f]{16}', '16 hexadecimal digits')
    field.get('n_samples').check(field.get('n_samples').whole(1) == n_samples, f'{n_samples}, as n_samples of the model')
    field.get('features').check(field.get('features').names() == space.features, 'the features of the model')


def _check_options(field: Field, space: Space) -> None:
    """Check the options: those that the library would take, in the form that it writes."""
    options = field.get('options')
    for kind in (FitOptions, TextOptions):
        given = {one.name: options.get(one.name).value for one in dataclasses.fields(kind)}
        group = kind(**given)
        try:
            group.check()
        except UsageError as error:
            raise FieldError(f'options: {error}') from None
        for name, value in dataclasses.asdict(group).items():
            options.get(name).check(value == given[name] and isinstance(value, bool) == isinstance(given[name], bool), repr(value))
    for name in ('k', 'seed'):
        options.get(name).check(options.get(name).value == field.get(name).value, f'{field.get(name).value}, as {name} of the model')
    options.get('missing').check(options.get('missing').value is not None, 'fail or skip')
    weights = options.get('feature_weights')
    weights.check((weights.value or [1.0] * len(space.features)) == space.weights, 'the weights of the model')
    options.get('max_iter').check(options.get('max_iter').value >= field.get('n_iter').value, 'no less than n_iter')
    try:
        options.get('delimiter').optional(lambda one: delimiter_bytes(one.value))
    except UsageError:
        raise options.get('delimiter').fault('comma, tab, semicolon, space or one punctuation character') from None
