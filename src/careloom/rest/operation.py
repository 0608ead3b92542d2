"""What an operation is: one declaration from which its addresses, its rights and its documentation are made.

An operation is a file with an ``async def`` that answers like any interaction (`careloom.rest.interaction`), and a
declaration of it::

    EVERYTHING = Operation(
        "everything",
        everything,
        title="All that the record holds about a patient",
        definition="http://hl7.org/fhir/OperationDefinition/Patient-everything",
        levels={"instance": "r"},
        types=("Patient",),
        takes=(Parameter("start", "date"), Parameter("_type", "code", most="*")),
        gives=(Parameter("return", "Bundle", least=1),),
    )

The declaration stands in a list that `careloom.rest.table` takes up; nothing else needs to be told of it.
The handler finds the address in the request, what was sent as query in ``request.parameters`` and a body, if there was
one, in ``request.body``.

Source: FHIR R4, 3.2.0 operations.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from careloom.model.records import dataclass, field
from careloom.rest.interaction import Ask, Interaction, InTurn, Level
from careloom.rest.messages import FhirRequest

if TYPE_CHECKING:
    from careloom.rest.hub import Hub

_PATHS: Mapping[Level, str] = {
    "system": "",
    "type": "{type}/",
    "instance": "{type}/{id}/",
    "version": "{type}/{id}/_history/{version_id}/",
}

Reads = Callable[[FhirRequest, bytes, "Hub"], FhirRequest]
"""From a body that is no resource to a request whose parameters say the same."""

Check = Callable[[FhirRequest, "Hub"], Awaitable[None]]
"""Refuses what cannot be done, by raising; it does nothing else."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an operation, in or out.

    Attributes:
        name: As OperationDefinition.parameter.name.
        type: Type of its value, ``date``, ``Coding``, ``Bundle``; ``Resource`` for any; empty where it has parts.
        least: How often it must be there.
        most: How often it may be there, ``"1"`` or ``"*"``.
        about: What it is for, one sentence.
        parts: What a parameter without a value is made of.
    """

    name: str
    type: str = ""
    least: int = 0
    most: str = "1"
    about: str = ""
    parts: tuple["Parameter", ...] = ()

    @property
    def is_simple(self) -> bool:
        """Whether a query can carry it: primitive types, and by FHIR's leave nothing else."""
        return self.type[:1].islower()


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    Attributes:
        name: Without ``$``.
        ask: The operation itself.
        title: What it does, one line, for the documentation.
        definition: Canonical URL of its OperationDefinition.
        levels: Where it is offered, each with the SMART right that is needed there on the type in the address
            (``c``, ``r``, ``u``, ``d``, ``s``); an empty one where it reads nothing of the record, or where the
            handler asks for rights by itself.
        types: The types it is offered on; empty for every type.
        affects_state: Whether it changes the record; then it is not offered by GET.
        takes: Parameters in.
        gives: Parameters out.
        in_turn: The operation within a transaction; None where it may not stand in one.
        is_open: Whether it is answered to anybody, without a token.
        is_bulk: Whether it is asked for with ``Prefer: respond-async`` alone, and its answer is told as it is. Its
            handler finds in ``request.task`` where to write files and how to tell its progress, and is otherwise
            like any other (`careloom.rest.jobs`).
        check: What refuses a request that is to be answered later before it is taken on; None where only the work
            can tell.
        reads: How its body is read; None where that is Parameters or the resource it takes.
    """

    name: str
    ask: Ask
    title: str
    definition: str
    levels: Mapping[Level, str] = field(hash=False)
    types: tuple[str, ...] = ()
    affects_state: bool = False
    takes: tuple[Parameter, ...] = ()
    gives: tuple[Parameter, ...] = ()
    in_turn: InTurn | None = None
    is_open: bool = False
    is_bulk: bool = False
    check: Check | None = None
    reads: Reads | None = None

    @property
    def has_simple_query(self) -> bool:
        """Whether all it must be given can stand in a query, so that GET can ask for it."""
        return not self.affects_state and all(each.is_simple for each in self.takes if each.least)

    def interactions(self) -> Iterator[Interaction]:
        """Its rows of the table: POST at each of its levels, and GET where that can ask for it."""
        for level, right in self.levels.items():
            for method in ("POST", "GET") if self.has_simple_query else ("POST",):
                yield Interaction(
                    code=f"${self.name}",
                    method=method,
                    path=f"{_PATHS[level]}${self.name}",
                    ask=self.ask,
                    about=self.title,
                    body="optional" if method == "POST" else "none",
                    is_open=self.is_open,
                    in_turn=self.in_turn,
                    types=frozenset(self.types),
                    right=right,
                    operation=self,
                )
