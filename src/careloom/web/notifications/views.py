"""What the pages of the console are rendered with, whole or in the pieces that are kept up to date."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from starlette.responses import Response

from careloom.notify.console import Detail, Overview
from careloom.notify.recent import Point
from careloom.rest.hub import Hub
from careloom.web.notifications import words
from careloom.web.notifications.charts import latency_chart, rate_chart, tries_chart
from careloom.web.notifications.live import Pieces
from careloom.web.rendering import Rendering

FOLDER: Final = "notifications"
MINUTES: Final = 9
"""Rows of the table that says what the charts show."""

_LIST: Final = {name: name for name in ("state", "totals", "figures", "minutes", "rows")}
_ONE: Final = {"state": "state_of_one"} | {name: name for name in ("lane", "tries", "aside", "replays")}
"""By the id of its element, the template of each piece."""


class Views:
    """Renders what was found.

    Attributes:
        base: Path of the console, without a slash at the end.
    """

    def __init__(self, rendering: Rendering, hub: Callable[[], Hub]) -> None:
        self.base = f"{rendering.root}/{FOLDER}"
        self._rendering = rendering
        self._hub = hub

    def page(self, name: str, status: int = 200, **values: Any) -> Response:
        """A page by the name of its template."""
        known = {"base": self.base, "words": words, "now": self._hub().clock()}
        return self._rendering.page(f"{FOLDER}/{name}.html.jinja", status, None, **(known | values))

    def ended(self, why: str) -> Pieces:
        """What tells that a page is not kept up to date any more."""
        return {"state": self._rendering.text(f"{FOLDER}/_ended.html.jinja", why=why)}

    def list_values(self, found: Overview, state: str) -> dict[str, Any]:
        """What the list is rendered with; ``state`` is the one it is narrowed to, or empty."""
        hub = self._hub()
        now = hub.clock()
        points = hub.telling.metrics.recent.points(now.timestamp()) if hub.telling and found.last_minute else ()
        return {
            "base": self.base,
            "words": words,
            "now": now,
            "overview": found,
            "state": state,
            "charts": (rate_chart(points), latency_chart(points)) if points else (),
            "minutes": _by_minute(hub, now) if points else (),
        }

    def list_pieces(self, found: Overview, state: str) -> Pieces:
        """The pieces of the list."""
        return self._pieces(_LIST, self.list_values(found, state))

    def one_values(self, found: Detail) -> dict[str, Any]:
        """What the page of a subscription is rendered with."""
        return {
            "base": self.base,
            "words": words,
            "now": self._hub().clock(),
            "detail": found,
            "standing": found.standing,
            "lane": found.standing.lane,
            "chart": tries_chart(found.tries),
        }

    def one_pieces(self, found: Detail) -> Pieces:
        """The pieces of that page."""
        return self._pieces(_ONE, self.one_values(found))

    def _pieces(self, templates: dict[str, str], values: dict[str, Any]) -> Pieces:
        return {
            id: self._rendering.text(f"{FOLDER}/_{template}.html.jinja", **values) for id, template in templates.items()
        }


def _by_minute(hub: Hub, now: datetime) -> Sequence[Point]:
    assert hub.telling is not None
    recent, seconds = hub.telling.metrics.recent, now.timestamp()
    return [recent.summary(seconds - 60 * ago) for ago in range(MINUTES)]
