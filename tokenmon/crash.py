"""What a bug leaves behind is pasted into reports, so it tells the way through the code and none of the values.

Python's own traceback shows no variables, but the message of an error may quote what was read; Textual's shows the
variables of every frame. So the first is made harmless here, and the second is replaced by it.
"""

import sys
from typing import TYPE_CHECKING

from tokenmon.saying import say
from tokenmon.text import hide_secrets, sanitise

if TYPE_CHECKING:
    import threading
    from types import TracebackType


def told(error: BaseException | None) -> str:
    """The traceback of an error, without values, escape sequences and secrets."""
    from traceback import format_exception

    lines = "".join(format_exception(error)).splitlines()
    return "\n".join(hide_secrets(sanitise(line)) for line in lines)


def tell_so() -> None:
    """Let whatever nobody catches, in any thread, be told in this way."""
    import threading

    sys.excepthook = _tell
    threading.excepthook = _tell_of_thread


def _tell(kind: type[BaseException], error: BaseException, way: "TracebackType | None") -> None:
    say(*told(error).splitlines())


def _tell_of_thread(crashed: "threading.ExceptHookArgs") -> None:
    if crashed.exc_type is not SystemExit:
        say(*told(crashed.exc_value).splitlines())
