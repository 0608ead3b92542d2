"""$erase: a patient's data taken out for good, from all versions and all that they are found by, with proof.

It is another thing than a deletion, which keeps every version. What goes is all that is or was in the patient's
compartment, documents and messages that hold it, the files that it refers to in the record, and all answers
and exports that are kept for clients to fetch, whosever they are about: they cannot be searched, and can be asked for
again. What stays is audit: who did what, when, of which address; and for each erasure a
record in the store with counts and a digest over keyed hashes, from which nobody can read whom it was about.

What is about other patients too, a group or an appointment of two, would be lost to them; the request is then refused
with their addresses, unless it says that they go as well. The intention is audited before anything is erased, and the
outcome after. Asking again is no error, and finishes what a crash has cut off.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Final

from careloom.governance import Decision
from careloom.model.errors import ConflictError, MalformedError, NotSupportedError, UnavailableError
from careloom.model.instants import instant
from careloom.model.json import serialize_json
from careloom.model.parameters import Part, parameters
from careloom.model.records import dataclass, replace
from careloom.rest.access import judge_right, permitted
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.operation import Operation, Parameter
from careloom.rest.operations.addressed import resource_of
from careloom.rest.operations.references import local_reference
from careloom.rest.parameters import inputs
from careloom.rest.perform import recorded
from careloom.search import Query, index_values
from careloom.search.conditions import InCompartment
from careloom.store import HistoryQuery, Version
from careloom.store.erasure import Erasure

_PAGE: Final = 500
_TOLD: Final = 10
"""Addresses that a refusal names."""
_LONGEST_REASON: Final = 500

_TAKES: Final = (
    Parameter("reason", "string", least=1, about="why, for the audit record; no patient data"),
    Parameter("includeShared", "boolean", about="erase also what is about other patients too"),
)


async def erase(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``POST Patient/id/$erase``.

    Raises:
        MalformedError: There is no reason.
        ForbiddenError: The client may not delete resources of every type.
        ConflictError: Something is about other patients too.
        UnavailableError: The intention cannot be audited.
    """
    given = inputs(request, _TAKES)
    reason = given.text("reason").strip()
    if not reason or len(reason) > _LONGEST_REASON:
        raise MalformedError(f"reason: 1 to {_LONGEST_REASON} characters expected", expression="reason")
    decision = permitted(judge_right("delete", "", request, hub))
    found = await _survey(request, hub)
    if found.shared and not given.flag("includeShared"):
        told = ", ".join(found.shared[:_TOLD]) + (", …" if len(found.shared) > _TOLD else "")
        raise ConflictError(
            f"{len(found.shared)} resources are about other patients too: {told}; includeShared erases them"
        )
    await _audit_intention(request, reason, decision, hub)
    outside = [await hub.repository.erase(*each.split("/")) for each in found.outside]  # the compartment leads there
    erasures = [await hub.repository.erase("Patient", request.id), *outside]
    forgotten = hub.jobs.forget_all() if hub.jobs else 0
    told = "; ".join(f"erasure {each.id} of {each.versions} versions, digest {each.digest}" for each in erasures)
    outcome = replace(decision, reason=f"{decision.reason}; {reason}; {told}")
    answer = parameters(*map(_told, erasures), {"name": "jobsForgotten", "valueInteger": forgotten})
    return FhirResponse(200, answer, decision=outcome)


async def check(request: FhirRequest, hub: Hub) -> None:
    """Refuse to answer later.

    Raises:
        NotSupportedError: Always, since an erasure forgets the answers that are kept for later.
    """
    raise NotSupportedError("$erase: it is answered at once, since it forgets what is kept for later")


@dataclass(frozen=True, slots=True)
class _Survey:
    """What an erasure would take.

    Attributes:
        shared: ``Type/id`` of what is about other patients too.
        outside: ``Type/id`` of what holds the patient's data outside the compartment.
    """

    shared: tuple[str, ...]
    outside: tuple[str, ...]


async def _survey(request: FhirRequest, hub: Hub) -> _Survey:
    own = f"Patient/{request.id}"
    shared, outside = [], set()
    async for version in _compartment(request.id, hub):
        if version.type != "AuditEvent":
            patients = {each for each in _compartments(version, hub) if each.startswith("Patient/")}
            shared += [version.reference] * (patients != {own})
            outside |= set(_binaries(resource_of(version), hub))
    mentions = _mentioning(request.id)
    async for version in _bundles(hub):
        if version.resource and mentions(serialize_json(version.resource)):
            outside.add(version.reference)
    return _Survey(tuple(sorted(shared)), tuple(sorted(outside)))


async def _compartment(id: str, hub: Hub) -> AsyncIterator[Version]:
    """The living resources in a patient's compartment, whoever may see them."""
    query = Query("", (InCompartment("Patient", id),), count=_PAGE, total="none")
    while True:
        page = await hub.repository.search(query)
        for version in page.matches:
            yield version
        if page.next is None:
            return
        query = replace(query, page=page.next)


async def _bundles(hub: Hub) -> AsyncIterator[Version]:
    """Every version of every Bundle: documents and messages are in no compartment."""
    query = HistoryQuery(types=("Bundle",), count=_PAGE)
    while True:
        page = await hub.repository.history(query)
        for version in page.versions:
            yield version
        if page.next is None:
            return
        query = replace(query, beyond=page.next)


def _compartments(version: Version, hub: Hub) -> frozenset[str]:
    codes = {code for codes in hub.parameters.compartments(version.type).values() for code in codes}
    return index_values(resource_of(version), hub.parameters, only=codes).compartments


def _binaries(value: Any, hub: Hub) -> Iterator[str]:
    """``Binary/id`` of the files of the record that a resource refers to."""
    waiting = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            waiting += node.values()
            for name in ("url", "reference"):
                reference = local_reference(node.get(name), hub.base_url)
                if reference and reference.type == "Binary":
                    yield reference.local


def _mentioning(id: str) -> Callable[[bytes], bool]:
    """Whether a text in JSON has the patient or refers to them, as all in their compartment does."""
    escaped = re.escape(id.encode())
    pattern = re.compile(rb"Patient/" + escaped + rb'["/]|"id":"' + escaped + rb'"')
    return lambda data: pattern.search(data) is not None


async def _audit_intention(request: FhirRequest, reason: str, decision: Decision, hub: Hub) -> None:
    """Record that something is about to be erased; if that cannot be, nothing is."""
    intended = replace(decision, reason=f"{decision.reason}; about to erase: {reason}")
    noted = await recorded(request, FhirResponse(202, decision=intended), hub, decision)
    if noted.status != 202:
        raise UnavailableError("the audit record cannot be written, and what cannot be audited is not done")


def _told(erasure: Erasure) -> Part:
    return {
        "name": "erasure",
        "part": [
            {"name": "id", "valueString": erasure.id},
            {"name": "begun", "valueInstant": instant(erasure.begun)},
            {"name": "ended", "valueInstant": instant(erasure.ended)},
            {"name": "resources", "valueInteger": erasure.resources},
            {"name": "versions", "valueInteger": erasure.versions},
            {"name": "digest", "valueString": erasure.digest},
        ],
    }


ERASE = (
    Operation(
        "erase",
        erase,
        title="Takes a patient's data out for good, with proof",
        definition="https://careloom.example/OperationDefinition/Patient-erase",
        levels={"instance": "d"},
        types=("Patient",),
        affects_state=True,
        check=check,
        takes=_TAKES,
        gives=(
            Parameter(
                "erasure",
                least=1,
                most="*",
                about="the record of each erasure",
                parts=(
                    Parameter("id", "string", least=1),
                    Parameter("begun", "instant", least=1),
                    Parameter("ended", "instant", least=1),
                    Parameter("resources", "integer", least=1),
                    Parameter("versions", "integer", least=1),
                    Parameter("digest", "string", least=1, about="SHA-256 over keyed hashes of what was erased"),
                ),
            ),
            Parameter("jobsForgotten", "integer", least=1, about="answers and exports that were kept for clients"),
        ),
    ),
)
"""$erase."""
