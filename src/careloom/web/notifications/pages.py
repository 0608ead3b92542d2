"""The pages of the console: all subscriptions, one of them, who was told what of a patient, and signing in."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final
from urllib.parse import quote, urlencode

from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from careloom.model.errors import CareloomError, LoginError, MalformedError
from careloom.rest.hub import Hub
from careloom.web.forms import Form, FormTooLargeError, receive_form
from careloom.web.notifications import words
from careloom.web.notifications.asking import Asking, RefusedError
from careloom.web.notifications.disclosures import disclosures_of
from careloom.web.notifications.live import Pieces, kept_up_to_date
from careloom.web.notifications.viewer import NOBODY, check_form, form_token, sign_in, sign_out, viewer_of
from careloom.web.notifications.views import Views
from careloom.web.rendering import Rendering
from careloom.web.sse import with_heartbeat

MOST_STREAMS: Final = 64
"""Pages of one process that are kept up to date at a time; looking must not cost what is looked at."""

_FORM_LIMIT: Final = 16 * 1024
_SEE_OTHER: Final = 303


def console_routes(rendering: Rendering, hub: Callable[[], Hub], stopping: asyncio.Event) -> Sequence[Route]:
    """The addresses of the console.

    Args:
        rendering: Makes the pages.
        hub: Gives the hub of the moment.
        stopping: Set when pages are to be kept up to date no longer.
    """
    console = _Console(rendering, hub, stopping)
    base = console.base
    return (
        Route(base, console.all),
        Route(f"{base}/live", console.all_live),
        Route(f"{base}/disclosures", console.disclosures),
        Route(f"{base}/sign-in", console.ask_token),
        Route(f"{base}/sign-in", console.sign_in, methods=["POST"]),
        Route(f"{base}/sign-out", console.sign_out, methods=["POST"]),
        Route(f"{base}/subscriptions/{{id}}", console.one),
        Route(f"{base}/subscriptions/{{id}}/live", console.one_live),
        Route(f"{base}/subscriptions/{{id}}/replay", console.replay, methods=["POST"]),
    )


class _Console:
    """One method for each address."""

    def __init__(self, rendering: Rendering, hub: Callable[[], Hub], stopping: asyncio.Event) -> None:
        self._views = Views(rendering, hub)
        self.base = self._views.base
        self._hub = hub
        self._stopping = stopping
        self._streams = 0

    async def all(self, request: Request) -> Response:
        return await self._for_viewer(request, self._all)

    async def one(self, request: Request) -> Response:
        return await self._for_viewer(request, self._one)

    async def disclosures(self, request: Request) -> Response:
        return await self._for_viewer(request, self._disclosures)

    async def replay(self, request: Request) -> Response:
        return await self._for_viewer(request, self._replay)

    async def all_live(self, request: Request) -> Response:
        async def look(asking: Asking, again: bool) -> Pieces:
            query = _query(request)
            return self._views.list_pieces(await asking.overview(query, again=again), query.get("status", ""))

        return await self._live(request, look)

    async def one_live(self, request: Request) -> Response:
        async def look(asking: Asking, again: bool) -> Pieces:
            return self._views.one_pieces(await asking.detail(request.path_params["id"], again=again))

        return await self._live(request, look)

    async def ask_token(self, request: Request) -> Response:
        return self._views.page("sign_in", fault="", form=form_token(NOBODY, self._hub()))

    async def sign_in(self, request: Request) -> Response:
        hub = self._hub()
        response = RedirectResponse(self.base, _SEE_OTHER, {"Cache-Control": "no-store"})
        try:
            form = await receive_form(request, _FORM_LIMIT)
            check_form(request, _text(form, "form"), NOBODY, hub)
            sign_in(response, _text(form, "token"), self.base, hub)
        except ClientDisconnect:
            return Response(status_code=400)
        except (MalformedError, FormTooLargeError, LoginError) as error:
            return self._views.page("sign_in", 422, fault=str(error), form=form_token(NOBODY, hub))
        return response

    async def sign_out(self, request: Request) -> Response:
        response = RedirectResponse(f"{self.base}/sign-in", _SEE_OTHER)
        sign_out(response, self.base)
        return response

    async def _all(self, request: Request, asking: Asking) -> Response:
        query = _query(request)
        values = self._views.list_values(await asking.overview(query), query.get("status", ""))
        kept = f"?{urlencode(query)}" if query else ""
        paused = f"?{urlencode(query | {'paused': 'yes'})}"
        return self._views.page(
            "list",
            **values,
            **self._of_viewer(request, asking),
            live=f"{self.base}/live{kept}",
            going_on=f"{self.base}{kept}",
            pausing=f"{self.base}{paused}",
        )

    async def _one(self, request: Request, asking: Asking) -> Response:
        return await self._detail_page(request, asking)

    async def _detail_page(
        self, request: Request, asking: Asking, fault: str = "", given: Mapping[str, str] | None = None
    ) -> Response:
        id = request.path_params["id"]
        found = await asking.detail(id)
        return self._views.page(
            "subscription",
            422 if fault else 200,
            **self._views.one_values(found),
            **self._of_viewer(request, asking),
            live=f"{self.base}/subscriptions/{quote(id, safe='')}/live",
            fault=fault,
            given=given or {},
            asked=words.asked_of(request.query_params.get("asked", "")),
            form=form_token(asking.grant.client, asking.hub),
        )

    async def _disclosures(self, request: Request, asking: Asking) -> Response:
        patient = request.query_params.get("patient", "").strip().removeprefix("Patient/")
        told, fault = None, ""
        if patient:
            try:
                told = disclosures_of(await asking.disclosures(patient))
            except RefusedError as error:
                fault = str(error)
        values = self._of_viewer(request, asking)
        return self._views.page("disclosures", 422 if fault else 200, patient=patient, told=told, fault=fault, **values)

    async def _replay(self, request: Request, asking: Asking) -> Response:
        id = request.path_params["id"]
        form = await receive_form(request, _FORM_LIMIT)
        check_form(request, _text(form, "form"), asking.grant.client, asking.hub)
        only = _text(form, "only")
        first, last = (only, only) if only else (_text(form, "first"), _text(form, "last"))
        given = {"eventsSinceNumber": first, "eventsUntilNumber": last, "endpoint": _text(form, "endpoint")}
        try:
            await asking.replay(id, given)
        except RefusedError as error:
            return await self._detail_page(request, asking, str(error), given)
        target = f"{self.base}/subscriptions/{quote(id, safe='')}?{urlencode({'asked': f'{first}-{last}'})}"
        return RedirectResponse(target, _SEE_OTHER, {"Cache-Control": "no-store"})

    async def _for_viewer(self, request: Request, show: Callable[[Request, Asking], Awaitable[Response]]) -> Response:
        """A page for who may look; for others the way in, or what keeps them out."""
        asking = self._asking(request)
        if asking is None:
            return self._views.page("sign_in", 401, fault="", form=form_token(NOBODY, self._hub()))
        try:
            return await show(request, asking)
        except ClientDisconnect:
            return Response(status_code=400)
        except RefusedError as error:
            return self._views.page("refused", error.status, why=str(error), **self._of_viewer(request, asking))
        except LoginError as error:
            return self._views.page("refused", 403, why=str(error), **self._of_viewer(request, asking))
        except (MalformedError, FormTooLargeError) as error:
            return self._views.page("refused", 400, why=str(error), **self._of_viewer(request, asking))

    async def _live(self, request: Request, look: Callable[[Asking, bool], Awaitable[Pieces]]) -> Response:
        """A stream of what has changed on a page; whoever opens it has asked once, on record."""
        asking = self._asking(request)
        if asking is None:
            return Response(status_code=401)
        if self._streams >= MOST_STREAMS:
            return Response(status_code=503, headers={"Retry-After": "30"})
        try:
            first = await look(asking, False)
        except RefusedError as error:
            return Response(status_code=error.status)

        async def pieces() -> Pieces:
            now = self._asking(request)
            if now is None:
                raise RefusedError("the token is not good any more", 401)
            return await look(now, True)

        def ended(error: CareloomError) -> Pieces:
            return self._views.ended(str(error))

        stream = self._counted(with_heartbeat(kept_up_to_date(first, pieces, ended, self._stopping)))
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    async def _counted(self, stream: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
        """A stream that counts among those that are open, for as long as it is."""
        self._streams += 1
        try:
            async with aclosing(stream):
                async for each in stream:
                    yield each
        finally:
            self._streams -= 1

    def _asking(self, request: Request) -> Asking | None:
        hub = self._hub()
        grant = viewer_of(request, hub)
        return Asking(hub, grant, request.client.host if request.client else "") if grant else None

    def _of_viewer(self, request: Request, asking: Asking) -> dict[str, Any]:
        client = asking.hub.registry.client(asking.grant.client)
        name = (client.name if client else "") or asking.grant.client
        can_leave = "authorization" not in request.headers and bool(request.cookies)
        is_paused = "paused" in request.query_params
        return {"viewer": name, "can_leave": can_leave, "is_paused": is_paused}


def _query(request: Request) -> dict[str, str]:
    """What of the query is asked of the hub."""
    return {name: value for name in ("status", "page") if (value := request.query_params.get(name, ""))}


def _text(form: Form, name: str) -> str:
    return form[name].text.strip() if name in form else ""
