"""The hub's pages for people, beside its FHIR base: what this hub is, a page to have a resource judged, the console.

The first two need no token, show nothing of the record, and keep nothing of what is sent to them. The console shows
what the hub's operations answer to whoever looks (`careloom.web.notifications`).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from careloom.model.errors import InvalidError, MalformedError
from careloom.model.records import dataclass
from careloom.rest.hub import Hub
from careloom.rest.threads import in_thread
from careloom.validation import Validator
from careloom.web import assets
from careloom.web.choices import Choice, offered
from careloom.web.forms import Form, FormTooLargeError, receive_form
from careloom.web.judging import MODES, BusyError, Judge, Submission, mode_of
from careloom.web.notifications import console_routes
from careloom.web.rendering import Rendering, answer
from careloom.web.security import SecurityHeaders
from careloom.web.sheet import shown

LARGEST = 1024 * 1024
"""Bytes of a form that are read, where the hub's own limit for a body is not lower; a page is no place for more."""

_OTHER_FIELDS = 8192
"""Bytes that everything in the form but the resource may take."""


def hub_site(
    fhir: ASGIApp,
    hub: Callable[[], Hub],
    validator: Validator,
    *,
    judge: Judge | None = None,
    stopping: asyncio.Event | None = None,
) -> ASGIApp:
    """The FHIR application with pages beside it: at ``/validate`` and ``/notifications`` where its base is ``/fhir``.

    Args:
        fhir: Answers everything that is not a page.
        hub: Gives the hub of the moment.
        validator: Judges resources, as it judges those sent to the record.
        judge: Judges them; made when not given.
        stopping: Set when the process is to stop, so that pages that are kept up to date let go of it.
    """
    base = urlsplit(hub().base_url).path
    root = base.rpartition("/")[0]
    rendering = Rendering(root, hub)
    console = console_routes(rendering, hub, stopping or asyncio.Event())
    pages = SecurityHeaders(_application(root, _Pages(rendering, hub, judge or Judge(validator)), console))

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        chosen = pages if scope["type"] == "http" and _is_page(scope, base, root) else fhir
        await chosen(scope, receive, send)

    return application


def _is_page(scope: Scope, base: str, root: str) -> bool:
    path: str = scope["path"]
    if base and (path == base or path.startswith(f"{base}/")):
        return False
    if path == f"{root}/":
        return scope["method"] in ("GET", "HEAD")
    if path in (f"{root}/validate", f"{root}/notifications"):
        return True
    return path.startswith((f"{root}/assets/", f"{root}/notifications/"))


def _application(root: str, pages: "_Pages", console: Sequence[Route]) -> Starlette:
    return Starlette(
        routes=[
            Route(f"{root}/", pages.home),
            Route(f"{root}/validate", pages.ask),
            Route(f"{root}/validate", pages.answer, methods=["POST"]),
            *console,
            Mount(f"{root}/assets", StaticFiles(directory=assets.FOLDER)),
        ],
        exception_handlers={500: pages.failed},
    )


@dataclass(frozen=True, slots=True)
class _Fault:
    """Why a form was not acted on: the field's id, and what to do about it."""

    field: str
    text: str


class _Pages:
    """One method for each address."""

    def __init__(self, rendering: Rendering, hub: Callable[[], Hub], judge: Judge) -> None:
        self._rendering = rendering
        self._hub = hub
        self._judge = judge

    async def home(self, request: Request) -> Response:
        return self._rendering.page("hub_home.html.jinja", demanded=self._hub().conformance)

    async def ask(self, request: Request) -> Response:
        return await self._form_page(Submission(b"", profile=request.query_params.get("profile", "")))

    async def answer(self, request: Request) -> Response:
        try:
            form = await receive_form(request, self._limit + _OTHER_FIELDS)
        except FormTooLargeError:
            return self._refused(413, "too large")
        except MalformedError:
            return self._refused(400, "no form")
        except ClientDisconnect:
            return Response(status_code=400)
        return await self._judged(_submission(form))

    async def failed(self, request: Request, error: Exception) -> Response:
        is_console = request.url.path.startswith(f"{self._rendering.root}/notifications")
        return self._refused(500, "console failed" if is_console else "failed")

    async def _judged(self, submission: Submission) -> Response:
        if not submission.source.strip():
            return await self._form_page(submission, _Fault("source", "Paste a resource, or choose a file"), 422)
        if len(submission.source) > self._limit:
            return self._refused(413, "too large")
        try:
            judgement = await self._judge.judge(submission, self._hub().conformance)
        except BusyError:
            return self._refused(503, "busy", {"Retry-After": "5"})
        except InvalidError as error:
            fault = _Fault("profile", f"Choose another profile: {shown(str(error), 300)}")
            return await self._form_page(submission, fault, 422)
        choices = await self._choices(judgement.type)
        values = self._form_values(submission, choices, judgement.text)
        return answer(await in_thread(self._rendering.text, "validate.html.jinja", judgement=judgement, **values))

    async def _form_page(self, submission: Submission, fault: _Fault | None = None, status: int = 200) -> Response:
        text = submission.source.decode("utf-8-sig", "replace")
        values = self._form_values(submission, await self._choices(), text)
        return self._rendering.page("validate.html.jinja", status, fault=fault, **values)

    def _form_values(self, submission: Submission, choices: Sequence[Choice], text: str) -> dict[str, Any]:
        return {"submission": submission, "text": text, "choices": choices, "modes": MODES, "limit": self._limit}

    async def _choices(self, type: str = "") -> tuple[Choice, ...]:
        choices = offered(await self._judge.profiles(), self._hub().conformance)
        return tuple(each for each in choices if each.type == type) or choices

    @property
    def _limit(self) -> int:
        return min(self._hub().limits.body, LARGEST)

    def _refused(self, status: int, why: str, headers: Mapping[str, str] | None = None) -> Response:
        return self._rendering.page("hub_refused.html.jinja", status, headers, why=why, limit=self._limit)


def _submission(form: Form) -> Submission:
    """What was filled in; a file goes before what was pasted."""
    file, pasted = form.get("file"), form.get("source")
    is_file = file is not None and bool(file.data)
    profile, mode = (form[name].text.strip() if name in form else "" for name in ("profile", "mode"))
    return Submission(
        # Browsers end the lines of what was pasted with CRLF, whatever they were.
        source=file.data if file and is_file else pasted.data.replace(b"\r\n", b"\n") if pasted else b"",
        file_name=file.file_name if file and is_file else "",
        profile=profile,
        mode=mode_of(mode),
    )
