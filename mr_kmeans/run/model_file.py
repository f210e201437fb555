"""`Model`, the result of a run, and model.json, which is read strictly. Everything that reads a
model does so here: `assign`, by jobs and by SQL, `fit --resume`, and an earlier run given to
`--init`.

All that reads a model reads it here: `assign`, by jobs and by SQL, `fit --resume`, and an earlier
run given to `--init`.
"""

from __future__ import annotations

import functools
import reprlib
from dataclasses import dataclass
from typing import Dict, List, Optional

import numpy as np

from mr_kmeans import __version__, arguments
from mr_kmeans.algorithm.lloyd import MAX_ITER
from mr_kmeans.errors import DataError, RunError, in_words
from mr_kmeans.exact.feature_space import FeatureSpace
from mr_kmeans.exact.survey import Survey
from mr_kmeans.formats.model import model_hash
from mr_kmeans.json_fields import Field, FieldError, parse_object
from mr_kmeans.run.digest import ChangedError, with_digest
from mr_kmeans.run.directory import (
    MODEL,
    STATE,
    RunDirectory,
    format_json,
    read_json,
    understanding,
)
from mr_kmeans.run.loop import read_iteration
from mr_kmeans.run.model_changes import find_change
from mr_kmeans.run.model_checks import check_model
from mr_kmeans.storage.open import Stores

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
"""What can be done about a damaged file that a user named."""


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """The result of a run.

    Two models are equal when their files have the same content.

    Attributes
    ----------
    space : FeatureSpace
        What distances are measured in: features, grids, weights.
    centroids : ndarray of shape (k, d), float64
        In the units of the data; it cannot be written to.
    counts : list of k int
        Rows nearest to each centroid.
    inertia : float
        Sum of the squared distances of the rows to these centroids, in the weights of the run.
    n_iter : int
        Iterations made.
    stopped_by : str
        Why there were no more.
    fingerprint : str
        A hash of all rows, whatever their order.
    options : dict
        Those of the run: the fields of FitOptions and TextOptions.
    version : str
        Of mr_kmeans, by which the run was made.

    Examples
    --------
    >>> from mr_kmeans import fit
    >>> model = fit('data/worked_example.csv', k=2).model
    >>> model
    Model(k=2, features=['x'], n_samples=9, inertia=150.0, hash='38bdd6ff...')
    >>> model.centroids.tolist(), model.counts, model.converged
    ([[7.0], [25.0]], [6, 3], True)
    """

    space: FeatureSpace
    centroids: np.ndarray
    counts: List[int]
    inertia: float
    n_iter: int
    stopped_by: str
    fingerprint: str
    options: Dict
    version: str = __version__

    def __post_init__(self) -> None:
        centroids = np.array(self.centroids, dtype=np.float64)
        centroids.flags.writeable = False
        object.__setattr__(self, 'centroids', centroids)

    @property
    def k(self) -> int:
        """The number of clusters."""
        return len(self.centroids)

    @property
    def features(self) -> List[str]:
        """The names of the columns of the centroids."""
        return self.space.features

    @property
    def n_samples(self) -> int:
        """The number of rows."""
        return sum(self.counts)

    @property
    def converged(self) -> bool:
        """Whether it stopped before the maximum number of iterations."""
        return self.stopped_by != MAX_ITER

    @property
    def seed(self) -> int:
        """The random seed."""
        return self.options['seed']

    @functools.cached_property
    def hash(self) -> str:
        """The model hash (formats/model.py): equal if and only if the result is, to the last
        bit.
        """
        return model_hash(self.space, self.centroids, self.counts)

    def __repr__(self) -> str:
        return (
            f'Model(k={self.k}, features={reprlib.repr(self.features)}, n_samples={self.n_samples},'
            f' inertia={self.inertia!r}, hash={self.hash[:8] + "..."!r})'
        )

    def __eq__(self, other: object) -> bool:
        return self.to_json() == other.to_json() if isinstance(other, Model) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.hash)

    def to_json(self) -> Dict:
        """Return the content of model.json without the digest."""
        return {
            'version': self.version,
            'k': self.k,
            'features': self.features,
            'grid': [grid.to_json() for grid in self.space.grids],
            'weights': self.space.weights,
            'centroids': self.centroids.tolist(),
            'counts': self.counts,
            'inertia': self.inertia,
            'n_iter': self.n_iter,
            'converged': self.converged,
            'stopped_by': self.stopped_by,
            'hash': self.hash,
            'n_samples': self.n_samples,
            'seed': self.seed,
            'options': self.options,
            'data': {
                'fingerprint': self.fingerprint,
                'n_samples': self.n_samples,
                'features': self.features,
            },
        }

    @classmethod
    def from_json(cls, content: Dict) -> Model:
        """Return the model in the content of model.json.

        Raises
        ------
        FieldError
            When a field is missing, is not what it can be, or contradicts another.
        ChangedError
            When the hash is not that of the content, or the digest is not that of all of it.
        """
        plain = check_model(content)
        return cls(
            FeatureSpace.from_json(plain, '', 'grid'),
            plain['centroids'],
            plain['counts'],
            plain['inertia'],
            plain['n_iter'],
            plain['stopped_by'],
            plain['data']['fingerprint'],
            plain['options'],
            plain['version'],
        )

    @classmethod
    def read(cls, path: arguments.Path) -> Model:
        """Return the model of a finished run.

        Parameters
        ----------
        path : str or path
            The folder of the run, or a model.json by itself; local or ``hdfs://``.

        Raises
        ------
        UsageError
            When this cannot be a path.
        RunError
            When there is no such file, or no finished run in the folder.
        DataError
            When the file is damaged or was edited; RunError, when it is in the folder.
        """
        name = arguments.path('path', path)
        storage = Stores().of_file(name)
        file = storage.absolute(name)
        with in_words():
            if not storage.exists(file) or storage.is_folder(file):
                return read_model(RunDirectory(name))
            return parse_model(storage.read(file), name)

    def write(self, path: arguments.Path) -> None:
        """Write the file, which `read` and the `init` of a fit can read.

        Parameters
        ----------
        path : str or path
            Local or ``hdfs://``. A file that is there is replaced.
        """
        name = arguments.path('path', path)
        storage = Stores().of_file(name)
        with in_words():
            storage.write(storage.absolute(name), format_json(with_digest(self.to_json())))


def read_model(run: RunDirectory) -> Model:
    """Return the model of a finished run.

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
        what = 'the run in it is not finished; fit --resume continues it'
    raise RunError(f'{run.out}: there is no {MODEL}: {what}')


def read_model_if_any(run: RunDirectory) -> Optional[Model]:
    """Return the model of a run, None where there is none.

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
            return Model.from_json(content)
        except ChangedError as error:
            place = find_change(content, run)
            if not place:
                raise
            raise FieldError(f'{place}. {error}') from None


def parse_model(data: bytes, name: str) -> Model:
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
        return Model.from_json(content)


def check_last(model: Model, survey: Survey, space: FeatureSpace, run: RunDirectory) -> None:
    """Refuse a model that does not belong to the run's last iteration, such as one of another run.

    Raises
    ------
    RunError
    """
    number, rule = run.iteration_numbers()[-1], f'the last iteration in {STATE}/'
    with understanding(run.path(MODEL), ADVICE):
        field = Field(model.to_json())
        field.get('features').check(model.features == space.features, 'the features of the run')
        field.get('n_iter').check(model.n_iter == number, f'{number}, {rule}')
    last, _, previous_inertia = read_iteration(
        run, number, survey.n_samples, len(space.features), model.k
    )
    with understanding(run.path(MODEL), ADVICE):
        field.get('centroids').check(
            np.array_equal(model.centroids, last.centroids), f'those of {rule}'
        )
        if last.moved == 0 and previous_inertia is not None:  # the same centroids as before
            field.get('inertia').check(
                model.inertia == previous_inertia, f'{previous_inertia!r}, as in {rule}'
            )
