"""Much at once, for long, in little memory: `python -m tests.soak`."""
