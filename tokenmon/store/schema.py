"""The shape of the database, and why.

All text is in `series`, one row per distinct combination of names and flags, so that events are narrow integers
clustered on (ts, h) and full-text search costs the same at any number of events. Roll-ups per series at five widths
answer any range from a few buckets and raw edges. Invariant at every commit:

    every wider level is the sum of `r1h`, and the truth is r1h + (events - r1h) over the hours in `dirty`.

So a cold read marks hours dirty and rebuilds them later, a live one adds to the roll-ups, and a reader is exact in
both cases by correcting the dirty hours of its range.
"""

from tokenmon.events import NAMES, Flag

APPLICATION_ID = 0x746F6B6D
"""'tokm', so that `file` and we tell our database from another."""

HOUR = 3_600_000
STEP = HOUR // 12
"""What viewers cut the newest hour at, milliseconds: they read at most so much anew."""
LEVELS: tuple[tuple[str, int], ...] = (
    ("r1h", HOUR),
    ("r6h", 6 * HOUR),
    ("r1d", 24 * HOUR),
    ("r4d", 96 * HOUR),
    ("r16d", 384 * HOUR),
)
"""Roll-up tables, fine to coarse, with their width in milliseconds; bucket k covers [k * width, (k+1) * width)."""

COUNTS: tuple[str, ...] = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning")
"""Token columns of `event` and of every roll-up; 0 where the series' flags say that it is not reported."""

SUMS: tuple[str, ...] = ("n", "err", *COUNTS, "cost_logged", "cost_list")
"""Columns of a roll-up that add up; `first_ts` and `last_ts` beside them do not."""

MAX_SERIES = 20_000
"""Beyond this a new combination's offending field is stored as OVERFLOW."""

OVERFLOW = "(overflow)"

_names = ", ".join(NAMES)
_new = ", ".join(f"new.{name}" for name in NAMES)
_old = ", ".join(f"old.{name}" for name in NAMES)

SERIES = f"""
CREATE TABLE series(
  id INTEGER PRIMARY KEY,
  {", ".join(f"{name} TEXT NOT NULL DEFAULT ''" for name in NAMES)},
  priced_as TEXT NOT NULL DEFAULT '',
  flags INTEGER NOT NULL DEFAULT 0,
  UNIQUE({_names}, priced_as, flags)) STRICT;
CREATE VIRTUAL TABLE series_fts USING fts5({_names}, content='series', content_rowid='id',
  tokenize="unicode61 remove_diacritics 2", prefix='1 2 3 4');
CREATE TRIGGER series_added AFTER INSERT ON series BEGIN
  INSERT INTO series_fts(rowid, {_names}) VALUES (new.id, {_new});
END;
CREATE TRIGGER series_removed AFTER DELETE ON series BEGIN
  INSERT INTO series_fts(series_fts, rowid, {_names}) VALUES ('delete', old.id, {_old});
END;
CREATE TRIGGER series_changed AFTER UPDATE OF {_names} ON series BEGIN
  INSERT INTO series_fts(series_fts, rowid, {_names}) VALUES ('delete', old.id, {_old});
  INSERT INTO series_fts(rowid, {_names}) VALUES (new.id, {_new});
END;
"""

_counts = ", ".join(f"{count} INTEGER NOT NULL DEFAULT 0" for count in COUNTS)

EVENTS = f"""
CREATE TABLE event(
  ts INTEGER NOT NULL,              -- UTC milliseconds
  h INTEGER NOT NULL,               -- 64-bit identity, signed
  series INTEGER NOT NULL,
  {_counts},
  cost_logged INTEGER,              -- nano-USD, as the producer wrote it
  cost_list INTEGER,                -- nano-USD, tokens x the price at the event's own time
  err INTEGER NOT NULL DEFAULT 0,   -- 1: status >= 400, failed, or an error text
  status INTEGER,
  latency_ms INTEGER,
  ttft_ms INTEGER,
  session INTEGER,                  -- session.id
  source INTEGER NOT NULL,          -- source.id
  off INTEGER NOT NULL,             -- where the line starts in it
  web_searches INTEGER,             -- NULL: none; kept so that a call can be priced again
  uid INTEGER,                      -- h is unique by itself: 1 the call, 2 a side chain's replay of it, 3 its echo
  speed INTEGER,                    -- uid only: 1 the line tells the speed
  line INTEGER,                     -- uid only: 32-bit hash of the line
  PRIMARY KEY(ts, h)) WITHOUT ROWID, STRICT;
CREATE UNIQUE INDEX event_uid ON event(h) WHERE uid IS NOT NULL;
CREATE TABLE note(                  -- what native lines give; agents' logs are read from the file when asked for
  ts INTEGER NOT NULL, h INTEGER NOT NULL, request_id TEXT, error TEXT, metadata TEXT,
  PRIMARY KEY(ts, h)) WITHOUT ROWID, STRICT;
CREATE TABLE request(               -- exact look-up by request id; runs keep inserts local
  run INTEGER NOT NULL, rh INTEGER NOT NULL, ts INTEGER NOT NULL, h INTEGER NOT NULL,
  PRIMARY KEY(run, rh, ts, h)) WITHOUT ROWID, STRICT;
CREATE TABLE session(               -- lifetime totals; a range scans the events
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, n INTEGER NOT NULL DEFAULT 0, err INTEGER NOT NULL DEFAULT 0,
  tokens INTEGER NOT NULL DEFAULT 0, cost INTEGER NOT NULL DEFAULT 0, unpriced INTEGER NOT NULL DEFAULT 0,
  first_ts INTEGER, last_ts INTEGER) STRICT;
"""

_sums = ", ".join(f"{column} INTEGER NOT NULL DEFAULT 0" for column in SUMS)

ROLLUPS = (
    "".join(
        f"CREATE TABLE {level}(k INTEGER NOT NULL, series INTEGER NOT NULL, {_sums},"
        " first_ts INTEGER NOT NULL, last_ts INTEGER NOT NULL, PRIMARY KEY(k, series)) WITHOUT ROWID, STRICT;\n"
        for level, _ in LEVELS
    )
    + "CREATE TABLE dirty(k INTEGER PRIMARY KEY) STRICT; -- hours (k of r1h) to be rebuilt from the events\n"
)

SOURCES = """
CREATE TABLE source(                -- a source.Checkpoint, its tallies, and what Health shows
  id INTEGER PRIMARY KEY,
  path BLOB NOT NULL, dev INTEGER NOT NULL, ino INTEGER NOT NULL, lineage INTEGER NOT NULL,
  off INTEGER NOT NULL, head BLOB NOT NULL, head_size INTEGER NOT NULL, tail BLOB NOT NULL, tail_size INTEGER NOT NULL,
  skipping INTEGER NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, dialect TEXT NOT NULL,
  state BLOB NOT NULL, gone INTEGER NOT NULL DEFAULT 0,
  events INTEGER NOT NULL DEFAULT 0, duplicates INTEGER NOT NULL DEFAULT 0, skipped INTEGER NOT NULL DEFAULT 0,
  rejects INTEGER NOT NULL DEFAULT 0, expired INTEGER NOT NULL DEFAULT 0, disagrees INTEGER NOT NULL DEFAULT 0,
  lost_bytes INTEGER NOT NULL DEFAULT 0,
  first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, last_change INTEGER, last_event INTEGER,
  error TEXT NOT NULL DEFAULT '') STRICT;
CREATE INDEX source_place ON source(dev, ino);
CREATE TABLE reject(                -- at most 100 a source; never the text
  source INTEGER NOT NULL, off INTEGER NOT NULL, length INTEGER NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY(source, off, reason)) WITHOUT ROWID, STRICT;
CREATE TABLE alert(
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL, severity TEXT NOT NULL, state TEXT NOT NULL,
  title TEXT NOT NULL, count INTEGER NOT NULL, since INTEGER NOT NULL, updated INTEGER NOT NULL,
  UNIQUE(kind, subject)) STRICT;
CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;
"""
# meta: watermark (events before it were pruned, ms) | pruned_run (of request: pruned so far; -1 done) | run (of
# request) | history (grows whenever a commit touches an hour before the newest, or before the front) | recent (grows
# whenever one touches the newest hour before its newest five minutes) | front (the hour
# of the clock, ms, kept once there are events of the future) | backlog (bytes known unread) | backfill (what backlog
# was when everything had been found) | caught_up (1: everything found at a start was read) | paths (JSON list) |
# prices (fingerprint) | prices_version | prices_date | places (JSON list of label, path) |
# dialects (fingerprint of what may claim a line)

INITIAL = SERIES + EVENTS + ROLLUPS + SOURCES

_zeros = ", ".join(f"{count} INTEGER NOT NULL DEFAULT 0" for count in (*COUNTS, "cost_logged"))

SECOND = f"""
ALTER TABLE source ADD COLUMN kind TEXT NOT NULL DEFAULT 'lines';
ALTER TABLE source ADD COLUMN unclaimed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE source ADD COLUMN lookalikes INTEGER NOT NULL DEFAULT 0;
CREATE TABLE reason(                -- how often a line of a source was invalid for this reason
  source INTEGER NOT NULL, reason TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY(source, reason)) WITHOUT ROWID, STRICT;
CREATE TABLE doubt(                 -- how many calls of a source may be doubted in this way: doubts.DOUBTS
  source INTEGER NOT NULL, name TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY(source, name)) WITHOUT ROWID, STRICT;
CREATE TABLE sighting(              -- where else a call was seen than in the line that counts, and what made it lose
  h INTEGER NOT NULL, source INTEGER NOT NULL, ts INTEGER NOT NULL, off INTEGER NOT NULL,
  tokens INTEGER NOT NULL, uid INTEGER, speed INTEGER, PRIMARY KEY(h, source, ts)) WITHOUT ROWID, STRICT;
CREATE TABLE running(               -- the largest running totals that were seen of something that only tells totals
  dialect TEXT NOT NULL, name TEXT NOT NULL, {_zeros}, PRIMARY KEY(dialect, name)) WITHOUT ROWID, STRICT;
CREATE TABLE allowance(             -- the newest news of each official limit: events.Limit
  dialect TEXT NOT NULL, plan TEXT NOT NULL, name TEXT NOT NULL, used REAL NOT NULL, minutes INTEGER,
  resets_at INTEGER, ts INTEGER NOT NULL, PRIMARY KEY(dialect, plan, name)) WITHOUT ROWID, STRICT;
"""
"""What version 2 added: more about where numbers come from, and official limits."""

COUNTED_BEFORE = "(counted before reasons were)"

SECOND_DATA = f"""
INSERT INTO reason(source, reason, n) SELECT id, '{COUNTED_BEFORE}', rejects FROM source WHERE rejects > 0;
INSERT INTO doubt(source, name, n) SELECT event.source, 'unpriced', count(*) FROM event
  WHERE event.series IN (SELECT id FROM series WHERE flags & {Flag.LOGGED | Flag.LISTED} = 0) GROUP BY event.source;
INSERT INTO doubt(source, name, n) SELECT event.source, 'assumed', count(*) FROM event
  WHERE event.series IN (SELECT id FROM series WHERE flags & {Flag.ASSUMED}) GROUP BY event.source;
"""
"""What version 1 already knew of it; its flags tell no other doubt."""
