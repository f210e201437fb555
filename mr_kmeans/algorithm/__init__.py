"""k-means itself: distances, labels, sums, iterations."""
