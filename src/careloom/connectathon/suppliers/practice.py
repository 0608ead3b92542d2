"""The GP system: told by webhook, fetches what it was told of, files it in an inbox.

Its style: it answers a notification as soon as it has noted it, and reads afterwards. What was noted is in its
database, so a letter announced before a crash is read after it, and a notification that comes twice is filed once.
"""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from careloom.connectathon.suppliers.system import Action, Place
from careloom.model import Resource, parse_resource, serialize_json
from careloom.model.errors import LoginError, MalformedError, UnavailableError
from careloom.model.instants import utc_now
from careloom.notify import verify

WEBHOOK = "/webhook"
_CONTENT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content"

_TABLES = """
create table if not exists notification (
    webhook_id text primary key,   -- what makes a second delivery a duplicate
    focus      text not null       -- URL of the stay it tells of; empty when there is nothing to read
) strict;
create table if not exists letter (
    webhook_id text primary key references notification,
    title      text not null,
    bundle     blob not null
) strict;
"""


class Practice:
    """The GP system; ``settings`` has ``topic`` and ``webhook-secret``."""

    def __init__(self, place: Place) -> None:
        self._hub = place.hub
        self._endpoint = place.public_url + WEBHOOK
        self._topic = place.settings["topic"]
        self._secret = place.settings["webhook-secret"]
        self._inbox = sqlite3.connect(place.storage / "inbox.db", isolation_level=None)
        self._inbox.executescript(_TABLES)
        self._news = asyncio.Event()

    @property
    def actions(self) -> Mapping[str, Action]:
        """Log in, subscribe."""
        return {"log in": self._log_in, "subscribe": self._subscribe}

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """Where notifications come in."""
        return (Route(WEBHOOK, self._notified, methods=["POST"]),)

    def state(self) -> Mapping[str, Any]:
        """What was notified, and the letters in the inbox."""
        return {
            "notifications": [row[0] for row in self._inbox.execute("select webhook_id from notification")],
            "letters": [row[0] for row in self._inbox.execute("select title from letter")],
        }

    async def work(self) -> None:
        """Read whatever was noted and not yet read; a hub that does not answer is asked again."""
        while True:
            try:
                await self._read_noted()
                await self._news.wait()
            except UnavailableError:
                await asyncio.sleep(1)

    def close(self) -> None:
        """Close the inbox."""
        self._inbox.close()

    async def _log_in(self, arguments: Mapping[str, str]) -> Mapping[str, Any]:
        answer = await self._hub.log_in()
        return {"status": answer.status}

    async def _subscribe(self, arguments: Mapping[str, str]) -> Mapping[str, Any]:
        answer = await self._hub.post("Subscription", _subscription(self._topic, self._endpoint))
        return {"status": answer.status, "told": answer.told}

    async def _notified(self, request: Request) -> Response:
        body = await request.body()
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            webhook_id = verify(self._secret, headers, body, now=utc_now())
            focus = _focus(parse_resource(body))
        except LoginError as error:
            return JSONResponse({"did": f"refused: {error}"}, status_code=401)
        except MalformedError as error:
            return JSONResponse({"did": f"refused: {error}"}, status_code=400)
        if not self._note(webhook_id, focus):
            return JSONResponse({"did": "had this one already: ignored"})
        self._news.set()
        return JSONResponse({"did": "noted, will read the letter" if focus else "yes, this is the practice"})

    def _note(self, webhook_id: str, focus: str) -> bool:
        """Keep a notification; False when it was there already."""
        cursor = self._inbox.execute("insert or ignore into notification values (?, ?)", (webhook_id, focus))
        return cursor.rowcount == 1

    async def _read_noted(self) -> None:
        self._news.clear()
        unread = self._inbox.execute(
            "select webhook_id, focus from notification n where focus <> ''"
            " and not exists (select 1 from letter l where l.webhook_id = n.webhook_id)"
        ).fetchall()
        for webhook_id, focus in unread:
            await self._read(webhook_id, focus)

    async def _read(self, webhook_id: str, focus: str) -> None:
        stay = await self._hub.get(focus)
        encounter = f"Encounter/{stay.body['id']}" if stay.is_success else focus
        found = await self._hub.get(
            "Composition", {"encounter": encounter, "_include": "Composition:entry", "type": "373942005"}
        )
        if not found.is_success:
            raise UnavailableError(f"the letter of {encounter} cannot be read: {found.told}")
        letters = [entry["resource"] for entry in found.body.get("entry", [])]
        title = next((one.get("title", "") for one in letters if one["resourceType"] == "Composition"), "")
        self._inbox.execute("insert into letter values (?, ?, ?)", (webhook_id, title, serialize_json(found.body)))


def _subscription(topic: str, endpoint: str) -> Resource:
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "Letters of our patients who are discharged from hospital",
        "criteria": topic,
        "channel": {
            "type": "rest-hook",
            "endpoint": endpoint,
            "payload": "application/fhir+json",
            "_payload": {"extension": [{"url": _CONTENT, "valueCode": "id-only"}]},
        },
    }


def _focus(notification: Resource) -> str:
    """URL of what the first event of a notification is about; empty for a handshake or heartbeat.

    Raises:
        MalformedError: Not a notification.
    """
    try:
        status = notification["entry"][0]["resource"]
        events = [part["part"] for part in status["parameter"] if part["name"] == "notification-event"]
        focuses = [part["valueReference"]["reference"] for event in events for part in event if part["name"] == "focus"]
    except (KeyError, IndexError, TypeError) as error:
        raise MalformedError(f"a notification Bundle with its status first expected; {error!r}") from error
    return str(focuses[0]) if focuses else ""
