"""HDFS by its REST interface, WebHDFS: an operation takes milliseconds, whereas the ``hadoop``
command starts a JVM, which takes a second.

It is used if it has the same user and security as the command: on clusters with simple
authentication whose WebHDFS answers. The operations are those of
https://hadoop.apache.org/docs/stable/hadoop-project-dist/hadoop-hdfs/WebHDFS.html.
"""

from __future__ import annotations

import io
import json
import logging
import posixpath
import time
from http.client import HTTPException
from typing import BinaryIO, Dict, List, Optional, Sequence
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from mr_kmeans.errors import RunError
from mr_kmeans.system.file_status import Status

log = logging.getLogger(__name__)

TIMEOUT = 60
"""Timeout in seconds until an answer begins; a NameNode in safe mode answers at once, a dead
DataNode never.
"""

CHECK_TIMEOUT = 10
"""Timeout in seconds of the first request, which a firewall may leave unanswered forever."""

HINT = ' Is HDFS running?'

PATIENCE = 120
"""Seconds to wait for a NameNode that has answered before but is away or in safe mode, since it may
be restarting.
"""

ATTEMPTS = 3
"""Maximum number of attempts to read from or write to a DataNode; each time the NameNode may name
another.
"""

_URL = "%/:=&?~#+!$,;'@()*[]"

_ERRORS = {
    'FileNotFoundException': FileNotFoundError,
    'FileAlreadyExistsException': FileExistsError,
    'AlreadyBeingCreatedException': FileExistsError,
    'AccessControlException': PermissionError,
    'ParentNotDirectoryException': NotADirectoryError,
}

_AWAY = ('SafeModeException', 'RetriableException', 'StandbyException')


class AwayError(RunError):
    """A NameNode that answers but is not ready."""


class _KeepRedirect(HTTPRedirectHandler):
    """Return the DataNode's address instead of following the redirect, since the body must be sent
    along.
    """

    def redirect_request(self, *args, **kwargs):
        return None


class WebHdfs:
    """A client of one NameNode.

    Parameters
    ----------
    address : str
        ``http://host:port`` of the NameNode's web interface.
    user : str
        The user in whose name requests are made, with simple authentication.

    Notes
    -----
    Methods raise the OSError that the local file system would raise, with HDFS's message. A
    NameNode that does not answer is a RunError.
    """

    puts_whole = False  # a file appears empty, and grows

    def __init__(self, address: str, user: str):
        self.address, self.user = address.rstrip('/'), user
        direct = ProxyHandler(
            {}
        )  # without proxies of the environment, which cannot reach the hosts of a cluster
        self._following, self._staying = build_opener(direct), build_opener(direct, _KeepRedirect)
        self._repeated = False
        self._has_answered = False

    def check(self) -> None:
        """Request the status of the root.

        Raises
        ------
        RunError
            If the server is not WebHDFS, or requires further authentication.
        """
        try:
            with self._open(
                self._following, self._request('GET', '/', 'GETFILESTATUS'), '/', CHECK_TIMEOUT
            ) as answer:
                _status(json.loads(answer.read())['FileStatus'], '')
        except PermissionError:  # with HDFS's message
            pass
        except (ValueError, KeyError, TypeError, OSError, HTTPException):
            raise RunError(f'the server at {self.address} is not WebHDFS') from None

    def status(self, path: str) -> Optional[Status]:
        """Return the status of `path`, None if it does not exist."""
        try:
            return _status(
                self._json('GET', path, 'GETFILESTATUS')['FileStatus'], posixpath.basename(path)
            )
        except FileNotFoundError:
            return None

    def statuses(self, paths: Sequence[str]) -> List[Optional[Status]]:
        """Return the status of each path, None if it does not exist."""
        return [self.status(path) for path in paths]

    def checksums(self, paths: Sequence[str]) -> List[str]:
        """Return the checksum of each file."""
        found = [self._json('GET', path, 'GETFILECHECKSUM')['FileChecksum'] for path in paths]
        return [f'{checksum["algorithm"]} {checksum["bytes"]}' for checksum in found]

    def list(self, path: str) -> List[Status]:
        """Return the content of a folder, sorted by name; that of a file is the file itself."""
        found = self._json('GET', path, 'LISTSTATUS')['FileStatuses']['FileStatus']
        return sorted(
            _status(item, item['pathSuffix'] or posixpath.basename(path)) for item in found
        )

    def make_folder(self, path: str) -> None:
        """Create a folder and its parents."""
        self._json('PUT', path, 'MKDIRS')

    def set_permission(self, path: str, octal: str) -> None:
        """Set the permissions of a path."""
        self._call('PUT', path, 'SETPERMISSION', permission=octal).close()

    def open(self, path: str, offset: int = 0, length: Optional[int] = None) -> BinaryIO:
        """Open a file, or a range of it, for sequential reading."""
        ranges = {'offset': offset} if length is None else {'offset': offset, 'length': length}
        return self._call('GET', path, 'OPEN', **ranges)

    def file(self, path: str, size: Optional[int] = None) -> RangeFile:
        """Return a file that can be read at any position; its size is requested if it is not
        given.
        """
        if size is None:
            status = self.status(path)
            if status is None:
                raise FileNotFoundError(2, 'no such file', path)
            size = status.size
        return RangeFile(self, path, size)

    def read(self, path: str, offset: int = 0, length: Optional[int] = None) -> bytes:
        """Return the content of a file, or a range of it; if a DataNode breaks off, another one is
        used.
        """
        for left in reversed(range(ATTEMPTS)):
            try:
                with self.open(path, offset, length) as stream:
                    return stream.read()
            except (HTTPException, ConnectionError, TimeoutError) as error:
                if not left:
                    raise RunError(f'{path}: HDFS broke off reading ({error})') from None
        raise AssertionError('every attempt returns or raises')

    def create(self, path: str, content: BinaryIO, size: int, overwrite: bool = False) -> None:
        """Write a file, and write it again if a DataNode breaks off.

        Raises
        ------
        FileExistsError
            If the file exists and must not be overwritten.
        """
        for left in reversed(range(ATTEMPTS)):
            try:
                return self._create(path, content, size, overwrite)
            except RunError:
                if not left or not content.seekable():
                    raise
                content.seek(0)
                overwrite = (
                    overwrite or self.status(path) is not None
                )  # an existing file is our own, since another's would be a RunError

    def _create(self, path: str, content: BinaryIO, size: int, overwrite: bool) -> None:
        answer = self._call(
            'PUT', path, 'CREATE', overwrite=str(overwrite).lower(), noredirect='true'
        )
        with answer:
            place = quote(
                json.loads(answer.read())['Location'], safe=_URL
            )  # HDFS does not quote non-ASCII characters
        request = Request(
            place,
            data=content,
            method='PUT',
            headers={'Content-Type': 'application/octet-stream', 'Content-Length': str(size)},
        )
        self._open(self._staying, request, path).close()

    def rename(self, old: str, new: str, overwrite: bool = False) -> None:
        """Rename a file or folder; replace an existing file only with `overwrite`.

        Raises
        ------
        FileExistsError, FileNotFoundError
        """
        options = {'renameoptions': 'OVERWRITE' if overwrite else 'NONE'}
        try:
            self._call('PUT', old, 'RENAME', destination=new, **options).close()
        except (FileNotFoundError, FileExistsError):
            if not self._repeated or self.status(old) is not None or self.status(new) is None:
                raise  # otherwise the NameNode renamed it and died before it could answer

    def remove(self, path: str) -> None:
        """Remove a file, or a folder with its content, if it exists."""
        self._json('DELETE', path, 'DELETE', recursive='true')

    def _json(self, method: str, path: str, operation: str, **parameters) -> Dict:
        with self._call(method, path, operation, **parameters) as answer:
            return json.loads(answer.read())

    def _call(self, method: str, path: str, operation: str, **parameters) -> BinaryIO:
        return self._open(
            self._following, self._request(method, path, operation, **parameters), path
        )

    def _request(self, method: str, path: str, operation: str, **parameters) -> Request:
        query = urlencode(dict(parameters, op=operation, **{'user.name': self.user}))
        return Request(f'{self.address}/webhdfs/v1{quote(path)}?{query}', method=method)

    def _open(self, opener, request: Request, path: str, timeout: float = TIMEOUT) -> BinaryIO:
        deadline, self._repeated = time.monotonic() + PATIENCE, False
        while True:
            try:
                answer = opener.open(request, timeout=timeout)
                self._has_answered = True
                return answer
            except HTTPError as error:
                with error:
                    trouble = _os_error(error, path)
                if not isinstance(trouble, AwayError):
                    raise trouble from None
            except (URLError, OSError, HTTPException) as error:
                reason = getattr(error, 'reason', error)
                trouble = RunError(
                    f'no answer from WebHDFS at {urlsplit(request.full_url).netloc}:'
                    f' {reason}.{HINT}'
                )
            if not self._has_answered or request.data is not None:
                raise trouble from None
            if time.monotonic() > deadline:
                # gone for good: later calls, for cleanup, need not wait as long again
                self._has_answered = False
                raise trouble from None
            if not self._repeated:
                log.warning('%s Waiting for the NameNode, for at most %d s.', trouble, PATIENCE)
            self._repeated = True
            time.sleep(0.5)


def _status(found: Dict, name: str) -> Status:
    return Status(
        name,
        found['type'] == 'DIRECTORY',
        int(found['length']),
        int(found['modificationTime']) * 10**6,
        int(found.get('fileId', 0)),
    )


def _os_error(error: HTTPError, path: str) -> Exception:
    """Return the error that an answer describes."""
    try:
        told = json.loads(error.read())['RemoteException']
    except (ValueError, KeyError, TypeError):
        return RunError(f'{path}: WebHDFS answered {error.code} {error.reason}')
    message = told.get('message', '').strip().split('\n')[0]
    kind = _ERRORS.get(told.get('exception'))
    if kind is None:
        return (AwayError if told.get('exception') in _AWAY else RunError)(
            f'{path}: HDFS says {told.get("exception")}: {message}'
        )
    return kind(0, message, path)


class SizedFile(io.RawIOBase):
    """A file of known size in HDFS; a subclass reads from `_position` on."""

    def __init__(self, path: str, size: int):
        super().__init__()
        self._path, self._size, self._position = path, size, 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=io.SEEK_SET):
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = base + offset
        return self._position

    def tell(self):
        return self._position


class RangeFile(SizedFile):
    """A file in HDFS, of which only the requested ranges are read."""

    def __init__(self, client: WebHdfs, path: str, size: int):
        super().__init__(path, size)
        self._client = client

    def readinto(self, buffer):
        wanted = min(len(buffer), self._size - self._position)
        if wanted <= 0:
            return 0
        data = self._client.read(self._path, self._position, wanted)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


def path_of(uri: str) -> str:
    """Return the path of a URI as Hadoop understands it, with nothing quoted."""
    return '/' + uri.partition('://')[2].partition('/')[2]
