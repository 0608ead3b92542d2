"""Pages of the hub as text and as answers, with what every one of them is told."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse

from careloom.rest.hub import Hub
from careloom.web.assets import Assets
from careloom.web.templating import environment


class Rendering:
    """Renders templates for one hub.

    Attributes:
        root: Path below which the pages are, without a slash at the end.
    """

    def __init__(self, root: str, hub: Callable[[], Hub]) -> None:
        self.root = root
        self._hub = hub
        self._assets = Assets.found()
        self._templates = environment()

    def text(self, name: str, **values: Any) -> str:
        """A template with its values."""
        hub = self._hub()
        known = {"root": self.root, "hub": hub, "fhir": urlsplit(hub.base_url).path, "assets": self._assets}
        return self._templates.get_template(name).render(**known, **values)

    def page(
        self, name: str, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
    ) -> HTMLResponse:
        """A page; browsers keep none of them."""
        return answer(self.text(name, **values), status, headers)


def answer(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> HTMLResponse:
    """A page that is rendered already."""
    return HTMLResponse(text, status, {"Cache-Control": "no-store", **(headers or {})})
