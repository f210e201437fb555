"""Options, checked at the door."""

import math

import pytest

from mr_kmeans.errors import UsageError
from mr_kmeans.options import FitOptions, JobOptions, TextOptions


@pytest.mark.parametrize(
    'options',
    [
        FitOptions(1),
        FitOptions(3, tol=0.0),
        FitOptions(3, seed=2**64 - 1),
        FitOptions(3, init='a file'),
        FitOptions(3, n_init=1, max_iter=1),
        TextOptions(),
        TextOptions(missing='skip', max_bad_rows=10**9),
        JobOptions(),
        JobOptions('local', variant='two-job'),
        JobOptions(jobconf=['a.b=c', 'a=', 'a-b.c=d=e', 'a=b c']),
    ],
)
def test_valid_options_are_accepted(options):
    options.check()


@pytest.mark.parametrize(
    'options, words',
    [
        (FitOptions(0), '-k 0 should be >= 1'),
        (FitOptions(-3), '-k -3 should be >= 1'),
        (FitOptions(3, n_init=0), '--n-init 0 should be >= 1'),
        (FitOptions(3, max_iter=0), '--max-iter 0 should be >= 1'),
        (FitOptions(3, tol=-1e-9), '--tol -1e-09 should be a number >= 0'),
        (FitOptions(3, tol=math.nan), '--tol nan should be a number >= 0'),
        (FitOptions(3, tol=math.inf), '--tol inf should be a number'),
        (FitOptions(3, tol_inertia=0), '--tol-inertia 0.0 should be a number between 0 and 1'),
        (FitOptions(3, tol_inertia=math.nan), '--tol-inertia nan should be a number between'),
        (FitOptions(3, tol_inertia=1), '--tol-inertia 1.0 should be a number between'),
        (FitOptions(3, seed=-1), '--seed -1 should be from 0'),
        (FitOptions(3, seed=2**64), 'should be from 0 to 2**64 - 1'),
        (TextOptions(missing='mean'), '--missing mean should be one of fail, skip'),
        (TextOptions(max_bad_rows=-1), '--max-bad-rows -1 should be >= 0'),
        (JobOptions('spark'), '--runner spark should be one of inline, local'),
        (JobOptions(variant='x'), '--variant x should be one of in-mapper'),
        (JobOptions(jobconf=['a=b', 'c']), '-D c: should be KEY=VALUE'),
        (JobOptions(jobconf=['=b']), '-D =b: should be KEY=VALUE'),
        (JobOptions(jobconf=['-x=b']), '-D -x=b: should be KEY=VALUE'),
        (JobOptions(jobconf=['a b=c']), '-D a b=c: should be KEY=VALUE'),
    ],
)
def test_invalid_options_are_refused(options, words):
    with pytest.raises(UsageError) as caught:
        options.check()
    assert words in str(caught.value) and caught.value.exit_code == 2


def test_fit_options_are_plain_json():
    assert FitOptions(3, tol=0.5).to_json() == {
        'k': 3,
        'init': 'sample',
        'n_init': 10,
        'max_iter': 100,
        'tol': 0.5,
        'seed': 0,
        'feature_weights': None,
        'tol_inertia': None,
    }
