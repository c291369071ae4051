"""The one list of panels: tabs, number keys, help and tests iterate it, and no second list exists."""

from typing import Any

from tokenmon.ui.panels.base import Panel
from tokenmon.ui.panels.events import EventsPanel
from tokenmon.ui.panels.health import HealthPanel
from tokenmon.ui.panels.keys import KeysPanel
from tokenmon.ui.panels.models import ModelsPanel
from tokenmon.ui.panels.sessions import SessionsPanel
from tokenmon.ui.panels.summary import SummaryPanel
from tokenmon.ui.panels.timeline import TimelinePanel

PANELS: tuple[type[Panel[Any]], ...] = (
    SummaryPanel,
    KeysPanel,
    ModelsPanel,
    TimelinePanel,
    EventsPanel,
    HealthPanel,
    SessionsPanel,
)
"""In the order of their number keys."""
