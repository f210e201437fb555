"""Checks of the content of model.json: the type and range of every field, and that the fields fit
each other, the hash and the digest.
"""

from __future__ import annotations

import dataclasses
from typing import Dict

import numpy as np

from mr_kmeans.algorithm.lloyd import (
    MAX_COORDINATE,
    MAX_ITER,
    MAX_ITERATIONS,
    NO_MOVE,
    TOL,
    TOL_INERTIA,
)
from mr_kmeans.errors import UsageError
from mr_kmeans.exact.feature_space import FeatureSpace
from mr_kmeans.formats.model import model_hash
from mr_kmeans.json_fields import Field, FieldError, shown
from mr_kmeans.options import FitOptions, TextOptions
from mr_kmeans.run.digest import ChangedError, without_digest
from mr_kmeans.text.delimiters import delimiter_bytes

MAX_VERSION_LENGTH = 100

LATER = ('tol_inertia',)
"""Options that models of earlier versions lack."""


def check_model(content: Dict) -> Dict:
    """Return the content of model.json; whole numbers become floats where floats are needed.

    Raises
    ------
    FieldError
        When a field is missing, is not what it can be, or contradicts another.
    ChangedError
        When the hash is not that of the content, or the digest is not that of all of it.
    """
    field, space = Field(content), FeatureSpace.from_json(content, '', 'grid')
    features = field.get('features')
    features.check(len(set(space.features)) == len(space.features), 'names that differ')
    k, d = field.get('k').whole(1), len(space.features)
    centroids = field.get('centroids').matrix(k, d, MAX_COORDINATE)
    counts = field.get('counts').wholes(k)
    n_samples = field.get('n_samples').whole(1)
    if sum(counts) != n_samples:
        raise FieldError(f'counts should add up to n_samples, {n_samples}; found {sum(counts)}')
    stopped_by = field.get('stopped_by').choice([NO_MOVE, TOL, TOL_INERTIA, MAX_ITER])
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


def _check_data(field: Field, n_samples: int, space: FeatureSpace) -> None:
    """Check the fingerprint and the fields that repeat others."""
    field.get('fingerprint').matching('[0-9a-f]{16}', '16 hexadecimal digits')
    rows, features = field.get('n_samples'), field.get('features')
    rows.check(rows.whole(1) == n_samples, f'{n_samples}, as n_samples of the model')
    features.check(features.names() == space.features, 'the features of the model')


def _check_options(field: Field, space: FeatureSpace) -> None:
    """Check the options: the library must accept them, in the form in which it writes them."""
    options = field.get('options')
    for kind in (FitOptions, TextOptions):
        names = [one.name for one in dataclasses.fields(kind)]
        given = {
            name: options.get(name).value
            for name in names
            if name not in LATER or name in options.value
        }
        group = kind(**given)
        try:
            group.check()
        except UsageError as error:
            raise FieldError(f'options: {error}') from None
        for name, value in dataclasses.asdict(group).items():
            if name in given:
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
