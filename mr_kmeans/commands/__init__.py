"""One module per command: what the command line and a Python program call."""
