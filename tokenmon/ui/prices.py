"""The price book as the screen needs it: opened once, when a price is first asked for, in a thread of its own."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenmon.pricing import PriceBook


class Prices:
    """Whoever asks while it is being opened waits for the same book."""

    def __init__(self, overrides: Path | None, cache: Path) -> None:
        self._overrides = overrides
        self._cache = cache
        self._opening: asyncio.Task[PriceBook] | None = None

    async def book(self) -> "PriceBook":
        """The price book; TokenmonError where there is none to be had."""
        if self._opening is None or (self._opening.done() and self._opening.exception() is not None):
            self._opening = asyncio.create_task(asyncio.to_thread(self._open))
        return await asyncio.shield(self._opening)

    def _open(self) -> "PriceBook":
        from tokenmon.pricing import open_book  # 40 ms that no start should wait for

        return open_book(self._overrides, self._cache)
