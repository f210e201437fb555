"""The job that labels all rows with the nearest centroid of each and the distance to it.

Input: rows of numbers.

Output: lines of CSV, ``file,row,id,cluster_id,distance``, in the order of the input; the output of
each task begins with this header.

Alone: python -m mr_kmeans.jobs.mr_assign --survey survey.txt --centroids centroids.csv data.csv
(rows are then counted within each task's split.)
"""

import csv
import io
import json

import numpy as np
from mrjob.step import MRStep

from mr_kmeans.algorithm.predict import Predictor
from mr_kmeans.formats.centroid_file import read_centroid_file
from mr_kmeans.jobs.lloyd import LloydJob
from mr_kmeans.text.text_input import TextInput

HEADER = 'file,row,id,cluster_id,distance\n'


class MRAssign(LloydJob):
    """The map-only job that labels rows."""

    DOING = 'labeling the rows'
    WITH_IDS = True
    N_REDUCERS = 0

    def configure_args(self):
        super().configure_args()
        self.add_file_arg(
            '--lines-before',
            metavar='FILE',
            help=(
                'JSON: [[file, start of split, lines before it that are rows], …], to number the'
                ' rows'
            ),
        )

    def load_lines_before(self):
        """Return {(file, start): the number to add to a row's line in its split}."""
        if not self.options.lines_before:
            return {}
        with open(self.options.lines_before, encoding='utf-8') as stream:
            return {(file, start): before for file, start, before in json.load(stream)}

    def has_header(self) -> bool:
        """Return whether a text file begins with a line that is not a row."""
        return bool(self.options.text_input) and TextInput.loads(self.options.text_input).header

    def steps(self):
        """Return one step without a reducer."""
        return [MRStep(mapper=self.mapper)]

    def jobconf(self):
        """Return properties with which lines pass through Hadoop unchanged: it splits each into key
        and value and joins them again, at a comma, which every line has.
        """
        return dict(
            super().jobconf(),
            **{
                'stream.map.output.field.separator': ',',
                'mapreduce.output.textoutputformat.separator': ',',
            },
        )

    def run_mapper(self, step_num=0):
        """Write lines of CSV instead of keys and values."""
        with open(self.options.centroids[0], encoding='utf-8') as stream:
            centroids = read_centroid_file(stream.read(), self.options.centroids[0])[-1].centroids
        predictor = Predictor(centroids, self.load_space())
        before, header = self.load_lines_before(), self.has_header()
        self.stdout.write(HEADER.encode('ascii'))
        for points in self.read_points():
            labels, squares, n_slow = predictor.predict(points.columns)
            self.count('rows', len(points.rows))
            self.count('slow_rows', n_slow)
            rows = points.rows + (
                before.get(tuple(points.origin), -int(header and points.origin.start == 0)) + 1
            )
            self.stdout.write(
                format_rows(points.origin.file, rows, points.ids, labels, np.sqrt(squares)).encode(
                    'utf-8'
                )
            )
        self.count_rows()


def format_rows(file, rows, ids, labels, distances) -> str:
    """Return labeled rows as lines of CSV.

    Parameters
    ----------
    file : str
    rows, labels : integer ndarrays of shape (n,)
    ids : list of n bytes, or None
    distances : float64 ndarray of shape (n,)
    """
    names = [''] * len(rows) if ids is None else [quote(name.decode('utf-8')) for name in ids]
    file = quote(file)
    columns = zip(rows.tolist(), names, labels.tolist(), distances.tolist())
    return ''.join(
        [f'{file},{row},{name},{label},{distance!r}\n' for row, name, label, distance in columns]
    )


def quote(text: str) -> str:
    """Return a field, quoted for CSV if necessary."""
    if text.isalnum():
        return text
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator='\n').writerow(
        [text]
    )  # which is quoted in fields for this reason
    return '' if text == '' else buffer.getvalue()[:-1]


if __name__ == '__main__':
    MRAssign.run()
