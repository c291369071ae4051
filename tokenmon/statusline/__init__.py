"""What Claude Code shows below its prompt: a command that is started anew for every line, and so has no time to load.

It keeps the limits that Claude Code tells, which nobody else is told offline, and prints one line about costs. A status
line must never break a prompt: whatever is unknown is left out, and it always ends well.
"""
