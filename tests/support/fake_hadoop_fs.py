"""Plays ``hadoop fs`` on a local folder, for tests: as much of it as hadoop_fs.py uses, and as
Hadoop 3.4 does it (tried out there).

Paths are patterns, and stand for all that match, unless their characters are escaped; a backslash
is no part of a name. -put writes to a name that ends in ._COPYING_ and renames it, also what it
gets from standard input when that just ends; for that alone it makes the folders above. FAKE_HDFS
is the folder; every call is noted in FAKE_HDFS.log beside it.
"""

import hashlib
import itertools
import json
import os
import re
import shutil
import stat
import sys
import time

ROOT = os.environ.get('FAKE_HDFS', '')
SLOWLY = float(os.environ.get('FAKE_HDFS_SECONDS', 0))
"""Seconds that -put waits before it reads."""

TOKEN = re.compile(r'\\(.)|(\[\^?[^\]]*\])|([*?{},])|(.)', re.DOTALL)


class Failure(Exception):
    """What the command says when it fails."""


def to_regex(part):
    """Return the regular expression of a part of a path, and whether it's a pattern."""
    words, magic, depth = [], False, 0
    for escaped, group, sign, plain in TOKEN.findall(part):
        magic = magic or bool(group or sign in tuple('*?{'))
        if group:
            words.append(group)
        elif sign in tuple('*?'):
            words.append({'*': '.*', '?': '.'}[sign])
        elif sign == '{':
            words.append('(?:')
            depth += 1
        elif sign and depth:
            words.append({'}': ')', ',': '|'}[sign])
            depth -= sign == '}'
        else:
            words.append(re.escape(escaped or sign or plain))
    return re.compile(''.join(words), re.DOTALL), magic


def expand(path):
    """Return the paths that an argument means; of no pattern, its own, there or not."""
    found, is_pattern = [''], False
    for part in path.strip('/').split('/'):
        regex, magic = to_regex(part)
        is_pattern = is_pattern or magic
        if magic:
            found = [
                f'{base}/{name}'
                for base in found
                if os.path.isdir(local(base))
                for name in sorted(os.listdir(local(base)))
                if regex.fullmatch(name)
            ]
        else:
            found = [base + '/' + re.sub(r'\\(.)', r'\1', part) for base in found]
    return [path for path in found if os.path.lexists(local(path))] if is_pattern else found


def local(path):
    return os.path.join(ROOT, path.strip('/'))


def each(command, paths, do):
    """Do it with all that paths mean; the first that is missing does not end it."""
    code = 0
    for path in paths:
        for one in expand(path) or [None]:
            try:
                if one is None or not os.path.lexists(local(one)):
                    raise Failure(f"`{path if one is None else one}': No such file or directory")
                do(one)
            except Failure as failure:
                code = 1
                sys.stderr.write(f'{command[1:]}: {failure}\n')
    return code


def one_of(path):
    """Return the only path that a target means."""
    found = expand(path)
    if len(found) != 1:
        raise Failure(
            f"`{path}': " + ('Too many matches' if found else 'No such file or directory')
        )
    return found[0]


def stat_(form, *paths):
    def show(path):
        known = os.stat(local(path))
        is_folder = stat.S_ISDIR(known.st_mode)
        facts = {
            'F': 'directory' if is_folder else 'regular file',
            'b': 0 if is_folder else known.st_size,
            'Y': known.st_mtime_ns // 10**6,
            'n': os.path.basename(path),
        }
        print(re.sub('%(.)', lambda found: str(facts[found.group(1)]), form), flush=True)

    return each('-stat', paths, show)


def cat(*paths):
    def show(path):
        if os.path.isdir(local(path)):
            raise Failure(f"`{path}': Is a directory")
        with open(local(path), 'rb') as stream:
            shutil.copyfileobj(stream, sys.stdout.buffer)
        sys.stdout.flush()

    return each('-cat', paths, show)


def checksum(*paths):
    def show(path):
        with open(local(path), 'rb') as stream:
            print(
                f'{path}\tMD5-of-0MD5-of-512CRC32C\t{hashlib.md5(stream.read()).hexdigest()}',
                flush=True,
            )

    return each('-checksum', paths, show)


def put(*arguments):
    overwrite, (source, target) = arguments[0] == '-f', arguments[-2:]
    target = one_of(target)
    if os.path.exists(local(target)) and not overwrite:
        raise Failure(f"`{target}': File exists")
    if source == '-':
        os.makedirs(os.path.dirname(local(target)), exist_ok=True)
    elif not os.path.isdir(os.path.dirname(local(target))):
        raise Failure(f"`{target}': No such file or directory: `hdfs://fake{target}'")
    with open(local(target) + '._COPYING_', 'wb') as stream:
        time.sleep(SLOWLY)
        with sys.stdin.buffer if source == '-' else open(source, 'rb') as content:
            shutil.copyfileobj(content, stream)
    os.replace(local(target) + '._COPYING_', local(target))
    return 0


def mv(old, new):
    new = one_of(new)

    def move(path):
        if os.path.exists(local(new)):
            raise Failure(f"`{new}': File exists")
        os.rename(local(path), local(new))

    return each('-mv', [old], move)


def rm(*arguments):
    def remove(path):
        if os.path.isdir(local(path)):
            shutil.rmtree(local(path))
        else:
            os.unlink(local(path))

    for path in itertools.chain(*map(expand, arguments[3:])):
        if os.path.lexists(local(path)):
            remove(path)
    return 0


def mkdir(_, *paths):
    for path in paths:
        try:
            os.makedirs(local(one_of(path)), exist_ok=True)
        except FileExistsError:
            raise Failure(f"`{path}': Is not a directory") from None
        except NotADirectoryError:
            raise Failure(f'{path} (is not a directory)') from None
    return 0


def chmod(mode, *paths):
    return each('-chmod', paths, lambda path: os.chmod(local(path), int(mode, 8)))


COMMANDS = {
    '-stat': stat_,
    '-checksum': checksum,
    '-cat': cat,
    '-put': put,
    '-mv': mv,
    '-rm': rm,
    '-mkdir': mkdir,
    '-chmod': chmod,
}


def main(fs, command, *arguments):
    """Do what is asked; return the exit code."""
    assert fs == 'fs' and ROOT
    with open(ROOT + '.log', 'a', encoding='utf-8') as log:
        log.write(json.dumps([command, *arguments]) + '\n')
    try:
        return COMMANDS[command](*arguments)
    except Failure as failure:
        sys.stderr.write(f'{command[1:]}: {failure}\n')
        return 1


class FakeHadoopFs:
    """Installs it below a temporary folder; `root` is what HDFS holds."""

    def __init__(self, folder, monkeypatch, default_fs='hdfs://name'):
        self.root, self._log = folder / 'hdfs', folder / 'hdfs.log'
        self.root.mkdir()
        (folder / 'bin').mkdir()
        command = folder / 'bin' / 'hadoop'
        command.write_text(
            f'#!/bin/sh\nexec {sys.executable} -S {os.path.abspath(__file__)} "$@"\n'
        )
        command.chmod(0o755)
        (folder / 'core-site.xml').write_text(
            f'<configuration><property><name>fs.defaultFS</name><value>{default_fs}</value></property>'
            '<property><name>dfs.webhdfs.enabled</name><value>false</value></property></configuration>'
        )
        for name in 'HADOOP_PREFIX', 'HADOOP_HOME', 'HADOOP_INSTALL', 'HADOOP_MAPRED_HOME':
            monkeypatch.delenv(name, raising=False)
        for name, value in (
            ('HADOOP_HOME', folder),
            ('HADOOP_CONF_DIR', folder),
            ('FAKE_HDFS', self.root),
        ):
            monkeypatch.setenv(name, str(value))

    def put(self, *paths, content=b'a,b\n1,2\n'):
        """Put files there."""
        for path in paths:
            target = self.root / path.lstrip('/')
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)

    def calls(self):
        """Return the calls since the last time."""
        lines = self._log.read_text(encoding='utf-8').splitlines() if self._log.exists() else []
        self._log.write_text('')
        return [json.loads(line) for line in lines]


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
