"""Two runs in one process share nothing, one after the other or in two threads, whatever the
configurations of mrjob they are given."""

import threading

import pytest
from fake_hadoop import FakeHadoop

from mr_kmeans.commands.fit import fit
from mr_kmeans.errors import RunError
from mr_kmeans.options import FitOptions, JobOptions
from mr_kmeans.runners.mrjob_options import stores_of

ROWS = 'x,y\n1,2\n3,4\n5,7\n9,1\n'


@pytest.fixture
def clusters(tmp_path, monkeypatch):
    """Two clusters, each named by a configuration of mrjob; the environment names neither's
    commands. Their jobs fail."""
    found = []
    for name in ('one', 'two'):
        hadoop = FakeHadoop(tmp_path / name)
        hadoop.tell('fails', 'jar')
        (tmp_path / f'{name}.conf').write_text(
            'runners: {hadoop: {hadoop_bin: %s, hadoop_streaming_jar: %s}}'
            % (hadoop.folder / 'bin' / 'hadoop', hadoop.folder / 'hadoop-streaming.jar')
        )
        found.append(hadoop)
    monkeypatch.setenv('HADOOP_CONF_DIR', found[0].environ['HADOOP_CONF_DIR'])
    for name in ('HADOOP_HOME', 'HADOOP_PREFIX', 'HADOOP_INSTALL', 'HADOOP_MAPRED_HOME'):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / 'rows.csv').write_text(ROWS)
    return found


def fit_on_hadoop(tmp_path, name):
    """Make a fit whose job fails; return the error."""
    jobs = JobOptions('hadoop', str(tmp_path / f'{name}.conf'))
    with pytest.raises(RunError) as caught:
        fit([str(tmp_path / 'rows.csv')], str(tmp_path / f'out-{name}'), FitOptions(2), jobs=jobs)
    return str(caught.value)


def kinds(hadoop):
    """Return which commands a cluster was given; their order is that of one run."""
    return [words[:3] if words[1] == 'fs' else words[:2] for words in hadoop.asked()]


def check_own(clusters):
    """Each cluster was given the commands of one run, and what one left is not in the other."""
    assert kinds(clusters[0]) == kinds(clusters[1])
    assert sum(words[1] == 'jar' for words in kinds(clusters[0])) == 1
    assert sum(words[1] == 'version' for words in kinds(clusters[0])) == 1
    for hadoop in clusters:
        assert all(words[0] in ('hadoop', 'yarn') for words in hadoop.asked())
        assert hadoop.files() == []


def test_runs_one_after_the_other_share_nothing(clusters, tmp_path):
    for name in ('one', 'two'):
        assert 'could not be submitted: Error: told to fail' in fit_on_hadoop(tmp_path, name)
    check_own(clusters)


def test_runs_in_two_threads_share_nothing(clusters, tmp_path):
    told = {}
    threads = [
        threading.Thread(
            target=lambda name=name: told.update({name: fit_on_hadoop(tmp_path, name)})
        )
        for name in ('one', 'two')
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ['one', 'two']
    check_own(clusters)


def test_a_configuration_is_not_remembered(clusters, tmp_path):
    of_one, of_two = (
        stores_of(JobOptions('hadoop', str(tmp_path / f'{name}.conf'))) for name in ('one', 'two')
    )
    assert of_one.hdfs is of_one.of('hdfs:///x') and of_one.hdfs is not of_two.hdfs
    assert of_one.cluster.command != of_two.cluster.command
    assert stores_of(JobOptions()).cluster.command == ['hadoop']


def test_local_fits_in_two_threads_have_their_own_results(clusters, tmp_path):
    models = {}

    def run(k):
        models[k] = fit([str(tmp_path / 'rows.csv')], str(tmp_path / f'k-{k}'), FitOptions(k))

    threads = [threading.Thread(target=run, args=[k]) for k in (2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k in (2, 3):
        alone = fit([str(tmp_path / 'rows.csv')], str(tmp_path / f'alone-{k}'), FitOptions(k))
        assert models[k].hash == alone.hash
