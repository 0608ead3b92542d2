"""The pages of a run: the board as it fills, each exchange, the verdicts and the evidence file."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from careloom.connectathon.listeners import Application
from careloom.connectathon.run import Event, Run
from careloom.web import assets
from careloom.web.board import arrow, board, lane_lines, now_playing, run_mark, step_view
from careloom.web.detail import detail
from careloom.web.security import SecurityHeaders
from careloom.web.sse import message, with_heartbeat
from careloom.web.templating import environment


def pages(run: Run, *, found: assets.Assets | None = None) -> Application:
    """The application that shows a run.

    Args:
        run: What is shown, while it is played and after.
        found: Which files of others are there; looked up when not given.
    """
    shown = _Pages(run, found or assets.Assets.found())
    return SecurityHeaders(
        Starlette(
            routes=[
                Route("/", shown.live),
                Route("/events", shown.events),
                Route("/exchanges/{number:int}", shown.exchange),
                Route("/verdicts", shown.verdicts),
                Route("/evidence.jsonl", shown.evidence),
                Mount("/assets", StaticFiles(directory=assets.FOLDER)),
            ]
        )
    )


class _Pages:
    """One method for each address."""

    def __init__(self, run: Run, found: assets.Assets) -> None:
        self._run = run
        self._assets = found
        self._templates = environment()

    async def live(self, request: Request) -> Response:
        paused = "paused" in request.query_params
        return self._page("live.html.jinja", paused=paused, following=not paused and not self._run.is_over)

    async def verdicts(self, request: Request) -> Response:
        return self._page("verdicts.html.jinja")

    async def exchange(self, request: Request) -> Response:
        exchange = self._run.exchange(request.path_params["number"])
        if exchange is None:
            return self._page("missing.html.jinja", status=404)
        # htmx asks for the piece that goes beside the board; a browser asks for a page.
        is_piece = request.headers.get("hx-request") == "true"
        name = "_exchange.html.jinja" if is_piece else "exchange.html.jinja"
        return self._page(name, headers={"Vary": "HX-Request"}, detail=detail(self._run, exchange), is_piece=is_piece)

    async def evidence(self, request: Request) -> Response:
        headers = {"Content-Disposition": 'attachment; filename="evidence.jsonl"', "Cache-Control": "no-store"}
        return Response(self._run.evidence.text(), media_type="application/x-ndjson", headers=headers)

    async def events(self, request: Request) -> Response:
        last = request.headers.get("last-event-id") or request.query_params.get("after", "0")
        after = min(int(last), self._run.newest_event) if last.isdecimal() else 0
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(with_heartbeat(self._messages(after)), media_type="text/event-stream", headers=headers)

    async def _messages(self, after: int) -> AsyncIterator[bytes]:
        async for event in self._run.events(after):
            yield message(self._render("_news.html.jinja", news=_NEWS[event.kind](self._run, event)), id=event.number)

    def _page(
        self, name: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
    ) -> HTMLResponse:
        text = self._render(name, board=board(self._run), assets=self._assets, **values)
        return HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-store", **(headers or {})})

    def _render(self, name: str, **values: Any) -> str:
        return self._templates.get_template(name).render(run=self._run, **values)


def _exchange_news(run: Run, event: Event) -> dict[str, Any]:
    exchange = run.exchange(int(event.key))
    if exchange is None:
        return {}
    lines = lane_lines(run.scenario)
    return {"arrow": arrow(run, exchange), "lines": lines, "is_new": event.kind == "exchange began"}


def _step_news(run: Run, event: Event) -> dict[str, Any]:
    return {"view": step_view(run, str(event.key)), "now": now_playing(run), "mark": run_mark(run)}


def _verdict_news(run: Run, event: Event) -> dict[str, Any]:
    verdict = run.verdicts[int(event.key) - 1]
    return {"verdict": verdict, "mark": run_mark(run)}


def _over_news(run: Run, event: Event) -> dict[str, Any]:
    return {"now": now_playing(run), "mark": run_mark(run)}


_NEWS: Mapping[str, Callable[[Run, Event], dict[str, Any]]] = {
    "exchange began": _exchange_news,
    "exchange ended": _exchange_news,
    "decision": _exchange_news,
    "step": _step_news,
    "verdict": _verdict_news,
    "over": _over_news,
}
