"""Where a run's files live: one interface for the local disk and HDFS."""
