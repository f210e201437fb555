"""The shipped data: known optima, the reference to the last bit, and scikit-learn."""

import bz2
import csv
import functools
import gzip
import os
from fractions import Fraction

import numpy as np
import pytest
import reference
import runs

from mr_kmeans.options import TextOptions

DATA = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), 'data'
)
SPAM, SHUTTLE = 'spam.csv.gz', 'shuttle.csv.bz2'
FEATURES = {SPAM: 57, SHUTTLE: 9}
OPENERS = {SPAM: gzip.open, SHUTTLE: bz2.open}
K = {SPAM: 5, SHUTTLE: 7}
MAX_ITER = {SPAM: 100, SHUTTLE: 4}
SEED = 3


@functools.cache
def load(name):
    """Return the names of the features and the rows."""
    with OPENERS[name](os.path.join(DATA, name), 'rt', encoding='ascii', newline='') as file:
        header, *rows = csv.reader(file)
    d = FEATURES[name]
    return header[:d], [tuple(map(float, row[:d])) for row in rows]


@functools.cache
def iterations_of(name):
    _, rows = load(name)
    return reference.reference_fit(
        rows, runs.start_of_rows(rows, K[name], SEED), None, MAX_ITER[name], 0.0
    )


def expected(name, max_iter):
    features, rows = load(name)
    iterations = iterations_of(name)[: max_iter + 1]
    if not iterations[-1].stopped_by:
        iterations[-1] = iterations[-1]._replace(stopped_by=reference.MAX_ITER)
    return runs.outcome_of(iterations, rows, None, features)


def fit(name, out, **options):
    text = TextOptions(columns='1-%d' % FEATURES[name])
    return runs.fit_text(
        [os.path.join(DATA, name)], out, K[name], text, init='random', seed=SEED, tol=0.0, **options
    )


@pytest.fixture(scope='module')
def outcomes(tmp_path_factory):
    """What runs on both sets came to."""
    found = {}
    for name, combining in ((SPAM, 'in-mapper'), (SHUTTLE, 'two-job')):
        out = tmp_path_factory.mktemp('real') / 'out'
        fit(name, out, combining=combining, max_iter=MAX_ITER[name])
        found[name] = runs.outcome_of_run(out)
    return found


# Optima that others have found too


@pytest.mark.parametrize(
    'name, columns, inertia, counts',
    [
        ('iris.csv', None, 78.85144142614601, [50, 62, 38]),
        ('wine.csv', '1-13', 2370689.686782968, [62, 47, 69]),
    ],
)
def test_known_optimum(name, columns, inertia, counts, tmp_path):
    model = runs.fit_text(
        [os.path.join(DATA, name)], tmp_path / 'out', 3, TextOptions(columns=columns)
    )
    assert model.inertia == pytest.approx(inertia, rel=1e-12) and sorted(model.counts) == sorted(
        counts
    )
    assert model.converged and model.n_samples == sum(counts)


# The reference


@pytest.mark.slow
@pytest.mark.parametrize('name', [SPAM, SHUTTLE])
def test_the_reference_agrees(name, outcomes):
    assert outcomes[name] == expected(name, MAX_ITER[name])


@pytest.mark.slow
@pytest.mark.parametrize(
    'name, combining, pack', [(SPAM, 'combiner', False), (SHUTTLE, 'two-job', True)]
)
def test_the_reference_agrees_on_the_local_runner(name, combining, pack, tmp_path):
    fit(name, tmp_path / 'out', combining=combining, runner='local', pack=pack, max_iter=1)
    assert runs.outcome_of_run(tmp_path / 'out') == expected(name, 1)


# scikit-learn


def sklearn_step(X, centroids):
    """Return the labels that scikit-learn gives from our centroids, and the centers after one step
    of its fit."""
    from sklearn.cluster import KMeans  # here, since it takes a second

    model = KMeans(len(centroids), init=centroids, n_init=1, max_iter=1).fit(X)
    stepped = model.cluster_centers_
    model.cluster_centers_ = centroids
    labels = [model.predict(X)]
    mean = X.mean(axis=0)  # fit takes it off first, which rounds, and so breaks ties otherwise
    model.cluster_centers_ = centroids - mean
    return labels + [model.predict(X - mean)], stepped


def exact_distance(x, c):
    return sum((Fraction(a) - Fraction(b)) ** 2 for a, b in zip(x, c))


@pytest.mark.slow
@pytest.mark.filterwarnings('ignore:Number of distinct clusters')
@pytest.mark.parametrize('name', [SPAM, SHUTTLE])
def test_a_step_of_sklearn_gives_the_same_labels(name, outcomes):
    X, outcome, n_ties = np.array(load(name)[1]), outcomes[name], 0
    iterations = range(len(outcome.centroids) - 1)
    for number in [i for i in iterations if i < 4 or i == iterations[-1]]:
        centroids = np.array(outcome.centroids[number])
        points = X.tolist()
        ours = np.array(reference.label(points, outcome.centroids[number], [1.0] * X.shape[1]))
        theirs, stepped = sklearn_step(X, centroids)
        differing = {int(i) for labels in theirs for i in np.flatnonzero(labels != ours)}
        for i in differing:
            nearest = sorted(exact_distance(points[i], c) for c in outcome.centroids[number])
            assert nearest[0] == nearest[1]
        n_ties += len(differing)
        assert np.bincount(ours, minlength=len(centroids)).tolist() == outcome.counts[number + 1]
        if not differing:
            np.testing.assert_allclose(stepped, outcome.centroids[number + 1], rtol=1e-9, atol=1e-9)
    assert n_ties < X.shape[0] / 100


@pytest.mark.slow
def test_a_whole_run_of_sklearn_on_spam(outcomes):
    from sklearn.cluster import KMeans

    X, outcome = np.array(load(SPAM)[1]), outcomes[SPAM]
    assert outcome.stopped_by == reference.NO_MOVE
    theirs = KMeans(
        K[SPAM], init=np.array(outcome.centroids[0]), n_init=1, max_iter=300, tol=0
    ).fit(X)
    assert outcome.inertia[-1] == pytest.approx(theirs.inertia_, rel=1e-9)
    assert np.bincount(theirs.labels_).tolist() == outcome.partition
    assert theirs.n_iter_ == len(outcome.centroids) - 1
