"""The formats tokenmon reads: a new one is a module beside these and its line in `DIALECTS`, the only list of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tokenmon.dialects.amp import AMP
from tokenmon.dialects.api_response import API_RESPONSE
from tokenmon.dialects.base import Dialect, Place, Reader, Record, Surroundings, Table
from tokenmon.dialects.claude_code import CLAUDE_CODE
from tokenmon.dialects.claude_code_status import CLAUDE_CODE_STATUS
from tokenmon.dialects.cline import CLINE
from tokenmon.dialects.codex import CODEX
from tokenmon.dialects.copilot_cli import COPILOT_CLI
from tokenmon.dialects.cpa import CPA
from tokenmon.dialects.deepseek_harness import DEEPSEEK_HARNESS
from tokenmon.dialects.droid import DROID
from tokenmon.dialects.gemini_cli import GEMINI_CLI
from tokenmon.dialects.gh_aw_firewall import GH_AW_FIREWALL
from tokenmon.dialects.grok_build import GROK_BUILD
from tokenmon.dialects.kimi import KIMI
from tokenmon.dialects.lingtai import LINGTAI
from tokenmon.dialects.litellm import LITELLM
from tokenmon.dialects.lookalike import is_export
from tokenmon.dialects.mistral_vibe import MISTRAL_VIBE
from tokenmon.dialects.mux import MUX
from tokenmon.dialects.native import NATIVE
from tokenmon.dialects.opencode import OPENCODE
from tokenmon.dialects.otlp import OTLP
from tokenmon.dialects.pi import PI
from tokenmon.dialects.qwen_code import QWEN_CODE

__all__ = [
    "DIALECTS",
    "Dialect",
    "Place",
    "Reader",
    "Record",
    "Surroundings",
    "Table",
    "by_name",
    "found_places",
    "recognise",
]

DIALECTS: tuple[Dialect, ...] = (
    AMP,
    CLAUDE_CODE,
    CLAUDE_CODE_STATUS,
    CLINE,
    CODEX,
    COPILOT_CLI,
    CPA,
    DEEPSEEK_HARNESS,
    DROID,
    GEMINI_CLI,
    GH_AW_FIREWALL,
    GROK_BUILD,
    KIMI,
    LINGTAI,
    LITELLM,
    MISTRAL_VIBE,
    MUX,
    OPENCODE,
    OTLP,
    PI,
    QWEN_CODE,
    API_RESPONSE,
    NATIVE,
)


def by_name(name: str, dialects: Sequence[Dialect] = DIALECTS) -> Dialect | None:
    """The dialect of that name."""
    return next((dialect for dialect in dialects if dialect.name == name), None)


def found_places(environment: Mapping[str, str], home: Path, dialects: Sequence[Dialect] = DIALECTS) -> list[Place]:
    """The usual directories and files of these dialects that are on this machine, each once."""
    places = [place for dialect in dialects for place in dialect.places(environment, home)]
    return [place for place in dict.fromkeys(places) if place.path.exists()]


def recognise(record: Record, dialects: Sequence[Dialect] = DIALECTS) -> Dialect | None:
    """The first dialect that claims this record; what tokenmon itself exported was counted where it came from."""
    if is_export(record):
        return None
    return next((dialect for dialect in dialects if dialect.matches(record)), None)
