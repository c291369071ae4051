"""Large trees of logs, written as fast as memory can be copied: what the bench reads.

Claude Code's is shaped like measured trees (performance.md): 309 files a gigabyte, 213 lines a megabyte, of which 38
in 100 carry usage; every message that repeats does so within its file, 1.25 lines a message. Codex's has the same
files and text, with one counter after every few messages, a quarter of them written again. LiteLLM's payloads hold
the conversation, and every one is a call.
"""

from collections.abc import Callable
from pathlib import Path
from random import Random

from tokenmon.sample.generator import Stamps
from tokenmon.sample.ledger import Book, SampleLedger
from tokenmon.sample.logs import Logs

FileWriter = Callable[[int, int, int, Random, Logs, Book, Stamps], None]
"""Writes file `number` of `size` bytes from an instant, UTC milliseconds, on."""

NOW_MS = 1_795_200_000_000

MODELS: tuple[bytes, ...] = (b"claude-sonnet-4-5-20250929", b"claude-opus-4-8", b"claude-haiku-4-5-20251001")

FILE_BYTES = 3_250_000
USAGE_SHARE = 0.385
REPEATED = 0.25
"""Part of the messages that are written twice."""
RESULT_BYTES = 6_900
"""Typical length of a line without usage."""

_HEAD = (
    b'{"parentUuid":"0a1b2c3d","isSidechain":false,"userType":"external","cwd":"/home/dev/p%03d","sessionId":"s-%03d",'
)
_USAGE = (
    b'"version":"2.1.14","type":"assistant","message":{"id":"msg_%d_%d","type":"message","role":"assistant","model":"%s",'
    b'"content":[{"type":"text","text":"%s"}],"stop_reason":"tool_use","usage":{"input_tokens":%d,'
    b'"cache_creation_input_tokens":%d,"cache_read_input_tokens":%d,"cache_creation":{"ephemeral_5m_input_tokens":%d,'
    b'"ephemeral_1h_input_tokens":0},"output_tokens":%d,"service_tier":"standard"}},"requestId":"req_%d_%d",'
    b'"uuid":"u-%d-%d","timestamp":"%s"}\n'
)
_RESULT = (
    b'"version":"2.1.14","type":"user","message":{"role":"user","content":[{"type":"tool_result","content":"%s"}]},'
    b'"uuid":"u-%d-%d","timestamp":"%s"}\n'
)
_UNIT = rb"def render(self, rows):\n    for row in rows:\n        yield \"\".join(cell.text for cell in row)\n"
_TEXT = _UNIT * 1_300


def big_claude_tree(directory: Path, size: int, *, seed: int = 7, now_ms: int = NOW_MS) -> SampleLedger:
    """Write about `size` bytes of transcripts below `directory`, over the 60 days before `now_ms`."""
    return _tree("claude-code", _session, directory, size, seed, now_ms)


def _tree(dialect: str, write: FileWriter, directory: Path, size: int, seed: int, now_ms: int) -> SampleLedger:
    """As many files as that makes, each beginning where the one before it may end."""
    random, logs, book, stamp = Random(seed), Logs(directory), Book(), Stamps()
    files = max(1, round(size / FILE_BYTES))
    span = 60 * 86_400_000 // files
    for number in range(files):
        write(number, now_ms - (files - number) * span, size // files, random, logs, book, stamp)
    logs.flush()
    return SampleLedger({dialect: book.models}, 0, logs.size)


def _session(number: int, began: int, size: int, random: Random, logs: Logs, book: Book, stamp: Stamps) -> None:
    """One session of `size` bytes from `began`, UTC milliseconds, on."""
    path = f"projects/-home-dev-p{number % 40:03}/s-{number:03}.jsonl"
    head = _HEAD % (number % 40, number)
    at, written, line, context = began, 0, 0, 12_000
    model = MODELS[number % len(MODELS)]
    sums = book.of(model.decode())
    chance = random.random
    while written < size:
        line += 1
        at += int(1_000 + chance() * 9_000)
        if chance() < USAGE_SHARE / (1 + REPEATED):
            plain, cached, output = int(chance() * 20), int(chance() * 9_000), 20 + int(chance() * 1_900)
            sums.add(plain, context, cached, 0, output, 0)
            copies = (9, output) if chance() < REPEATED else (output,)
            for shown in copies:
                text = _TEXT[: _whole(int(chance() * 900))]
                data = head + _USAGE % (
                    number, line, model, text, plain, cached, context, cached, shown,
                    number, line, number, line, stamp(at),
                )  # fmt: skip
                logs.append(path, data)
                written += len(data)
                at += 900
            context = 12_000 if context > 150_000 else context + cached // 8
        else:
            start = _whole(int(chance() * 60_000))
            length = int(RESULT_BYTES * 2 * chance())
            data = head + _RESULT % (_TEXT[start : _whole(start + length)], number, line, stamp(at))
            logs.append(path, data)
            written += len(data)


_META = (
    b'{"timestamp":"%s","type":"session_meta","payload":{"id":"t-%04d","timestamp":"%s","cwd":"/home/dev/p%03d",'
    b'"originator":"codex_cli_rs","cli_version":"0.142.0","instructions":"%s"}}\n'
)
_CONTEXT = (
    b'{"timestamp":"%s","type":"turn_context","payload":{"cwd":"/home/dev/p%03d","model":"gpt-5.3-codex",'
    b'"effort":"high"}}\n'
)
_OUTPUT = (
    b'{"timestamp":"%s","type":"response_item","payload":{"type":"function_call_output","call_id":"call_%d",'
    b'"output":"%s"}}\n'
)
_SPELLED = (
    b'{"input_tokens":%d,"cached_input_tokens":%d,"output_tokens":%d,"reasoning_output_tokens":%d,"total_tokens":%d}'
)
_COUNTER = (
    b'{"timestamp":"%s","type":"event_msg","payload":{"type":"token_count","info":{"total_token_usage":%s,'
    b'"last_token_usage":%s,"model_context_window":272000},"rate_limits":{"primary":{"used_percent":%.1f,'
    b'"window_minutes":300,"resets_at":%d},"secondary":null}}}\n'
)
MESSAGES_A_CALL = 3
WINDOW_MS = 18_000_000
"""An official limit is reset every five hours."""


def big_codex_tree(directory: Path, size: int, *, seed: int = 7, now_ms: int = NOW_MS) -> SampleLedger:
    """The same of rollouts."""
    return _tree("codex", _rollout, directory, size, seed, now_ms)


def _rollout(number: int, began: int, size: int, random: Random, logs: Logs, book: Book, stamp: Stamps) -> None:
    """One thread of `size` bytes from `began`, UTC milliseconds, on."""
    path = f"sessions/rollout-{number:04}.jsonl"
    first = stamp(began)
    project, sums = number % 40, book.of("gpt-5.3-codex")
    lines = [_META % (first, number, first, project, _TEXT[: _whole(20_000)]), _CONTEXT % (first, project)]
    logs.append(path, b"".join(lines))
    at, call, chance = began, 0, random.random
    written, totals = sum(map(len, lines)), (0, 0, 0, 0)
    while written < size:
        call += 1
        lines.clear()
        for _ in range(MESSAGES_A_CALL):
            at += int(1_000 + chance() * 9_000)
            start = _whole(int(chance() * 60_000))
            length = int(RESULT_BYTES * 2 * chance())
            lines.append(_OUTPUT % (stamp(at), call, _TEXT[start : _whole(start + length)]))
        prompt = 4_000 + int(60_000 * chance())
        used = (prompt, int(prompt * 0.9 * chance()), 60 + int(2_200 * chance()), int(50 * chance()))
        totals = (totals[0] + used[0], totals[1] + used[1], totals[2] + used[2], totals[3] + used[3])
        sums.add(used[0] - used[1], used[1], 0, 0, used[2], used[3])
        spelled = (_SPELLED % (*each, each[0] + each[2]) for each in (totals, used))
        counter = _COUNTER % (stamp(at), *spelled, call % 90, at // WINDOW_MS * 18_000 + 18_000)
        lines += [counter, counter] if chance() < REPEATED else [counter]
        data = b"".join(lines)
        logs.append(path, data)
        written += len(data)


_PAYLOAD = (
    b'{"id":"chatcmpl-%d-%d","litellm_call_id":"c-%d-%d","trace_id":"tr-%d","session_id":"s-%d",'
    b'"call_type":"acompletion","stream":true,"response_cost":%d.%06d,"status":"success",'
    b'"custom_llm_provider":"anthropic","total_tokens":%d,"prompt_tokens":%d,"completion_tokens":%d,'
    b'"startTime":%d.250,"endTime":%d.500,"completionStartTime":%d.000,"model":"claude-sonnet-4-5",'
    b'"model_group":"sonnet","messages":[{"role":"user","content":"%s"}],"metadata":{"user_api_key_alias":"team-%d",'
    b'"usage_object":{"prompt_tokens":%d,"completion_tokens":%d,"cache_read_input_tokens":%d,'
    b'"cache_creation_input_tokens":%d}},"cache_hit":false,"request_tags":["ci"],"end_user":"u%d"}\n'
)
TEAMS, USERS = 12, 40


def big_litellm_tree(directory: Path, size: int, *, seed: int = 7, now_ms: int = NOW_MS) -> SampleLedger:
    """The same of logging payloads."""
    return _tree("litellm", _payloads, directory, size, seed, now_ms)


def _payloads(number: int, began: int, size: int, random: Random, logs: Logs, book: Book, stamp: Stamps) -> None:
    """One file of `size` bytes from `began`, UTC milliseconds, on; a payload tells its times in seconds."""
    path, sums = f"payloads-{number:04}.jsonl", book.of("claude-sonnet-4-5")
    at, call, written, chance = began // 1_000, 0, 0, random.random
    while written < size:
        call += 1
        at += int(chance() * 8)
        start = _whole(int(chance() * 60_000))
        plain, cached, new = int(chance() * 900), int(chance() * 9_000), int(chance() * 2_000)
        output, micro = 20 + int(chance() * 1_900), 1 + int(chance() * 90_000)
        prompt = plain + cached + new
        sums.add(plain, cached, new, 0, output, 0)
        sums.add_cost(micro)
        data = _PAYLOAD % (
            number, call, number, call, number, number, *divmod(micro, 1_000_000), prompt + output, prompt, output,
            at, at + 3, at + 1, _TEXT[start : _whole(start + int(RESULT_BYTES * chance()))], call % TEAMS,
            prompt, output, cached, new, call % USERS,
        )  # fmt: skip
        logs.append(path, data)
        written += len(data)


def _whole(place: int) -> int:
    """`place` moved back to where no escape sequence of the text is cut."""
    return place // len(_UNIT) * len(_UNIT)
