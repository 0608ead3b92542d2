"""$get-ws-binding-token: a token that binds a websocket to subscriptions, good once and for a minute.

A websocket of a browser carries no Authorization header, so the right to one is asked for by REST and shown on the
line. The token is signed by the hub, so that any of its processes can take it, and remembered as used in the record
that they share.

Source: Subscriptions R5 Backport 1.1, OperationDefinition backport-subscription-get-ws-binding-token.
"""

from datetime import timedelta
from typing import Final

from careloom.governance.claims import check_audience, check_not_expired, instant_claim, text_claim
from careloom.governance.jose import open_token, sign_token
from careloom.model.errors import InvalidError, LoginError
from careloom.model.instants import instant
from careloom.model.parameters import parameters
from careloom.notify.subscriptions import WEBSOCKET, channel_kind
from careloom.notify.websocket import MOST_SUBSCRIPTIONS, Bound
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.operation import Operation, Parameter
from careloom.rest.operations.addressed import addressed_version, resource_of
from careloom.rest.parameters import inputs
from careloom.rest.subscriptions.own import all_own, own_by_id, telling_of
from careloom.store import Version

LIFETIME: Final = timedelta(seconds=60)
TOKEN_TYPE: Final = "ws-binding+jwt"
SCOPE: Final = "ws-binding"

_TAKES: Final = (
    Parameter("id", "id", most="*", about="ids of subscriptions; all of the client's own on websockets without any"),
)


async def binding_token(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``GET Subscription/1/$get-ws-binding-token``, and the same on the type with ids.

    Raises:
        NotFoundError: There is no such subscription, or it is another client's.
        InvalidError: It is not told by websocket or is off, or there are too many.
    """
    versions = await _asked(request, hub)
    ids = [version.id for version in versions]
    if not 0 < len(ids) <= MOST_SUBSCRIPTIONS:
        raise InvalidError(f"1 to {MOST_SUBSCRIPTIONS} subscriptions on websockets expected, found {len(ids)}")
    assert request.grant is not None
    now = hub.clock()
    claims = {
        "iss": hub.authority.base_url,
        "aud": hub.authority.base_url,
        "sub": request.grant.client,
        "subscriptions": " ".join(ids),
        "exp": int((now + LIFETIME).timestamp()),
        "jti": hub.authority.new_id(),
    }
    told = (
        {"name": "token", "valueString": sign_token(claims, hub.authority.keys[0], type=TOKEN_TYPE)},
        {"name": "expiration", "valueDateTime": instant(now + LIFETIME)},
        *({"name": "subscription", "valueString": id} for id in ids),
        {"name": "websocket-url", "valueUrl": telling_of(hub).websocket_url},
    )
    return FhirResponse(200, parameters(*told), {"Cache-Control": "no-store"}, versions=tuple(versions))


async def redeem(token: str, hub: Hub) -> Bound:
    """What a token binds to, for the one time that it does.

    Raises:
        LoginError: Not a token of this hub for that, over, or used before.
    """
    claims = open_token(token, type=TOKEN_TYPE).proven_by(hub.authority.public_keys)
    check_audience(claims, hub.authority.base_url)
    expires, key = instant_claim(claims, "exp"), text_claim(claims, "jti")
    check_not_expired(expires, hub.clock())
    if not await hub.repository.commit(lambda turn: turn.once(SCOPE, key, expires + LIFETIME), is_light=True):
        raise LoginError("token: one that was not used before expected")
    return Bound(text_claim(claims, "sub"), tuple(text_claim(claims, "subscriptions", longest=8192).split()))


async def _asked(request: FhirRequest, hub: Hub) -> list[Version]:
    """The subscriptions a token is asked for.

    Raises:
        InvalidError: One that is named is not told by websocket, or is off.
    """
    ids = inputs(request, _TAKES).texts("id")
    if not request.id and not ids:
        return [version for version in await all_own(request, hub) if _can_be_bound(version)]
    versions = [await addressed_version(request, hub)] if request.id else await own_by_id(ids, request, hub)
    for version in versions:
        if not _can_be_bound(version):
            raise InvalidError(f"{version.reference}: one with a websocket channel that is not off expected")
    return versions


def _can_be_bound(version: Version) -> bool:
    resource = resource_of(version)
    return channel_kind(resource.get("channel", {})) == WEBSOCKET and resource.get("status") in ("requested", "active")


BINDING = Operation(
    "get-ws-binding-token",
    binding_token,
    title="A token that binds a websocket to subscriptions",
    definition=(
        "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-get-ws-binding-token"
    ),
    levels={"instance": "r", "type": "r"},
    types=("Subscription",),
    takes=_TAKES,
    gives=(
        Parameter("token", "string", least=1),
        Parameter("expiration", "dateTime", least=1),
        Parameter("subscription", "string", most="*"),
        Parameter("websocket-url", "url", least=1),
    ),
)
"""$get-ws-binding-token."""
