"""Who takes part, how much each is given, what it checks, and how it is known to judge HL7's validator suite."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from benchmarks.peers import homes
from benchmarks.peers.homes import Home

FLOOR = "orjson.loads"
CARELOOM = "Careloom"
REFERENCE = "HL7 validator (Java)"


@dataclass(frozen=True, slots=True)
class Peer:
    """A validator, or a parser to compare with.

    Attributes:
        name: For the table.
        home: Makes its environment and says how it is started; AbsentError where that cannot be.
        count: Resources in each round; fewer for the slow ones.
        warm_up: Resources that it judges before the clock runs.
        checks: What it looks at.
        suite: Verdicts that agree with HL7's suite: all, and balanced over valid and invalid; from the README of the
            suite as Careloom keeps it, where not measured.
    """

    name: str
    home: Callable[[], Home]
    count: int
    warm_up: int
    checks: str
    suite: str = "not measured"


PEERS = (
    Peer(FLOOR, partial(homes.own, "orjson"), 2_000, 200, "JSON alone: the unit of time", "49.1 % (50.0 %)"),
    Peer("json.loads", partial(homes.own, "json"), 2_000, 200, "JSON alone", "49.1 % (50.0 %)"),
    Peer(
        CARELOOM,
        partial(homes.own, "careloom"),
        2_000,
        2_000,
        "structure, types, formats, bindings, reference targets, narrative, every invariant, slicing and profiles, "
        "rules for whole resources",
    ),
    Peer(
        "fhirkit-rs",
        partial(homes.python, "fhirkit-rs", "fhirkit-rs==0.1.0"),
        2_000,
        200,
        "structure, cardinality, types, some formats (Rust)",
        "57.3 % (58.1 %)",
    ),
    Peer(
        "fhir.resources",
        partial(homes.python, "fhir.resources", "fhir.resources==8.3.0", "orjson==3.13.0"),
        200,
        200,
        "structure and types of R4B, as pydantic models; no code lists, no invariants",
        "57.3 % (58.1 %)",
    ),
    Peer(
        "pyrofile-validator",
        homes.pyrofile,
        60,
        60,
        "structure, bindings, invariants, profiles, slicing; with the R4 core package",
        "73.1 % (73.2 %)",
    ),
    Peer(
        "@medplum/core",
        homes.medplum,
        400,
        200,
        "structure, cardinality, types, most invariants; no code lists offline (Node)",
    ),
    Peer(
        REFERENCE,
        homes.java,
        100,
        200,
        "everything, the reference for the rest; here without terminology server and without its extension packs",
        "100 % by definition",
    ),
)
