"""The base class of all jobs, with their input, options and counters."""

from __future__ import annotations

import json
import os
import threading
from argparse import ArgumentParser
from typing import Iterable, List, Optional

from mrjob.job import MRJob
from mrjob.protocol import BytesValueProtocol, StandardJSONProtocol

from mr_kmeans.errors import KMeansError, UsageError, of_os_error
from mr_kmeans.exact.feature_space import FeatureSpace
from mr_kmeans.exact.points import Points
from mr_kmeans.formats.point_reader import INPUT_KINDS, RAW_BLOCKS, TEXT_LINES, PointReader
from mr_kmeans.formats.splits import open_plain
from mr_kmeans.formats.survey_file import load_space
from mr_kmeans.text.dialect import sniff
from mr_kmeans.text.features import make_format
from mr_kmeans.text.head import head_of
from mr_kmeans.text.text_input import TextInput

COUNTERS = 'mr_kmeans'
"""Group of the jobs' counters: rows, rejected, skipped, blocks, slow_rows."""

SEQUENCE_FILE = 'org.apache.hadoop.mapred.SequenceFile'

DEFAULT_CAPACITY = 1000

_made = threading.local()
"""Parsers that were made by each thread."""


class PointsJob(MRJob):
    """A job whose first mapper reads points.

    Input: lines of text, or another ``--input-kind``. A subclass implements `map_points`, a
    generator of (key, value).
    """

    _cl_args: List[str]

    WITH_IDS = False
    """Whether the job needs the rows' ids."""

    DOING = 'reading the rows'
    """Description of the running job in messages."""

    N_REDUCERS = 1

    _space: Optional[FeatureSpace] = None

    runner_class = None
    """Class of the runner, set by the launcher; a job run alone uses mrjob's own runners."""

    # other JSON libraries on the nodes write floats and large integers differently
    INPUT_PROTOCOL = BytesValueProtocol
    INTERNAL_PROTOCOL = StandardJSONProtocol
    OUTPUT_PROTOCOL = StandardJSONProtocol

    @classmethod
    def run(cls):
        """Run as a script; print errors that the user can fix without a traceback, except in tasks,
        whose logs need one.
        """
        try:
            super().run()
        except KMeansError as error:
            if cls().is_task():
                raise
            ArgumentParser().exit(error.exit_code, f'{cls.__name__}: error: {error}\n')

    def configure_args(self):
        self.arg_parser = ArgumentParser(
            usage=self._usage(), add_help=False, parents=[self._mrjob_arguments()]
        )
        self.add_passthru_arg(
            '--input-kind',
            choices=INPUT_KINDS,
            default=TEXT_LINES,
            help=(
                'what standard input holds: lines of text (default), descriptions of splits, '
                "or packed blocks as streaming's rawbytes"
            ),
        )
        self.add_passthru_arg(
            '--text-input',
            metavar='JSON',
            help=(
                'how lines are read: delimiter, fields, columns, header, as the driver passes it; '
                'detected from the first input file by default'
            ),
        )
        self.add_passthru_arg(
            '--stop-after',
            type=int,
            metavar='N',
            help='number of bad rows of a split after which the rest of it is not read',
        )
        self.add_file_arg(
            '--names',
            metavar='FILE',
            help='JSON: {path of an input file in HDFS: its name in ledger and labels}',
        )

    @staticmethod
    def _mrjob_arguments() -> ArgumentParser:
        """Return the parser of mrjob's own options, made once per thread, since a driver creates a
        job five times per iteration, and argparse changes its actions while it parses.
        """
        if not hasattr(_made, 'parser'):
            job = object.__new__(MRJob)
            job.arg_parser = ArgumentParser(add_help=False)
            job.configure_args()
            _made.parser = job.arg_parser
        return _made.parser

    def add_sample_args(self):
        """Add the options of the sample: ``--seed`` and ``--capacity``."""
        self.add_passthru_arg(
            '--seed', type=int, default=0, help='random seed of the sample (default: %(default)s)'
        )
        self.add_passthru_arg(
            '--capacity',
            type=int,
            default=DEFAULT_CAPACITY,
            help='number of distinct rows in the sample (default: %(default)s)',
        )

    def add_space_arg(self):
        """Add the option ``--survey``."""
        self.add_file_arg(
            '--survey',
            metavar='FILE',
            help=(
                "the survey.json of a run, or the output of mr_survey.py: the features' grids and"
                ' weights'
            ),
        )

    def load_space(self) -> FeatureSpace:
        """Return the feature space given by ``--survey``, read once per task."""
        if self._space is None:
            with open(self.options.survey, encoding='utf-8') as stream:
                self._space = load_space(stream.read())
        return self._space

    def dirs(self):
        """Send the package to the tasks, so that they can import it; in this process it is already
        imported.
        """
        shipped = any(
            archive.endswith('#payload') for archive in self.options.upload_archives or ()
        )
        return [] if self.options.runner in (None, 'inline') or shipped else [package_directory()]

    def hadoop_input_format(self):
        """Return the input format that reads packed files."""
        return SEQUENCE_FILE + 'InputFormat' if self.options.input_kind == RAW_BLOCKS else None

    def jobconf(self):
        """Return properties that set how Hadoop passes the input, one reducer, and uncompressed
        output.
        """
        return dict(
            super().jobconf(),
            **{
                'mapreduce.job.reduces': str(self.N_REDUCERS),
                'mapreduce.output.fileoutputformat.compress': 'false',
            },
            **self.input_conf(),
        )

    def input_conf(self):
        """Return the properties of the step that reads the input."""
        return {'stream.map.input': 'rawbytes'} if self.options.input_kind == RAW_BLOCKS else {}

    def _runner_class(self):
        return self.runner_class or super()._runner_class()

    def make_runner(self):
        """Make the runner; if a job is run alone, detect the dialect of its input first."""
        if self.options.input_kind == TEXT_LINES and self.options.text_input is None:
            self._cl_args = list(self._cl_args) + [
                '--text-input',
                look_at(self.options.args).dumps(),
            ]
            self.options.text_input = self._cl_args[-1]
        return super().make_runner()

    def mapper(self, _, value):
        """Exist so that mrjob sees a mapper; `run_mapper` does not call it in step 0."""
        raise NotImplementedError

    def run_mapper(self, step_num=0):
        """Run step 0's mapper on batches of points; later steps as usual."""
        if step_num:
            super().run_mapper(step_num)
            return
        _, write_line = self._wrap_protocols(step_num, 'mapper')
        for key, value in self.map_points(self.read_points()):
            write_line(key, value)
        self.count_rows()

    def map_points(self, batches: Iterable[Points]):
        """Yield (key, value) for a task's points."""
        raise NotImplementedError

    def read_points(self) -> PointReader:
        """Return the reader of the task's points."""
        text_input = TextInput.loads(self.options.text_input) if self.options.text_input else None
        names = {}
        if self.options.names:
            with open(self.options.names, encoding='ascii') as stream:
                names = json.load(stream)
        self.reader = PointReader(
            self.stdin,
            self.options.input_kind,
            text_input,
            self.WITH_IDS,
            names,
            self.options.stop_after,
        )
        return self.reader

    def count_rows(self) -> None:
        """Add the reader's counts to the counters."""
        self.count('blocks', self.reader.n_batches)
        for tally in self.reader.tallies.values():
            self.count('rejected', tally.rejected)
            self.count('skipped', tally.skipped)

    def count(self, name: str, amount: int) -> None:
        """Add to a counter of this package."""
        if amount:
            self.increment_counter(COUNTERS, name, int(amount))


def package_directory() -> str:
    """Return the folder of the package."""
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def look_at(paths) -> TextInput:
    """Return the dialect of the first of a job's input files, if a job is run alone."""
    if not paths or not os.path.isfile(paths[0]):
        where = f'{paths[0]} is not a file: ' if paths else ''
        raise UsageError(f'{where}give a local input file, or describe the input with --text-input')
    try:
        with open_plain(paths[0]) as stream:
            head = head_of(stream, paths[0])
    except OSError as error:
        raise of_os_error(error, paths[0]) from None
    dialect = sniff(*head, path=paths[0])
    return TextInput(make_format(dialect), dialect.header)
