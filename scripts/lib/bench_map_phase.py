"""Run one job over packed rows in HDFS and print its application id.

Usage: bench_map_phase.py POINTS TEMPORARY FOLDER [SURVEY CENTROIDS] [KEY=VALUE ...]: an iteration
where there are centroids, else a mapper that only reads. TEMPORARY is a folder in HDFS, FOLDER a
local one.
"""

import os
import sys

from bench_read_job import MRReadOnly

from mr_kmeans.hadoop.cluster import Cluster
from mr_kmeans.jobs.mr_lloyd_in_mapper import MRLloydInMapper
from mr_kmeans.options import JobOptions
from mr_kmeans.runners.launch_hadoop import HadoopLauncher, RemoteInput
from mr_kmeans.storage.hdfs import storage_of_cluster


def main(points, temporary, folder, *arguments):
    files = [argument for argument in arguments if '=' not in argument]
    properties = [argument for argument in arguments if '=' in argument]
    applications = []
    cluster = Cluster()
    launcher = HadoopLauncher(
        JobOptions('hadoop', jobconf=properties),
        cluster,
        os.path.join(folder, 'work'),
        temporary,
        'bench',
        lambda client=None, application=None: applications.append(application),
    )
    data = RemoteInput('rawbytes', [points + '/part-*'], {})
    if files:
        launcher.run(MRLloydInMapper, data, ['--survey', files[0], '--centroids', files[1]])
    else:
        launcher.run(MRReadOnly, data)
    storage_of_cluster(cluster).remove(temporary)
    print(applications[-1])


if __name__ == '__main__':
    main(*sys.argv[1:])
