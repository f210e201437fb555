"""Tests of the extended Hadoop runner with fake commands; on a real Hadoop: test_hadoop.py."""

import pytest
from fake_hadoop import FakeHadoop

from mr_kmeans.hadoop.cluster import Cluster
from mr_kmeans.options import HADOOP, JobOptions
from mr_kmeans.runners.hadoop import ChainedHadoopRunner
from mr_kmeans.runners.launch_hadoop import HadoopLauncher, RemoteInput

SUBMITTED = [
    'sh',
    '-c',
    (
        'echo "INFO impl.YarnClientImpl: Submitted application application_1_0001"; printf "\\tat'
        ' a.b(C.java)\\n"'
    ),
]


def test_second_step_is_not_mistaken_for_the_first():
    runner = ChainedHadoopRunner()
    assert runner._run_hadoop(SUBMITTED, None, lambda record: None)[0] == 0
    assert runner.application == 'application_1_0001' and len(runner.last_lines) == 1
    assert (
        runner._run_hadoop(['sh', '-c', 'echo no room; exit 3'], None, lambda record: None)[0] == 3
    )
    assert (runner.application, runner.last_lines) == (None, ['no room'])


@pytest.mark.parametrize(
    'options, conf, tags',
    [
        ([], '', 'mine'),
        (['mapreduce.job.tags=x'], '', 'mine,x'),
        (['mapreduce.job.tags=x', 'mapreduce.job.tags=y,z'], '', 'mine,y,z'),
        ([], 'mapreduce.job.tags: site', 'mine,site'),
        (['mapreduce.job.tags=x'], 'mapreduce.job.tags: site', 'mine,x'),
    ],
)
def test_users_tags_are_kept_beside_the_runs_tag(tmp_path, monkeypatch, options, conf, tags):
    FakeHadoop(tmp_path / 'hadoop').use(monkeypatch)
    (tmp_path / 'mrjob.conf').write_text('runners: {hadoop: {jobconf: {%s}}}' % conf)
    monkeypatch.setattr(HadoopLauncher, '_upload_archives', lambda self: [])
    launcher = HadoopLauncher(
        JobOptions(HADOOP, str(tmp_path / 'mrjob.conf'), options),
        Cluster(),
        str(tmp_path),
        'hdfs:///tmp/x',
        'mine',
        print,
    )
    switches = launcher._switches(RemoteInput('text', [], {}))
    assert [item for item in switches if item.startswith('mapreduce.job.tags=')][
        -1
    ] == 'mapreduce.job.tags=' + tags
