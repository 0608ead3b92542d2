"""MESH as a channel: a notification goes to the mailbox that the operator knows as the subscriber's.

An endpoint is ``mesh://X26ABC2?workflow_id=DISCHARGES``. MESH takes a message without asking its recipient, so the
handshake proves nothing here: which mailbox is whose is the operator's to say. What MESH has taken counts as accepted;
where it reports later that nobody collected it, the events are put aside with that reason (`undelivered`).
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Protocol
from urllib.parse import parse_qs, urlsplit

import structlog

from careloom.model.errors import CareloomError, ForbiddenError, InvalidError, UnavailableError
from careloom.notify.channels.contents import Carried
from careloom.notify.rest_hook import Outcome
from careloom.notify.states import write_status
from careloom.store import Attempt, DeadLetter, EventLog, Repository

KIND: Final = "mesh"
UNDELIVERED: Final = "undelivered"

_MAILBOX: Final = re.compile(r"[A-Z0-9]{1,100}")
_WORKFLOW: Final = re.compile(r"[A-Za-z0-9_.-]{1,300}")

_log = structlog.get_logger("careloom.notify")


class Outbox(Protocol):
    """A mailbox, as far as it sends."""

    async def send(
        self, to: str, data: bytes, *, workflow: str, local_id: str = "", file_name: str = "", content_type: str = ...
    ) -> str:
        """Send a message, in as many chunks as it takes; the id that MESH gave it.

        Raises:
            InvalidError: MESH refuses it.
            UnavailableError: MESH did not take all of it.
        """
        ...


class Mesh:
    """Sends notifications to mailboxes."""

    def __init__(self, outbox: Outbox, mailboxes: Mapping[str, str], workflow: str) -> None:
        """Prepare to send.

        Args:
            outbox: The mailbox that is ours.
            mailboxes: By id of a mailbox, the id of the client whose it is.
            workflow: Workflow id of what is sent, where an endpoint names none.
        """
        self._outbox = outbox
        self._mailboxes = mailboxes
        self._workflow = workflow

    def check(self, endpoint: str, client: str) -> None:
        """Judge an endpoint for a client.

        Raises:
            InvalidError: No address of a mailbox.
            ForbiddenError: Not one of the client's.
        """
        mailbox, _ = read_endpoint(endpoint, self._workflow)
        if self._mailboxes.get(mailbox) != client:
            raise ForbiddenError(f"endpoint {endpoint!r}: a mailbox expected that the hub knows as the client's")

    async def send(
        self, endpoint: str, body: bytes, *, webhook_id: str, secret: str, headers: tuple[tuple[str, str], ...]
    ) -> Outcome:
        """Try once; whoever reads the mailbox is sure of the sender by MESH, so nothing is signed."""
        content_type = dict(headers).get("Content-Type", "application/fhir+json")
        return await self.post(endpoint, body, Carried.of(body), file_name=f"{webhook_id}.json", type=content_type)

    async def post(self, endpoint: str, body: bytes, carried: Carried, *, file_name: str, type: str) -> Outcome:
        """Try once to send something that tells of a notification.

        Args:
            endpoint: Where to.
            body: What goes out.
            carried: Of which notification it tells, by which a report that it was not collected is understood.
            file_name: Under which name it goes.
            type: Its media type.
        """
        try:
            mailbox, workflow = read_endpoint(endpoint, self._workflow)
            if mailbox not in self._mailboxes:
                return Outcome("refused", detail=f"mailbox {mailbox}: not one that the hub sends to")
            await self._outbox.send(
                mailbox,
                body,
                workflow=workflow,
                local_id=carried.written(),
                file_name=file_name,
                content_type=type,
            )
        except InvalidError as error:  # no such mailbox, no such workflow: another try would not find it either
            return Outcome("refused", detail=str(error))
        except (UnavailableError, CareloomError) as error:  # or a key of ours that is not good now
            return Outcome("retry", detail=str(error))
        return Outcome("accepted", 202)


def read_endpoint(endpoint: str, workflow: str) -> tuple[str, str]:
    """Mailbox and workflow id.

    Raises:
        InvalidError: No address of a mailbox.
    """
    form = f"endpoint {endpoint!r}: mesh://MAILBOX, perhaps with ?workflow_id=NAME, expected"
    try:
        parts = urlsplit(endpoint)
        query = parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError as error:
        raise InvalidError(form) from error
    found = query.pop("workflow_id", [workflow])
    if parts.scheme != KIND or parts.path or parts.fragment or query or len(found) != 1:
        raise InvalidError(form)
    if not _MAILBOX.fullmatch(parts.netloc) or not _WORKFLOW.fullmatch(found[0]):
        raise InvalidError(form)
    return parts.netloc, found[0]


async def undelivered(local_id: str, reason: str, repository: Repository, events: EventLog, now: datetime) -> bool:
    """Take note that MESH could not deliver a notification.

    Its events are put aside, each with the reason; where it was a handshake, its subscription is in error.

    Args:
        local_id: What the notification was sent as.
        reason: What MESH says.
        repository: The record.
        events: Where events are kept.
        now: The present instant.

    Returns:
        Whether it was a notification of ours.
    """
    carried = Carried.read(local_id)
    version = await repository.read("Subscription", carried.subscription) if carried else None
    if carried is None or version is None:
        return False
    letters = [
        DeadLetter(carried.subscription, event.number, reason, now)
        for event in (await events.events(carried.subscription, carried.first, carried.last) if carried.first else ())
    ]
    attempt = Attempt(carried.subscription, carried.first, carried.last, 1, now, 0, UNDELIVERED, 0, "", reason)
    await events.record_attempt(attempt, None, letters)
    _log.warning("not delivered by MESH", subscription=carried.subscription, events=len(letters), reason=reason)
    if not letters and version.resource is not None and version.resource.get("status") == "active":
        await write_status(repository, carried.subscription, version.version_id, "error", reason)
    return True
