"""Small made-up logs of each dialect that has no generator: a new one is a module and a line here.

`sample_data/` holds these files, the contract takes its records from them, and they are read end to end in any order.
"""

from tests.dialects.cases import (
    amp,
    api_response,
    claude_code_status,
    cline,
    copilot_cli,
    cpa,
    deepseek_harness,
    droid,
    gemini_cli,
    grok_build,
    kimi,
    lingtai,
    litellm,
    mistral_vibe,
    mux,
    opencode,
    otlp,
    pi,
    qwen_code,
)
from tests.dialects.cases.case import Case

CASES: tuple[Case, ...] = (
    amp.CASE,
    api_response.CASE,
    claude_code_status.CASE,
    cline.CASE,
    copilot_cli.CASE,
    cpa.CASE,
    deepseek_harness.CASE,
    droid.CASE,
    gemini_cli.CASE,
    grok_build.CASE,
    kimi.CASE,
    lingtai.CASE,
    litellm.CASE,
    mistral_vibe.CASE,
    mux.CASE,
    opencode.CASE,
    otlp.CASE,
    pi.CASE,
    qwen_code.CASE,
)

WITHOUT_CALLS = frozenset(case.dialect for case in CASES if not case.calls)
"""Dialects whose logs tell limits only."""
