"""HDFS over WebHDFS: mrjob's filesystem interface in milliseconds instead of a JVM per call, and what it lacks.

Only urllib. Simple authentication (the same trust as the `hadoop` command has without Kerberos): the user is
HADOOP_USER_NAME or the one logged in. `from_conf` says when a cluster needs something else.

Every method tells the truth: a path that is not there is FileNotFoundError, one that may not be touched PermissionError,
one that exists FileExistsError, a NameNode that does not answer ConnectionError, a file that ends early OSError. Files
appear complete or not at all: they are written under a hidden name (which MapReduce ignores) and renamed.
"""

import contextlib
import fnmatch
import getpass
import hashlib
import io
import os
import posixpath
import re
import uuid
from typing import NamedTuple

from mrjob.cat import decompress, is_compressed
from mrjob.fs.base import Filesystem
from mrjob.parse import is_uri, urlparse

from webhdfs_http import Namenodes

#: Bytes per read when a file is streamed.
CHUNK = 1 << 20


class Status(NamedTuple):
    """A file or folder: `modified` in milliseconds since 1970."""

    path: str
    size: int
    modified: int
    is_dir: bool


class NotUsable(Exception):
    """WebHDFS cannot be used with this configuration: the `hadoop` command can."""


def from_conf(conf, user=None):
    """The WebHDFS of a configuration (see `hadoop_conf.read_conf`), or NotUsable with the reason."""
    if conf.get("hadoop.security.authentication", "simple") != "simple":
        raise NotUsable("hadoop.security.authentication is not simple")
    if conf.get("dfs.webhdfs.enabled", "true") != "true":
        raise NotUsable("dfs.webhdfs.enabled is false")
    if conf.get("dfs.http.policy", "HTTP_ONLY") == "HTTPS_ONLY":
        raise NotUsable("dfs.http.policy is HTTPS_ONLY")
    scheme, authority = urlparse(conf.get("fs.defaultFS", conf.get("fs.default.name", "")))[:2]
    if scheme != "hdfs":
        raise NotUsable(f"fs.defaultFS is not HDFS but {conf.get('fs.defaultFS', 'not set')}")
    partners = conf.get(f"dfs.ha.namenodes.{authority}", "")
    keys = [f"dfs.namenode.http-address.{authority}.{name.strip()}" for name in partners.split(",") if name.strip()]
    addresses = [conf[key] for key in keys or ["dfs.namenode.http-address"] if key in conf]
    if not addresses and keys:
        raise NotUsable(f"no dfs.namenode.http-address.{authority}.* is set")
    host = authority.split(":")[0]
    addresses = [re.sub(r"^0\.0\.0\.0:", f"{host}:", address) for address in addresses or [f"{host}:9870"]]
    return WebHDFS(addresses, authority, user)


class WebHDFS(Filesystem):
    """`addresses` are host:port of the NameNodes' web services; `authority` is the host:port of hdfs:// URIs it serves."""

    def __init__(self, addresses, authority, user=None):
        self._authority = authority
        self.user = user or os.environ.get("HADOOP_USER_NAME") or getpass.getuser()
        self._namenodes = Namenodes(addresses, self.user)

    # -- mrjob's interface ----------------------------------------------------------------------------

    def can_handle_path(self, path):
        return is_uri(path) and urlparse(path)[:2] in (("hdfs", ""), ("hdfs", self._authority))

    def ls(self, path_glob):
        """All files below (no folders, no error if there are none), as URIs."""
        prefix = path_glob[:len(path_glob) - len(_path(path_glob))] if is_uri(path_glob) else ""
        for status in self._glob(path_glob):
            for found in self._walk(status):
                yield prefix + found.path

    def exists(self, path_glob):
        return any(True for _ in self._glob(path_glob))

    def du(self, path_glob):
        """Bytes of all that matches, 0 if nothing does."""
        return sum(self._namenodes.json("GET", status.path, "GETCONTENTSUMMARY")["ContentSummary"]["length"]
                   for status in self._glob(path_glob))

    def mkdir(self, path):
        if not self._namenodes.json("PUT", _path(path), "MKDIRS")["boolean"]:
            raise OSError(f"could not make the folder {path}")

    def rm(self, path_glob):
        for status in list(self._glob(path_glob)):
            self._namenodes.json("DELETE", status.path, "DELETE", recursive="true")

    def put(self, src, path):
        """Copy a local file to `path`, which must not exist (as `hadoop fs -put` has it)."""
        if path.endswith("/"):
            raise ValueError(f"put() needs the full path of the new file, not the folder {path}")
        with open(src, "rb") as stream:
            self._write(path, stream, os.path.getsize(src), "NONE")

    def touchz(self, path):
        with contextlib.suppress(FileNotFoundError):
            if self.status(path).size:
                raise OSError(f"{path} is not empty")
            return
        self.create(path, b"")

    def md5sum(self, path):
        digest = hashlib.md5()
        with self.open(path) as stream:
            for piece in iter(lambda: stream.read(CHUNK), b""):
                digest.update(piece)
        return digest.hexdigest()

    def _cat_file(self, path):
        with self.open(path) as stream:
            yield from decompress(stream, path) if is_compressed(path) else iter(lambda: stream.read(CHUNK), b"")

    # -- what mrjob's has not -------------------------------------------------------------------------

    def status(self, path):
        return _status(_path(path), "", self._namenodes.json("GET", _path(path), "GETFILESTATUS")["FileStatus"])

    def list(self, path):
        """What is in a folder, files and folders, sorted by name."""
        listed = self._namenodes.json("GET", _path(path), "LISTSTATUS")["FileStatuses"]["FileStatus"]
        if [entry["pathSuffix"] for entry in listed] == [""]:
            raise NotADirectoryError(f"{path} is a file")
        return [_status(_path(path), entry["pathSuffix"], entry) for entry in listed]

    def open(self, path, offset=0, length=None):
        """A binary stream of a file, or of `length` bytes from `offset`; too few bytes are an error, not an end."""
        found = self.status(path)
        if found.is_dir:
            raise IsADirectoryError(f"{path} is a folder")
        rest = max(0, found.size - offset)
        length = rest if length is None else min(length, rest)
        if not length:
            return io.BufferedReader(io.BytesIO())
        return io.BufferedReader(_File(self._namenodes, _path(path), offset, length), CHUNK)

    def create(self, path, data):
        """Write a file that must not exist: of several that try at once, one succeeds, the others get FileExistsError."""
        self._write(path, io.BytesIO(data), len(data), "NONE")

    def replace(self, path, data):
        """Write a file, in the place of the one that may be there: readers see the old or the new."""
        self._write(path, io.BytesIO(data), len(data), "OVERWRITE")

    def rename(self, source, target, overwrite=False):
        """Rename in one step; an existing target is FileExistsError, or with `overwrite` it is replaced."""
        self._namenodes.request("PUT", _path(source), "RENAME", destination=_path(target),
                      renameoptions="OVERWRITE" if overwrite else "NONE").close()

    def _write(self, path, stream, size, option):
        folder, name = posixpath.split(_path(path))
        aside = posixpath.join(folder, f".{name}.{uuid.uuid4().hex[:12]}")
        try:
            self._namenodes.request("PUT", aside, "CREATE", body=(stream, size), overwrite="false").close()
            self._namenodes.request("PUT", aside, "RENAME", destination=_path(path), renameoptions=option).close()
        except BaseException:
            with contextlib.suppress(OSError):
                self._namenodes.json("DELETE", aside, "DELETE")
            raise

    # -- globs ----------------------------------------------------------------------------------------

    def _walk(self, status):
        if not status.is_dir:
            yield status
            return
        for entry in self.list(status.path):
            yield from self._walk(entry)

    def _glob(self, path_glob):
        """The statuses of all that matches, sorted; a path without `*?[{` is one or none."""
        for pattern in _braces(_path(path_glob)):
            yield from self._match("/", [part for part in pattern.split("/") if part])

    def _match(self, folder, parts):
        fixed = next((n for n, part in enumerate(parts) if re.search(r"[*?\[]", part)), len(parts))
        folder = posixpath.join(folder, *parts[:fixed])
        try:
            if fixed == len(parts):
                yield self.status(folder)
                return
            entries = self.list(folder)
        except (FileNotFoundError, NotADirectoryError):
            return
        for entry in entries:
            if fnmatch.fnmatchcase(posixpath.basename(entry.path), parts[fixed]):
                if fixed + 1 == len(parts):
                    yield entry
                elif entry.is_dir:
                    yield from self._match(entry.path, parts[fixed + 1:])


class _File(io.RawIOBase):
    """A piece of a file as a stream. A DataNode that dies only closes the connection: another is asked for the rest."""

    def __init__(self, namenodes, path, offset, length):
        super().__init__()
        self._namenodes, self._path, self._at, self._end = namenodes, path, offset, offset + length
        self._broken = 0
        self._reopen()

    def _reopen(self):
        self._answer = self._namenodes.request("GET", self._path, "OPEN", offset=self._at, length=self._end - self._at)

    def readable(self):
        return True

    def readinto(self, buffer):
        while self._at < self._end and len(buffer):
            try:
                count = self._answer.readinto(buffer)
            except OSError:
                count = 0
            if count:
                self._at += count
                return count
            self._answer.close()
            self._broken += 1
            if self._broken > 3:
                raise OSError(f"{self._path} breaks off at byte {self._at} of {self._end}: its DataNodes do not deliver the rest")
            self._reopen()
        return 0

    def close(self):
        self._answer.close()
        super().close()


def _status(folder, suffix, entry):
    path = posixpath.join(folder, suffix) if suffix else folder
    return Status(path, entry["length"], entry["modificationTime"], entry["type"] == "DIRECTORY")


def _path(uri):
    """The path of an hdfs:// URI, percent signs and all."""
    path = re.sub(r"^hdfs://[^/]*", "", uri) or "/"
    if not path.startswith("/"):
        raise ValueError(f"expected an absolute path or hdfs:// URI, got {uri!r}")
    return path if path == "/" else path.rstrip("/")


def _braces(pattern):
    """`/a/{b,c}` as ['/a/b', '/a/c'], as Hadoop reads it."""
    found = re.search(r"\{([^{}]*)\}", pattern)
    if not found:
        return [pattern]
    return [full for choice in found[1].split(",")
            for full in _braces(pattern[:found.start()] + choice + pattern[found.end():])]
