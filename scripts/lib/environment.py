"""Make, once, the virtual environment that the scripts of this checkout run in, and print the path
of its Python.

Usage: environment.py CHECKOUT [EXTRA...]

It holds what setup.cfg requires, with the named extras, and a .pth file with the checkout's path,
so that edits are seen. It lies in $MR_KMEANS_VENV, else $XDG_CACHE_HOME/mr_kmeans, else
~/.cache/mr_kmeans, and where that cannot be written in a private folder below the temporary
directory; each set of requirements, Python and checkout has its own, and any may be deleted.

Whole or absent: a marker file, written last, says that an environment is complete. Whoever makes
one holds a lock, which the kernel gives back when the process and its pip are gone; then the next
one clears what was left and starts again.
"""

import configparser
import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile

MARKER = 'complete'


def main(checkout, *extras):
    requirements = read_requirements(os.path.join(checkout, 'setup.cfg'), extras)
    identity = [sys.version, sys.base_prefix, checkout, *requirements]
    name = hashlib.sha256('\n'.join(identity).encode(errors='surrogateescape')).hexdigest()[:16]
    for folder in folders():
        if is_complete(os.path.join(folder, name)):
            break
    else:
        folder = writable_folder()
        with lock(os.path.join(folder, name + '.lock')) as lock_file:
            if not is_complete(os.path.join(folder, name)):
                make(os.path.join(folder, name), checkout, requirements, lock_file)
    print(python_of(os.path.join(folder, name)))


def read_requirements(path, extras):
    """Return the requirements of setup.cfg, one string each."""
    config = configparser.ConfigParser(interpolation=None)
    config.read(path, encoding='utf-8')
    lists = [config['options']['install_requires']] + [
        config['options.extras_require'][extra] for extra in extras
    ]
    return [line.strip() for text in lists for line in text.splitlines() if line.strip()]


def folders():
    """Return the folders that may hold environments, best first."""
    if os.environ.get('MR_KMEANS_VENV'):
        return [os.path.abspath(os.environ['MR_KMEANS_VENV'])]
    caches = [os.environ.get('XDG_CACHE_HOME', ''), os.path.expanduser('~/.cache')]
    cache = next((cache for cache in caches if os.path.isabs(cache)), None)
    return [os.path.join(cache, 'mr_kmeans')] * (cache is not None) + private_folders()


def private_folders():
    """Return the folder below the temporary directory, unless another user could have put something
    into it."""
    folder = os.path.join(tempfile.gettempdir(), 'mr_kmeans-%d' % os.getuid())
    with contextlib.suppress(FileNotFoundError):
        status = os.lstat(folder)
        if (
            not stat.S_ISDIR(status.st_mode)
            or status.st_uid != os.getuid()
            or status.st_mode & 0o077
        ):
            return []
    return [folder]


def writable_folder():
    for folder in folders():
        with contextlib.suppress(OSError):
            os.makedirs(folder, mode=0o700, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
            return folder
    fail(
        'cannot write to %s; name a folder for the environment with MR_KMEANS_VENV.'
        % ' or '.join(folders())
    )


def python_of(path):
    return os.path.join(path, 'bin', 'python')


def is_complete(path):
    """An environment is also spent when the Python it was made with is gone."""
    return os.path.exists(os.path.join(path, MARKER)) and os.access(python_of(path), os.X_OK)


@contextlib.contextmanager
def lock(path):
    with open(path, 'w') as lock_file:
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say('another process is making the environment; waiting for it ...')
            fcntl.flock(lock_file, fcntl.LOCK_EX)
        except OSError:
            pass  # a file system without locks: two first uses at a time are not guarded there
        yield lock_file


def make(path, checkout, requirements, lock_file):
    try:
        import ensurepip  # noqa: F401 - Debian and Ubuntu leave it to the package python3-venv
        import venv
    except ImportError as error:
        fail(
            '%s has no module %s; install it (Debian, Ubuntu: apt-get install python3-venv), or'
            ' name another Python with MR_KMEANS_PYTHON.' % (sys.executable, error.name)
        )
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, stop)
    say('first use: installing %s into %s ...' % (', '.join(names(requirements)), path))
    done = False
    try:
        remove(path)
        venv.create(path, with_pip=True, symlinks=True)
        install(path, requirements, lock_file)
        folder = subprocess.check_output(
            [python_of(path), '-I', '-c', 'import sysconfig; print(sysconfig.get_path("purelib"))']
        )
        with open(
            os.path.join(os.fsdecode(folder.rstrip(b'\n')), 'mr_kmeans_checkout.pth'), 'wb'
        ) as file:
            file.write(os.fsencode(checkout) + b'\n')
        with open(os.path.join(path, MARKER), 'w') as file:
            file.write('%s\n' % checkout)
        done = True
    except (OSError, subprocess.CalledProcessError) as error:
        fail('could not make the environment in %s: %s' % (path, error))
    finally:
        if not done:
            remove(path)


def install(path, requirements, lock_file):
    command = [
        python_of(path),
        '-I',
        '-m',
        'pip',
        'install',
        '--quiet',
        '--disable-pip-version-check',
        '--no-input',
        '--prefer-binary',
        *requirements,
    ]
    # the user's pip settings hold (index, proxy), but not those that would install elsewhere
    environ = {
        key: value
        for key, value in os.environ.items()
        if key not in ('PIP_TARGET', 'PIP_PREFIX', 'PIP_ROOT')
    }
    environ['PIP_USER'] = '0'
    # pip keeps the lock open, so that it is held while pip runs on, should this process be killed
    status = subprocess.call(command, stdout=sys.stderr, env=environ, pass_fds=[lock_file.fileno()])
    if status:
        fail(
            'pip could not install what mr_kmeans needs (its words are above). Offline? Behind a'
            ' proxy: set HTTPS_PROXY; with a mirror: PIP_INDEX_URL.'
        )


def names(requirements):
    """Return the names alone of the requirements, of those that hold unconditionally."""
    return [text.split('=')[0].rstrip('<>!~ ') for text in requirements if ';' not in text]


def remove(path):
    shutil.rmtree(path, ignore_errors=True)
    if os.path.lexists(path):
        raise OSError('cannot remove what an earlier attempt left in %s' % path)


def stop(signal_number, frame):
    sys.exit(128 + signal_number)


def say(text):
    print('mr_kmeans: ' + text, file=sys.stderr, flush=True)


def fail(text):
    sys.exit('mr_kmeans: ' + text)


if __name__ == '__main__':
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
