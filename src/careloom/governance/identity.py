"""Who takes part: organisations, their systems (clients), and the agreements between them.

A `Registry` never changes; reading the settings again makes another one, which takes the old one's place whole.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Protocol

from careloom.governance.interactions import VERBS
from careloom.governance.keys import PublicKey
from careloom.governance.scopes import NO_SCOPES, Scopes
from careloom.model.errors import InvalidError
from careloom.model.issues import Issue
from careloom.model.records import dataclass, field


@dataclass(frozen=True, slots=True)
class Organisation:
    """A party to agreements; ``ods_code`` is its code in the NHS Organisation Data Service, if it has one."""

    id: str
    name: str
    ods_code: str = ""


@dataclass(frozen=True, slots=True)
class Client:
    """A system of an organisation, known by its public keys; ``scopes`` is the most it may ever be granted.

    Attributes:
        purpose: Purpose of use of its tokens where it states none itself, as plain SMART clients do not; or empty.
    """

    id: str
    organisation: str
    keys: tuple[PublicKey, ...] = ()
    scopes: Scopes = NO_SCOPES
    name: str = ""
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a data-sharing agreement lets its grantees do.

    Attributes:
        id: Short name, used in decisions and audit records.
        title: For people.
        parties: Ids of the organisations that signed.
        interactions: Out of create, read, update, delete, search; read includes vread and instance history.
        types: Resource types, or ``*``.
        purposes: Codes of purposes of use.
        start: First instant in force, timezone-aware.
        end: First instant no longer in force, timezone-aware.
        grantees: Those of the parties to which it gives these rights; all of them when empty.
    """

    id: str
    title: str
    parties: tuple[str, ...]
    interactions: frozenset[str]
    types: frozenset[str]
    purposes: frozenset[str]
    start: datetime
    end: datetime
    grantees: tuple[str, ...] = ()

    def is_in_force(self, at: datetime) -> bool:
        """Whether the instant lies in the agreement's period."""
        return self.start <= at < self.end

    @property
    def rightful(self) -> tuple[str, ...]:
        """The organisations that it gives rights to, each once."""
        return tuple(dict.fromkeys(self.grantees or self.parties))


@dataclass(frozen=True, slots=True, eq=False)
class Registry:
    """Everyone and everything agreed, at one moment; compared by identity.

    Raises:
        InvalidError: An id is used twice, a name refers to nothing, or an agreement cannot be meant as written;
            one issue for each.
    """

    organisations: tuple[Organisation, ...] = ()
    clients: tuple[Client, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    purposes: frozenset[str] = frozenset({"TREAT"})
    _organisations: Mapping[str, Organisation] = field(init=False, repr=False)
    _clients: Mapping[str, Client] = field(init=False, repr=False)
    _agreements: Mapping[str, tuple[Agreement, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_organisations", {each.id: each for each in self.organisations})
        object.__setattr__(self, "_clients", {each.id: each for each in self.clients})
        object.__setattr__(self, "_agreements", _by_grantee(self.agreements))
        issues = [
            Issue("error", "invalid", message, expression=place, rule="registry")
            for place, message in (*_repeated(self), *_dangling(self), *_impossible(self))
        ]
        if issues:
            told = (f"{issue.expression}: {issue.diagnostics}" for issue in issues)
            raise InvalidError("; ".join(told), issues=issues)

    def organisation(self, id: str) -> Organisation | None:
        """The organisation of that id."""
        return self._organisations.get(id)

    def client(self, id: str) -> Client | None:
        """The client of that id."""
        return self._clients.get(id)

    def agreements_of(self, organisation: str) -> tuple[Agreement, ...]:
        """The agreements that give rights to an organisation, in force or not, in the order they were written."""
        return self._agreements.get(organisation, ())


def _by_grantee(agreements: Iterable[Agreement]) -> dict[str, tuple[Agreement, ...]]:
    found: dict[str, tuple[Agreement, ...]] = {}
    for agreement in agreements:
        for organisation in agreement.rightful:
            found[organisation] = (*found.get(organisation, ()), agreement)
    return found


class _Named(Protocol):
    @property
    def id(self) -> str: ...


_Problem = tuple[str, str]


def _repeated(registry: Registry) -> Iterator[_Problem]:
    groups: dict[str, Iterable[_Named]] = {
        "organisations": registry.organisations,
        "clients": registry.clients,
        "agreements": registry.agreements,
    }
    for place, members in groups.items():
        counted = Counter(member.id for member in members)
        yield from (
            (f"{place}[{id}]", "an id of its own expected, found it twice") for id, n in counted.items() if n > 1
        )


def _dangling(registry: Registry) -> Iterator[_Problem]:
    known = {each.id for each in registry.organisations}
    for client in registry.clients:
        if client.organisation not in known:
            yield f"clients[{client.id}].organisation", _unknown_organisation(client.organisation)
    for agreement in registry.agreements:
        place = f"agreements[{agreement.id}]"
        for party in agreement.parties:
            if party not in known:
                yield f"{place}.parties", _unknown_organisation(party)
        for grantee in agreement.grantees:
            if grantee not in agreement.parties:
                yield f"{place}.grantees", f"some of its parties expected, found {grantee!r}"


def _unknown_organisation(id: str) -> str:
    return f"the id of an organisation expected, found {id!r}"


def _impossible(registry: Registry) -> Iterator[_Problem]:
    accepted = ", ".join(sorted(registry.purposes))
    for client in registry.clients:
        if client.purpose and client.purpose not in registry.purposes:
            told = f"a purpose that the hub accepts ({accepted}) expected, found {client.purpose!r}"
            yield f"clients[{client.id}].purpose", told
    for agreement in registry.agreements:
        place = f"agreements[{agreement.id}]"
        if agreement.end <= agreement.start:
            yield f"{place}.end", f"an end after the start expected, found {agreement.end.isoformat()}"
        for name in sorted(agreement.interactions - set(VERBS.values())):
            yield f"{place}.interactions", f"{', '.join(VERBS.values())} expected, found {name!r}"
        for code in sorted(agreement.purposes - registry.purposes):
            yield f"{place}.purposes", f"purposes that the hub accepts ({accepted}) expected, found {code!r}"
