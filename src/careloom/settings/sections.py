"""What can be set, as frozen values; `careloom.settings.load` reads them from the file."""

from collections.abc import Collection, Iterator, Mapping
from datetime import tzinfo
from difflib import get_close_matches
from pathlib import Path

from careloom.governance import Agreement, Client, Organisation, Registry
from careloom.model.issues import Issue
from careloom.model.records import dataclass
from careloom.notify import EndpointPolicy, RetryPolicy, Topic
from careloom.notify.channels.nats import Broker
from careloom.notify.equals import MOST_EQUAL
from careloom.rest.hub import Limits
from careloom.search.limits import Limits as SearchLimits
from careloom.settings.http import HttpSettings
from careloom.settings.mesh import MeshSettings
from careloom.settings.mllp import MllpSettings
from careloom.settings.operations import OperationSettings
from careloom.settings.tls import USUAL_TLS, ClientTls
from careloom.store.source import StoreSource
from careloom.terminology.sources import TerminologySources


@dataclass(frozen=True, slots=True)
class HubSettings:
    """Where the hub is, and where it keeps things.

    Attributes:
        base_url: Address of the FHIR base as clients know it, without a slash at the end.
        host: Address to listen on.
        port: Port to listen on, that of the address unless set; 0 lets the system choose.
        database: The SQLite file, unless the section ``[store]`` names another database.
        tenant: The locality, first part of every key of the record.
        key_file: Private key that signs access tokens; made at the first start.
        time_zone: The zone that dates in the file are meant in.
        purposes: Purposes of use that are accepted.
        pages: Whether there are pages for people beside the FHIR base.
    """

    base_url: str
    host: str
    port: int
    database: Path
    tenant: str
    key_file: Path
    time_zone: tzinfo
    purposes: frozenset[str]
    pages: bool


@dataclass(frozen=True, slots=True)
class DefinitionSettings:
    """Which FHIR definitions are in force: packages as ``NAME@VERSION``, and folders on top of them."""

    packages: tuple[str, ...]
    directories: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """Where notifications may go, and when they are tried again.

    Attributes:
        endpoints: Where may be sent to.
        retry: When to try again.
        takes_classic: Whether subscriptions are taken whose criteria are a search, as R4 had them before topics.
        most_equal: How many equal subscriptions one client may have.
        tls: What the hub proves itself by to those it tells.
    """

    endpoints: EndpointPolicy
    retry: RetryPolicy
    takes_classic: bool = False
    most_equal: int = MOST_EQUAL
    tls: ClientTls = USUAL_TLS


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """How audit records name the place: ``AuditEvent.source.site``."""

    site: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that is set, of one reading of the file.

    Attributes:
        file: The file it was read from.
        files: That file and those that it names for keys and secrets of clients; a change of any is a change.
        store: Which database holds the record.
        limits: Ceilings of a request.
        search: Ceilings of a search.
        http: How the hub is served, and how it treats its clients.
        terminology: Where codes are looked up besides the definitions.
        conformance: By resource type, the canonical URLs of the profiles it must conform to.
        mllp: Ports that take HL7 v2.
        mesh: The mailbox of the hub; None where it has none.
        nats: The broker that notifications are published on; None where there is none.
        topics: Those in force: the file's own, or the standard ones where it has none.
        webhook_secrets: By client id, the secret that notifications to it are signed with.
    """

    file: Path
    files: tuple[Path, ...]
    hub: HubSettings
    store: StoreSource
    limits: Limits
    search: SearchLimits
    http: HttpSettings
    operations: OperationSettings
    definitions: DefinitionSettings
    terminology: TerminologySources
    conformance: Mapping[str, tuple[str, ...]]
    organisations: tuple[Organisation, ...]
    clients: tuple[Client, ...]
    agreements: tuple[Agreement, ...]
    mllp: tuple[MllpSettings, ...]
    mesh: MeshSettings | None
    nats: Broker | None
    topics: tuple[Topic, ...]
    notify: NotifySettings
    audit: AuditSettings
    webhook_secrets: Mapping[str, str]

    def registry(self) -> Registry:
        """Who takes part and what is agreed.

        Raises:
            InvalidError: They contradict each other; `careloom.settings.load_settings` has seen to it that they do not.
        """
        return Registry(self.organisations, self.clients, self.agreements, self.hub.purposes)

    def unknown_types(self, known: Collection[str]) -> list[Issue]:
        """One issue for each resource type that is named but not known, once definitions are loaded."""
        return [_unknown_type(self.file, key, name, known) for key, name in self._types() if name not in known]

    def _types(self) -> Iterator[tuple[str, str]]:
        yield from ((f"conformance.{name}", name) for name in self.conformance)
        for agreement in self.agreements:
            yield from ((f"agreements[{agreement.id}].types", name) for name in sorted(agreement.types - {"*"}))
        for client in self.clients:
            yield from ((f"clients[{client.id}].scopes", name) for name, _ in client.scopes.granted if name != "*")
        for topic in self.topics:
            yield from ((f"topics[{topic.url}].resource", type) for type in topic.resources)


def _unknown_type(file: Path, key: str, name: str, known: Collection[str]) -> Issue:
    near = get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return Issue("error", "invalid", f"{file}: {key}: {name!r} is not a resource type{hint}", key, rule="settings")
