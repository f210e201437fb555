"""Which field of a changed model.json differs from what its run wrote, according to the files
beside it.
"""

from __future__ import annotations

import contextlib
from typing import Dict, Iterator, NamedTuple, Optional, Tuple

from mr_kmeans.errors import KMeansError
from mr_kmeans.exact.feature_space import FeatureSpace
from mr_kmeans.exact.survey import Survey
from mr_kmeans.formats.stats_file import parse_stats
from mr_kmeans.json_fields import Field, FieldError, shown
from mr_kmeans.run.directory import ITERATIONS, MANIFEST, STATE, SURVEY, RunDirectory
from mr_kmeans.run.loop import read_iteration

OPTIONS = ('k', 'n_init', 'tol', 'tol_inertia', 'seed', 'feature_weights')
"""Options that both the manifest and the model hold."""


class Pair(NamedTuple):
    """A field of the model and its value according to another file of the run."""

    name: str
    value: object
    other: object
    file: str


def find_change(model: Dict, run: RunDirectory) -> Optional[str]:
    """Return a description of the field that differs from the run's other files, None if none does.

    Parameters
    ----------
    model : dict
        The content of model.json, each field of which was checked by itself.
    run : RunDirectory
    """
    for pair in _pairs(model, run):
        if pair.value != pair.other:
            name, value, other = _first_difference(pair.name, pair.value, pair.other)
            return f'{name} is {shown(value)}, but {shown(other)} by {pair.file}'
    return None


def _pairs(model: Dict, run: RunDirectory) -> Iterator[Pair]:
    """Yield what can be compared; missing and damaged files are left out."""
    for compare in (_with_survey, _with_iterations, _with_manifest):
        with contextlib.suppress(KMeansError, FieldError, OSError):
            yield from compare(model, run)


def _with_survey(model: Dict, run: RunDirectory) -> Iterator[Pair]:
    content = run.read_json(SURVEY)
    if content is None:
        return
    survey, space = (
        Survey.from_json(content),
        FeatureSpace.from_json(Field(content).get('space').value),
    )
    plain = space.to_json()
    yield Pair('features', model['features'], plain['features'], SURVEY)
    yield Pair('grid', model['grid'], plain['grids'], SURVEY)
    yield Pair('weights', model['weights'], plain['weights'], SURVEY)
    yield Pair('n_samples', model['n_samples'], survey.n_samples, SURVEY)
    fingerprint = f'{survey.fingerprint:016x}'
    yield Pair('data.fingerprint', model['data']['fingerprint'], fingerprint, SURVEY)


def _with_iterations(model: Dict, run: RunDirectory) -> Iterator[Pair]:
    numbers = run.iteration_numbers()
    if not numbers:
        return
    yield Pair('n_iter', model['n_iter'], numbers[-1], f'the last file in {STATE}/')
    file = f'{STATE}/{numbers[-1]:05d}.json'
    last, _, previous_inertia = read_iteration(
        run, numbers[-1], model['n_samples'], len(model['features']), model['k']
    )
    yield Pair('centroids', model['centroids'], last.centroids.tolist(), file)
    if last.moved == 0:  # the partition is that of the iteration before
        yield Pair('counts', model['counts'], last.counts, file)
        if previous_inertia is not None:
            yield Pair('inertia', model['inertia'], previous_inertia, file)
    for stats in parse_stats(run.read_text(ITERATIONS)):
        if stats.iteration == numbers[-1] and stats.inertia is not None:
            yield Pair('inertia', model['inertia'], stats.inertia, ITERATIONS)


def _with_manifest(model: Dict, run: RunDirectory) -> Iterator[Pair]:
    content = run.read_json(MANIFEST) or {}
    found = content.get('options')
    options = found if isinstance(found, dict) else {}
    for name in OPTIONS:
        if name in options and name in model['options']:
            yield Pair(f'options.{name}', model['options'][name], options[name], MANIFEST)


def _first_difference(name: str, value: object, other: object) -> Tuple[str, object, object]:
    """Return the place of the first difference, within lists of one length."""
    if isinstance(value, list) and isinstance(other, list) and len(value) == len(other):
        for i, (one, another) in enumerate(zip(value, other)):
            if one != another:
                return _first_difference(f'{name}[{i}]', one, another)
    return name, value, other
