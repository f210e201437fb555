"""WebHDFS requests: NameNode, redirect, DataNode; again where nothing can have happened yet; errors as exceptions."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request

#: Seconds without a byte before a request is given up.
TIMEOUT = 60
#: Seconds for which a NameNode that restarts, or is in safe mode, is waited for: `hadoop fs` waits for ten, too.
PATIENCE = 10
PAUSE = 0.5

_ERRORS = {
    "FileNotFoundException": FileNotFoundError,
    "AccessControlException": PermissionError,
    "SecurityException": PermissionError,
    "FileAlreadyExistsException": FileExistsError,
    "AlreadyBeingCreatedException": FileExistsError,
    "ParentNotDirectoryException": NotADirectoryError,
}
#: The NameNode does nothing now, and says so: the same request may succeed in a moment, or at its partner.
_PASSING = ("StandbyException", "SafeModeException", "RetriableException")


class Namenodes:
    """The NameNodes of a cluster (one, or two of which one is active), asked as `user`."""

    def __init__(self, addresses, user):
        self._addresses, self._user = list(addresses), user
        # No proxy stands between a client and its cluster; redirects are followed by hand, with the data.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)

    def json(self, method, path, op, **query):
        """The JSON answer to a request."""
        with self.request(method, path, op, **query) as answer:
            return json.load(answer)

    def request(self, method, path, op, body=None, **query):
        """The open answer to a request. `body`, a (stream, size), goes to the DataNode to which the NameNode points.

        A refused connection, a NameNode on standby or in safe mode have done nothing: the request is made again, at
        another NameNode, with another DataNode.
        """
        query = {"op": op, "user.name": self._user, **query}
        end, dead = time.monotonic() + PATIENCE, None
        while True:
            for address in list(self._addresses):
                # Every other time without, because `dead` names a host, on which another DataNode may be alive.
                query["excludedatanodes"], dead = dead or "", None
                url = f"http://{address}/webhdfs/v1{urllib.parse.quote(path)}?{urllib.parse.urlencode(query)}"
                try:
                    answer = self._ask(method, url, path)
                    if not isinstance(answer, str):
                        self._addresses.sort(key=address.__ne__)  # the active one is asked first next time
                        return answer
                    dead = None if query["excludedatanodes"] else urllib.parse.urlsplit(answer).hostname
                    return self._ask(method, answer, path, body)
                except _TryAgain as passing:
                    reason = passing.reason
            if time.monotonic() > end:
                raise reason
            time.sleep(PAUSE)

    def _ask(self, method, url, path, body=None):
        """One request: the open answer, or the address to which it is redirected."""
        stream, size = body or (None, 0)
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)} if method == "PUT" else {}
        request = urllib.request.Request(url, data=stream, headers=headers, method=method)
        where = urllib.parse.urlsplit(url).netloc
        try:
            return self._opener.open(request, timeout=TIMEOUT)
        except urllib.error.HTTPError as error:
            with error:
                if error.code in (301, 302, 303, 307, 308):
                    return error.headers["Location"]
                raise _error(error, path, where) from None
        except OSError as error:
            cause = getattr(error, "reason", error)
            reason = ConnectionError(f"{path}: HDFS does not answer at http://{where} ({cause}): "
                                     "does it run, and is this its address?")
            raise (_TryAgain(reason) if isinstance(cause, ConnectionRefusedError) else reason) from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class _TryAgain(Exception):
    """`reason` is what is raised when trying again was in vain."""

    def __init__(self, reason):
        super().__init__(str(reason))
        self.reason = reason


def _error(error, path, where):
    """The exception that an HTTP error stands for."""
    text = error.read()
    try:
        remote = json.loads(text)["RemoteException"]
        name, message = remote["exception"], (remote.get("message") or "").split("\n")[0]
    except (ValueError, KeyError, TypeError):
        return OSError(f"{path}: http://{where} answers {error.code} {error.reason}")
    if any(f"{word}:" in f"{name}: {message}" for word in _PASSING) or "is in safe mode" in message:
        return _TryAgain(OSError(f"{path}: {name}: {message}"))
    return _ERRORS.get(name, OSError)(f"{path}: {name}: {message}")
