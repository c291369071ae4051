"""Ends readers at the wrong moment, and sees that none of their threads goes on."""

import asyncio
import contextlib
import gc
import threading
import time
from collections.abc import Coroutine, Iterator
from typing import Any

from tokenmon.store.snapshot import Snapshots


@contextlib.contextmanager
def no_thread_left() -> Iterator[None]:
    """The thread of an unclosed connection fails into a loop that is gone, or keeps the process from ending."""
    before = threading.enumerate()
    failed: list[object] = []
    hook, threading.excepthook = threading.excepthook, failed.append
    try:
        yield
        gc.collect()
        for thread in set(threading.enumerate()) - set(before):
            thread.join(5)
            assert not thread.is_alive()
    finally:
        threading.excepthook = hook
    assert failed == []


async def cancelled_twice(work: Coroutine[Any, Any, object], rounds: int) -> None:
    """Begin something, cancel it after so many rounds of the loop and once more, and wait for its end."""
    task = asyncio.ensure_future(work)
    for _ in range(rounds):
        await asyncio.sleep(0)
    for _ in range(2):
        task.cancel()
        await asyncio.sleep(0)
    await asyncio.wait([task])


async def closed_while_quitting(work: Coroutine[Any, Any, object], snapshots: Snapshots, rounds: int = 1) -> None:
    """Cancel something that closes these snapshots, whose thread is busy for a tenth of a second."""
    busy = asyncio.ensure_future(snapshots._connection._execute(time.sleep, 0.1))  # type: ignore[no-untyped-call]
    await cancelled_twice(work, rounds)
    busy.cancel()
