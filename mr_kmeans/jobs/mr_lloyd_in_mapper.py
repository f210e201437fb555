"""One Lloyd iteration with sums combined in the mapper's memory, so that no combiner is needed.

Input: rows of numbers.

Mapper output, once per task and cluster::

    [candidate, cluster_id], [count, totals]

Output::

    [candidate, cluster_id],
    {'count': n, 'totals': [grid integers], 'centroid': [the new coordinates]}

Alone: python -m mr_kmeans.jobs.mr_lloyd_in_mapper --survey survey.txt --centroids start.csv
data.csv
"""

from mr_kmeans.jobs.lloyd import LloydJob, TaskSums


class MRLloydInMapper(LloydJob):
    """The variant that combines in the mapper."""

    def map_sums(self, batches):
        """Yield a task's sums when all its points are read."""
        sums = TaskSums()
        for candidate, labels, integers in self.assigned(batches):
            sums.add(candidate, self.sizes[candidate], labels, integers)
        yield from sums.items()


if __name__ == '__main__':
    MRLloydInMapper.run()
