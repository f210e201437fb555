"""Rows of which a few are far from all others, and rows of which none are; a sample too small to
have them all."""

import random
from typing import List, Tuple

import pytest

SEED = 3
K = 6
GROUPS = ((5000.0, 0.0), (0.0, -8000.0), (3000.0, 6000.0))


def clean_rows(n=600) -> List[Tuple[float, float]]:
    """Return rows in three clusters, some of them several times."""
    chance = random.Random(11)
    return [
        (30.0 * (number % 3) + chance.randrange(-80, 81) / 10, chance.randrange(-80, 81) / 10)
        for number in range(n)
    ]


def far_rows(n=600) -> List[Tuple[float, float]]:
    """Return the same and three groups of five rows far away, one of them a row five times."""
    chance = random.Random(12)
    groups = [
        (x + chance.randrange(-9, 10) / 10 * (x != 0), y + chance.randrange(-9, 10) / 10)
        for x, y in GROUPS[:2]
        for _ in range(5)
    ]
    return clean_rows(n) + groups + [GROUPS[2]] * 5


def rows_of_each_group(centroids) -> List[int]:
    """Return how many centroids lie in each far group."""
    return [sum(abs(a - x) + abs(b - y) < 100 for a, b in centroids) for x, y in GROUPS]


@pytest.fixture
def small_sample(monkeypatch):
    """Let samples have 150 rows."""
    monkeypatch.setattr('mr_kmeans.algorithm.starts.on_sample.SAMPLE_ROWS', 150)
    monkeypatch.setattr('mr_kmeans.algorithm.starts.on_sample.SAMPLE_ROWS_PER_CLUSTER', 1)
