"""What can go wrong, and the exit code each kind of trouble ends the command with.

==== =========================================================
code meaning
==== =========================================================
0    done
1    the run failed: a job, the storage, a lock, a missing input
2    usage: an option, a column name, an output that exists
3    the data are unusable: bad rows, too few rows, a bad centroid file
130  interrupted by Ctrl-C
==== =========================================================
"""


class KMeansError(Exception):
    """A failure with a message made for the user; never shown as a traceback."""

    exit_code = 1


class RunError(KMeansError):
    """A job, the storage or the state of an output directory failed."""

    exit_code = 1


class UsageError(KMeansError):
    """An option or a combination of options is wrong."""

    exit_code = 2


class DataError(KMeansError):
    """The rows, a header or a centroid file cannot be used."""

    exit_code = 3
