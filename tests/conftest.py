"""What holds for all tests: a skipped test is an open bug, and chance is the same in every run."""

import logging
import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile('reproducible', derandomize=True, database=None, deadline=None,
                          suppress_health_check=[HealthCheck.too_slow])
settings.load_profile('reproducible')

skipped = pytest.StashKey[list]()


def pytest_configure(config):
    config.stash[skipped] = []
    config.pluginmanager.register(SkipCollector(config.stash[skipped]))


class SkipCollector:
    def __init__(self, found):
        self.found = found

    def pytest_runtest_logreport(self, report):
        self.note(report)

    def pytest_collectreport(self, report):
        self.note(report)

    def note(self, report):
        if report.skipped and not hasattr(report, 'wasxfail'):
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
            self.found.append('%s: %s' % (report.nodeid, reason))


def pytest_sessionfinish(session):
    if session.config.stash[skipped] and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    for line in config.stash[skipped]:
        terminalreporter.write_line('FAILED, a skipped test is an open bug: %s' % line, red=True)


@pytest.fixture(autouse=True)
def no_log_is_set_up():
    """A command run in this process, by another test or for a whole file of them, says where the log goes; here nobody has."""
    for name in ('mr_kmeans', 'mrjob'):
        log = logging.getLogger(name)
        log.propagate, log.handlers[:] = True, [handler for handler in log.handlers if isinstance(handler, logging.NullHandler)]
        log.setLevel(logging.NOTSET)


@pytest.fixture(scope='session')
def cluster(tmp_path_factory):
    """A real Hadoop, one for all tests that want it. MR_KMEANS_HADOOP names the folder of one to be kept, for who writes tests."""
    from on_hadoop import Cluster
    kept = os.environ.get('MR_KMEANS_HADOOP')
    cluster = Cluster(kept or tmp_path_factory.mktemp('hadoop') / 'cluster')
    try:
        yield cluster.start()
    finally:
        if not kept:
            cluster.stop()


@pytest.fixture(scope='session')
def postgres():
    """A running PostgreSQL server of our own."""
    from postgres_server import PostgresServer
    server = PostgresServer()
    yield server
    server.remove()


@pytest.fixture
def postgres_base(postgres, request):
    """A new, empty database of it."""
    import psycopg
    from sql_cases import PostgresBase
    name = 'test_%d' % id(request)
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute('CREATE DATABASE ' + name)
    yield PostgresBase(postgres.url(name))
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute('DROP DATABASE %s WITH (FORCE)' % name)


@pytest.fixture(params=['duckdb', 'postgres'])
def base(request, tmp_path):
    """An empty database, of each kind."""
    if request.param == 'postgres':
        return request.getfixturevalue('postgres_base')
    from sql_cases import DuckBase
    return DuckBase(tmp_path / 'base.duckdb')
