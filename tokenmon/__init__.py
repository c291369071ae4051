"""tokenmon: what LLM usage costs, live, from the logs you already have."""

__version__ = "0.1.0"
