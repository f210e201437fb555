"""One Lloyd iteration as two jobs: averages per cluster and shard, then their count-weighted mean.

Shards spread a cluster that has most of the points over several reducers of the first job. The mean
of the shards' means would be wrong: sum and count travel, the division comes last.

Input: rows of numbers. Mapper 1 output: [candidate, cluster_id, shard], [count, totals], once per
batch and cluster Reducer 1 output: [candidate, cluster_id], [count, totals] Mapper 2: identity
Output: [candidate, cluster_id], {'count': n, 'totals': [grid integers], 'centroid': [the new
coordinates]}

Alone: python -m mr_kmeans.jobs.mr_lloyd_two_job --survey survey.txt --centroids start.csv data.csv
"""

from mrjob.step import MRStep

from mr_kmeans.jobs.lloyd import LloydJob, TaskSums, merge_all

DEFAULT_SHARDS = 4


class MRLloydTwoJob(LloydJob):
    """Two steps, each a job of its own on Hadoop."""

    def configure_args(self):
        super().configure_args()
        self.add_passthru_arg(
            '--shards',
            type=int,
            default=DEFAULT_SHARDS,
            help='that a cluster is spread over in the first job (default: %(default)s)',
        )

    def steps(self):
        """Average per shard, then merge."""
        first = dict(self.input_conf(), **{'mapreduce.job.reduces': str(self.options.shards)})
        return [
            MRStep(mapper=self.mapper, reducer=self.shard_reducer, jobconf=first),
            MRStep(mapper=self.identity_mapper, reducer=self.reducer),
        ]

    def jobconf(self):
        """Leave the input's properties to the first step."""
        return {
            key: value for key, value in super().jobconf().items() if key not in self.input_conf()
        }

    def map_points(self, batches):
        """Yield the sums of each batch; batches go round the shards."""
        for number, (candidate, labels, integers) in enumerate(self.assigned(batches)):
            sums = TaskSums()
            sums.add(0, self.sizes[candidate], labels, integers)
            for (_, cluster), value in sums.items():
                yield [candidate, cluster, number % self.options.shards], value

    def shard_reducer(self, key, values):
        """Merge a shard: ([candidate, cluster, shard], [count, totals]), … → ([candidate, cluster],
        [count, totals]).
        """
        candidate, cluster, _ = key
        yield [candidate, cluster], merge_all(values)

    def identity_mapper(self, key, value):
        """Pass on."""
        yield key, value


if __name__ == '__main__':
    MRLloydTwoJob.run()
