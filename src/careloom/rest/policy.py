"""How the hub treats its clients over HTTP, as far as a locality may choose."""

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

from careloom.model.records import dataclass

Network = IPv4Network | IPv6Network

ALLOWANCES: Final[Mapping[str, str]] = {
    "create-by-address": "`POST Type?criteria` is a conditional create (fhirpy, Aidbox)",
    "exact-total": "`_totalMethod` is passed over, since the total is always exact (fhirpy)",
    "merge-patch": "`PATCH` of a plain JSON object is a merge patch, RFC 7396 (fhirpy)",
    "plain-json-patch": "`PATCH` of a JSON array as `application/json` is a JSON Patch (fhir.js)",
}
"""Habits of clients that FHIR does not know and the hub meets all the same, by name; a setting can withdraw each."""


@dataclass(frozen=True, slots=True)
class OpenConsole:
    """Who may look at the console without a token: somebody at these networks looks with the rights of a client.

    Attributes:
        networks: From where.
        client: Id of the client.
        purpose: Purpose of use for which it looks.
    """

    networks: tuple[Network, ...]
    client: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Policy:
    """What a locality may choose.

    Attributes:
        version_required: Whether an update, patch or delete of what exists must say by ``If-Match`` which version it
            has seen.
        delete_many: How many resources a conditional delete may take at once; 1 refuses several.
        origins: Web origins whose pages may call the hub, ``https://app.example``; ``*`` for every one, none for none.
        explain: Whether ``_explain=true`` tells how a search runs; its estimates may tell of what a client may not see.
        metrics: Networks that may see ``/metrics``.
        allowances: Names out of `ALLOWANCES`.
        console: Who may look at the console without a token; None for nobody.
    """

    version_required: bool = False
    delete_many: int = 1
    origins: frozenset[str] = frozenset()
    explain: bool = False
    metrics: tuple[Network, ...] = ()
    allowances: frozenset[str] = frozenset(ALLOWANCES)
    console: OpenConsole | None = None

    def allows(self, name: str) -> bool:
        """Whether a habit of clients is met.

        Args:
            name: One of `ALLOWANCES`.
        """
        assert name in ALLOWANCES, name
        return name in self.allowances

    def may_see_metrics(self, address: str) -> bool:
        """Whether somebody at a network address may see the hub's figures."""
        return is_within(address, self.metrics)


def is_within(address: str, networks: Iterable[Network]) -> bool:
    """Whether a network address is in one of some networks; what is no address is in none."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)
