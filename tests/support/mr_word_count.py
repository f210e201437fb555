"""The smallest job, to see what a conf does."""

from mrjob.job import MRJob


class MRWordCount(MRJob):
    def mapper(self, _, line):
        if line == 'fail':
            raise ValueError('told to fail')
        for word in line.split():
            yield word, 1

    def reducer(self, word, counts):
        yield word, sum(counts)


if __name__ == '__main__':
    MRWordCount.run()
