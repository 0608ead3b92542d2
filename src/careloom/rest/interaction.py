"""What an interaction is: a row of the hub's one table of what it can do.

An interaction is ``async def read(request, hub)`` and answers in one of two ways:

- with a `FhirResponse`, when nothing is written;
- with `Work`, a plain function that the writer calls in its turn and that gives the response.
  Conditions are tested there, so no race can come between the test and the write,
  and the audit record joins the same commit (see `careloom.rest.perform`).

What may stand in a transaction has a second face, ``in_turn``: the same interaction inside a turn that others share.
All that costs time and needs no record, such as validation, is done before the turn.
"""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Literal

from careloom.model.records import dataclass
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.store import Turn

if TYPE_CHECKING:
    from careloom.rest.hub import Hub
    from careloom.rest.operation import Operation

Work = Callable[[Turn], FhirResponse]
Answer = FhirResponse | Work
Ask = Callable[[FhirRequest, "Hub"], Coroutine[Any, Any, Answer]]
InTurn = Callable[[Turn, FhirRequest, "Hub"], FhirResponse]

Level = Literal["system", "type", "instance", "version"]
BodyKind = Literal["resource", "optional", "patch", "form", "raw", "none"]


@dataclass(frozen=True, slots=True)
class Interaction:
    """One row of the table.

    Attributes:
        code: As FHIR calls it: ``read``, ``history-instance``, ``transaction``; an operation has its ``$name``.
        method: HTTP method; GET answers HEAD too.
        path: Below the base address, ``{type}/{id}/_history/{version_id}``.
        ask: The interaction itself.
        about: What it does, one line, for the documentation.
        body: What the request carries: a resource, perhaps a resource, a patch, a form, bytes that it reads by itself,
            or nothing.
        is_open: Whether it is answered to anybody, without a token.
        in_turn: The interaction within a turn, for transactions; None where it may not stand in one.
        types: The types it is offered on; empty for every type.
        right: Of an operation, the SMART letter it needs; every other interaction has its own in governance.
        operation: What the row was made from, where that is an operation.
    """

    code: str
    method: str
    path: str
    ask: Ask
    about: str = ""
    body: BodyKind = "none"
    is_open: bool = False
    in_turn: InTurn | None = None
    types: frozenset[str] = frozenset()
    right: str = ""
    operation: "Operation | None" = None

    @property
    def level(self) -> Level:
        """Where it is offered: on the whole record, on a type, on one resource, or on one version of it."""
        if "{version_id}" in self.path:
            return "version"
        if "{id}" in self.path:
            return "instance"
        return "type" if "{type}" in self.path else "system"
