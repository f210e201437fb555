"""Several candidates through the driver, on any engine and runner: what `fit` does for one.

As a script, on the runner that it is given: python candidates.py RUNNER OUT STARTS.json FILE...
"""

import contextlib
import json
import sys
from typing import Dict, List, NamedTuple

import numpy as np

from mr_kmeans.algorithm.candidate import IterationStats
from mr_kmeans.algorithm.lloyd import Iteration, Passes, RowFacts
from mr_kmeans.formats.model import model_hash
from mr_kmeans.inputs.source import find_source
from mr_kmeans.mapreduce.rows import JobRows
from mr_kmeans.options import FitOptions, JobOptions, SqlOptions, TextOptions
from mr_kmeans.run.directory import RunDirectory
from mr_kmeans.run.loop import CandidateRun, iterate, write_iteration

Starts = Dict[str, List[List[float]]]
"""The first centroids of each candidate, by the name of its folder."""


class Driven(NamedTuple):
    """What candidates came to."""

    hashes: Dict[str, str]
    n_passes: int


class Counted(Passes):
    """Passes that are counted."""

    def __init__(self, passes):
        self.facts, self._passes, self.n_made = passes.facts, passes, 0

    def __call__(self, iterations, draw=None):
        self.n_made += 1
        return self._passes(iterations, draw)


def begin(run: RunDirectory, start) -> None:
    """Put the start of a candidate into its folder, unless it has one."""
    if not run.iteration_numbers():
        write_iteration(run, Iteration(0, np.array(start), [0] * len(start)), IterationStats(0))


def drive(out, starts: Starts, rows_in, tol=1e-4, max_iter=100) -> Driven:
    """Run candidates to the end; `rows_in` makes the rows of an open directory."""
    run = RunDirectory(str(out), candidates=list(starts))
    with run.held(), contextlib.closing(rows_in(run)) as rows:
        survey, space = rows.make(FitOptions(2), 2)
        facts = RowFacts.of_survey(survey, space)
        passes, runs = Counted(rows.passes(facts, survey)), []
        for name, start in starts.items():
            begin(run.candidate(name), start)
            runs.append(CandidateRun(run.candidate(name), facts))
        found = iterate(runs, passes, tol, max_iter)
    hashes = [model_hash(space, one.last.centroids, one.counts) for one in found]
    return Driven(dict(zip(starts, hashes)), passes.n_made)


def by_jobs(paths, jobs: JobOptions):
    """Return what makes the rows of files, for passes by jobs."""
    text = TextOptions(missing='fail')
    source = find_source(paths, text)
    return lambda run: JobRows(run, source, text, jobs)


def by_sql(paths, sql: SqlOptions):
    """Return what makes the rows of files, for passes in a database."""
    from mr_kmeans.sql.rows import SqlRows

    text = TextOptions(missing='fail')
    source = find_source(paths, text)
    return lambda run: SqlRows(run, source, text, sql)


if __name__ == '__main__':
    runner, out, path, *paths = sys.argv[1:]
    with open(path, encoding='ascii') as file:
        starts = json.load(file)
    uber = ['mapreduce.job.ubertask.enable=true'] if runner == 'hadoop' else []
    jobs = JobOptions(runner=runner, jobconf=uber)
    print(json.dumps(drive(out, starts, by_jobs(paths, jobs))))
