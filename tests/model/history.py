"""A history is a list of actions; it is made of a seed, played against a ledger, and made shorter where it fails."""

import json
import signal
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.model.driver import Answer, Ingesters
from tests.model.ledger import Ledger, Wrong
from tests.model.producers import Producers


class Action(NamedTuple):
    """Something that happens, to which file, and how much of it."""

    name: str
    which: int
    size: int


History = list[Action]

WRITING = {
    "append": 14, "tear": 6, "finish": 5, "forget_newline": 1, "repeat": 9, "hole": 1, "truncate": 3, "rewrite": 3,
    "rewrite_in_the_same_size": 2, "rename": 3, "swap": 2, "copy": 3, "copy_and_truncate": 3, "replace": 2,
    "move_between_disks": 1, "compress": 1, "link": 2, "move_behind_a_link": 1, "point": 1, "delete": 2, "recreate": 2,
    "say": 6, "say_half": 1, "copy_chat": 1, "delete_chat": 1,
}  # fmt: skip
"""How often producers do what."""

READING = {
    "look": 14, "once": 3, "restart": 3, "kill": 1, "kill_at_statement": 6, "kill_at_instruction": 3,
    "kill_while_it_opens": 1, "fill_pages": 2, "fill_bytes": 2, "make_room": 3, "step_forth": 1, "step_back": 1,
    "time_passes": 2, "rival": 3,
}  # fmt: skip
"""How often what happens to the ingester."""


def made_of(seed: int, steps: int) -> History:
    """The history of a seed."""
    random = Random(seed)
    names, weights = zip(*(WRITING | READING).items(), strict=True)
    chosen = random.choices(names, weights, k=steps)
    return [Action(name, random.randrange(1000), random.randrange(1000)) for name in chosen]


class Reading:
    """What happens to the ingester, and what must be true after it."""

    def __init__(self, place: Path, ingesters: Ingesters, ledger: Ledger) -> None:
        self._place = place
        self._ingesters = ingesters
        self._ledger = ledger
        self._room: dict[str, int] = {}
        """How much room there is, where it is little."""
        self._rivalled = False
        """Whether somebody else wrote since the living one began: it may have to step down."""

    def look(self, which: int = 0, size: int = 0) -> None:
        """Everything is read."""
        self._ask()

    def once(self, which: int = 0, size: int = 0) -> None:
        """The same by another, which ends then. It would wait for room, so there has to be some."""
        self._room = {}
        self._ingesters.stop(self._place)
        self._ask("once")

    def restart(self, which: int, size: int) -> None:
        """One ends and another begins."""
        self._ingesters.stop(self._place)
        self._ask()

    def kill(self, which: int, size: int) -> None:
        """Between two looks."""
        self._ask(statement=100_000)

    def kill_at_statement(self, which: int, size: int) -> None:
        """In the middle of a look."""
        self._ask("once" if size % 5 == 0 and not self._room else "look", statement=1 + which % 60)

    def kill_at_instruction(self, which: int, size: int) -> None:
        """In the middle of a statement."""
        self._ask(instruction=1 + (which * size) % 4000)

    def kill_while_it_opens(self, which: int, size: int) -> None:
        """Before it looks; at first it makes the tables then."""
        self._ingesters.stop(self._place)
        self._ask(statement=1 + size % 40)

    def fill_pages(self, which: int, size: int) -> None:
        """The disk will be full soon."""
        self._room = {"pages": 1 + size % 12}
        self._ask()

    def fill_bytes(self, which: int, size: int) -> None:
        """No file may grow beyond a size."""
        self._room = {"bytes": size * 200}
        self._ask()

    def make_room(self, which: int, size: int) -> None:
        """There is room again."""
        self._room = {}
        self._ask()

    def step_forth(self, which: int, size: int) -> None:
        """The clock is set."""
        self._ask(step=86_400.0 * (1 + size % 3))

    def step_back(self, which: int, size: int) -> None:
        """The clock is set back."""
        self._ask(step=-86_400.0 * (1 + size % 3))

    def time_passes(self, which: int, size: int) -> None:
        """What went away is not waited for any longer, what rests is taken."""
        self._ask(passing=61.0)

    def rival(self, which: int, size: int) -> None:
        """Somebody else looks in between, as when the lock was deleted."""
        self._rivalled = True
        self._take(self._ingesters.rival.ask(self._place, do="look", **self._room))
        self._ingesters.rival.stop(self._place)

    def end(self) -> None:
        """Everything is read in peace, and the database is sound."""
        self.once()
        self._ledger.verify()

    def _ask(self, do: str = "look", **what: object) -> None:
        if do == "once":
            self._ingesters.stop(self._place)
        self._rivalled = self._rivalled and self._ingesters.alive
        self._take(self._ingesters.ask(self._place, do=do, **what, **self._room))

    def _take(self, answer: Answer) -> None:
        """What an ingester says, and what must be true then."""
        refused = answer.get("refused", "")
        if answer.get("done"):
            if answer["failures"]:
                raise Wrong(f"cannot be read: {answer['failures']}")
            self._ledger.check_all()
            return
        if answer.get("ended", -signal.SIGKILL) != -signal.SIGKILL:
            raise Wrong("the ingester died of an error, which stands on stderr")
        if refused and not self._room and not (self._rivalled and "another ingester" in refused):
            raise Wrong(f"the ingester gives up: {refused}")
        self._ledger.check()


class Failure(NamedTuple):
    """Where a history went wrong."""

    step: int
    """How many actions were played, the wrong one included."""
    what: str


def play(history: Sequence[Action], ingesters: Ingesters) -> Failure | None:
    """Play every action and check after each; None where nothing was wrong."""
    with tempfile.TemporaryDirectory(prefix="tokenmon-model-") as name:
        place = Path(name).resolve()
        producers = Producers(place)
        ledger = Ledger(place, producers)
        reading = Reading(place, ingesters, ledger)
        played = 0
        try:
            for name, which, size in history:
                played += 1
                getattr(reading if name in READING else producers, name)(which, size)
                ledger.note()
            reading.end()
        except Wrong as wrong:
            return Failure(played, str(wrong))
        finally:
            ingesters.stop(place)
    return None


def shortened(history: History, ingesters: Ingesters, seconds: float) -> tuple[History, Failure]:
    """A shorter one that goes wrong too, as far as one is found in that time; nothing else of it need be the same."""
    end = time.monotonic() + seconds
    failure = play(history, ingesters)
    assert failure is not None, "played again, it went well"
    history = history[: failure.step]
    size = max(1, len(history) // 2)
    while True:
        for at in reversed(range(0, len(history), size)):
            shorter = history[:at] + history[at + size :]
            if (other := play(shorter, ingesters)) is not None:
                history, failure = shorter[: other.step], other
            if time.monotonic() > end:
                return history, failure
        if size == 1:
            return history, failure
        size = max(1, size // 2)


def written(history: History) -> str:
    """A line for each action."""
    return "".join(f"{json.dumps(action)}\n" for action in history)


def read(text: str) -> History:
    """What `written` wrote."""
    return [Action(*json.loads(line)) for line in text.splitlines()]
