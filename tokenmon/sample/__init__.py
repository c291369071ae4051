"""Made-up logs in every dialect, with a ledger of what they hold.

The generators know what they wrote, so the ledger is a second opinion on the parsers: the demo, `sample_data/`, the
tests and the bench all get their logs here. `GENERATORS` is the only list of them.
"""

from tokenmon.sample.bulk import big_claude_tree, big_codex_tree, big_litellm_tree
from tokenmon.sample.generator import Generator
from tokenmon.sample.generators import GENERATORS
from tokenmon.sample.ledger import Expected, SampleLedger
from tokenmon.sample.write import write_sample

__all__ = [
    "GENERATORS",
    "Expected",
    "Generator",
    "SampleLedger",
    "big_claude_tree",
    "big_codex_tree",
    "big_litellm_tree",
    "write_sample",
]
