"""What the alert rules look at of a database."""

import os
import sqlite3

from tokenmon.alerts import Facts, SourceFacts, TwiceFacts
from tokenmon.events import Flag
from tokenmon.store.cover import cover
from tokenmon.store.statements import Selection, sums
from tokenmon.text import sanitise
from tokenmon.view import Window

MOST = 1_000
"""Sources and models looked at, those with the newest change and the most requests."""

_SOURCES = """
SELECT path, rejects, disagrees, expired, lost_bytes, lookalikes,
  coalesce((SELECT reason FROM reject WHERE source = source.id ORDER BY at DESC, off DESC LIMIT 1), '')
FROM source WHERE rejects > 0 OR disagrees > 0 OR expired > 0 OR lost_bytes > 0 OR lookalikes > 0
ORDER BY last_seen DESC LIMIT ?"""

_UNPRICED = """
SELECT series.model, sum(r16d.n) AS requests FROM series JOIN r16d ON r16d.series = series.id
WHERE series.flags & ? = 0 GROUP BY series.model HAVING requests > 0 ORDER BY requests DESC LIMIT ?"""

_DIALECTS = "SELECT dialect, count(*) FROM source WHERE dialect <> '' AND NOT gone GROUP BY dialect ORDER BY dialect"

_TWICE = f"""
WITH told AS (SELECT r16d.k, series.integration, series.dialect, sum(r16d.n) AS calls
  FROM r16d JOIN series ON series.id = r16d.series
  WHERE series.integration <> '' AND series.flags & {Flag.ECHO | Flag.EMPTY} = 0 GROUP BY 1, 2, 3)
SELECT one.integration, one.dialect, other.dialect, sum(min(one.calls, other.calls)) AS calls
FROM told AS one JOIN told AS other USING (k, integration)
WHERE one.dialect < other.dialect AND one.calls > 0 AND other.calls > 0
GROUP BY 1, 2, 3 ORDER BY calls DESC, 1, 2, 3 LIMIT ?"""

_SPENT = """
WITH t(slot, series, logged, list) AS ({})
SELECT sum(CASE WHEN series.flags & ? THEN t.logged ELSE t.list END) FROM t JOIN series ON series.id = t.series"""


def spent(connection: sqlite3.Connection, window: Window) -> int:
    """The shown costs in a window as far as they are known, nano-USD. Right while no hour is dirty."""
    statement = sums([(0, cover(window.start, window.end).parts)], Selection(), columns=("cost_logged", "cost_list"))
    if statement is None:
        return 0
    text, bound = statement
    row = connection.execute(_SPENT.format(text), (*bound, Flag.LOGGED)).fetchone()
    return row[0] or 0


def facts(connection: sqlite3.Connection) -> Facts:
    """Sources with anything to tell, models without a price, and who is told twice. Right while no hour is dirty."""
    sources = tuple(
        SourceFacts(sanitise(os.fsdecode(path)), rejects, reason, disagrees, expired, lost, lookalikes)
        for path, rejects, disagrees, expired, lost, lookalikes, reason in connection.execute(_SOURCES, (MOST,))
    )
    unpriced = connection.execute(_UNPRICED, (Flag.LOGGED | Flag.LISTED, MOST)).fetchall()
    twice = tuple(
        TwiceFacts(integration, (one, other), calls)
        for integration, one, other, calls in connection.execute(_TWICE, (MOST,))
    )
    return Facts(
        sources=sources,
        unpriced=tuple((model, requests) for model, requests in unpriced),
        dialects=tuple(connection.execute(_DIALECTS).fetchall()),
        twice=twice,
    )
