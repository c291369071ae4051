"""tokenmon as a systemd service: its unit, how it is put in and taken out, and whether it runs."""
