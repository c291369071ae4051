"""What the store and its ingester are up to, and how a backlog goes: facts, which the status row puts into words."""

from collections import deque
from dataclasses import dataclass, replace

LATE_S = 20.0
"""Seconds without a sign of life, or with a backlog that stays what it is, after which the data may be behind."""

OBSERVED_S = 3.0
"""A backlog must have shrunk for so long before anybody can say how long the rest will take."""

REMEMBERED_S = 30.0
"""The pace is that of the last so many seconds."""


@dataclass(frozen=True)
class Situation:
    """Everything that the header says beside the range and the time of the data."""

    error: str = ""
    """Why the store cannot be read; the last good numbers stay."""
    shown_at: int | None = None
    """The moment that is shown, UTC milliseconds; None while nothing is."""
    waiting: bool = False
    """The database does not exist yet."""
    empty: bool = False
    """It holds no event."""
    looking: bool = False
    """Whoever ingests has not read everything yet that was there when it began."""
    backlog: int = 0
    """Bytes known and not read yet."""
    share: float | None = None
    """How much of the backlog is done; None where it cannot be told."""
    events: int = 0
    """Events stored so far."""
    seconds_left: float | None = None
    """Until the backlog is read; None where it cannot be told honestly."""
    paused_at: int | None = None
    missed: int = 0
    """Events stored since the pause."""
    ingesting: bool = True
    """Somebody holds the lock."""
    silent_s: float = 0.0
    """Seconds since whoever ingests gave a sign of life."""
    stuck_s: float = 0.0
    """Seconds for which nothing was stored though there is a backlog."""
    ingester: int | None = None
    """The process that ingests."""
    foreign: bool = False
    """It is not our own child."""
    trouble: str = ""
    """Why this screen's own ingester ended."""
    held_up: str = ""
    """Why whoever ingests cannot store anything."""
    loading: bool = False
    """An answer takes so long that it is said."""

    @property
    def partial(self) -> bool:
        """Totals miss what is still to be read."""
        return self.backlog > 0

    @property
    def late_s(self) -> float:
        """For how long the data may have been behind; 0 where it is not."""
        late = max(self.silent_s, self.stuck_s)
        return late if self.ingesting and late >= LATE_S else 0.0

    @property
    def as_told(self) -> "Situation":
        """Without seconds that are not told: equal as long as nobody would see a difference."""
        return replace(self, silent_s=self.late_s, stuck_s=0.0)


class Backlog:
    """How a backlog goes, from looks at what is left of it."""

    def __init__(self) -> None:
        self._whole = 0
        self._looks: deque[tuple[float, int]] = deque()

    def look(self, left: int, whole: int, at: float) -> None:
        """So many bytes are left of so many (0: nobody says), at a time in seconds that never goes back."""
        if not left:
            self._whole = 0
            self._looks.clear()
            return
        self._whole = max(self._whole, whole, left)
        if self._looks and self._looks[-1][1] == left:
            return
        if self._looks and left > self._looks[-1][1]:
            self._looks.clear()  # more was found: the pace so far says nothing about the whole
        self._looks.append((at, left))
        while at - self._looks[0][0] > REMEMBERED_S:
            self._looks.popleft()

    @property
    def share(self) -> float | None:
        """How much is done, below 1; None where there is no backlog."""
        return 1 - self._looks[-1][1] / self._whole if self._looks else None

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes at the pace of the last looks; None until they tell."""
        if not self._looks:
            return None
        (began, most), (ended, left) = self._looks[0], self._looks[-1]
        return (ended - began) * left / (most - left) if ended - began >= OBSERVED_S else None
