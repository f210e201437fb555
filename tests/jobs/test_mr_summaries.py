"""Tests of the job that merges summaries, with the same survey as the driver reads from the ends of
the files.
"""

import io
import json
from types import SimpleNamespace

import pytest
import runs
from data_kinds import KINDS

from mr_kmeans.commands.fit import fit
from mr_kmeans.errors import DataError
from mr_kmeans.exact.survey import Survey
from mr_kmeans.formats.point_reader import BLOCK_KEY, SUMMARY_KEY
from mr_kmeans.formats.sequencefile import Reader, write_rawbytes
from mr_kmeans.jobs.mr_summaries import KEY, MRSummaries
from mr_kmeans.mapreduce.packed import read_summaries, summaries
from mr_kmeans.options import FitOptions
from mr_kmeans.runners.launcher import JobResult
from mr_kmeans.storage.local import LocalStorage


class Unseekable(LocalStorage):
    seekable = False


class Launcher:
    """Run a job like Hadoop, over the records of packed files."""

    def run(self, job_class, paths):
        mapped = []
        for path in paths:
            raw = io.BytesIO()
            with open(path, 'rb') as stream:
                for record in Reader(stream, path):
                    write_rawbytes(raw, record.key, record.value)
            mapped += self.task(job_class, '--mapper', raw.getvalue())
        lines = self.task(job_class, '--reducer', b''.join(sorted(mapped)))
        records = [tuple(map(json.loads, line.split(b'\t'))) for line in lines]
        return JobResult(records, {'summaries': self.n_summaries}, 0.0)

    n_summaries = 0

    def task(self, job_class, what, stdin):
        job = job_class(['--input-kind', 'rawbytes', '--step-num', '0', what])
        job.sandbox(stdin=io.BytesIO(stdin))
        job.execute()
        self.n_summaries += job.stderr.getvalue().count(b'counter:mr_kmeans,summaries,1\n')
        return job.stdout.getvalue().splitlines(keepends=True)


@pytest.fixture
def packed(tmp_path):
    """Make packed rows of two files, some of them bad."""
    rows = KINDS['random_rows']().rows[:60]
    files = runs.write_rows(tmp_path, rows)
    fit(files, str(tmp_path / 'out'), FitOptions(3))
    points = tmp_path / 'out' / 'points'
    return SimpleNamespace(
        storage=Unseekable(),
        launcher=Launcher(),
        folder=points,
        packed=lambda folder: sorted(map(str, points.glob('part-*'))),
    )


def test_summaries_are_read_from_the_ends_of_files(packed):
    ends = Survey.of_records(read_summaries(LocalStorage(), str(packed.folder)))
    by_job = Survey.of_records(summaries(packed, str(packed.folder)))
    assert by_job[:4] == ends[:4] and by_job.tallies == ends.tallies and by_job.n_samples == 60
    assert by_job.sample.to_json() == ends.sample.to_json()


def test_file_without_a_summary_is_refused(packed):
    path = packed.packed(None)[-1]
    with open(path, 'rb') as stream:
        whole = stream.read()
        *_, last = Reader(io.BytesIO(whole), path)
    with open(path, 'wb') as stream:
        stream.write(whole[: last.position])
    n_files = len(packed.packed(None))
    with pytest.raises(
        DataError, match=f'{n_files} files of packed rows have {n_files - 1} summaries'
    ):
        summaries(packed, str(packed.folder))


def test_hadoop_passes_only_summaries():
    """BytesWritable.toString writes bytes as two digits each, with a space between them."""
    assert KEY.replace('.', ' ') == SUMMARY_KEY.hex(' ') != BLOCK_KEY.hex(' ')
    job = MRSummaries(['--input-kind', 'rawbytes', '-r', 'hadoop'])
    assert job.hadoop_input_format().endswith('SequenceFileInputFilter')
    assert job.jobconf()['mapreduce.input.sequencefileinputfilter.class'].endswith(
        'SequenceFileInputFilter$RegexFilter'
    )
