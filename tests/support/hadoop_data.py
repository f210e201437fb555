"""Data for fits on a real Hadoop: local files, their copies in HDFS, and what the inline runner
makes of them."""

import bz2
import csv
import gzip
import os
import random

from mr_kmeans.commands.assign import assign
from mr_kmeans.commands.fit import fit
from mr_kmeans.options import FitOptions, TextOptions

TEXT = [
    '--id-column',
    'id',
    '--max-bad-rows',
    '3',
    '-k',
    '4',
    '--init',
    'random',
    '--max-iter',
    '2',
]
"""Options of a fit; the iterations come last."""

SHORT = [*TEXT[:-1], '1']

FILES = {'several': ['b.csv', 'a.csv.gz', 'c.csv.bz2'], 'one': ['b.csv'], 'gz': ['a.csv.gz']}


class Data:
    """Written to a local folder and to /data of a cluster, whose HDFS is emptied first if it was
    kept."""

    def __init__(self, folder, cluster):
        self.folder, self._inline = folder, {}
        draw = random.Random(3)

        def lines(first, n):
            return ['a,b,c,id'] + [
                ','.join('%.2f' % draw.gauss(5 * (i % 3), 9) for _ in range(3)) + ',id%d' % i
                for i in range(first, first + n)
            ]

        big = lines(0, 6000)
        big[4000], big[5500], big[100] = '1,bad,2,x', '1,2', ''
        for name, opener, content in (
            ('b.csv', open, big),
            ('a.csv.gz', gzip.open, lines(6000, 1500)),
            ('c.csv.bz2', bz2.open, lines(7500, 1000)),
        ):
            with opener(folder / name, 'wt') as file:
                file.write('\n'.join(content) + '\n')
        cluster.hdfs('-rm', '-r', '-f', '-skipTrash', '/data', '/run', '/labels', '/full')
        cluster.hdfs('-mkdir', '-p', '/data')
        cluster.hdfs('-put', *[folder / name for name in FILES['several']], '/data')

    def local(self, which):
        return [str(self.folder / name) for name in FILES[which]]

    def remote(self, which):
        return [f'hdfs:///data/{name}' for name in FILES[which]]

    def inline(self, which, options=TEXT):
        """Return (model, centroids.csv, label lines, ledger lines) of the inline runner."""
        name = f'{which}-{options[-1]}'
        if name not in self._inline:
            out, labels = self.folder / f'out-{name}', self.folder / f'labels-{name}'
            model = fit(
                self.local(which),
                str(out),
                FitOptions(4, 'random', max_iter=int(options[-1])),
                TextOptions(id_column='id', max_bad_rows=3),
            )
            assign(str(out), self.local(which), str(labels), TextOptions(max_bad_rows=3))
            self._inline[name] = model, (out / 'centroids.csv').read_bytes(), *labels_in(labels)
        return self._inline[name]


def labels_in(folder):
    """Return the label lines of a local folder, and those of the ledger beside it; files by their
    last name."""
    rows, ledger = [], []
    paths = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
    if os.path.exists(f'{folder}.rejected.csv'):  # there is none where no row was rejected
        paths.append(f'{folder}.rejected.csv')
    for path in paths:
        with open(path, encoding='utf-8', newline='') as file:
            _, *lines = csv.reader(file)
            (ledger if path.endswith('.rejected.csv') else rows).extend(
                [line[0].rpartition('/')[2], *line[1:]] for line in lines
            )
    return rows, ledger


def maps(n):
    """Return options for n map tasks (of the old interface that streaming has: of a file, by
    its size)."""
    return ['-D', f'mapreduce.job.maps={n}']
