"""The MapReduce jobs, one MRJob per file, each of which can also be run alone like any mrjob
script.
"""
