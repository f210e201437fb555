"""What the package logs for its user, heard by a test until it ends (tests/conftest.py)."""

import logging


class Ear(logging.Handler):
    """Calls a function with each line."""

    def __init__(self, function):
        super().__init__()
        self._function = function

    def emit(self, record):
        self._function(self.format(record))


def hear(function):
    """Let a function hear each line from now on."""
    log = logging.getLogger('mr_kmeans')
    log.addHandler(Ear(function))
    log.setLevel(logging.INFO)


def logged():
    """Return a list that gets each line from now on."""
    lines = []
    hear(lines.append)
    return lines
