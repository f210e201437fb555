"""model.json read strictly: every field has a type and a range, they fit each other and the hash.

All that reads a model reads it here: `assign`, by jobs and by SQL, `fit --resume`, and an earlier
run given to `--init`.
"""

from __future__ import annotations

import dataclasses
from typing import Dict, Optional

import numpy as np

from mr_kmeans.algorithm.lloyd import (
    MAX_COORDINATE,
    MAX_ITER,
    MAX_ITERATIONS,
    NO_MOVE,
    TOL,
)
from mr_kmeans.errors import DataError, RunError, UsageError
from mr_kmeans.exact.feature_space import Space
from mr_kmeans.exact.survey import Survey
from mr_kmeans.formats.model import model_hash
from mr_kmeans.json_fields import Field, FieldError, parse_object, shown
from mr_kmeans.options import FitOptions, TextOptions
from mr_kmeans.run.digest import ChangedError, without_digest
from mr_kmeans.run.directory import MODEL, STATE, RunDirectory, read_json, understanding
from mr_kmeans.run.loop import read_iteration
from mr_kmeans.run.model_changes import find_change
from mr_kmeans.text.dialect import delimiter_bytes

ADVICE = (
    'Restore the file, or remove it and give the command of the fit again with --resume, '
    'which writes it again.'
)
"""What can be done about a damaged model.json in the folder of a run."""

FILE_ADVICE = (
    f'Name a {MODEL} that is whole and as a run wrote it, or a table of centroids. In the folder '
    'of a run, remove it and give the command of that fit again with --resume, which writes it '
    'again.'
)
"""What can be done about one that a user named."""

MAX_VERSION_LENGTH = 100


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
        lost = run.storage.lost_link(run.path())
        what = (
            f'this is a link to {lost}, which is not there'
            if lost
            else 'this is a file'
            if run.storage.exists(run.path())
            else 'there is no such folder'
        )
        raise RunError(f'{run.out}: {what}; name the output folder of a fit')
    what = 'no run is in it'
    if run.has_run():
        what = 'the run in it is not finished; fit --resume goes on with it'
    raise RunError(f'{run.out}: there is no {MODEL}: {what}')


def read_model_if_any(run: RunDirectory) -> Optional[Dict]:
    """Return the content of model.json, None where there is none.

    Raises
    ------
    RunError
    """
    path = run.path(MODEL)
    content = read_json(run.storage, path, ADVICE)
    if content is None:
        return None
    with understanding(path, ADVICE):
        try:
            return check_model(content)
        except ChangedError as error:
            place = find_change(content, run)
            if not place:
                raise
            raise FieldError(f'{place}. {error}') from None


def parse_model(data: bytes, name: str) -> Dict:
    """Return the model in the bytes of a file that a user named.

    Raises
    ------
    DataError
        Which names the file and the field.
    """
    try:
        content = parse_object(data)
    except FieldError as error:
        raise DataError(f'{name}: not a whole {MODEL} ({error}). {FILE_ADVICE}') from None
    with understanding(name, FILE_ADVICE, DataError):
        return check_model(content)


def check_last(model: Dict, survey: Survey, space: Space, run: RunDirectory) -> None:
    """Refuse a model that is not that of a run's last iteration, such as one of another run.

    Raises
    ------
    RunError
    """
    number, rule = run.iteration_numbers()[-1], f'the last iteration in {STATE}/'
    with understanding(run.path(MODEL), ADVICE):
        field = Field(model)
        field.get('features').check(model['features'] == space.features, 'the features of the run')
        field.get('n_iter').check(model['n_iter'] == number, f'{number}, {rule}')
    last, _, previous_inertia = read_iteration(
        run, number, survey.n_samples, len(space.features), model['k']
    )
    with understanding(run.path(MODEL), ADVICE):
        field.get('centroids').check(
            model['centroids'] == last.centroids.tolist(), f'those of {rule}'
        )
        if last.moved == 0 and previous_inertia is not None:  # the same centroids as before
            field.get('inertia').check(
                model['inertia'] == previous_inertia, f'{previous_inertia!r}, as in {rule}'
            )


def space_of(model: Dict) -> Space:
    """Return the space of a model: features, grids, weights."""
    return Space.from_json(model, '', 'grid')


def check_model(content: Dict) -> Dict:
    """Return the content of model.json; whole numbers become floats where they have to be.

    Raises
    ------
    FieldError
        When a field is missing, is not what it can be, or contradicts another.
    ChangedError
        When the hash is not that of the content, or the digest is not that of all of it.
    """
    field, space = Field(content), space_of(content)
    features = field.get('features')
    features.check(len(set(space.features)) == len(space.features), 'names that differ')
    k, d = field.get('k').whole(1), len(space.features)
    centroids = field.get('centroids').matrix(k, d, MAX_COORDINATE)
    counts = field.get('counts').wholes(k)
    n_samples = field.get('n_samples').whole(1)
    if sum(counts) != n_samples:
        raise FieldError(f'counts should add up to n_samples, {n_samples}; found {sum(counts)}')
    stopped_by = field.get('stopped_by').choice([NO_MOVE, TOL, MAX_ITER])
    converged = field.get('converged')
    has_converged = stopped_by != MAX_ITER
    converged.check(
        converged.flag() == has_converged,
        f'{shown(has_converged)}, as stopped_by is {stopped_by!r}',
    )
    field.get('n_iter').whole(1, MAX_ITERATIONS)
    field.get('seed').whole(0, 2**64 - 1)
    field.get('version').text(MAX_VERSION_LENGTH)
    _check_options(field, space)
    inertia = field.get('inertia').number(0.0, infinite=True)
    _check_hash(field.get('hash'), model_hash(space, np.array(centroids), counts))
    _check_data(field.get('data'), n_samples, space)
    content = without_digest(content)  # last, as an error that names the field says more
    return dict(content, weights=space.weights, centroids=centroids, inertia=inertia)


def _check_hash(field: Field, actual: str) -> None:
    written = field.matching('[0-9a-f]{64}', 'a SHA-256 in hexadecimal')
    if written != actual:
        raise ChangedError(
            'features, grid, weights, centroids, counts or hash were changed after '
            f'the run wrote them: the hash in the file is {written}, that of the '
            f'content is {actual}'
        )


def _check_data(field: Field, n_samples: int, space: Space) -> None:
    """Check the fingerprint, and what is repeated beside it."""
    field.get('fingerprint').matching('[0-9a-f]{16}', '16 hexadecimal digits')
    rows, features = field.get('n_samples'), field.get('features')
    rows.check(rows.whole(1) == n_samples, f'{n_samples}, as n_samples of the model')
    features.check(features.names() == space.features, 'the features of the model')


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
            same = isinstance(value, bool) == isinstance(given[name], bool)
            options.get(name).check(same and value == given[name], repr(value))
    for name in ('k', 'seed'):
        expected = field.get(name).value
        options.get(name).check(
            options.get(name).value == expected, f'{expected}, as {name} of the model'
        )
    options.get('missing').check(options.get('missing').value is not None, 'fail or skip')
    weights, max_iter = options.get('feature_weights'), options.get('max_iter')
    weights.check(
        (weights.value or [1.0] * len(space.features)) == space.weights, 'the weights of the model'
    )
    max_iter.check(max_iter.value >= field.get('n_iter').value, 'no less than n_iter')
    try:
        options.get('delimiter').optional(lambda one: delimiter_bytes(one.value))
    except UsageError:
        rule = 'comma, tab, semicolon, space or one punctuation character'
        raise options.get('delimiter').fault(rule) from None
