"""Tests of the search for a start on all cores: the bits of one core, and no process is left."""

import os
import signal
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from samples import sample_of

from mr_kmeans.algorithm.starts.far import WeightedRows
from mr_kmeans.algorithm.starts.problem import Solution
from mr_kmeans.commands import forked_search
from mr_kmeans.commands.forked_search import ReportedSampleStart, from_bytes, to_bytes
from mr_kmeans.errors import DataError
from mr_kmeans.exact.feature_space import FeatureSpace
from mr_kmeans.exact.grid import DECIMAL, Grid

SPACE = FeatureSpace(['a', 'b'], [Grid(DECIMAL, 3)] * 2, [1.0, 2.0])
ROWS = np.round(np.random.default_rng(4).random((300, 2)), 3)


def sample():
    return sample_of(ROWS)


@pytest.fixture
def forked(monkeypatch):
    """Let the search use two processes, and return the list of the results they send."""
    sent = []

    def noting(content, from_bytes=from_bytes):
        sent.append(content)
        return from_bytes(content)

    monkeypatch.setattr(forked_search, 'usable_cores', lambda: 2)
    monkeypatch.setattr(forked_search, 'MIN_FORKED', 0)
    monkeypatch.setattr(forked_search, 'from_bytes', noting)
    return sent


@pytest.mark.parametrize('k', [2, 12])
def test_result_does_not_depend_on_the_number_of_cores(k, forked, monkeypatch):
    rows = WeightedRows(ROWS, np.arange(1, 301))
    two = ReportedSampleStart(k, 0, 5)
    found = [two.search_sample(sample(), SPACE), two.search_rows(rows, SPACE)]
    assert len(forked) > 3
    n_sent = len(forked)
    monkeypatch.setattr(forked_search, 'usable_cores', lambda: 1)
    one = ReportedSampleStart(k, 0, 5)
    expected = [one.search_sample(sample(), SPACE), one.search_rows(rows, SPACE)]
    assert [each.tobytes() for each in found] == [each.tobytes() for each in expected]
    assert len(forked) == n_sent


def test_small_problems_are_solved_in_this_process(forked, monkeypatch):
    monkeypatch.setattr(forked_search, 'MIN_FORKED', 2 * 300 * 3 + 1)
    ReportedSampleStart(3, 0, 2).search_sample(sample(), SPACE)
    assert not forked
    ReportedSampleStart(4, 0, 2).search_sample(sample(), SPACE)
    assert forked


def test_error_in_a_process_is_that_of_one_core(forked):
    space = SPACE._replace(weights=[0.0, 0.0])
    with pytest.raises(DataError, match='no more than 1 can be told apart'):
        ReportedSampleStart(3, 0, 4).search_sample(sample(), space)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_solutions_are_sent_without_loss():
    score = Fraction(-(3**9000), 2**4001)
    centroids = np.array([[1 / 3, 5e-324], [-0.0, 2.0**500]])
    solution = Solution(score, centroids, [2**60, 1], 7, False)
    found = from_bytes(to_bytes(solution))
    assert found._replace(centroids=None) == solution._replace(centroids=None)
    assert found.centroids.tobytes() == centroids.tobytes() and found.centroids.shape == (2, 2)


PROGRAM = r"""
import os, sys, time
from mr_kmeans.algorithm.starts import search
from mr_kmeans.commands import forked_search
from test_forked_search import SPACE, sample

def restart(problem, number):
    os.write(1, b'%d\n' % os.getpid())  # at once, beside the other process
    time.sleep(600)

search.restart = restart
forked_search.usable_cores, forked_search.MIN_FORKED = lambda: 2, 0
try:
    forked_search.ReportedSampleStart(5, 0, 4).search_sample(sample(), SPACE)
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_interrupt_leaves_no_process():
    here = os.path.dirname(os.path.abspath(__file__))
    path = os.pathsep.join([here, *filter(None, sys.path)])
    with subprocess.Popen(
        [sys.executable, '-c', PROGRAM],
        env=dict(os.environ, PYTHONPATH=path),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            children = [int(process.stdout.readline()) for _ in range(2)]
            process.send_signal(signal.SIGINT)
            assert process.wait() == 130
        finally:
            process.kill()
    for pid in children:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
