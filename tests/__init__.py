"""Tests mirror the package; names of tests are rules."""
