"""Where the command begins. A status line is started anew many times a minute and is shown within 50 ms or not at all,
so it is told apart from everything else before anything else is loaded.
"""

import sys


def main() -> int:
    """Run one command and return its exit code."""
    words = sys.argv[1:]
    if words == ["statusline"] or (len(words) == 3 and words[:2] == ["statusline", "--db"]):
        from tokenmon.statusline.line import run

        return run(*words[2:])
    from tokenmon import crash

    crash.tell_so()
    from tokenmon.cli import main as run_command

    return run_command()
