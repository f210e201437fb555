"""The textbook's iteration without its combiner: Hadoop is free never to call it."""

from mrjob.step import MRStep

from mr_kmeans.jobs.mr_lloyd_combiner import MRLloydCombiner


class MRLloydBare(MRLloydCombiner):
    def steps(self):
        return [MRStep(mapper=self.mapper, reducer=self.reducer)]


if __name__ == '__main__':
    MRLloydBare.run()
