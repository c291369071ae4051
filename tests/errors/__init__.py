"""Whoever is refused is told why, in one line."""
