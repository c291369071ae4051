"""A line below a table for what the table cannot say by itself; without any such words it takes no room."""

from collections.abc import Sequence

from rich.text import Text

from tokenmon.ui.widgets.lines import Lines


class Caption(Lines):
    """`say` is the way in."""

    DEFAULT_CSS = """
    Caption { display: none; }
    Caption.-needed { display: block; }
    """

    def say(self, words: Sequence[str], style: str) -> None:
        """Say these one after the other."""
        self.set_class(bool(words), "-needed")
        self.show(Text("  " + "; ".join(words), style))
