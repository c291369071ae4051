"""What may go wrong, numbered: every fault has tests that are named after its number."""
