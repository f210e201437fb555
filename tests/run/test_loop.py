"""The loop in a run's directory, with passes that need no job: what is written, when, and how it
continues after any interruption."""

import csv
import json

import numpy as np
import pytest
import reference
from candidates import begin
from passes import PassesInMemory, facts_of, pass_over

from mr_kmeans.algorithm.candidate import IterationStats
from mr_kmeans.algorithm.lloyd import Iteration, PassCost
from mr_kmeans.errors import LockedError, RunError, UsageError
from mr_kmeans.formats.stats_file import format_stats
from mr_kmeans.mapreduce.rows import JobPasses, PassJob
from mr_kmeans.run.directory import CENTROIDS, ITERATIONS, STATE, RunDirectory
from mr_kmeans.run.loop import CandidateRun, iterate, write_iteration
from mr_kmeans.runners.launcher import JobResult
from mr_kmeans.storage.base import UNFINISHED

ROWS = [(float(x), 1.0) for x in (2, 4, 10, 12, 3, 20, 30, 11, 25)]
START = [(4.0, 1.0), (10.0, 1.0)]


class Interrupted(Exception):
    pass


class Passes(PassesInMemory):
    """Makes passes over ROWS; the one of number `fails` fails."""

    def __init__(self, facts, fails=None):
        super().__init__(ROWS, facts, PassCost(0.25, len(ROWS), 3, 1))
        self.fails, self.n_made = fails, 0

    def __call__(self, iterations):
        if self.n_made == self.fails:
            raise Interrupted
        self.n_made += 1
        return super().__call__(iterations)


def go(folder, passes, tol=0.0, max_iter=100, watch=lambda stats: None):
    """Run in `folder`, from the start if nothing is in it."""
    run = RunDirectory(str(folder))
    run.open()
    try:
        if not run.iteration_numbers():
            start = Iteration(0, np.array(START), [0, 0])
            write_iteration(run, start, IterationStats(0, seconds=1.5, rows=9))
        [result] = iterate([CandidateRun(run, passes.facts, watch)], passes, tol, max_iter)
        return result
    finally:
        run.close()


def tables_of(folder):
    """Return the tables, without the times."""
    rows = list(csv.DictReader((folder / ITERATIONS).open()))
    return (folder / CENTROIDS).read_text(), [
        {key: row[key] for key in row if key != 'seconds'} for row in rows
    ]


def test_a_whole_run(tmp_path):
    seen, passes = [], Passes(facts_of(ROWS))
    result = go(tmp_path, passes, watch=seen.append)
    expected = reference.reference_fit(ROWS, START, tol=0.0)
    assert passes.n_made == len(expected) - 1  # the last one converged: no closing pass
    assert result.last.number == 4 and result.stopped_by == reference.NO_MOVE
    assert (result.counts, result.inertia) == (expected[-1].partition, expected[-1].inertia)
    assert [
        (stats.iteration, stats.inertia, stats.shift, stats.moved, stats.empty) for stats in seen
    ] == [(number, it.inertia, it.shift, it.moved, it.empty) for number, it in enumerate(expected)]
    assert [
        (stats.rows, stats.slow_rows, stats.blocks, stats.job_seconds) for stats in seen[1:]
    ] == [(9, 3, 1, 0.25)] * 4
    centroids, rows = tables_of(tmp_path)
    assert centroids.splitlines()[:3] == [
        'iteration,cluster_id,count,a,b',
        '0,0,0,4.0,1.0',
        '0,1,0,10.0,1.0',
    ]
    assert (
        centroids.splitlines()[-2:] == ['4,0,6,7.0,1.0', '4,1,3,25.0,1.0']
        and len(centroids.splitlines()) == 11
    )
    assert [float(row['inertia']) for row in rows] == [it.inertia for it in expected]


@pytest.mark.parametrize(
    'tol, max_iter, n_iter, why',
    [(0.0, 2, 2, reference.MAX_ITER), (0.2, 100, 2, reference.TOL), (0.0, 4, 4, reference.NO_MOVE)],
)
def test_a_closing_pass_unless_nothing_moved(tol, max_iter, n_iter, why, tmp_path):
    passes = Passes(facts_of(ROWS))
    result = go(tmp_path, passes, tol, max_iter)
    expected = reference.reference_fit(ROWS, START, tol=tol, max_iter=max_iter)
    assert (
        (result.last.number, result.stopped_by)
        == (n_iter, why)
        == (len(expected) - 1, expected[-1].stopped_by)
    )
    assert (result.counts, result.inertia) == (expected[-1].partition, expected[-1].inertia)
    assert passes.n_made == n_iter + (why != reference.NO_MOVE)


@pytest.mark.parametrize('fails', range(5))
def test_interrupted_in_any_pass(fails, tmp_path):
    whole = go(tmp_path / 'whole', Passes(facts_of(ROWS)), max_iter=4, tol=0.0)
    if fails < 4:
        with pytest.raises(Interrupted):
            go(tmp_path / 'cut', Passes(facts_of(ROWS), fails), max_iter=4)
        assert len(list((tmp_path / 'cut' / STATE).iterdir())) == 1 + fails
        centroids, rows = tables_of(tmp_path / 'cut')
        assert len(centroids.splitlines()) == 1 + 2 * (1 + fails) and [
            row['inertia'] == '' for row in rows
        ] == [False] * fails + [True]
    else:
        go(tmp_path / 'cut', Passes(facts_of(ROWS)), max_iter=4)
    seen, passes = [], Passes(facts_of(ROWS))
    again = go(tmp_path / 'cut', passes, max_iter=4, watch=seen.append)
    assert passes.n_made == max(4 - fails, 1)
    assert again.last.centroids.tobytes() == whole.last.centroids.tobytes()
    assert (
        again[2:] == whole[2:]
        and again.inertia == whole.inertia
        and again.last.number == whole.last.number
    )
    assert tables_of(tmp_path / 'cut') == tables_of(tmp_path / 'whole')
    assert [stats.iteration for stats in seen] == [0, 1, 2, 3, 4]


def test_an_iteration_is_written_before_the_next_pass(tmp_path):
    class Looking(Passes):
        def __call__(self, iterations):
            [iteration] = iterations
            files = sorted(path.name for path in (tmp_path / STATE).iterdir())
            assert files == ['%05d.json' % number for number in range(iteration.number + 1)]
            content = json.loads((tmp_path / STATE / files[-1]).read_text())
            assert (
                Iteration.from_json(content['iteration']).centroids.tolist()
                == iteration.centroids.tolist()
            )
            assert tables_of(tmp_path)[0].splitlines()[-1].startswith('%d,1,' % iteration.number)
            return super().__call__(iterations)

    go(tmp_path, Looking(facts_of(ROWS)))


def test_more_iterations_than_a_finished_run_has(tmp_path):
    go(tmp_path / 'cut', Passes(facts_of(ROWS)), max_iter=1)
    more = go(tmp_path / 'cut', Passes(facts_of(ROWS)))
    whole = go(tmp_path / 'whole', Passes(facts_of(ROWS)))
    assert (
        more.last.centroids.tolist() == whole.last.centroids.tolist()
        and more[2:] == whole[2:]
        and more.inertia == whole.inertia
    )
    assert tables_of(tmp_path / 'cut') == tables_of(tmp_path / 'whole')


# Several candidates


STARTS = {'k=2': START, 'k=3': [(2.0, 1.0), (3.0, 1.0), (30.0, 1.0)], 'k=1': [(0.0, 1.0)]}


def go_together(folder, passes, max_iter=100):
    """Run STARTS in `folder`, each from its start if nothing is in it."""
    run = RunDirectory(str(folder), list(STARTS))
    with run.held():
        kept = []
        for name, start in STARTS.items():
            begin(run.candidate(name), start)
            kept.append(CandidateRun(run.candidate(name), passes.facts))
        return dict(zip(STARTS, iterate(kept, passes, 0.0, max_iter)))


def check_together(found, max_iter=100):
    """Compare candidates with the reference; return how many passes each needed."""
    needed = []
    for name, start in STARTS.items():
        expected = reference.reference_fit(ROWS, start, tol=0.0, max_iter=max_iter)
        assert found[name].last.centroids.tolist() == list(map(list, expected[-1].centroids))
        assert found[name].counts == expected[-1].partition
        assert found[name].stopped_by == expected[-1].stopped_by
        assert [stats.inertia for stats in found[name].stats] == [it.inertia for it in expected]
        needed.append(len(expected) - (expected[-1].stopped_by == reference.NO_MOVE))
    return needed


@pytest.mark.parametrize('max_iter', [1, 2, 100])
def test_candidates_end_as_each_does_alone(max_iter, tmp_path):
    passes = Passes(facts_of(ROWS))
    needed = check_together(go_together(tmp_path, passes, max_iter), max_iter)
    assert passes.n_made == max(needed)


def test_candidates_that_have_stopped_drop_out(tmp_path):
    class Looking(Passes):
        def __call__(self, iterations):
            sizes.append([len(iteration.centroids) for iteration in iterations])
            return super().__call__(iterations)

    sizes = []
    needed = check_together(go_together(tmp_path, Looking(facts_of(ROWS))))
    sizes_of_all = [len(start) for start in STARTS.values()]
    assert sizes == [
        [size for size, n in zip(sizes_of_all, needed) if n > made] for made in range(max(needed))
    ]


@pytest.mark.parametrize('fails', range(1, 4))
def test_candidates_interrupted_in_any_pass_and_between_their_files(fails, tmp_path):
    go_together(tmp_path / 'whole', Passes(facts_of(ROWS)))
    with pytest.raises(Interrupted):
        go_together(tmp_path / 'cut', Passes(facts_of(ROWS), fails))
    state = tmp_path / 'cut' / 'k=3' / STATE
    unfinished = (state / f'{fails:05d}.json').rename(state / f'.{fails:05d}.json.1{UNFINISHED}')
    check_together(go_together(tmp_path / 'cut', Passes(facts_of(ROWS))))
    assert not unfinished.exists()
    for name in STARTS:
        assert tables_of(tmp_path / 'cut' / name) == tables_of(tmp_path / 'whole' / name)


def test_a_directory_knows_the_candidates_it_was_made_for(tmp_path):
    go_together(tmp_path, Passes(facts_of(ROWS)))
    run = RunDirectory(str(tmp_path), list(STARTS))
    assert run.has_run()
    with pytest.raises(UsageError, match='the folder holds other things'):
        RunDirectory(str(tmp_path)).open()
    run.clear()
    assert list(tmp_path.iterdir()) == [] and not run.has_run()


def test_a_candidate_is_not_written_once_the_lock_is_gone(tmp_path):
    class Taken(Passes):
        def __call__(self, iterations):
            (tmp_path / 'lock').write_text('{}')
            return super().__call__(iterations)

    with pytest.raises(LockedError):
        go_together(tmp_path, Taken(facts_of(ROWS)))
    assert [len(list((tmp_path / name / STATE).iterdir())) for name in STARTS] == [1, 1, 1]


def test_format_stats():
    stats = [
        IterationStats(0, 735.0, seconds=1.23456, rows=9),
        IterationStats(1, 0.1 + 0.2, 1e-17, 2, 0, 0.5, 0.25, 9, 1, 1, 2),
        IterationStats(2),
    ]
    assert (
        format_stats(stats) == 'iteration,inertia,shift,moved,empty,seconds,job_seconds,'
        'rows,slow_rows,blocks,bad_rows\n'
        '0,735.0,,,,1.235,0.0,9,0,0,0\n'
        '1,0.30000000000000004,1e-17,2,0,0.5,0.25,9,1,1,2\n'
        '2,,,,,0.0,0.0,0,0,0,0\n'
    )


class OneBackend:
    """A backend whose launcher returns what it is told, whatever the job."""

    def __init__(self, records, counters):
        self.launcher, self._result = self, JobResult(records, counters, 0.25)

    def note_file(self, name, text):
        return name

    def run(self, *_):
        return self._result


def job_pass(counters, lost=0):
    """Make a pass whose job has these counters and lost that many clusters."""
    facts, start = facts_of(ROWS), Iteration(0, np.array(START), [0, 0])
    records = [([0, cluster], value) for cluster, value in pass_over(ROWS, start, facts)][lost:]
    [found] = JobPasses(OneBackend(records, counters), PassJob(None, []), None, facts)([start])
    return found


def test_the_counters_of_a_job_become_its_costs():
    found = job_pass({'rows': 9, 'slow_rows': 4, 'blocks': 2, 'rejected': 1})
    assert sum(found.counts) == 9
    assert found.cost == PassCost(0.25, 9, 4, 2, 1)


@pytest.mark.parametrize(
    'counters, lost, said',
    [
        ({'rows': 8}, 0, 'counted 8 rows, the survey 9'),
        ({'rows': 10}, 0, 'counted 10 rows'),
        ({}, 0, 'counted 0 rows'),
        ({'rows': 9}, 1, 'the survey 9'),
    ],
)
def test_a_pass_that_lost_rows_is_not_kept(counters, lost, said):
    with pytest.raises(RunError, match=said) as caught:
        job_pass(counters, lost)
    assert 'Nothing of this pass was kept' in str(caught.value)
