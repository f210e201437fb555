"""The job that parses text once: rows to packed blocks and to the records of the survey.

Input: rows of numbers.

Output: one SequenceFile per task::

    b'block'    a packed block of points (see blocks.py); any number of these
    b'summary'  the last record: the task's records of the survey (see survey.py), a line of JSON
                each (key, tab, value), then their CRC-32

Alone, on text: python -m mr_kmeans.jobs.mr_pack --output-dir points data.csv
"""

import json
import zlib

from mrjob.step import MRStep

from mr_kmeans.errors import DamagedRowsError
from mr_kmeans.exact.survey import Surveyor
from mr_kmeans.formats.blocks import encode_block, rows_per_block
from mr_kmeans.formats.point_reader import BLOCK_KEY, SUMMARY_KEY
from mr_kmeans.formats.sequencefile import Writer, write_rawbytes
from mr_kmeans.jobs.base import SEQUENCE_FILE, PointsJob


class MRPack(PointsJob):
    """The map-only job that packs rows."""

    DOING = 'packing the text'

    N_REDUCERS = 0

    def configure_args(self):
        super().configure_args()
        self.add_sample_args()
        self.add_passthru_arg(
            '--output-kind',
            choices=['sequencefile', 'rawbytes'],
            default='sequencefile',
            help='write the SequenceFile (default), or let Hadoop write it from rawbytes',
        )

    def steps(self):
        """Return one step without a reducer."""
        return [MRStep(mapper=self.mapper)]

    def hadoop_output_format(self):
        """Return the format in which Hadoop writes the file, unless the task itself writes it."""
        return SEQUENCE_FILE + 'OutputFormat' if self.options.output_kind == 'rawbytes' else None

    def jobconf(self):
        """Return properties with which records are passed to Hadoop unchanged."""
        return dict(
            super().jobconf(),
            **({'stream.map.output': 'rawbytes'} if self.options.output_kind == 'rawbytes' else {}),
        )

    def run_mapper(self, step_num=0):
        """Write records instead of lines."""
        write = self.record_writer()
        surveyor = Surveyor(self.options.seed, self.options.capacity)
        for points in self.read_points():
            surveyor.add(points)
            self.count('rows', len(points.rows))
            for part in cut_points(points, rows_per_block(len(points.columns))):
                write(BLOCK_KEY, encode_block(part))
        records = list(surveyor.records())
        records += [
            (['split', *origin], tally.to_json()) for origin, tally in self.reader.tallies.items()
        ]
        write(SUMMARY_KEY, dump_records(records))
        self.count_rows()

    def record_writer(self):
        """Return a function that writes a (key, value)."""
        if self.options.output_kind == 'sequencefile':
            return Writer(self.stdout).append
        return lambda key, value: write_rawbytes(self.stdout, key, value)


def cut_points(points, n_rows):
    """Split a batch into parts of at most `n_rows` points."""
    for start in range(0, len(points.rows), n_rows):
        part = slice(start, start + n_rows)
        yield points._replace(
            columns=[column._replace(values=column.values[part]) for column in points.columns],
            rows=points.rows[part],
            ids=None if points.ids is None else points.ids[part],
        )


def dump_records(records) -> bytes:
    """Return records as a summary: their lines, and the CRC-32 of these in the last line."""
    lines = b''.join(
        b'%s\t%s\n' % (json.dumps(key).encode('utf-8'), json.dumps(value).encode('utf-8'))
        for key, value in records
    )
    return lines + b'%08x\n' % zlib.crc32(lines)


def load_records(summary: bytes, place: str):
    """Return the records of a summary as (key, value) pairs.

    Parameters
    ----------
    summary : bytes
    place : str
        Where the summary was (file and byte), for errors.

    Raises
    ------
    DamagedRowsError
        If the summary is not as written by `dump_records`.
    """
    lines, last = summary[:-9], summary[-9:]
    if last != b'%08x\n' % zlib.crc32(lines):
        raise DamagedRowsError(f'{place}: a damaged summary (its checksum differs)')
    return [tuple(json.loads(part) for part in line.split(b'\t')) for line in lines.splitlines()]


if __name__ == '__main__':
    MRPack.run()
