"""One Lloyd iteration as two jobs: sums per cluster and shard, then their merged mean.

Shards spread a cluster with most of the points over several reducers of the first job. The mean of
the shards' means would be wrong, so sums and counts are passed on, and the division comes last.

Input: rows of numbers.

Mapper 1 output, once per batch and cluster::

    [candidate, cluster_id, shard], [count, totals]

Reducer 1 output::

    [candidate, cluster_id], [count, totals]

Mapper 2: identity.

Output::

    [candidate, cluster_id],
    {'count': n, 'totals': [grid integers], 'centroid': [the new coordinates]}

Alone: python -m mr_kmeans.jobs.mr_lloyd_two_job --survey survey.txt --centroids start.csv data.csv
"""

from mrjob.step import MRStep

from mr_kmeans.jobs.lloyd import LloydJob, TaskSums, merge_values

DEFAULT_SHARDS = 4


class MRLloydTwoJob(LloydJob):
    """The variant with two steps, each its own job on Hadoop."""

    def configure_args(self):
        super().configure_args()
        self.add_passthru_arg(
            '--shards',
            type=int,
            default=DEFAULT_SHARDS,
            help='number of shards per cluster in the first job (default: %(default)s)',
        )

    def steps(self):
        """Return two steps: sums per shard, then their merge."""
        first = dict(self.input_conf(), **{'mapreduce.job.reduces': str(self.options.shards)})
        return [
            MRStep(mapper=self.mapper, reducer=self.shard_reducer, jobconf=first),
            MRStep(mapper=self.identity_mapper, reducer=self.reducer),
        ]

    def jobconf(self):
        """Return properties without those of the input, which only the first step needs."""
        return {
            key: value for key, value in super().jobconf().items() if key not in self.input_conf()
        }

    def map_sums(self, batches):
        """Yield the sums of each batch; batches are assigned to the shards in turn."""
        for number, (candidate, labels, integers) in enumerate(self.assigned(batches)):
            sums = TaskSums()
            sums.add(candidate, self.sizes[candidate], labels, integers)
            shard = number // len(self.sizes) % self.options.shards
            for key, value in sums.items():
                yield [*key, shard], value

    def shard_reducer(self, key, values):
        """Merge a shard: ([candidate, cluster, shard], [count, totals]), … → ([candidate, cluster],
        [count, totals]). What was drawn has no shards.
        """
        yield key[:2], merge_values(key, values)

    def identity_mapper(self, key, value):
        """Yield the record unchanged."""
        yield key, value


if __name__ == '__main__':
    MRLloydTwoJob.run()
