"""A web service for tests: answers from a list, and remembers what it was asked."""

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Service:
    """Attributes: `address`, ``http://host:port``; `asked`, a list of (method, path with query,
    body)."""

    def __init__(self, answer):
        self.asked = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
                service.asked.append((self.command, self.path, body))
                status, content, *headers = answer(self.command, self.path, service)
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header('Content-Length', str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_PUT = do_DELETE = do_GET

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.address = 'http://127.0.0.1:%d' % self.server.server_port


@contextlib.contextmanager
def serving(answer):
    """Serve while the block lasts; `answer` is given method, path and service, and returns (status,
    bytes, *headers)."""
    service = Service(answer)
    thread = threading.Thread(
        target=service.server.serve_forever, kwargs={'poll_interval': 0.01}, daemon=True
    )
    thread.start()
    try:
        yield service
    finally:
        service.server.shutdown()
        service.server.server_close()
        thread.join()
