"""The screen, driven by keys against a real database."""
