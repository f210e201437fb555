"""Signals, processes, memory and progress on this machine."""
