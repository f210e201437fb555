"""Hadoop's services and commands; knows nothing of k-means."""
