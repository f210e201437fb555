"""Numbers without rounding: grids, moments, hashes, rational means."""
