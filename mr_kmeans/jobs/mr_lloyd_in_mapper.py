"""One Lloyd iteration, the sums combined in the mapper's memory: no combiner is needed.

Input: rows of numbers. Mapper output: [candidate, cluster_id], [count, totals], once per task and
cluster Output: [candidate, cluster_id], {'count': n, 'totals': [grid integers], 'centroid': [the
new coordinates]}

Alone: python -m mr_kmeans.jobs.mr_lloyd_in_mapper --survey survey.txt --centroids start.csv
data.csv
"""

from mr_kmeans.jobs.lloyd import LloydJob, TaskSums


class MRLloydInMapper(LloydJob):
    """Combine in the mapper."""

    def map_points(self, batches):
        """Yield a task's sums at its end."""
        sums = TaskSums()
        for candidate, labels, integers in self.assigned(batches):
            sums.add(candidate, self.sizes[candidate], labels, integers)
        yield from sums.items()


if __name__ == '__main__':
    MRLloydInMapper.run()
