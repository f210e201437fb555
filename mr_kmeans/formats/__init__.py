"""File formats, byte by byte."""
