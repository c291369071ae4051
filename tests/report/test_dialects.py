"""`tokenmon dialects` lists what is read and from where; with `--try` it shows what a file's lines become, and why."""

import gzip
import json
from pathlib import Path
from typing import Any

from tests.command import Done, python, tokenmon
from tests.dialects.samples import SAMPLES, line
from tests.ingest.ingesting import native, natives
from tokenmon.dialects import DIALECTS

CONFIG = """\
[formats.acme]
label = "Acme's gateway"
places = ["~/acme"]
when = { kind = "llm_call" }
time = { path = "finished", unit = "s" }
provider = { value = "openai" }
model = "request.model"
input = "tokens.in"
output = "tokens.out"
cache_read = "tokens.cached"
cache = "included"
cost = { path = "bill.amount", unit = "cents" }
id = "call"
key_name = "key.name"
latency = { path = "took", unit = "s" }
"""

CALL: dict[str, Any] = {
    "kind": "llm_call",
    "finished": 1789376403.5,
    "request": {"model": "gpt-5"},
    "tokens": {"in": 6600, "out": 500, "cached": 5000},
    "bill": {"amount": 1.23},
    "call": "c-77",
    "key": {"name": "ci"},
    "took": 3.25,
}


def written(home: Path, *lines: bytes, config: str = CONFIG) -> Path:
    """A file of these lines beside a configuration."""
    place = home / ".config" / "tokenmon"
    place.mkdir(parents=True, exist_ok=True)
    (place / "config.toml").write_text(config)
    path = home / "a.jsonl"
    path.write_bytes(b"".join(each + b"\n" for each in lines))
    return path


def tried(home: Path, *words: str) -> Any:
    done = tokenmon(home, "dialects", "--try", *words, "--json")
    assert (done.code, done.err) == (0, "")
    return json.loads(done.out)


def fits(done: Done) -> bool:
    return done.code == 0 and all(len(text) <= 80 for text in done.out.splitlines())


# -- the list


def test_all_dialects_are_listed_with_what_is_found(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "acme").mkdir()
    (tmp_path / ".claude" / "projects").mkdir(parents=True)
    done = tokenmon(tmp_path, "dialects")
    assert fits(done)
    assert [name.split()[0] for name in done.out.splitlines() if name[:1] not in ("", " ")][: len(DIALECTS) + 1] == [
        "acme",
        *(dialect.name for dialect in DIALECTS),
    ]
    assert "  described by ~/.config/tokenmon/config.toml line 1\n  found     ~/acme\n" in done.out
    assert "  found     ~/.claude/projects\n  not found ~/.config/claude/projects\n" in done.out
    listed = {each["name"]: each for each in json.loads(tokenmon(tmp_path, "dialects", "--json").out)["dialects"]}
    assert listed["acme"]["producer"] == "Acme's gateway"
    assert listed["acme"]["places"] == [{"path": str(tmp_path / "acme"), "found": True}]
    assert (listed["claude-code"]["state"], listed["codex"]["state"]) == ("found", "not found")


def test_every_dialect_is_called_what_people_call_it(tmp_path: Path) -> None:
    done = tokenmon(tmp_path, "dialects", "--json")
    producers = {each["name"]: each["producer"] for each in json.loads(done.out)["dialects"]}
    assert all(producers.values())
    assert producers["litellm"] == "LiteLLM"
    assert producers["cline"] == "Cline, Roo Code, Kilo Code"
    assert fits(tokenmon(tmp_path, "dialects"))


def test_a_place_that_is_a_file_is_found(tmp_path: Path) -> None:
    database = tmp_path / ".local" / "share" / "opencode" / "opencode.db"
    database.parent.mkdir(parents=True)
    database.write_bytes(b"")
    assert "  found     ~/.local/share/opencode/opencode.db\n" in tokenmon(tmp_path, "dialects").out


def test_what_is_left_out_says_by_whom(tmp_path: Path) -> None:
    written(tmp_path, config='without = ["codex"]\n')
    (tmp_path / ".codex" / "sessions").mkdir(parents=True)
    done = tokenmon(tmp_path, "dialects")
    assert "  left out by ~/.config/tokenmon/config.toml line 1\n  left out  ~/.codex/sessions\n" in done.out
    (codex,) = [
        each for each in json.loads(tokenmon(tmp_path, "dialects", "--json").out)["dialects"] if each["name"] == "codex"
    ]
    assert codex["state"] == "left out"


# -- one file


def test_each_line_says_what_it_became_and_why(tmp_path: Path) -> None:
    bad = CALL | {"tokens": {"in": -1}, "prompt": "sk-ant-" + "a" * 40, "note": "\x1b[31mred"}
    unpriced = {"kind": "llm_call", "finished": 1789376409.5, "request": {"model": "acme-9"}, "tokens": {"in": 6}}
    lines = (b"words", line({"kind": "start"}), line(CALL), line(CALL), line(bad), b"", line(unpriced))
    path = written(tmp_path, *lines)
    done = tokenmon(tmp_path, "dialects", "--try", str(path))
    assert fits(done)
    assert "A file of the dialect acme (Acme's gateway): line 3 decides." in done.out
    for told in (
        "      1  invalid: line is not a JSON object\n         words\n",
        '      2  skipped: kind is not "llm_call"\n',
        "      3  call  openai/gpt-5, 2026-09-14 09:00:03\n",
        "         7,100 tokens: input 1,600, cache read 5,000, output 500\n",
        "         cost $0.0123 logged, $0.007625 list price as openai/gpt-5\n",
        "         integration acme, key name ci, id c-77, latency 3,250 ms\n",
        "         the same call as line 3, counted once\n",
        "      5  invalid: tokens.in is negative\n",
        "      7  call  openai/acme-9, 2026-09-14 09:00:09\n         6 tokens: input 6, output 0\n",
        "         cost unknown: there is no price for it\n",
        "6 lines: 2 calls, 1 skipped, 2 invalid. Nothing was stored.",
        "A changed mapping counts for new lines",
    ):
        assert told in done.out
    assert "sk-ant-a" not in done.out
    assert "\x1b" not in done.out
    assert not (tmp_path / ".local").exists()


def test_what_nobody_reads_names_the_fields_and_what_is_missing(tmp_path: Path) -> None:
    path = written(tmp_path, line({"level": "info", "llm": {"usage": {"in": 5, "out": 7}}}), line({"kind": "x"}))
    done = tokenmon(tmp_path, "dialects", "--try", str(path))
    assert fits(done)
    assert "No dialect claims any of these lines." in done.out
    assert "1  unclaimed, but looks like usage: llm.usage.in, llm.usage.out\n" in done.out
    assert "         not acme: kind is missing\n" in done.out
    assert '2  unclaimed\n         not acme: kind is not "llm_call"\n' in done.out
    assert "[formats.NAME]" in done.out


def test_one_dialect_may_be_tried_alone(tmp_path: Path) -> None:
    path = written(tmp_path, line(CALL), native(1).rstrip())
    assert tried(tmp_path, str(path))["dialect"] == "acme"
    alone = tried(tmp_path, str(path), "--format", "native")
    assert (alone["dialect"], alone["decided_by_line"]) == ("native", 2)
    assert [each["outcome"] for each in alone["lines"]] == ["invalid", "event"]
    wrong = tokenmon(tmp_path, "dialects", "--try", str(path), "--format", "nativ")
    assert (wrong.code, "no dialect 'nativ'" in wrong.err) == (64, True)


TRY_ALL = """
import sys
from tokenmon.cli import main
for path in sys.argv[1:]:
    for more in (["--json"], []):
        main(["dialects", "--try", path, "--limit", "0", *more])
        print(end=chr(30))
"""
"""Many files in one process."""


def test_every_dialect_is_told_by_its_lines(tmp_path: Path) -> None:
    written(tmp_path)
    files = {name: tmp_path / f"{name}.jsonl" for name in SAMPLES}
    for name, path in files.items():
        path.write_bytes(b"".join(line(record) + b"\n" for record in SAMPLES[name]))
    done = python(tmp_path, TRY_ALL, *map(str, files.values()))
    assert (done.code, done.err) == (0, "")
    answers = done.out.split(chr(30))
    for name, found, plain in zip(files, map(json.loads, answers[:-1:2]), answers[1::2], strict=True):
        assert found["dialect"] == name
        assert {"event", "limit"} & set(found["outcomes"]), name
        assert "unclaimed" not in found["outcomes"], name
        assert f" dialect {name}" in " ".join(plain.split())
        assert fits(Done(0, plain, "")), name


def test_long_paths_and_values_fit_and_none_of_them_is_cut(tmp_path: Path) -> None:
    deep = tmp_path / ("a-directory-of-a-long-name-" * 5) / ("and-another-one-" * 3)
    written(tmp_path)
    deep.mkdir(parents=True)
    long = "c-" + "0123456789" * 9
    (deep / "a.jsonl").write_bytes(line(CALL | {"call": long}) + b"\n")
    done = tokenmon(tmp_path, "dialects", "--try", str(deep / "a.jsonl"))
    assert fits(done)
    assert str(deep / "a.jsonl") in done.out.replace("\n", "")
    assert long in "".join(text.strip() for text in done.out.splitlines())


def test_twenty_lines_are_tried_and_more_where_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_bytes(natives(range(50)))
    done = tokenmon(tmp_path, "dialects", "--try", str(path))
    assert "20 lines: 20 calls. Nothing was stored. There is more: --limit 100 tries" in done.out
    assert len(tried(tmp_path, str(path), "--limit", "0")["lines"]) == 50
    assert len(tried(tmp_path, str(path), "--limit", "3")["lines"]) == 3
    assert tokenmon(tmp_path, "dialects", "--limit", "3").code == 64


def test_an_archive_and_a_link_are_tried_like_a_plain_file(tmp_path: Path) -> None:
    path = written(tmp_path, line(CALL))
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(path.read_bytes()))
    (tmp_path / "link").symlink_to(path)
    plain = tried(tmp_path, str(path))["lines"]
    assert tried(tmp_path, str(tmp_path / "a.jsonl.gz"))["lines"] == plain
    assert tried(tmp_path, str(tmp_path / "link"))["lines"] == plain


def test_a_record_over_several_lines_is_one_document(tmp_path: Path) -> None:
    path = written(tmp_path).with_suffix(".json")
    path.write_text(json.dumps(CALL, indent=2) + "\n")
    found = tried(tmp_path, str(path))
    assert (found["document"], [each["outcome"] for each in found["lines"]]) == (True, ["event"])


def test_an_unfinished_line_and_one_too_long_are_told(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_bytes(native(1) + native(2, pad="x" * 600_000) + native(3) + b'{"ts":')
    found = tried(tmp_path, str(path))
    assert [(each["line"], each["outcome"], each["reason"]) for each in found["lines"]] == [
        (1, "event", None),
        (2, "invalid", "line longer than 512 KiB"),
        (3, "event", None),
        (4, "invalid", "the last line was never finished"),
    ]


def test_what_cannot_be_tried_is_one_line_and_an_exit_code(tmp_path: Path) -> None:
    written(tmp_path)
    missing = tokenmon(tmp_path, "dialects", "--try", "nowhere.jsonl")
    assert (missing.code, missing.err) == (66, "tokenmon: there is no file nowhere.jsonl\n")
    directory = tokenmon(tmp_path, "dialects", "--try", ".")
    assert (directory.code, "name one of the files in it" in directory.err) == (1, True)
    written(tmp_path, config=CONFIG.replace("model =", "modle ="))
    wrong = tokenmon(tmp_path, "dialects")
    assert (wrong.code, "line 7: formats.acme.modle is no field (did you mean model?)" in wrong.err) == (78, True)
    assert tokenmon(tmp_path, "report").code == 78
