"""A panel that is one table, with a line below it for what the table cannot say."""

from typing import Generic

from textual.app import ComposeResult
from textual.widget import Widget

from tokenmon.ui.panels.base import Answer, Panel
from tokenmon.ui.widgets.caption import Caption
from tokenmon.ui.widgets.keyed_table import KeyedTable


class TablePanel(Panel[Answer], Generic[Answer]):
    """The table takes the keys; a subclass fills it and its caption when it draws."""

    def compose(self) -> ComposeResult:
        yield KeyedTable()
        yield Caption()

    def focus_target(self) -> Widget:
        return self._table

    @property
    def _table(self) -> KeyedTable:
        return self.query_one(KeyedTable)

    @property
    def _caption(self) -> Caption:
        return self.query_one(Caption)
