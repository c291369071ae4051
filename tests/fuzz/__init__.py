"""Odd input for every parser, for as long as one likes: `python -m tests.fuzz --minutes 60`."""
