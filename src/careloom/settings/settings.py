"""Everything that is set, as one frozen value; `careloom.settings.load` reads it from the file."""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from careloom.governance import Agreement, Client, Organisation, Registry
from careloom.model.issues import Issue
from careloom.model.records import dataclass, field
from careloom.notify import Topic
from careloom.notify.channels.nats import Broker
from careloom.rest.hub import Limits
from careloom.search.limits import Limits as SearchLimits
from careloom.settings.audit import AuditSettings
from careloom.settings.definitions import DefinitionSettings
from careloom.settings.http import HttpSettings
from careloom.settings.hub import HubSettings
from careloom.settings.mesh import MeshSettings
from careloom.settings.mllp import MllpSettings
from careloom.settings.notify import NotifySettings
from careloom.settings.operations import OperationSettings
from careloom.store.source import StoreSource
from careloom.terminology.sources import TerminologySources


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
    webhook_secrets: Mapping[str, str] = field(repr=False)

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
