"""The initializations: what finds the centroids of iteration 0."""
