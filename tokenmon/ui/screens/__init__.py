"""What can fill the terminal: the main screen, and the modals over it."""
