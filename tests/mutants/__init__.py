"""Whether the tests bite: every promise is broken once, on purpose, and some test has to fail."""
