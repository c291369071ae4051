"""What the made-up gateways charge: their own round numbers, so that logged and list costs differ."""

NANO_PER_TOKEN: dict[str, tuple[int, int, int]] = {
    # model: uncached input, cache read, output; nano-USD per token (1000 = one dollar per million)
    "claude-opus-4-8": (5_000, 500, 25_000),
    "claude-sonnet-5": (3_000, 300, 15_000),
    "claude-sonnet-4-5-20250929": (3_000, 300, 15_000),
    "claude-haiku-4-5-20251001": (1_000, 100, 5_000),
    "gpt-5.5": (5_000, 500, 30_000),
    "gpt-5-mini": (250, 25, 2_000),
    "gpt-5.3-codex": (1_750, 175, 14_000),
    "gemini-2.5-pro": (1_250, 125, 10_000),
    "gemini-2.5-flash": (300, 30, 2_500),
    "mistral-large-2512": (500, 50, 1_500),
}


def micro_usd(model: str, uncached: int, cache_read: int, cache_write: int, output: int) -> int:
    """What a gateway says that a call cost, micro-USD; a cache write is a quarter dearer than plain input."""
    per_input, per_read, per_output = NANO_PER_TOKEN[model]
    nano = (uncached + cache_write + cache_write // 4) * per_input + cache_read * per_read + output * per_output
    return nano // 1_000
