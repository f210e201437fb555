"""The command `mr-kmeans` as `python -m mr_kmeans`."""

from mr_kmeans.cli import main

if __name__ == '__main__':
    main(prog_name='mr-kmeans')
