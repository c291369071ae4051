"""How the Health page is written: every section's lines, in the order of the page."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.cells import cell_len
from rich.text import Text

from tokenmon import limits
from tokenmon.settings import config_dir
from tokenmon.store.answers import AlertRow, DialectHealth, Health, SourceHealth
from tokenmon.text import many
from tokenmon.ui import formatting
from tokenmon.ui.look import Look
from tokenmon.ui.panels.entries import FINE, Entries, more
from tokenmon.ui.panels.limits import painted
from tokenmon.ui.widgets.bars import sparkline
from tokenmon.ui.widgets.lines import flowed, wrapped
from tokenmon.ui.widgets.page import Part
from tokenmon.wanted import wanted

SOURCES = 200
"""Sources that are listed, those that are not fine first."""

NAME = 44
"""Cells of a dialect's name with its sources: further off, counts would not be seen to be its own."""

EXCERPT = 180
"""Characters of an invalid line that are shown."""


@dataclass(frozen=True)
class Terminal:
    """What the screen is shown on."""

    width: int
    height: int
    colours: str
    """As rich calls the depth: `truecolor`, `256`, `standard`."""


BINS = 12
"""Of the course of the last hour."""


@dataclass(frozen=True)
class Pace:
    """How many events came in the hour up to the newest one, so that it stands still while nothing comes."""

    until: int
    """When the hour ends, UTC milliseconds."""
    counts: tuple[int, ...]
    """One per bin."""

    @property
    def spelled(self) -> str:
        """The mean, by the shortest time that has at least one."""
        total = sum(self.counts)
        for events, unit in ((total / 3_600, "second"), (total / 60, "minute")):
            if events >= 1:
                return f"{events:,.1f} events a {unit}"
        return many(total, "event")


@dataclass(frozen=True)
class Sections:
    """Writes every section in `width` columns."""

    look: Look
    now: int
    width: int

    def all(self, health: Health, pace: Pace | None, entries: Entries, terminal: Terminal) -> list[Part]:
        """The whole page."""
        sections = (
            self._alerts(entries, is_behind=health.backlog_bytes > 0),
            *([self._limits(entries)] if entries.limits else []),
            self._ingest(health, pace),
            self._quality(entries),
            self._sources(entries, health.sources_total, health.sources_total - len(health.sources)),
            self._rejects(entries, sum(source.rejects for source in health.sources)),
            self._unpriced(entries, is_behind=health.backlog_bytes > 0),
            self._store(health),
            self._terminal(terminal),
        )
        parts: list[Part] = []
        for section in sections:
            parts += [*([Part("", (Text(""),))] if parts else []), *section]
        return parts

    # -- lines

    def _head(self, title: str, note: str = "") -> Part:
        head = Text("").append(f" {title}", f"bold {self.look.palette.text}")
        return Part("", (head.append(f"  {note}" if note else "", self.look.palette.muted),))

    def _heads(self, name: str, width: int, rest: str) -> Part:
        """Headings of a table, the first of them in `width` cells."""
        return Part("", (Text(f"    {self.look.fit(name, width)}{rest}", self.look.palette.muted),))

    def _lines(self, text: str, style: str | None = None, *, indent: int = 4) -> tuple[Text, ...]:
        """Words in as many lines as they take."""
        style = self.look.palette.muted if style is None else style
        return tuple(Text(" " * indent + part, style) for part in wrapped(text, self.width - indent))

    def _said(self, key: str, text: str, style: str | None = None) -> Part:
        return Part(key, self._lines(text, style))

    def _listed(self, key: str, *facts: str) -> Part:
        lines = flowed(facts, self.width - 4, f" {self.look.glyphs.dot} ")
        return Part(key, tuple(Text("    " + line, self.look.palette.muted) for line in lines))

    # -- sections

    def _alerts(self, entries: Entries, *, is_behind: bool) -> Iterator[Part]:
        unseen = [alert for key, alert in entries.alerts.items() if key not in entries.seen]
        firing = sum(alert.state == "firing" for alert in unseen)
        seen = len(entries.alerts) - len(unseen)
        counts = (
            f"{firing} firing" if firing else "none firing",
            f"{len(unseen) - firing} info" if len(unseen) > firing else "",
            f"{seen} acknowledged" if seen else "",
        )
        yield self._head("ALERTS", ", ".join(filter(None, counts)))
        folds = {keys[0]: (fold, keys) for fold, keys in entries.folded.items()}
        away = frozenset(key for _, keys in folds.values() for key in keys)
        for key, alert in entries.alerts.items():
            if key in folds:
                fold, keys = folds[key]
                told = f"{len(keys):,} more of these; Enter lists them"
                yield Part(fold, self._told(*self._weight(alert, seen=False), alert.kind, told, ""))
            elif key not in away:
                yield Part(key, self._alert(alert, key in entries.seen))
        if is_behind and entries.fine:
            yield self._said("rules", "what else may be wrong is known when everything is read")
            return
        glyphs, good = self.look.glyphs, self.look.palette.good
        if entries.holds_rules_back:
            count = f"{len(entries.fine)} rules"
            told = f"no {'other ' if entries.alerts else ''}trouble; Enter lists them"
            yield Part(more(FINE), self._told(glyphs.ok, "OK", good, count, told, glyphs.dash))
            return
        for kind, fine in entries.fine:
            yield Part(f"rule {kind}", self._told(glyphs.ok, "OK", good, kind, fine, glyphs.dash))

    def _alert(self, alert: AlertRow, seen: bool) -> tuple[Text, ...]:
        since = formatting.day_or_time(alert.since, self.look.zone, self.now)
        return self._told(*self._weight(alert, seen=seen), alert.kind, self.look.name(formatting.alert(alert)), since)

    def _weight(self, alert: AlertRow, *, seen: bool) -> tuple[str, str, str]:
        """Glyph, word and style of what an alert means for who looks."""
        glyphs, palette = self.look.glyphs, self.look.palette
        if seen:
            return glyphs.same, "ACK", palette.muted
        if alert.state == "firing":
            return glyphs.up, "FIRING", palette.bad if alert.severity == "critical" else palette.warn
        return "i", "INFO", palette.primary

    def _told(self, glyph: str, word: str, style: str, kind: str, told: str, since: str) -> tuple[Text, ...]:
        """What is told in as many lines as it takes, with the time since when at the right of the first."""
        palette = self.look.palette
        kinds = 16 if self.width >= 76 else 0
        indent = 11 + kinds
        room = self.width - indent - 9
        first, *rest = wrapped(told, max(8, room))
        line = Text(f"  {glyph:<2}{word:<7}", style).append_text(
            self.look.label(self.look.name(kind), kinds, palette.muted)
        )
        line.append_text(self.look.label(first, room)).append(since.rjust(8), palette.muted)
        return line, *(Text(" " * indent + part, palette.text) for part in rest)

    def _limits(self, entries: Entries) -> Iterator[Part]:
        yield self._head("LIMITS", "official, as they were last told")
        is_marked = any(limit.used >= 100 for limit in entries.limits.values())
        titles = {key: limits.title(limit) for key, limit in entries.limits.items()}
        width = min(max(map(len, titles.values())), max(8, self.width - 46))
        for key, limit in entries.limits.items():
            name = Text("    ").append_text(self.look.label(self.look.name(titles[key]), width))
            told = " until " if is_marked and limit.used < 100 else "until "
            line = painted(limit, self.look, self.now, name, told=told)
            told = f"told {formatting.day_or_time(limit.ts, self.look.zone, self.now)}"
            notes = (f"  ({self.look.name(limit.plan)}, {told})", f"  ({told})")[not limit.plan :]
            note = next((note for note in notes if line.cell_len + cell_len(note) <= self.width), "")
            yield Part(key, (line.append(note, self.look.palette.muted),))

    def _ingest(self, health: Health, pace: Pace | None) -> Iterator[Part]:
        palette = self.look.palette
        pid = health.ingester_pid
        yield self._head("INGEST", "nobody ingests at this moment" if pid is None else f"process {pid}")
        if health.ingester_alive_at is not None and health.ingester_hangs(self.now):
            since = formatting.moment(health.ingester_alive_at, self.look.zone, self.now)
            yield self._said("ingester", f"it gave no sign of life since {since}", palette.bad)
        if health.held_up:
            why = self.look.name(health.held_up)
            yield self._said("held up", f"paused, nothing is stored: {why}", palette.bad)
        if pace is not None:
            until = formatting.moment(pace.until, self.look.zone, self.now)
            course = Text("").append(f"    {sparkline(pace.counts, self.look.glyphs)}  ", palette.primary)
            yield Part("pace", (course.append(f"{pace.spelled} in the hour to {until}", palette.muted),))
        backlog = health.backlog_bytes
        behind = f"{formatting.data_size(backlog)} known and not read yet" if backlog else "everything known is read"
        yield self._said("backlog", behind, palette.warn if backlog else None)
        for label, path in health.places:
            yield self._said(f"place {path}", f"found {self.look.name(label)}: {self._short(path)}")

    def _sources(self, entries: Entries, total: int, unread: int) -> Iterator[Part]:
        yield self._head("SOURCES", many(total, "log file"))
        if not entries.sources:
            return
        columns = self._columns
        heads = "".join(f" {head:{'<' if head == 'DIALECT' else '>'}{width}}" for head, width in columns.items())
        path_width = self.width - 4 - len(heads)
        yield self._heads("SOURCE", path_width, heads)
        for key, source in list(entries.sources.items())[:SOURCES]:
            yield Part(key, tuple(self._source(source, columns, path_width)))
        if total > SOURCES:
            yield self._said(
                "more sources", f"and {total - min(len(entries.sources), SOURCES):,} more; a search narrows them"
            )

    @property
    def _columns(self) -> dict[str, int]:
        """Headings and widths of the columns beside a source's path, as many as fit."""
        wide, usual = self.width >= 98, self.width >= 76
        return {
            "STATE": 6,
            **({"DIALECT": 18 if self.width >= 118 else 14, "SIZE": 7} if wide else {}),
            "BEHIND": 7,
            "EVENTS": 6,
            "INVALID": 7,
            **({"COPIES": 6} if wide else {}),
            **({"LAST": 7} if usual else {}),
        }

    def _source(self, source: SourceHealth, columns: Mapping[str, int], path_width: int) -> Iterator[Text]:
        palette = self.look.palette
        state = "gone" if source.gone else source.state(self.now)
        glyph, style = {
            "failed": (self.look.glyphs.error, palette.bad),
            "late": (self.look.glyphs.up, palette.warn),
            "gone": (self.look.glyphs.dash, palette.muted),
        }.get(state, (self.look.glyphs.live, palette.good))
        behind = max(0, source.size - source.offset)
        values = {
            "STATE": (state, style),
            "DIALECT": (
                self.look.fit(self.look.name(source.dialect, "not known yet"), columns.get("DIALECT", 0)),
                palette.muted,
            ),
            "SIZE": (formatting.data_size(source.size), palette.muted),
            "BEHIND": (formatting.data_size(behind) if behind else "0", palette.warn if behind else palette.muted),
            "EVENTS": (formatting.count(source.events), palette.text),
            "INVALID": (formatting.count(source.rejects), palette.bad if source.rejects else palette.muted),
            "COPIES": (formatting.count(source.duplicates), palette.muted),
            "LAST": (formatting.day_or_time(source.last_event, self.look.zone, self.now), palette.muted),
        }
        line = Text("").append(f"  {glyph:<2}", style).append_text(self._path(source.path, path_width))
        for head, width in columns.items():
            value, colour = values[head]
            line.append(f" {value:>{width}}", colour)
        yield line
        if source.error:
            yield from self._lines(self.look.name(source.error), palette.bad, indent=6)

    def _short(self, path: str) -> str:
        """A path with `~` for the home directory."""
        shown, home = self.look.name(path), os.path.expanduser("~")
        return "~" + shown.removeprefix(home) if shown.startswith(home + "/") else shown

    def _path(self, path: str, width: int) -> Text:
        """A path loses its beginning first, because its end tells files apart."""
        shown = self._short(path)
        if len(shown) > width:
            shown = self.look.glyphs.ellipsis + shown[-(width - 1) :]
        return self.look.label(shown, width)

    def _quality(self, entries: Entries) -> Iterator[Part]:
        """What became of the lines of each dialect, why lines are invalid where that is opened, what is in doubt."""
        yield self._head("QUALITY", "Enter shows why lines are invalid, and the calls that may be doubted")
        if not entries.dialects:
            return
        heads = {"EVENTS": 7, "SKIPPED": 7, "INVALID": 7, "COPIES": 7}
        name_width = min(NAME, self.width - 4 - sum(width + 1 for width in heads.values()))
        head = "".join(f" {each:>{width}}" for each, width in heads.items())
        yield self._heads("DIALECT", name_width, head)
        for key, dialect in entries.dialects.items():
            tallies = (dialect.events, dialect.skipped, dialect.rejects, dialect.duplicates)
            yield Part(key, (self._dialect(dialect, tallies, heads, name_width), *self._reasons(key, dialect, entries)))
            for each, doubted in entries.doubted.items():
                if doubted.dialect == dialect.dialect:
                    palette = self.look.palette
                    name = f"      {formatting.count(doubted.calls):>5} {doubted.doubt.name:<11}"
                    line = Text("").append(name, palette.text)
                    told = self.look.label(doubted.doubt.told, self.width - line.cell_len, palette.muted)
                    yield Part(each, (line.append_text(told),))

    def _dialect(
        self, dialect: DialectHealth, tallies: tuple[int, ...], heads: Mapping[str, int], name_width: int
    ) -> Text:
        palette = self.look.palette
        sources = many(dialect.sources, "source")
        line = (
            Text("")
            .append("    ")
            .append_text(self.look.label(f"{self.look.name(dialect.dialect, 'not known yet')}, {sources}", name_width))
        )
        for (head, width), count in zip(heads.items(), tallies, strict=True):
            style = palette.bad if head == "INVALID" and count else palette.text if head == "EVENTS" else palette.muted
            line.append(f" {formatting.count(count):>{width}}", style)
        return line

    def _reasons(self, key: str, dialect: DialectHealth, entries: Entries) -> Iterator[Text]:
        """Why lines were invalid, the most frequent first, where that was asked for."""
        if key in entries.opened:
            for reason, count in dialect.reasons:
                told = f"{formatting.count(count):>5} {self.look.name(reason)}"
                yield from self._lines(told, self.look.palette.text, indent=6)
            if not dialect.reasons:
                yield from self._lines("no line was invalid", indent=6)

    def _rejects(self, entries: Entries, total: int) -> Iterator[Part]:
        note = f"{total:,}, the newest first; Enter shows what a line holds" if total else "none"
        yield self._head("INVALID LINES", note)
        for key, reject in entries.rejects.items():
            when = formatting.moment(reject.at, self.look.zone, self.now)
            line = Text("").append(f"    {when:<12}  ", self.look.palette.muted)
            place = f" at byte {reject.offset:,}"
            line.append_text(self._path(reject.source_path, max(12, self.width - line.cell_len - len(place))))
            line.append(place, self.look.palette.muted)
            reason = self._lines(self.look.name(reject.reason), self.look.palette.text, indent=6)
            excerpt = entries.excerpts.get(key)
            shown = () if excerpt is None else self._lines(excerpt, self.look.palette.muted, indent=6)
            yield Part(key, (line, *reason, *shown))

    def _unpriced(self, entries: Entries, *, is_behind: bool) -> Iterator[Part]:
        none = "none so far" if is_behind else "none"
        yield self._head("WITHOUT A PRICE", "their cost is unknown, not 0" if entries.unpriced else none)
        if entries.unpriced:
            place = self._short(str(config_dir(os.environ, Path.home()) / "prices.toml"))
            yield Part("", self._lines(f"y copies what gives a model a price; fill it in and put it into {place}"))
        for key, model in entries.unpriced.items():
            palette, glyphs = self.look.palette, self.look.glyphs
            tokens = f"{many(model.requests, 'request')}, {formatting.count(model.total)} tokens"
            whose = f" of {self.look.name(model.provider)}" if model.provider else ""
            head = f"{glyphs.unknown} {self.look.name(model.model)}{whose}: {tokens}"
            entry = wanted(model.model, model.provider, model.tier)
            lines = (self.look.label(" " * 8 + text, self.width, palette.muted) for text in entry)
            yield Part(key, (*self._lines(head, palette.text), *lines))

    def _store(self, health: Health) -> Iterator[Part]:
        yield self._head("STORE")
        yield self._said("database", self._short(health.path))
        size, events = formatting.data_size(health.size_bytes), many(health.events, "event")
        yield self._listed("counts", size, events, f"{health.series:,} series", f"schema {health.schema_version}")
        if health.dirty_hours:
            yield self._said("dirty", f"{many(health.dirty_hours, 'hour')} waiting for their roll-ups")
        if health.watermark is not None:
            moment = formatting.moment(health.watermark, self.look.zone, self.now)
            yield self._said("watermark", f"events before {moment} are roll-ups only")
        if health.prices_version:
            version, date = self.look.name(health.prices_version), self.look.name(health.prices_date)
            yield self._said("prices", f"list prices: genai-prices {version} of {date}")

    def _terminal(self, terminal: Terminal) -> Iterator[Part]:
        yield self._head("THIS TERMINAL")
        palette = self.look.palette
        glyphs = "unicode" if self.look.glyphs.block == "█" else "ascii"
        colours = terminal.colours if palette.coloured else "none"
        yield self._listed(
            "terminal",
            f"{terminal.width}x{terminal.height}",
            f"colours: {colours}",
            f"glyphs: {glyphs}",
            f"theme: {palette.theme}",
            f"zone: {self.look.zone}",
        )
