"""The job that surveys the rows in one pass: counts, moments per feature, fingerprint, a sample of
distinct rows, and bad rows.

Input: rows of numbers.

Output::

    ['rows'], {'rows': n, 'vanished': number of values that become 0 on their grid,
               'fingerprint': sum of row hashes mod 2**64}
    ['feature', j], [count, min, max, decimals, grid, sum, sum of squares]
    ['sample'], [capacity, d, hashes, rows, multiplicities]
    ['split', file, start], {'lines': …, 'rows': …, 'rejected': …,
                             'records': [[line, reason, text, was_skipped], …]}

Alone: python -m mr_kmeans.jobs.mr_survey data.csv > survey.txt
"""

from mr_kmeans.exact.survey import Surveyor, merge_values
from mr_kmeans.jobs.base import PointsJob


class MRSurvey(PointsJob):
    """The survey of the rows or, given a first survey by ``--survey``, of the rows on their
    grid.
    """

    DOING = 'surveying the rows'

    def configure_args(self):
        super().configure_args()
        self.add_space_arg()
        self.add_sample_args()
        self.add_passthru_arg(
            '--only-lines', action='store_true', help='only count lines and find bad rows'
        )

    def map_points(self, batches):
        """Yield the records of one task."""
        if self.options.only_lines:
            for points in batches:
                self.count('rows', len(points.rows))
        else:
            yield from self.survey(batches)
        for origin, tally in self.reader.tallies.items():
            yield ['split', *origin], tally.to_json()

    def survey(self, batches):
        """Yield the records of one task, except the counts of its splits."""
        space = self.load_space() if self.options.survey else None
        surveyor = Surveyor(self.options.seed, self.options.capacity, space)
        for points in batches:
            surveyor.add(points)
            self.count('rows', len(points.rows))
        yield from surveyor.records()

    def reducer(self, key, values):
        """Merge the records of one key: (key, value), … → (key, value)."""
        yield key, merge_values(key, values)


if __name__ == '__main__':
    MRSurvey.run()
