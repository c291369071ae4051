"""The store: one SQLite file, one writer that ingests, any number of readers that ask.

Faces see `Writer`, `Reader` and the values of `answers`; nothing of SQLite leaves this package.
"""
