"""SequenceFile<BytesWritable, BytesWritable> of float64 blocks -> the sum of all values, by one reducer.

Input: records of mr_pack_lines, as rawbytes on stdin. Output: ("sum", (number of values, sum)) in mrjob's own text.
"""

import sys

import numpy as np
from mrjob.job import MRJob

import rawbytes


class MRSumBlocks(MRJob):
    FILES = ["rawbytes.py"]
    HADOOP_INPUT_FORMAT = "org.apache.hadoop.mapred.SequenceFileInputFormat"
    JOBCONF = {
        "stream.map.input": "rawbytes",
        # The mapper's output is mrjob's text, also on its way to the reducer.
        "stream.map.output": "text",
        "mapreduce.job.reduces": "1",
    }

    def mapper(self, _, line):
        """Only there so that mrjob sees a map step: `run_mapper` does the work."""

    def run_mapper(self, step_num=0):
        count, total = 0, 0.0
        for _, block in rawbytes.read_pairs(sys.stdin.buffer):
            values = np.frombuffer(block, dtype=np.float64)
            count, total = count + values.size, total + float(values.sum())
            self.increment_counter("sum", "blocks")
        _, write_line = self._wrap_protocols(step_num, "mapper")
        write_line("sum", (count, total))

    def reducer(self, key, partials):
        counts, totals = zip(*partials)
        yield key, (sum(counts), sum(totals))


if __name__ == "__main__":
    MRSumBlocks.run()
