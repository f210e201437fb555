"""Counts that forked children share with the process that started them."""

import functools
import os

import pytest

from mr_kmeans.system import task_counts
from mr_kmeans.system.forking import run_forked


@pytest.fixture(autouse=True)
def nothing_is_counted():
    task_counts.begin()
    yield
    task_counts.begin()


def in_a_child(work) -> None:
    pid = os.fork()
    if not pid:
        try:
            work()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def test_a_new_job_begins_at_zero():
    task_counts.add(3, 40)
    assert task_counts.read() == (3, 40)
    task_counts.begin()
    assert task_counts.read() == (0, 0)


def test_counts_of_children_add_up():
    for n_rows in (1, 20, 300):
        task_counts.next_slot()
        in_a_child(functools.partial(task_counts.add, n_rows, 10 * n_rows))
    assert task_counts.read() == (321, 3210)


def test_a_child_adds_to_a_slot_of_its_own():
    """Two that add at the same time would otherwise lose counts: a sum is read, then written."""
    seen = []
    for _ in range(3):
        task_counts.next_slot()
        seen.append(task_counts._slot)
    assert len(set(seen)) == 3


def test_slots_are_used_again_and_keep_what_was_counted():
    for _ in range(2 * task_counts.SLOTS):
        task_counts.next_slot()
        task_counts.add(1, 2)
    assert task_counts.read() == (2 * task_counts.SLOTS, 4 * task_counts.SLOTS)


def test_numbers_of_many_bytes():
    task_counts.add(1, 2**62)
    assert task_counts.read() == (1, 2**62)


def test_forked_tasks_are_counted():
    run_forked([lambda n=n: task_counts.add(n, n) for n in (1, 2, 4)], 2)
    assert task_counts.read() == (7, 7)
