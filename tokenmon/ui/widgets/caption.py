"""Lines below a table for what the table cannot say by itself; without any such words they take no room."""

from collections.abc import Sequence

from rich.text import Text

from tokenmon.ui.widgets.lines import Lines, flowed


class Caption(Lines):
    """`say` is the way in."""

    DEFAULT_CSS = """
    Caption { display: none; height: auto; }
    Caption.-needed { display: block; }
    """

    def say(self, words: Sequence[str], style: str) -> None:
        """Say these one after the other, in as many lines as they take."""
        self.set_class(bool(words), "-needed")
        lines = flowed(words, self.app.size.width - 3, "; ")
        self.show(Text("\n".join("  " + line for line in lines), style), layout=True)
