"""scripts/kmeans on a fresh machine, tried on a small checkout that needs nothing from the network.

It has the real scripts, a setup.cfg that requires nothing new (pip) and a package whose command
prints where and how it was called.
"""

import configparser
import os
import shutil
import signal
import stat
import subprocess
import sys
import time

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COMMAND = """
import os, sys
print(os.getcwd())
print(sys.argv[1:])
print(os.path.dirname(os.path.dirname(sys.executable)))
"""


@pytest.fixture(scope='module')
def checkout(tmp_path_factory):
    folder = tmp_path_factory.mktemp('a checkout') / 'with spaces'
    make_checkout(folder)
    return folder


def make_checkout(folder, requires='pip'):
    shutil.copytree(os.path.join(ROOT, 'scripts'), folder / 'scripts')
    (folder / 'mr_kmeans').mkdir()
    (folder / 'mr_kmeans' / '__init__.py').write_text('')
    (folder / 'mr_kmeans' / '__main__.py').write_text(COMMAND)
    (folder / 'setup.cfg').write_text(
        '[options]\ninstall_requires =\n    %s\n[options.extras_require]\nsql =\n' % requires
    )


@pytest.fixture(scope='module')
def cache(tmp_path_factory):
    """The cache that the tests of this module share, so that few environments are made."""
    return tmp_path_factory.mktemp('cache')


def environ(**changes):
    """A bare machine: no settings of mr_kmeans or pip, and Python where this one is."""
    kept = {name: os.environ[name] for name in ('PATH', 'HOME', 'TMPDIR') if name in os.environ}
    changed = {**kept, 'MR_KMEANS_PYTHON': sys.executable, **changes}
    return {name: str(value) for name, value in changed.items() if value is not None}


def kmeans(checkout, *arguments, cwd=None, script=None, **changes):
    command = [str(script or checkout / 'scripts' / 'kmeans'), *arguments]
    return subprocess.run(
        command, cwd=cwd, env=environ(**changes), capture_output=True, text=True, timeout=120
    )


def environments(folder):
    return [path for path in folder.iterdir() if path.is_dir()] if folder.exists() else []


@pytest.mark.slow
def test_first_and_second_use(checkout, cache, tmp_path):
    (tmp_path / 'os.py').write_text(
        'raise SystemExit("the working directory took the place of a module")'
    )
    first = kmeans(checkout, 'fit', 'a b.csv', '', cwd=tmp_path, XDG_CACHE_HOME=cache)
    second = kmeans(checkout, 'fit', 'a b.csv', '', cwd=tmp_path, XDG_CACHE_HOME=cache)
    [environment] = environments(cache / 'mr_kmeans')
    assert (
        first.stdout
        == second.stdout
        == "%s\n['fit', 'a b.csv', '']\n%s\n" % (tmp_path, environment)
    )
    assert first.returncode == second.returncode == 0
    assert 'first use' in first.stderr and len(first.stderr.splitlines()) == 1
    assert second.stderr == ''


def test_edits_are_seen(checkout, cache):
    main = checkout / 'mr_kmeans' / '__main__.py'
    main.write_text('import mr_kmeans; print("edited")')
    assert kmeans(checkout, XDG_CACHE_HOME=cache).stdout == 'edited\n'
    main.write_text(COMMAND)


def test_through_symbolic_links(checkout, cache, tmp_path):
    (tmp_path / 'far').mkdir()
    os.symlink(checkout / 'scripts' / 'kmeans', tmp_path / 'far' / 'one')
    os.symlink('far/one', tmp_path / 'two')
    done = kmeans(checkout, script=tmp_path / 'two', cwd=tmp_path / 'far', XDG_CACHE_HOME=cache)
    assert (done.returncode, done.stdout.split('\n')[0]) == (0, str(tmp_path / 'far'))


def test_the_commands_exit_code_is_kept(checkout, cache):
    main = checkout / 'mr_kmeans' / '__main__.py'
    main.write_text('raise SystemExit(3)')
    assert kmeans(checkout, XDG_CACHE_HOME=cache).returncode == 3
    main.write_text(COMMAND)


@pytest.mark.slow
def test_a_python_that_is_gone_means_a_new_environment(checkout, cache):
    kmeans(checkout, XDG_CACHE_HOME=cache)
    [environment] = environments(cache / 'mr_kmeans')
    for link in (environment / 'bin').glob('python*'):
        link.unlink()
    os.symlink('/nowhere/python', environment / 'bin' / 'python')
    assert kmeans(checkout, XDG_CACHE_HOME=cache).returncode == 0


@pytest.mark.slow
def test_killed_while_installing(checkout, tmp_path):
    """SIGKILL leaves something half made; the next use starts again. SIGTERM cleans up by
    itself."""
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        process = subprocess.Popen(
            [str(checkout / 'scripts' / 'kmeans')],
            env=environ(XDG_CACHE_HOME=tmp_path),
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob('mr_kmeans/*/bin/python')) and time.monotonic() < deadline:
            time.sleep(0.02)
        os.killpg(process.pid, signal_number)
        assert process.wait() != 0
        half_made = environments(tmp_path / 'mr_kmeans')
        deadline = time.monotonic() + 10
        while signal_number == signal.SIGTERM and half_made and time.monotonic() < deadline:
            time.sleep(0.02)
            half_made = environments(tmp_path / 'mr_kmeans')
        assert bool(half_made) == (signal_number == signal.SIGKILL)
    done = kmeans(checkout, XDG_CACHE_HOME=tmp_path)
    assert done.returncode == 0 and str(half_made[0]) in done.stdout


@pytest.mark.slow
def test_two_first_uses_at_once(checkout, tmp_path):
    processes = [
        subprocess.Popen(
            [str(checkout / 'scripts' / 'kmeans')],
            env=environ(XDG_CACHE_HOME=tmp_path),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert outputs[0][0] == outputs[1][0]
    assert sorted('waiting' in talk for _, talk in outputs) == [False, True]
    assert len(environments(tmp_path / 'mr_kmeans')) == 1


@pytest.mark.slow
def test_a_failing_install_leaves_nothing(tmp_path):
    make_checkout(tmp_path / 'checkout', requires='no-such-package-of-mr-kmeans')
    done = kmeans(tmp_path / 'checkout', XDG_CACHE_HOME=tmp_path / 'cache', PIP_NO_INDEX=1)
    assert done.returncode == 1
    assert 'no-such-package-of-mr-kmeans' in done.stderr
    assert done.stderr.splitlines()[-1].startswith('mr_kmeans: pip could not install')
    assert environments(tmp_path / 'cache' / 'mr_kmeans') == []


@pytest.mark.slow
def test_a_home_that_cannot_be_written(checkout, tmp_path):
    done = kmeans(checkout, HOME='/dev/null', TMPDIR=tmp_path)
    private = tmp_path / ('mr_kmeans-%d' % os.getuid())
    assert done.returncode == 0 and str(private) in done.stdout
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert kmeans(checkout, HOME='/dev/null', TMPDIR=tmp_path).stderr == ''


def test_a_folder_that_others_can_write_is_not_trusted(checkout, tmp_path):
    private = tmp_path / ('mr_kmeans-%d' % os.getuid())
    private.mkdir()
    private.chmod(0o777)
    done = kmeans(checkout, HOME='/dev/null', TMPDIR=tmp_path)
    assert done.returncode == 1 and list(private.iterdir()) == []
    assert done.stderr.startswith(
        'mr_kmeans: cannot write to /dev/null/.cache/mr_kmeans; name a folder'
    )


def test_mr_kmeans_venv(checkout, cache, tmp_path):
    kmeans(checkout, XDG_CACHE_HOME=cache)
    os.symlink(cache / 'mr_kmeans', tmp_path / 'mine')
    done = kmeans(checkout, HOME='/dev/null', MR_KMEANS_VENV=tmp_path / 'mine')
    assert done.returncode == 0 and str(tmp_path / 'mine') in done.stdout and done.stderr == ''
    refused = kmeans(checkout, MR_KMEANS_VENV='/dev/null/mine')
    assert refused.returncode == 1 and '/dev/null/mine' in refused.stderr


def path_without_python(folder):
    """A folder with the few commands the script needs, to stand alone on the PATH."""
    folder.mkdir()
    for name in ('dirname', 'readlink', 'sh'):
        os.symlink(shutil.which(name), folder / name)
    return folder


def test_no_python(checkout, tmp_path):
    done = kmeans(checkout, PATH=path_without_python(tmp_path / 'bin'), MR_KMEANS_PYTHON=None)
    assert (done.returncode, done.stdout) == (1, '')
    assert (
        done.stderr.startswith('mr_kmeans: no Python 3.9 or newer on the PATH')
        and done.stderr.count('\n') == 1
    )


def test_a_python_too_old_is_passed_over(checkout, cache, tmp_path):
    folder = path_without_python(tmp_path / 'bin')
    (folder / 'python3').write_text('#!/bin/sh\nexit 1\n')
    (folder / 'python3').chmod(0o755)
    (folder / 'python3.10').write_text('#!/bin/sh\nexec "%s" "$@"\n' % sys.executable)
    (folder / 'python3.10').chmod(0o755)
    assert (
        kmeans(checkout, PATH=folder, MR_KMEANS_PYTHON=None, XDG_CACHE_HOME=cache).returncode == 0
    )
    refused = kmeans(checkout, MR_KMEANS_PYTHON=folder / 'python3')
    assert refused.returncode == 1 and 'is not a Python 3.9 or newer' in refused.stderr


def test_no_ensurepip(checkout, tmp_path):
    """As on Debian without python3-venv."""
    python = tmp_path / 'python'
    python.write_text(
        '#!/bin/sh\n[ "$1" = -I ] || exec "%s" "$@"\nshift\nexec "%s" -I -c "\n'
        "import runpy, sys\nsys.modules['ensurepip'] = None\nsys.argv = sys.argv[1:]\n"
        'runpy.run_path(sys.argv[0], run_name=\'__main__\')" "$@"\n'
        % (sys.executable, sys.executable)
    )
    python.chmod(0o755)
    done = kmeans(checkout, MR_KMEANS_PYTHON=python, XDG_CACHE_HOME=tmp_path / 'cache')
    assert done.returncode == 1 and environments(tmp_path / 'cache' / 'mr_kmeans') == []
    assert (
        'has no module ensurepip' in done.stderr
        and 'python3-venv' in done.stderr
        and done.stderr.count('\n') == 1
    )


def test_ci_runs_scripts_test():
    with open(os.path.join(ROOT, '.ci', 'run')) as file:
        assert file.read() == '#!/bin/sh\nexec "$(dirname "$0")/../scripts/test"\n'


def test_the_environment_reads_what_setup_cfg_requires():
    sys.path.insert(0, os.path.join(ROOT, 'scripts', 'lib'))
    try:
        import environment
    finally:
        sys.path.pop(0)
    requirements = environment.read_requirements(os.path.join(ROOT, 'setup.cfg'), ['test'])
    config = configparser.ConfigParser()
    config.read(os.path.join(ROOT, 'setup.cfg'))
    assert (
        'mrjob==0.7.4' in requirements
        and 'standard-pipes; python_version >= "3.13"' in requirements
    )
    assert [line for line in requirements if line.startswith('pytest')] and not [
        line for line in requirements if '#' in line
    ]


def test_submit_hadoop(tmp_path):
    (tmp_path / 'scripts').mkdir()
    script = shutil.copy(os.path.join(ROOT, 'scripts', 'submit_hadoop'), tmp_path / 'scripts')
    usage = subprocess.run([script], capture_output=True, text=True)
    assert (usage.returncode, usage.stdout) == (
        2,
        '',
    ) and 'scripts/submit_hadoop hdfs:///data/points.csv 8' in usage.stderr
    assert '#' not in usage.stderr and 'HADOOP_CONF_DIR' in usage.stderr
    (tmp_path / 'scripts' / 'kmeans').write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (tmp_path / 'scripts' / 'kmeans').chmod(0o755)
    given = subprocess.run(
        [script, 'hdfs:///a b', '3', 'hdfs:///out', '--resume'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert given.stdout.splitlines() == [
        'fit',
        'hdfs:///a b',
        '-k',
        '3',
        '-o',
        'hdfs:///out',
        '-r',
        'hadoop',
        '-c',
        str(tmp_path / 'conf' / 'hadoop.conf'),
        '--resume',
    ]
