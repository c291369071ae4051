"""Which made-up logs there are: a new dialect's generator is its module and one line here."""

from tokenmon.sample.claude_code import ClaudeCode
from tokenmon.sample.codex import Codex
from tokenmon.sample.generator import Generator
from tokenmon.sample.gh_aw_firewall import Firewall
from tokenmon.sample.native import Native

GENERATORS: tuple[Generator, ...] = (
    Generator("claude-code", 0.20, 12, ClaudeCode),
    Generator("codex", 0.17, 10, Codex),
    Generator("gh-aw-firewall", 0.16, 6, Firewall),
    Generator("native", 0.47, 2, Native),
)
