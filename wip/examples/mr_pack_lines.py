"""Map only, text -> SequenceFile<BytesWritable, BytesWritable>: blocks of lines, keyed by file and split.

Input: lines of text. Output, a record per block: (b'<file>:<split start>:<block>', the lines' float64 values, packed).
"""

import os
import sys

import numpy as np
from mrjob.job import MRJob

import rawbytes

BLOCK_LINES = 4096
READ_BYTES = 1 << 20


class MRPackLines(MRJob):
    FILES = ["rawbytes.py"]
    HADOOP_OUTPUT_FORMAT = "org.apache.hadoop.mapred.SequenceFileOutputFormat"
    JOBCONF = {
        # Not "rawbytes" for the job as a whole (-io): the input is text, only the mapper's output is binary.
        "stream.map.input": "text",
        "stream.map.output": "rawbytes",
    }

    def mapper(self, _, line):
        """Only there so that mrjob sees a map step: `run_mapper` does the work."""

    def run_mapper(self, step_num=0):
        name = os.environ.get("mapreduce_map_input_file", "-")
        start = os.environ.get("mapreduce_map_input_start", "0")
        for number, lines in enumerate(self._blocks(sys.stdin.buffer)):
            values = np.array([line.split(b",") for line in lines], dtype=np.float64)
            rawbytes.write_pair(sys.stdout.buffer, f"{name}:{start}:{number}".encode(), values.tobytes())
            self.increment_counter("pack", "rows", len(lines))
        sys.stdout.buffer.flush()

    def _blocks(self, stream):
        lines, rest = [], b""
        for piece in iter(lambda: stream.read(READ_BYTES), b""):
            *whole, rest = (rest + piece).split(b"\n")
            lines += [line.rstrip(b"\t\r") for line in whole]
            while len(lines) >= BLOCK_LINES:
                yield lines[:BLOCK_LINES]
                del lines[:BLOCK_LINES]
        lines += [rest] if rest else []
        if lines:
            yield lines


if __name__ == "__main__":
    MRPackLines.run()
