"""Series are few by force: beyond a limit, the name that explodes is stored as `(overflow)`.

All ids are kept in memory, since every event asks for one. A producer that puts a fresh value into a name with
every call would otherwise make as many series as events, and search and roll-ups rely on series being few.
"""

import sqlite3
from collections import Counter

from tokenmon.doubts import doubts_of
from tokenmon.events import NAMES, Flag, Names
from tokenmon.store.schema import OVERFLOW

Combination = tuple[Names, str, int]
"""Names, what it was priced as, and flags: one row of `series`."""

_ADD = f"""INSERT INTO series({", ".join(NAMES)}, priced_as, flags)
VALUES ({", ".join("?" * (len(NAMES) + 2))})"""
_LOAD = f"SELECT id, priced_as, flags, {', '.join(NAMES)} FROM series"


class SeriesIds:
    """Every series of the database and its id."""

    def __init__(self, connection: sqlite3.Connection, most: int, host: str = "") -> None:
        """`host`: the machine whose logs these are; events of it carry no host, only their row does."""
        self._connection = connection
        self._most = most
        self._host = host
        self.ids: dict[Combination, int] = {}
        self.overflows: Counter[tuple[str, int]] = Counter()
        """(name, source id) -> values replaced since this was last emptied."""
        self.has_echoes = False
        """Telemetry ever told a call under the id of its request."""
        self.doubtful: dict[int, tuple[str, ...]] = {}
        """What may be doubted about the calls of a series, of those only of which anything may."""
        self.load()

    def load(self) -> None:
        """Read all of them, also after a transaction that added some was rolled back."""
        shared: dict[str, str] = {}
        self.ids = {}
        self.doubtful = {}
        self.overflows.clear()
        self._values: list[set[str]] = [set() for _ in NAMES]
        for series, priced_as, flags, *names in self._connection.execute(_LOAD):
            known = Names(*(shared.setdefault(name, name) for name in names))
            if known.host == self._host:
                known = known._replace(host="")
            self._remember((known, priced_as, flags), series)

    def combinations(self) -> dict[int, Combination]:
        """All of them by id."""
        return {series: combination for combination, series in self.ids.items()}

    def resolve(self, combination: Combination, source: int) -> int:
        """The id of a combination that is not among `ids` yet."""
        if len(self.ids) < self._most:
            return self.add(combination)
        return self._overflow(combination, source)

    def add(self, combination: Combination) -> int:
        """The id of a combination, new or not, whatever the limit."""
        known = self.ids.get(combination)
        if known is not None:
            return known
        names, priced_as, flags = combination
        if not names.host:
            names = names._replace(host=self._host)
        series = self._connection.execute(_ADD, (*names, priced_as, flags)).lastrowid
        assert series is not None
        self._remember(combination, series)
        return series

    def forget_unused(self) -> None:
        """Drop series without a roll-up; only while no hour is dirty. The newest stays, so no id is given twice."""
        cursor = self._connection.execute(
            "DELETE FROM series WHERE id NOT IN (SELECT series FROM r16d) AND id < (SELECT max(id) FROM series)"
        )
        if cursor.rowcount:
            self.load()

    def _remember(self, combination: Combination, series: int) -> None:
        self.ids[combination] = series
        self.has_echoes |= bool(combination[2] & Flag.ECHO)
        if doubts := doubts_of(combination[2]):
            self.doubtful[series] = doubts
        for values, value in zip(self._values, combination[0], strict=True):
            values.add(value)

    def _overflow(self, combination: Combination, source: int) -> int:
        """Replace the name with the most values; the next one too while that is still not enough.

        A tenth above the limit is left for new combinations of the other names.
        """
        names, priced_as, flags = combination
        room = self._most + self._most // 10 + 1
        for field in sorted(range(len(NAMES)), key=lambda index: -len(self._values[index])):
            if not names[field]:
                continue
            names = names._replace(**{NAMES[field]: OVERFLOW})
            self.overflows[NAMES[field], source] += 1
            combination = names, priced_as, flags
            known = self.ids.get(combination)
            if known is not None:
                return known
            if len(self.ids) < room:
                break
        return self.add(combination)
