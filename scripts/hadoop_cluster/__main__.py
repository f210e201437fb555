"""`python scripts/hadoop_cluster start|stop|status`: the folder is run as it lies, nothing has to
be installed."""

import sys
from pathlib import Path

sys.path[0] = str(
    Path(__file__).resolve().parent.parent
)  # so that the package itself can be imported

from hadoop_cluster.cli import main  # noqa: E402

if __name__ == '__main__':
    sys.exit(main())
