"""Usage objects of every API, read to counts that share no token."""

from collections.abc import Callable

import pytest

from tests.dialects.samples import Json
from tokenmon.dialects import usage
from tokenmon.dialects.usage import Tokens

CASES: list[tuple[Callable[[Json], Tokens | None], Json, Tokens | None]] = [
    (usage.chat, {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}, Tokens(10, 5)),
    (usage.chat, {"prompt_tokens": 10}, Tokens(10, 0)),
    (
        usage.chat,
        {
            "prompt_tokens": 100,
            "completion_tokens": 5,
            "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 30},
            "completion_tokens_details": {"reasoning_tokens": 4},
        },
        Tokens(10, 5, 60, 30, None, 4),
    ),
    (  # more cached than asked: nothing gets negative, and it shows
        usage.chat,
        {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 60}},
        Tokens(0, 5, 60, disagrees=True),
    ),
    (usage.chat, {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 99}, Tokens(10, 5, disagrees=True)),
    (  # xAI's reasoning is beside its output, as its total says
        usage.chat,
        {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "total_tokens": 45,
            "completion_tokens_details": {"reasoning_tokens": 30},
        },
        Tokens(10, 35, reasoning=30),
    ),
    (  # DeepSeek
        usage.chat,
        {"prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 6, "completion_tokens": 5},
        Tokens(6, 5, 64),
    ),
    (usage.chat, {"prompt_tokens": 70, "completion_tokens": 5, "cached_tokens": 64}, Tokens(6, 5, 64)),
    (  # LiteLLM
        usage.chat,
        {
            "prompt_tokens": 6600,
            "completion_tokens": 500,
            "cache_read_input_tokens": 5000,
            "cache_creation_input_tokens": 1000,
            "prompt_tokens_details": {
                "cache_creation_token_details": {"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 600}
            },
        },
        Tokens(600, 500, 5000, 400, 600),
    ),
    (usage.chat, {"total_tokens": 15}, None),
    (usage.chat, {"prompt_tokens_details": "x", "completion_tokens_details": []}, None),
    (
        usage.responses,
        {
            "input_tokens": 100,
            "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 30},
            "output_tokens": 5,
            "output_tokens_details": {"reasoning_tokens": 4},
            "total_tokens": 105,
        },
        Tokens(10, 5, 60, 30, None, 4),
    ),
    (usage.responses, {"input_tokens": 1, "output_tokens": 2, "total_tokens": 4}, Tokens(1, 2, disagrees=True)),
    (usage.responses, {"prompt_tokens": 5}, None),
    (
        usage.messages,
        {
            "input_tokens": 10,
            "cache_creation_input_tokens": 3000,
            "cache_read_input_tokens": 2000,
            "cache_creation": {"ephemeral_5m_input_tokens": 1000, "ephemeral_1h_input_tokens": 2000},
            "output_tokens": 159,
            "output_tokens_details": {"thinking_tokens": 40},
            "server_tool_use": {"web_search_requests": 2},
        },
        Tokens(10, 159, 2000, 1000, 2000, 40, 2),
    ),
    (usage.messages, {"input_tokens": 10, "cache_creation_input_tokens": 5}, Tokens(10, 0, None, 5)),
    (  # a sum that is larger than its parts: the rest is kept for five minutes
        usage.messages,
        {
            "input_tokens": 10,
            "cache_creation_input_tokens": 100,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 40},
        },
        Tokens(10, 0, None, 60, 40, disagrees=True),
    ),
    (usage.messages, {"cache_creation": None, "server_tool_use": {"web_search_requests": 2}}, None),
    (
        usage.gemini,
        {
            "promptTokenCount": 100,
            "cachedContentTokenCount": 60,
            "toolUsePromptTokenCount": 7,
            "candidatesTokenCount": 5,
            "thoughtsTokenCount": 30,
            "totalTokenCount": 142,
        },
        Tokens(47, 35, 60, reasoning=30),
    ),
    (usage.gemini, {"promptTokenCount": 100, "totalTokenCount": 100}, Tokens(100, 0, 0)),
    (usage.gemini, {"totalTokenCount": 100}, None),
    (usage.gemini, {"prompt_token_count": 3, "cached_content_token_count": None}, Tokens(3, 0, 0)),
]


@pytest.mark.parametrize(("read", "counts", "expected"), CASES)
def test_the_rules_of_each_api(read: Callable[[Json], Tokens | None], counts: Json, expected: Tokens | None) -> None:
    assert read(counts) == expected
