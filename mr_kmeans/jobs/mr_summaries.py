"""The job that merges the summaries of pack tasks, if the driver cannot read their files from the
end.

Input: packed rows, as streaming's rawbytes.

Output: as of mr_survey.py.

Alone: python -m mr_kmeans.jobs.mr_summaries -r hadoop --input-kind rawbytes
'hdfs:///models/points/points/part-*'
"""

import os

from mr_kmeans.formats.point_reader import RAW_BLOCKS, SUMMARY_KEY
from mr_kmeans.formats.sequencefile import read_rawbytes
from mr_kmeans.jobs.base import SEQUENCE_FILE
from mr_kmeans.jobs.mr_pack import load_records
from mr_kmeans.jobs.mr_survey import MRSurvey

FILTER = 'mapreduce.input.sequencefileinputfilter'
KEY = '.'.join('%02x' % byte for byte in SUMMARY_KEY)
"""Regular expression of the key as Hadoop writes bytes: in hexadecimal digits, with a space
between.
"""


class MRSummaries(MRSurvey):
    """The survey of packed rows by their summaries, one per file. Hadoop skips the blocks, so that
    tasks read none of their bytes.
    """

    DOING = 'reading the summaries of the packed rows'

    def hadoop_input_format(self):
        """Return the input format that passes only records with one key."""
        return SEQUENCE_FILE + 'InputFilter' if self.options.input_kind == RAW_BLOCKS else None

    def jobconf(self):
        """Return properties that set this key."""
        return dict(
            super().jobconf(),
            **{
                FILTER + '.class': SEQUENCE_FILE + 'InputFilter$RegexFilter',
                FILTER + '.regex': KEY,
            },
        )

    def map_points(self, batches):
        """Yield the records of the summaries in a split."""
        place = os.environ.get('mapreduce_map_input_file', 'standard input')
        for key, value in read_rawbytes(self.stdin, place):
            if key == SUMMARY_KEY:
                self.count('summaries', 1)
                yield from load_records(value, place)


if __name__ == '__main__':
    MRSummaries.run()
