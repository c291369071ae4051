"""The line below Claude Code's prompt."""
