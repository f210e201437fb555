"""HDFS over its REST interface, WebHDFS: an operation takes milliseconds where the ``hadoop`` command starts a JVM for a second.

Used where it gives the same user and security: a cluster with simple authentication, whose WebHDFS answers. The operations are
those of https://hadoop.apache.org/docs/stable/hadoop-project-dist/hadoop-hdfs/WebHDFS.html.
"""
from __future__ import annotations

import io
import json
import os
import posixpath
import shutil
from typing import BinaryIO, Dict, Iterator, List, NamedTuple, Optional
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from mrjob.fs.base import Filesystem

from mr_kmeans.errors import RunError

TIMEOUT = 60
"""Seconds until an answer begins; a NameNode in safe mode answers at once, a dead DataNode does not."""

PART_BYTES = 1 << 20

_URL = "%/:=&?~#+!$,;'@()*[]"

_ERRORS = {'FileNotFoundException': FileNotFoundError, 'FileAlreadyExistsException': FileExistsError, 'AlreadyBeingCreatedException': FileExistsError,
           'AccessControlException': PermissionError, 'ParentNotDirectoryException': NotADirectoryError}


class Status(NamedTuple):
    """A file or folder.

    Attributes
    ----------
    name : str
        The last part of its path.
    is_folder : bool
    size : int
    modified : int
        Milliseconds since 1970.
    """

    name: str
    is_folder: bool
    size: int
    modified: int


class _KeepRedirect(HTTPRedirectHandler):
    """Hand over the address of the DataNode instead of going there, since the body must go with it."""

    def redirect_request(self, *args, **kwargs):
        return None


class WebHdfs:
    """A client of one NameNode.

    Parameters
    ----------
    address : str
        ``http://host:port`` of the NameNode's web interface.
    user : str
        In whose name, where authentication is simple.

    Notes
    -----
    Methods raise the OSError that the local file system would, with HDFS's own words; a NameNode that does not answer is a RunError.
    """

    puts_whole = False  # a file appears empty, and grows

    def __init__(self, address: str, user: str):
        self.address, self.user = address.rstrip('/'), user
        self._following, self._staying = build_opener(), build_opener(_KeepRedirect)

    def status(self, path: str) -> Optional[Status]:
        """Return what is at `path`, None when nothing is."""
        try:
            return _status(self._json('GET', path, 'GETFILESTATUS')['FileStatus'], posixpath.basename(path))
        except FileNotFoundError:
            return None

    def list(self, path: str) -> List[Status]:
        """Return what is in a folder, by name; a file is its own only entry."""
        found = self._json('GET', path, 'LISTSTATUS')['FileStatuses']['FileStatus']
        return sorted(_status(item, item['pathSuffix'] or posixpath.basename(path)) for item in found)

    def make_folder(self, path: str) -> None:
        """Make a folder and those above it."""
        self._json('PUT', path, 'MKDIRS')

    def set_permission(self, path: str, octal: str) -> None:
        """Set who may do what."""
        self._call('PUT', path, 'SETPERMISSION', permission=octal).close()

    def open(self, path: str, offset: int = 0, length: Optional[int] = None) -> BinaryIO:
        """Open a file, or a range of it, for reading forward."""
        ranges = {'offset': offset} if length is None else {'offset': offset, 'length': length}
        return self._call('GET', path, 'OPEN', **ranges)

    def create(self, path: str, content: BinaryIO, size: int, overwrite: bool = False) -> None:
        """Write a file.

        Raises
        ------
        FileExistsError
            When it is there and not to be overwritten.
        """
        answer = self._call('PUT', path, 'CREATE', overwrite=str(overwrite).lower(), noredirect='true')
        with answer:
            place = quote(json.loads(answer.read())['Location'], safe=_URL)  # HDFS leaves in it what is not ASCII
        request = Request(place, data=content, method='PUT',
                          headers={'Content-Type': 'application/octet-stream', 'Content-Length': str(size)})
        self._open(self._staying, request, path).close()

    def rename(self, old: str, new: str, overwrite: bool = False) -> None:
        """Rename a file or folder; over a file that is there only when asked to.

        Raises
        ------
        FileExistsError, FileNotFoundError
        """
        options = {'renameoptions': 'OVERWRITE' if overwrite else 'NONE'}
        answer = self._call('PUT', old, 'RENAME', destination=new, **options)
        answer.close()

    def remove(self, path: str) -> None:
        """Remove a file or a folder with all in it; silent when there is none."""
        self._json('DELETE', path, 'DELETE', recursive='true')

    def _json(self, method: str, path: str, operation: str, **parameters) -> Dict:
        with self._call(method, path, operation, **parameters) as answer:
            return json.loads(answer.read())

    def _call(self, method: str, path: str, operation: str, **parameters) -> BinaryIO:
        query = urlencode(dict(parameters, op=operation, **{'user.name': self.user}))
        request = Request(f'{self.address}/webhdfs/v1{quote(path)}?{query}', method=method)
        return self._open(self._following, request, path)

    def _open(self, opener, request: Request, path: str) -> BinaryIO:
        try:
            return opener.open(request, timeout=TIMEOUT)
        except HTTPError as error:
            with error:
                raise _os_error(error, path) from None
        except (URLError, OSError) as error:
            reason = getattr(error, 'reason', error)
            raise RunError(f'no answer from WebHDFS at {urlsplit(request.full_url).netloc}: {reason}. Is HDFS running?') from None


def _status(found: Dict, name: str) -> Status:
    return Status(name, found['type'] == 'DIRECTORY', int(found['length']), int(found['modificationTime']))


def _os_error(error: HTTPError, path: str) -> Exception:
    """Return the error that an answer stands for."""
    try:
        told = json.loads(error.read())['RemoteException']
    except (ValueError, KeyError, TypeError):
        return RunError(f'{path}: WebHDFS answered {error.code} {error.reason}')
    message = told.get('message', '').strip().split('\n')[0]
    kind = _ERRORS.get(told.get('exception'))
    if kind is None:
        return RunError(f'{path}: HDFS says {told.get("exception")}: {message}')
    return kind(0, message, path)


class WebHdfsFilesystem(Filesystem):
    """`WebHdfs` as one of mrjob's filesystems, for the URIs of one NameNode.

    Parameters
    ----------
    client : WebHdfs
    prefixes : list of str
        Beginnings of URIs that mean this NameNode: ``hdfs:///`` and ``hdfs://host:port/``.
    """

    def __init__(self, client: WebHdfs, prefixes: List[str]):
        super().__init__()
        self.client, self._prefixes = client, prefixes

    def can_handle_path(self, path):
        return path.startswith(tuple(self._prefixes))

    def exists(self, path_glob):
        return self.client.status(_path(path_glob)) is not None

    def ls(self, path_glob):
        base = path_glob.rstrip('/')
        if posixpath.basename(base) == 'part-*':  # the only glob mrjob's Hadoop runner uses
            base = posixpath.dirname(base)
        return list(self._walk(base))

    def _walk(self, uri: str) -> Iterator[str]:
        status = self.client.status(_path(uri))
        if status is None:
            return
        if not status.is_folder:
            yield uri
            return
        for item in self.client.list(_path(uri)):
            below = f'{uri}/{item.name}'
            if item.is_folder:
                yield from self._walk(below)
            else:
                yield below

    def du(self, path_glob):
        return sum(status.size for status in (self.client.status(_path(uri)) for uri in self.ls(path_glob)) if status)

    def mkdir(self, path):
        self.client.make_folder(_path(path))

    def rm(self, path_glob):
        self.client.remove(_path(path_glob))

    def put(self, src, path):
        with open(src, 'rb') as stream:
            self.client.create(_path(path), stream, os.path.getsize(src))

    def touchz(self, path):
        self.client.create(_path(path), io.BytesIO(), 0)

    def md5sum(self, path):
        raise NotImplementedError

    def _cat_file(self, path):
        with self.client.open(_path(path)) as stream:
            yield from iter(lambda: stream.read(PART_BYTES), b'')


def download(client: WebHdfs, path: str, local: str) -> None:
    """Copy a file to the local disk."""
    with client.open(path) as source, open(local, 'wb') as target:
        shutil.copyfileobj(source, target, PART_BYTES)


def _path(uri: str) -> str:
    """Return the path of a URI as Hadoop understands it: nothing in it is quoted."""
    return '/' + uri.partition('://')[2].partition('/')[2]
