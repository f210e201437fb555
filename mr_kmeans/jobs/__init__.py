"""The MapReduce jobs, one MRJob per file; each also runs alone, as any mrjob script."""
