"""A mapper that only reads what streaming hands it: the rate an iteration is compared with."""

from mr_kmeans.formats.point_reader import widen_pipe
from mr_kmeans.jobs.base import COUNTERS, PointsJob


class MRReadOnly(PointsJob):
    """Read standard input in large pieces; send on the number of bytes."""

    def run_mapper(self, step_num=0):
        """Read."""
        widen_pipe(self.stdin)  # as an iteration does
        buffer, n_bytes = bytearray(1 << 22), 0
        while True:
            n_read = self.stdin.readinto(buffer)
            if not n_read:
                break
            n_bytes += n_read
        self.increment_counter(
            COUNTERS, 'read', n_bytes
        )  # a job without counters is taken for one that could not be checked
        _, write_line = self._wrap_protocols(step_num, 'mapper')
        write_line('bytes', n_bytes)

    def reducer(self, key, values):
        """Add up."""
        yield key, sum(values)


if __name__ == '__main__':
    MRReadOnly.run()
