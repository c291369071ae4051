"""What the screen has open is closed when it ends, whatever it was doing; nothing is opened after that."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.store.ending import closed_while_quitting, no_thread_left
from tests.ui.filling import Filler
from tokenmon.ui.asking import Connection


@pytest.mark.parametrize("rounds", range(6))
def test_a_file_that_is_opened_while_the_screen_ends_is_closed(empty: Path, rounds: int) -> None:
    async def end_while_opening() -> None:
        connection = Connection(empty)
        polling = asyncio.ensure_future(connection.poll())
        for _ in range(rounds):
            await asyncio.sleep(0)
        await connection.close()
        await polling
        assert connection.reader is None

    with no_thread_left():
        asyncio.run(end_while_opening())


def test_the_reader_of_a_replaced_file_is_closed_though_nobody_waits_for_it(empty: Path) -> None:
    Filler(empty.with_name("new.db")).close()

    async def end_while_closing() -> None:
        connection = Connection(empty)
        await connection.poll()
        old = connection.reader
        os.replace(empty.with_name("new.db"), empty)
        await connection.poll()
        assert old is not None
        assert connection.reader is not old
        await closed_while_quitting(connection.close_retired(connection.reader), old._snapshots)
        await connection.close()

    with no_thread_left():
        asyncio.run(end_while_closing())
