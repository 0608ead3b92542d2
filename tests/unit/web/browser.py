"""A browser in miniature: asks an application without a network between, and fills in forms."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser

from starlette.types import ASGIApp, Message

BOUNDARY = "----careloom"


@dataclass(frozen=True, slots=True)
class Page:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str


async def ask(
    application: ASGIApp, path: str, *, method: str = "GET", body: bytes = b"", headers: Mapping[str, str] | None = None
) -> Page:
    """Ask an application for an address."""
    sent: list[Message] = []
    parts = [
        {"type": "http.request", "body": body[at : at + 65536], "more_body": True} for at in range(0, len(body), 65536)
    ]
    parts.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Message:
        if parts:
            return parts.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    async def send(part: Message) -> None:
        sent.append(part)

    name, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "path": name,
        "raw_path": name.encode(),
        "query_string": query.encode(),
        "headers": [(key.encode(), value.encode()) for key, value in (headers or {}).items()],
        "server": ("127.0.0.1", 80),
        "scheme": "http",
        "root_path": "",
        "http_version": "1.1",
        "client": ("127.0.0.1", 1),
    }
    await application(scope, receive, send)
    told = {key.decode(): value.decode() for key, value in sent[0]["headers"]}
    return Page(sent[0]["status"], told, b"".join(part.get("body", b"") for part in sent[1:]).decode())


async def submit(
    application: ASGIApp, path: str, *, file: tuple[str, bytes] = ("", b""), **fields: str | bytes
) -> Page:
    """Fill in a form with a file field, as a browser does: the field is sent although no file is chosen."""
    body = form(file=file, **fields)
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}", "content-length": str(len(body))}
    return await ask(application, path, method="POST", body=body, headers=headers)


def form(*, file: tuple[str, bytes] = ("", b""), **fields: str | bytes) -> bytes:
    """The body of a form."""
    given = [(f'name="{name}"', value.encode() if isinstance(value, str) else value) for name, value in fields.items()]
    given.append((f'name="file"; filename="{file[0]}"', file[1]))
    parts = (
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + value + b"\r\n"
        for head, value in given
    )
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


class Markup(HTMLParser):
    """What a page is made of, as a browser would see it.

    Attributes:
        refused: What a strict content policy would refuse.
        ids: Every id.
        anchors: Every place on the page that something leads to.
        tags: Every tag's name, in their order.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.refused: list[str] = []
        self.ids: list[str] = []
        self.anchors: set[str] = set()
        self.tags: list[str] = []
        self._in_script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self.tags.append(tag)
        self._in_script = tag in ("script", "style")
        self.refused += [f"{tag} {name}" for name in names if name.startswith("on") or name == "style"]
        self.ids += [value for name, value in attrs if name == "id" and value]
        for name in ("src", "href", "action"):
            value = names.get(name) or ""
            if value.startswith("#"):
                self.anchors.add(value[1:])
            elif not value.startswith("/") and value:
                self.refused.append(f"{tag} {name}={value}")

    def handle_data(self, data: str) -> None:
        if self._in_script and data.strip():
            self.refused.append(f"inline {data.strip()[:40]}")

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False
