"""The command `mr-kmeans` as `python -m mr_kmeans`."""

import sys

try:
    from mr_kmeans.cli.main import main
except ModuleNotFoundError as error:
    from mr_kmeans.dependencies import explain_missing

    explained = explain_missing(error)
    if not explained:
        raise
    sys.exit('mr-kmeans: error: ' + explained)

if __name__ == '__main__':
    main(prog_name='mr-kmeans')
