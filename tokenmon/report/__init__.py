"""The plain face: questions answered as a table, CSV or JSON, for people without a screen and for scripts."""
