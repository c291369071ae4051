"""Made-up calls to be priced."""

from datetime import UTC, datetime

from tokenmon.events import Event, Names


def ms(text: str) -> int:
    """UTC milliseconds of an ISO date or time without a zone."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def call(
    model: str,
    input: int = 0,
    output: int = 0,
    *,
    provider: str = "anthropic",
    tier: str = "",
    at: str = "2026-11-20T12:00",
    cache_read: int | None = None,
    cache_write_5m: int | None = None,
    cache_write_1h: int | None = None,
    web_searches: int = 0,
) -> Event:
    """One call with these tokens."""
    return Event(
        ts=ms(at),
        names=Names(provider=provider, model=model, tier=tier),
        input=input,
        output=output,
        cache_read=cache_read,
        cache_write_5m=cache_write_5m,
        cache_write_1h=cache_write_1h,
        web_searches=web_searches,
    )


def usd(dollars: str) -> int:
    """Dollars as nano-USD, exactly."""
    whole, _, rest = dollars.partition(".")
    return int(whole + rest.ljust(9, "0"))
