"""One Lloyd iteration as in textbooks: the mapper emits every row, a combiner makes partial sums.

Input: rows of numbers.

Mapper output, once per row::

    [candidate, cluster_id], [1, the row's grid integers]

Combiner: the same input and output, merged.

Output::

    [candidate, cluster_id],
    {'count': n, 'totals': [grid integers], 'centroid': [the new coordinates]}

Alone: python -m mr_kmeans.jobs.mr_lloyd_combiner --survey survey.txt --centroids start.csv data.csv
"""

from mr_kmeans.jobs.lloyd import LloydJob, merge_values


class MRLloydCombiner(LloydJob):
    """The variant with a combiner, which Hadoop may call any number of times, or never."""

    def map_sums(self, batches):
        """Yield each row with its cluster as key."""
        for candidate, labels, integers in self.assigned(batches):
            rows = zip(*(column.tolist() for column in integers))
            for label, row in zip(labels.tolist(), rows):
                yield [candidate, label], [1, row]

    def combiner(self, key, values):
        """Merge what has one key: pairs of [candidate, cluster] and [count, totals] to one."""
        yield key, merge_values(key, values)


if __name__ == '__main__':
    MRLloydCombiner.run()
