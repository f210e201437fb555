"""The engine that makes passes by jobs, on this machine or on a cluster."""
