"""What `--init` names besides a method: a file of centroids or an earlier run."""

from __future__ import annotations

import difflib
import hashlib
import logging
import os
import re
from typing import Dict, Optional, Sequence, Tuple

import numpy as np

from mr_kmeans.algorithm.starts.base import Start
from mr_kmeans.algorithm.starts.from_sample import GivenStart, RandomStart
from mr_kmeans.commands.forked_search import ReportedParallelStart, ReportedSampleStart
from mr_kmeans.errors import DataError, RunError, UsageError
from mr_kmeans.formats.centroid_file import read_initial_centroids
from mr_kmeans.messages import counted, shortened
from mr_kmeans.options import INITS, PARALLEL, RANDOM, SAMPLE, FitOptions
from mr_kmeans.run.directory import CENTROIDS, MODEL
from mr_kmeans.run.model_file import Model, parse_model
from mr_kmeans.run.row_source import RowSource
from mr_kmeans.storage.base import Storage
from mr_kmeans.storage.open import Stores, is_remote

log = logging.getLogger(__name__)

METHODS = {
    SAMPLE: (
        'kmeans++',
        'kmeanspp',
        'kmeansplusplus',
        'plusplus',
        '++',
        'pp',
        'greedy',
        'kmeans',
        'canopy',
        'pca',
        'auto',
        'default',
        'best',
    ),
    PARALLEL: ('kmeans||', 'kmeansparallel', 'parallel', '||', 'scalablekmeans++', 'kmeansii'),
    RANDOM: ('forgy', 'uniform', 'rand', 'randompartition', 'rows', 'points'),
}
"""Words of other programs for a start, without hyphens and spaces, by the start that is nearest."""

WHAT = {
    SAMPLE: (
        f'`{SAMPLE}`, the default, is greedy k-means++ on a sample of the rows, with '
        "--n-init restarts, crossed with each other, and Lloyd's iterations in memory"
    ),
    PARALLEL: (
        f'`{PARALLEL}` draws rows in five passes over all of them, and clusters these in memory'
    ),
    RANDOM: f'`{RANDOM}` takes k distinct rows drawn from all',
}


class Initial:
    """The start that `--init` names, read once, as late as possible.

    Parameters
    ----------
    init : str
    stores : Stores, optional
    """

    def __init__(self, init: str, stores: Optional[Stores] = None):
        self.init = init
        self._stores = Stores() if stores is None else stores
        self._content: Optional[Tuple[bytes, str]] = None
        self._model: Optional[Model] = None

    @property
    def is_file(self) -> bool:
        """Whether it is not one of INITS."""
        return self.init not in INITS

    def check(self) -> None:
        """Refuse the name of a method that is not offered, when there is no such file.

        Raises
        ------
        UsageError
        """
        if not self.is_file:
            return
        if not self.init:
            raise UsageError(f"--init '': name a file, or one of {', '.join(INITS)}")
        word = re.sub(r'[\s_-]', '', self.init.lower())
        near = [name for name, words in METHODS.items() if word in words]
        near = near or difflib.get_close_matches(word, INITS, n=1, cutoff=0.75)
        if near and not self._stores.of_file(self.init).exists(self.init):
            names = sorted(WHAT, key=lambda name: name != near[0])
            what = ' '.join(f'{WHAT[name]}.' for name in names)
            raise UsageError(
                f'--init {self.init}: there is no such method, and no such file. '
                f'{what} A file of centroids or the folder of an earlier run is '
                'taken, too.'
            )

    def identity(self) -> str:
        """Return what identifies the start: its content, wherever it is stored."""
        if not self.is_file:
            return self.init
        content, _ = self._read()
        if self._model:
            return f'model {self._model.hash}'
        return f'file {hashlib.sha256(content).hexdigest()}'

    def start(self, options: FitOptions, rows: RowSource) -> Start:
        """Return the start that is named, a file read.

        Raises
        ------
        UsageError, DataError, RunError
        """
        given = self.centroids(rows.features, options.k, rows.has_names)
        return self._search(options) if given is None else GivenStart(given)

    def capacity(self, options: FitOptions, d: int) -> int:
        """Return the size of the sample that the start needs; no file is read."""
        return options.k if self.is_file else self._search(options).capacity(d)

    def _search(self, options: FitOptions) -> Start:
        """Return the start that a word names."""
        if self.init == RANDOM:
            return RandomStart(options.k)
        if self.init == PARALLEL:
            return ReportedParallelStart(options.k, options.seed, options.n_init)
        return ReportedSampleStart(options.k, options.seed, options.n_init)

    def centroids(self, features: Sequence[str], k: int, has_names: bool) -> Optional[np.ndarray]:
        """Return the centroids (k, d), columns as `features`; None when no file is named.

        Raises
        ------
        UsageError, DataError, RunError
        """
        if not self.is_file:
            return None
        content, name = self._read()
        given = (
            _of_model(self._model, name, features)
            if self._model
            else read_initial_centroids(content, name, features, not has_names)
        )
        if len(given) != k:
            found = counted(len(given), 'centroid')
            raise UsageError(f'--init {self.init}: it has {found}, but -k is {k}')
        return given

    def _read(self) -> Tuple[bytes, str]:
        """Return the content and the name of the file."""
        if self._content is None:
            storage = self._stores.of_file(self.init)
            path = storage.absolute(self.init)
            name = self.init
            try:
                if storage.is_folder(path):
                    path, name = self._find(storage, path)
                if not is_remote(path) and os.path.exists(path) and not os.path.isfile(path):
                    raise UsageError(
                        f'--init {name}: not a regular file. Write it to a file first.'
                    )
                self._content = storage.read(path), name
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                raise RunError(
                    f'--init {name}: {reason} (it should be {", ".join(INITS)}, a '
                    'centroid file or the folder of an earlier run)'
                ) from None
            if name.endswith('.json') or self._content[0].lstrip()[:1] == b'{':
                self._model = parse_model(self._content[0], f'--init {name}')
        return self._content

    def _find(self, storage: Storage, folder: str) -> Tuple[str, str]:
        """Return path and name of what to read in a run's folder: the model, or the iterations."""
        names = storage.list(folder)
        for name in (MODEL, CENTROIDS):
            if name in names:
                shown = self.init.rstrip('/') + '/' + name
                if name == CENTROIDS:
                    log.info(
                        f'--init {self.init}: the run in it is not finished; taking the last '
                        f'iteration in {shown}'
                    )
                return storage.join(folder, name), shown
        raise RunError(
            f'--init {self.init}: a folder without {MODEL}; name the output folder of '
            'a fit, or a centroid file'
        )


def _of_model(model: Model, name: str, features: Sequence[str]) -> np.ndarray:
    """Return the centroids of a model, columns in the order of `features`."""
    names = model.features
    wanted = [feature.strip() for feature in features]
    own = [feature.strip() for feature in names]
    if sorted(own) != sorted(wanted):
        differences = {
            'lacks': [one for one in wanted if one not in own],
            'has': [one for one in own if one not in wanted],
        }
        found = ' and '.join(
            f'{what} {shortened(", ".join(map(repr, some)), 200)}'
            for what, some in differences.items()
            if some
        )
        raise DataError(
            f'--init {name}: the features of that run are not those of this one: it '
            f'{found}. Choose the same columns with --columns.'
        )
    columns = [own.index(feature) for feature in wanted]
    centroids = model.centroids[:, columns]
    seen: Dict[Tuple[float, ...], int] = {}
    for cluster, centroid in enumerate(centroids.tolist()):
        earlier = seen.setdefault(tuple(centroid), cluster)
        if earlier != cluster:
            raise DataError(
                f'--init {name}: clusters {earlier} and {cluster} have the same '
                'centroid; a start needs k distinct ones'
            )
    return centroids
