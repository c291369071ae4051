"""The deliberate breakages: one promise each, broken by one small change, and where the tests are that must fail."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """The product with one promise broken."""

    broken: str
    """What does not hold any more."""
    file: str
    """Below `tokenmon/`."""
    old: str
    """What stands there now, once."""
    new: str
    """What stands there instead."""
    tests: tuple[str, ...]
    """Files below `tests/`, of which at least one test must fail."""


MUTANTS = (
    # exactly once
    Mutant(
        "an offset is stored only where nobody else moved it",
        "store/sources.py",
        "last_seen = ? WHERE id = ? AND off = ?",
        "last_seen = ? WHERE id = ? AND off >= 0 * ?",
        ("store/test_writer.py",),
    ),
    Mutant(
        "a source is moved only where nobody else added one",
        "store/sources.py",
        "if self._newest() != self._known:",
        "if False:",
        ("store/test_writer.py",),
    ),
    Mutant(
        "rows and offsets are stored in one transaction",
        "store/writer.py",
        "checkpoints = self._sources.advance(steps, now_ms)\n",
        'checkpoints = self._sources.advance(steps, now_ms)\n            self._connection.execute("COMMIT")\n'
        '            self._connection.execute("BEGIN IMMEDIATE")\n',
        ("store/test_writer.py",),
    ),
    Mutant(
        "what was cached from a transaction that failed is read again",
        "store/writer.py",
        "            for part in (self._series, self._sessions, self._requests):\n                part.load()\n",
        "            pass\n",
        ("store/test_writer.py",),
    ),
    Mutant(
        "hours that are not added up live are marked dirty",
        "store/writer.py",
        "            rollups.mark(self._connection, touched)\n",
        "            pass\n",
        ("store/test_rollups.py",),
    ),
    Mutant(
        "an hour that is dirty is not added to",
        "store/writer.py",
        "rollups.dirty_among(self._connection, touched)",
        "set()",
        ("store/test_rollups.py",),
    ),
    Mutant(
        "what came where the newest event gave way is shown to viewers",
        "store/writer.py",
        "recent = still is not None and min(outcome.oldest, self._still() or 0) < still",
        "recent = still is not None and outcome.oldest < still",
        ("store/test_echoes.py",),
    ),
    Mutant(
        "of several copies of a call the one with most tokens counts",
        "store/rewritten.py",
        "return row[UID] == CALL, total_of(row), row[SPEED], row[0], row[LINE]",
        "return row[UID] == CALL, 0, row[SPEED], row[0], row[LINE]",
        ("store/test_rewritten.py",),
    ),
    Mutant(
        "a replay never counts beside its call",
        "store/rewritten.py",
        "        best = _without_replays(best)\n",
        "        pass\n",
        ("store/test_rewritten.py",),
    ),
    Mutant(
        "the same place of two files is two calls",
        "events.py",
        "(lineage, offset, line)\n",
        "(0, offset, line)\n",
        ("tail/test_rotation.py", "ingest/test_files.py", "ingest/test_copies.py"),
    ),
    # files
    Mutant(
        "a file goes on only where its head is the same",
        "tail/identity.py",
        "if digest(source.content.first(known.head_size)) != known.head:",
        "if False:",
        ("tail/test_rotation.py", "tail/test_model.py"),
    ),
    Mutant(
        "a file goes on only where the bytes before the offset are the same",
        "tail/identity.py",
        "return digest(source.content.exact(start, known.tail_size, start)) == known.tail",
        "return source.content.exact(start, known.tail_size, start) is not None",
        ("tail/test_rotation.py",),
    ),
    Mutant(
        "lines are taken only together with the bytes that they follow",
        "tail/opened.py",
        "if lead and digest(view[:lead]) != before.tail:",
        "if False:",
        ("tail/test_pieces.py",),
    ),
    Mutant(
        "a last line without a newline waits until it rests",
        "tail/opened.py",
        "if not at_rest and not self.content.finished:",
        "if False:",
        ("tail/test_rotation.py", "tail/test_pieces.py"),
    ),
    Mutant(
        "a last line without a newline is taken only where it is complete",
        "tail/opened.py",
        "        if _is_complete(line):\n",
        "        if line:\n",
        ("tail/test_pieces.py",),
    ),
    Mutant(
        "a link is not followed when a file is opened",
        "tail/content.py",
        "os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC",
        "os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC",
        ("tail/test_roots.py",),
    ),
    Mutant(
        "a FIFO blocks nobody",
        "tail/content.py",
        "os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC",
        "os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC",
        ("tail/test_roots.py",),
    ),
    Mutant(
        "directories behind links are not walked",
        "tail/roots.py",
        "elif entry.is_dir(follow_symlinks=False) and entry.path not in self._excluded:",
        "elif entry.is_dir() and entry.path not in self._excluded:",
        ("tail/test_roots.py",),
    ),
    Mutant(
        "at most a hundred invalid lines of a source are kept",
        "store/sources.py",
        "(SELECT count(*) FROM reject WHERE source = ?1) < {MOST_REJECTS}",
        "(SELECT count(*) FROM reject WHERE source = ?1) < 1000 * {MOST_REJECTS}",
        ("store/test_writer.py",),
    ),
    # processes
    Mutant(
        "one process ingests, the others wait",
        "store/lock.py",
        "    except BlockingIOError:\n        return False\n",
        "    except BlockingIOError:\n        return True\n",
        ("store/test_lock.py",),
    ),
    Mutant(
        "a lock on a file that was removed is none",
        "store/lock.py",
        "return leads_to(self._path, os.fstat(self._descriptor))",
        "return True",
        ("store/test_lock.py",),
    ),
    Mutant(
        "a signal only notes that it came, and the batch is finished",
        "headless.py",
        "        arrived.append(number)\n",
        "        raise SystemExit(128 + number)\n",
        ("ingest/test_running.py",),
    ),
    Mutant(
        "an ingester ends with the screen that started it",
        "headless.py",
        "(parent != 0 and os.getppid() != parent)",
        "(parent != 0 and False)",
        ("ingest/test_running.py",),
    ),
    Mutant(
        "a database that was removed or replaced is noticed",
        "ingest/service.py",
        "if not self._writer.is_still_there():",
        "if False:",
        ("errors/test_table.py",),
    ),
    Mutant(
        "a newer tokenmon's database is refused",
        "store/migrations.py",
        "    if version > VERSION:\n",
        "    if version > 10 * VERSION + 10_000:\n",
        ("store/test_migrations.py", "store/test_opening.py"),
    ),
    Mutant(
        "what somebody else migrated is not migrated again",
        "store/migrations.py",
        "            if version < VERSION:  # still",
        "            if True:  # still",
        ("store/test_migrations.py",),
    ),
    # strangers
    Mutant(
        "a name is harmless before it is stored",
        "text.py",
        "hide_secrets(sanitise(text))",
        "hide_secrets(text)",
        ("store/test_names.py", "dialects"),
    ),
    Mutant(
        "a name is harmless again when it is shown",
        "store/catalogue.py",
        "harmless = cache(sanitise)",
        "harmless = cache(str)",
        ("store/test_names.py", "store/test_reader.py"),
    ),
    Mutant(
        "a table prints nothing that a terminal obeys",
        "report/output.py",
        "body = [[sanitise(cell) for cell in row]",
        "body = [[cell for cell in row]",
        ("report/test_output.py",),
    ),
    Mutant(
        "a key's secret is stored as a fingerprint",
        "text.py",
        'return "key-" + hashlib.blake2b(',
        "return secret + hashlib.blake2b(",
        ("test_text_secrets.py",),
    ),
    Mutant(
        "no cell of CSV is a formula",
        "exact.py",
        """return f"'{value}" if""",
        "return value if",
        ("report/test_output.py", "ui/test_tables.py", "test_cli_end_to_end.py"),
    ),
    Mutant(
        "a database is its owner's alone",
        "store/files.py",
        "os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)",
        "os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)",
        ("test_cli_end_to_end.py",),
    ),
    Mutant(
        "what is typed into the search is quoted",
        "store/search.py",
        """f'{columns}"{term.text}"' +""",
        """f"{columns}{term.text}" +""",
        ("store/test_search.py",),
    ),
)
