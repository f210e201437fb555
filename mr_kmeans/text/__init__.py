"""Bytes of text to numbers."""
