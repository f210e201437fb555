"""k-means of any number of numeric rows, as Hadoop Streaming jobs."""

__version__ = '0.1.0'
