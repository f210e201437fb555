"""A run's directory, its ledger of bad rows, and the loop of iterations."""
