"""Everything an interaction needs to answer: the engines, the record, the rules, the locality's choices."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from careloom.definitions import TypeModel
from careloom.governance import Authority, Folding, Grant, Ledger, Refusals, Registry
from careloom.model.instants import Clock, utc_now
from careloom.model.issues import Issue
from careloom.model.records import dataclass, field
from careloom.model.resource import Resource
from careloom.notify.telling import Telling
from careloom.rest.at_hand import AtHand
from careloom.rest.inflow import Inflow
from careloom.rest.jobs import Jobs
from careloom.rest.ledger import ledger_of
from careloom.rest.metrics import Metrics
from careloom.rest.policy import Policy
from careloom.rest.routes import Routes
from careloom.search import SearchParameters
from careloom.store import Repository
from careloom.store.ids import new_id

if TYPE_CHECKING:
    from careloom.rest.operations.matching import MatchTable
    from careloom.rest.terminology.recorded import RecordedTerminology

Resolve = Callable[[str], Resource | None]
"""Finds what a reference leads to among the resources at hand; None where it leads elsewhere."""

BeforeWrite = Callable[[Resource, Grant], Resource]
"""Looks at a resource that is about to be written, and may change or refuse it (InvalidError, ForbiddenError).

Runs outside the writer's turn, on a worker thread.
"""


class Validates(Protocol):
    """Judges resources: `careloom.validation.Validator`, or a stand-in for it in a test."""

    def validate(
        self, resource: Resource, *, profiles: Sequence[str] = (), resolve: Resolve | None = None
    ) -> Sequence[Issue]:
        """Every finding against base FHIR, the profiles the resource claims, and those given."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """Ceilings; what goes over one is refused with a clear word.

    Attributes:
        body: Bytes of a request body.
        form: Bytes of a form, which anybody may send to the token endpoint.
        answers: Bytes that the answers to a batch or transaction hold together, before the rest of it is refused.
        depth: Levels of nesting in a body.
        entries: Entries of a batch or transaction.
        parameters: Parameters of a query or form.
        page: Entries of a page of search results.
        seconds: How long a request may take, its body included; what is not written by then is not written at all.
        waiting: Requests in progress at a time, before others are told to come again.
    """

    body: int = 16 * 1024 * 1024
    form: int = 256 * 1024
    answers: int = 64 * 1024 * 1024
    depth: int = 100
    entries: int = 20_000
    parameters: int = 200
    page: int = 1000
    seconds: int = 60
    waiting: int = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Hub:
    """What a request meets; it never changes, a new one takes its place when the settings do; compared by identity.

    Attributes:
        base_url: Address of the FHIR base, without a slash at the end.
        repository: The record.
        parameters: What can be searched.
        types: What the base types look like.
        validator: Judges resources.
        authority: Issues and recognises tokens.
        registry: Who takes part, and what is agreed.
        routes: What is offered at which address.
        site: The locality it serves, as audit records name it.
        conformance: By type, the profiles that a resource of that type must conform to: the locality's choice.
        before_write: By type, a function that looks at what is about to be written.
        owned: By type, the system of the tag that names the client a resource belongs to (`careloom.rest.ownership`).
        limits: Ceilings.
        policy: How clients are treated, as far as the locality may choose.
        terminology: Answers what codes mean; None where nobody asks.
        jobs: Requests that are answered later; None where every request is answered at once.
        matching: What patients are matched by; None for the table that comes with Careloom.
        telling: What is told to subscribers; None where nobody is told anything.
        inflow: Reads what is sent here and is no FHIR R4 request; None where nobody does.
        import_folder: Folder whose files ``$import`` may read; None where it reads none.
        folding: How many refusals of a stranger are recorded one by one.
        refusals: Those that are counted and not recorded yet.
        metrics: What is counted; nothing where a test has no use for it.
        at_hand: Which writes are made ready on the event loop.
        clock: Present instant.
        new_id: Makes ids of resources and audit records.
        ledger: Where audit records go that are not part of a write.
    """

    base_url: str
    repository: Repository
    parameters: SearchParameters
    types: TypeModel
    validator: Validates
    authority: Authority
    registry: Registry
    routes: Routes
    site: str = ""
    conformance: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    before_write: Mapping[str, BeforeWrite] = field(default_factory=dict)
    owned: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = Limits()
    policy: Policy = field(default_factory=Policy)
    terminology: "RecordedTerminology | None" = None
    jobs: Jobs | None = None
    matching: "MatchTable | None" = None
    telling: Telling | None = None
    inflow: Inflow | None = None
    import_folder: Path | None = None
    folding: Folding = Folding()
    refusals: Refusals = field(default_factory=Refusals)
    metrics: Metrics = field(default_factory=Metrics)
    at_hand: AtHand = field(default_factory=AtHand)
    clock: Clock = utc_now
    new_id: Callable[[], str] = new_id
    ledger: Ledger = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ledger", ledger_of(self.repository))
