"""What a service manager is told, by datagrams to `$NOTIFY_SOCKET` as sd_notify(3) and sd_watchdog_enabled(3) have it.

`READY=1` comes once, `WATCHDOG=1` only from the loop that does the work, so that a loop that hangs is missed. Nobody
listens outside of a service: then nothing is sent. A manager that does not take a message never stops the work.
"""

import os
import socket
import time
from collections.abc import Mapping

SEND_S = 1.0
"""How long a busy manager is waited for; what it did not take is sent again at the next beat."""
STATUS_EVERY_S = 2.0


class Manager:
    """The service manager that started this process, if one did."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._address = _address(environment.get("NOTIFY_SOCKET", ""))
        self._watchdog_s = _watchdog_s(environment)
        self._is_ready = False
        self._status = ""
        self._next_sign = 0.0
        self._next_status = 0.0

    def beat(self, status: str) -> None:
        """One turn of the work is done: ready since the first one, alive at every one, and what it is at."""
        if not self._is_ready:
            self._is_ready = self._send("READY=1", f"STATUS={status}")
        self.alive(status)

    def alive(self, status: str) -> None:
        """The loop that does the work goes on, whether it could do any or not."""
        now = time.monotonic()
        if self._watchdog_s and now >= self._next_sign:
            self._next_sign = now + self._watchdog_s
            self._send("WATCHDOG=1")
        if status != self._status and now >= self._next_status:
            self._next_status = now + STATUS_EVERY_S
            if self._send(f"STATUS={status}"):
                self._status = status

    def stopping(self) -> None:
        """The work ends."""
        self._send("STOPPING=1", "STATUS=stopping")

    def _send(self, *assignments: str) -> bool:
        """Whether the manager has it."""
        if not self._address:
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.settimeout(SEND_S)
            try:
                end.sendto("\n".join(assignments).encode(), self._address)
            except OSError:
                return False
        return True


def _address(text: str) -> bytes:
    """The socket as the kernel names it: a path, or a name in the abstract namespace. Other kinds are not spoken."""
    if text.startswith("@"):
        return b"\0" + os.fsencode(text[1:])
    return os.fsencode(text) if text.startswith("/") else b""


def _watchdog_s(environment: Mapping[str, str]) -> float:
    """Seconds between two signs of life, a third of what the manager allows; 0 where it does not ask for any."""
    asked, of = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    if not (asked.isascii() and asked.isdigit()) or (of and of != str(os.getpid())):
        return 0.0
    return int(asked) / 1e6 / 3
