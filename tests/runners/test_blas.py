"""One thread for the BLAS: a fit's start on the driver uses no more."""

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from mr_kmeans import fit
from mr_kmeans.algorithm.starts.from_sample import SampleStart
from mr_kmeans.runners import blas


def n_threads():
    return [pool['num_threads'] for pool in threadpool_info() if pool['user_api'] == 'blas']


@pytest.fixture(autouse=True)
def two_threads():
    """Let the BLAS use two threads, also on a machine of one core."""
    blas.has_blas_threads.cache_clear()
    with threadpool_limits(2):
        yield
    blas.has_blas_threads.cache_clear()


def test_one_thread_ends_with_its_context():
    before = n_threads()
    with blas.one_thread():
        assert set(n_threads()) == {1}
    assert n_threads() == before


def test_start_of_a_fit_uses_one_thread(monkeypatch):
    found, find = [], SampleStart.find

    def watched(self, sample, passes):
        found.extend(n_threads())
        return find(self, sample, passes)

    monkeypatch.setattr(SampleStart, 'find', watched)
    fit('data/worked_example.csv', k=2)
    assert set(found) == {1}
