"""The textbook's iteration with its combiner called on a few records at a time, and some left to
themselves, as Hadoop is free to do."""

from itertools import islice

from mr_kmeans.jobs.mr_lloyd_combiner import MRLloydCombiner


class MRLloydPiecemeal(MRLloydCombiner):
    def combiner(self, key, values):
        values = iter(values)
        for value in values:
            yield key, value
            piece = list(islice(values, 3))
            if piece:
                yield from super().combiner(key, piece)


if __name__ == '__main__':
    MRLloydPiecemeal.run()
