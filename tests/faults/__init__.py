"""What may go wrong, numbered: every fault has a test named after its number, or a reason why it has none."""
