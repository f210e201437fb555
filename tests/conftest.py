"""What holds for all tests: a skipped test is an open bug, chance is the same in every run, and
signals are those of a terminal."""

import logging
import os
import pathlib
import signal

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    'reproducible',
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile('reproducible')

IGNORED = 'MR_KMEANS_TESTS_IGNORE'
"""Names the signals that the tests were started to ignore, for pytest's processes, which do not
inherit that any more."""


def start_programs_as_a_terminal_does():
    """Let what the tests start handle the signals that the tests themselves are to ignore.

    A program inherits that a signal is ignored: SIGHUP under nohup, SIGINT in the background of a
    shell that is not interactive. It does not inherit a handler. So here a handler that does
    nothing is in the place of ignoring.
    """
    names = set(filter(None, os.environ.get(IGNORED, '').split()))
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        if signal.getsignal(number) == signal.SIG_IGN or number.name in names:
            names.add(number.name)
            signal.signal(number, lambda *_: None)
    os.environ[IGNORED] = ' '.join(sorted(names))


start_programs_as_a_terminal_does()
skipped = pytest.StashKey[list]()


def pytest_configure(config):
    config.stash[skipped] = []
    config.pluginmanager.register(SkipCollector(config.stash[skipped]))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give the files with tests on Hadoop to one process, as these share a cluster.

    The groups of `--dist loadgroup` would do that, but pytest-xdist 3.8 loses them in pytest 9.2.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            path = nodeid.split('::')[0]
            return 'hadoop' if path in on_hadoop else nodeid

    folder = pathlib.Path(__file__).parent
    on_hadoop = {
        str(path.relative_to(config.rootpath))
        for path in folder.rglob('test_*.py')
        if 'pytest.mark.hadoop' in path.read_text(encoding='utf-8')
    }
    return Scheduling(config, log) if config.getvalue('dist') == 'loadscope' else None


def pytest_collection_modifyitems(items):
    """Run the tests on Hadoop first, as they take the longest, and last of them those that stop the
    cluster they share.
    """
    items.sort(key=_turn)


def _turn(item):
    if not item.get_closest_marker('hadoop'):
        return 2
    return 1 if item.get_closest_marker('stops_cluster') else 0


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
    """A command run in this process, by another test or for a whole file of them, says where the
    log goes; here nobody has."""
    for name in ('mr_kmeans', 'mrjob'):
        log = logging.getLogger(name)
        log.propagate, log.handlers[:] = (
            True,
            [handler for handler in log.handlers if isinstance(handler, logging.NullHandler)],
        )
        log.setLevel(logging.NOTSET)


@pytest.fixture
def signals_of_a_terminal():
    """Let this process itself handle signals as one that a terminal has started."""
    usual = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGHUP: signal.SIG_DFL,
        signal.SIGTERM: signal.SIG_DFL,
    }
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope='session')
def cluster(tmp_path_factory):
    """A real Hadoop, one for all tests that want it. MR_KMEANS_HADOOP names the folder of one to be
    kept, for who writes tests."""
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
