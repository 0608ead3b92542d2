"""Who asks, and may they: the two questions to governance, put once for each interaction."""

from collections.abc import Iterable
from typing import Final

from careloom.governance import AccessRequest, Decision, Grant, decide, verify_token, visible_types
from careloom.model.errors import ForbiddenError
from careloom.rest.errors import InsufficientScopeError, TokenMissingError
from careloom.rest.hub import Hub
from careloom.rest.interaction import Interaction
from careloom.rest.messages import FhirRequest

LOOKS: Final = ("read", "search-type")
"""What lets a client see resources of a type."""

_SPANNING = frozenset({"search-system", "history-system"})


def authenticate(authorization: str, hub: Hub) -> Grant:
    """What the ``Authorization`` header proves.

    Raises:
        TokenMissingError: Nothing that has the form of a bearer token.
        LoginError: Not a good token of this hub.
    """
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenMissingError(
            "Authorization: Bearer with an access token expected; /.well-known/smart-configuration says how"
        )
    return verify_token(token.strip(), authority=hub.authority, registry=hub.registry, now=hub.clock())


def judge(interaction: Interaction, request: FhirRequest, hub: Hub) -> Decision:
    """Whether the client may do what it asks, and why.

    What spans all types is permitted to who may search some of them: it then finds those alone.
    """
    assert request.grant is not None
    if interaction.code in _SPANNING and not request.type:
        return _judge_spanning(interaction, request.grant, hub)
    is_operation = interaction.code.startswith("$")
    asked = AccessRequest(
        interaction="operation" if is_operation else interaction.code,
        type=request.type,
        id=request.id,
        operation=interaction.code[1:] if is_operation else "",
        right=interaction.right,
    )
    return decide(asked, request.grant, hub.registry, hub.clock())


def _judge_spanning(interaction: Interaction, grant: Grant, hub: Hub) -> Decision:
    now = hub.clock()
    decision = decide(AccessRequest(interaction=interaction.code), grant, hub.registry, now)
    visible = visible_types(grant, interaction.code, hub.registry, now)
    if decision.permit or not visible:
        return decision
    return Decision(True, "permitted", f"on the types that may be searched: {', '.join(sorted(visible.names))}")


def require(interaction: Interaction, request: FhirRequest, hub: Hub) -> Decision:
    """The decision that permits.

    Raises:
        ForbiddenError: It does not; the message is its reason.
    """
    return permitted(judge(interaction, request, hub))


def require_search(type: str, request: FhirRequest, hub: Hub) -> Decision:
    """Let a condition look at a type only where the client may search it: its answer tells what the record holds.

    Raises:
        ForbiddenError: The client may not.
    """
    return permitted(judge_right("search-type", type, request, hub))


def require_sight(type: str, request: FhirRequest, hub: Hub) -> Decision:
    """Let what tells of resources of a type, be it by failing, be done by those alone who may read or search it.

    Raises:
        ForbiddenError: The client may do neither.
    """
    looks = [judge_right(look, type, request, hub) for look in LOOKS]
    return next((look for look in looks if look.permit), None) or permitted(looks[0])


def judge_right(interaction: str, type: str, request: FhirRequest, hub: Hub) -> Decision:
    """Whether the client of a request might do something else, too."""
    assert request.grant is not None
    return decide(AccessRequest(interaction=interaction, type=type), request.grant, hub.registry, hub.clock())


def together(decisions: Iterable[Decision]) -> Decision | None:
    """Several decisions that permit, as one: every reason once, and the agreement if it is one and the same."""
    by_reason = {decision.reason: decision for decision in decisions}
    if not by_reason:
        return None
    agreements = {decision.agreement for decision in by_reason.values()}
    agreement = agreements.pop() if len(agreements) == 1 else None
    return Decision(True, "permitted", "; ".join(by_reason), agreement)


def permitted(decision: Decision) -> Decision:
    """The decision, if it permits.

    Raises:
        ForbiddenError: It does not; the message is its reason.
    """
    if decision.permit:
        return decision
    raise InsufficientScopeError(decision.reason) if decision.code == "scope" else ForbiddenError(decision.reason)
