"""What who runs notifications wants to see: one view of subscriptions, lanes and tries, for whoever shows it."""

from careloom.notify.console.gathering import View, detail, overview
from careloom.notify.console.letters import PutAside, put_aside
from careloom.notify.console.parts import from_parts, to_parts
from careloom.notify.console.records import OVERSIGHT, Detail, LaneState, Overview, Standing, Totals, Try

__all__ = [
    "OVERSIGHT",
    "Detail",
    "LaneState",
    "Overview",
    "PutAside",
    "Standing",
    "Totals",
    "Try",
    "View",
    "detail",
    "from_parts",
    "overview",
    "put_aside",
    "to_parts",
]
