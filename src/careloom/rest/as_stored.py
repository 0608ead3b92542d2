"""Reads that are answered with the bytes the store has, neither taken apart nor written anew.

Most reads ask for all of a resource in plain JSON, which is what the store keeps. The audit record of such a read needs
the version and the patients it is about; they are found in the text without reading the rest of it.

Who may be told the text is decided here and in `careloom.rest.visibility.sees_whole`, and nowhere else: an answer that
is cut down, written otherwise, or narrowed by who asks is made of the resource.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from careloom.model.errors import DeletedError, NotFoundError
from careloom.rest.conditional import is_unmodified
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.negotiation import chosen_format
from careloom.rest.representation import asked, version_headers
from careloom.rest.visibility import sees_whole
from careloom.store import Text, Version


def may_tell_text(request: FhirRequest, hub: Hub) -> bool:
    """Whether a read is answered with what the store has.

    It asks for all of the resource in plain JSON and at once, its answer goes into no bundle, and its client sees
    everything of the type.
    """
    if not request.is_alone or request.parameters or request.takes_raw or request.task is not None:
        return False
    return chosen_format(request).family == "json" and sees_whole(request, hub)


def shown_as_stored(text: Text | None, request: FhirRequest) -> FhirResponse:
    """The answer to a read, as `careloom.rest.representation.shown` would have it.

    Raises:
        NotFoundError: There never was such a resource.
        DeletedError: It was deleted.
    """
    if text is None:
        raise NotFoundError(f"{asked(request)} is not known")
    if text.body is None:
        raise DeletedError(f"{asked(request)} was deleted")
    version = _outlined(text, text.body)
    headers = version_headers(version)
    if is_unmodified(request, version):
        return FhirResponse(304, None, headers, (version,))
    headers["Content-Type"] = chosen_format(request).content_type
    return FhirResponse(200, None, headers, (version,), data=text.body)


class _Outline(msgspec.Struct, omit_defaults=True):
    """What an audit record looks at in a resource: the elements by which `careloom.rest.audit` finds patients."""

    subject: Any = None
    patient: Any = None
    beneficiary: Any = None
    individual: Any = None
    for_: Any = msgspec.field(default=None, name="for")


_outline = msgspec.json.Decoder(_Outline).decode


def _outlined(text: Text, body: bytes) -> Version:
    """The version, with as much of its resource as its audit record looks at."""
    resource: Mapping[str, Any] = msgspec.to_builtins(_outline(body))
    return Version(
        text.type,
        text.id,
        text.version_id,
        text.last_updated,
        text.interaction,
        {"resourceType": text.type, **resource},
        text.sequence,
    )
