"""Where notifications may be sent: no address inside the hub's own network unless its operator says so.

A name is judged when a subscription is made, but an address only when a connection is made: between the two a name may
be pointed at another address. So the check hangs on the socket itself, through which every connection passes.
"""

import ipaddress
import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any
from urllib.parse import urlsplit

from careloom.model.errors import ForbiddenError, InvalidError
from careloom.model.records import dataclass

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class EndpointPolicy:
    """Which addresses may be sent to.

    Attributes:
        allowed: Networks that are allowed although they are not public, ``127.0.0.1/32`` for a demonstration.
            To these, plain http is allowed too.
    """

    allowed: tuple[Network, ...] = ()

    @classmethod
    def of(cls, networks: Iterable[str]) -> "EndpointPolicy":
        """Read networks and single addresses.

        Raises:
            InvalidError: One of them is neither.
        """
        return cls(tuple(_network(text) for text in networks))

    def check_url(self, url: str) -> None:
        """Refuse what can never be right, whatever address the name has.

        Raises:
            InvalidError: Not an absolute http(s) URL, with credentials or a fragment, or http to a public host.
            ForbiddenError: An address that is not allowed, written as such.
        """
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise InvalidError(f"endpoint {url!r}: not a URL") from error
        if parts.scheme not in ("http", "https") or not host:
            raise InvalidError(f"endpoint {url!r}: an absolute http or https URL expected")
        if parts.username is not None or parts.fragment or any(ord(char) <= 0x20 for char in url):
            raise InvalidError(f"endpoint {url!r}: no credentials, fragment or white space expected")
        address = _literal(host)
        if address is not None:
            self.check_address(address)
        if parts.scheme == "http" and not (address and self._is_named(address)):
            raise InvalidError(f"endpoint {url!r}: https expected")

    def check_address(self, address: Address) -> None:
        """Refuse an address that is neither public nor named by the operator.

        Raises:
            ForbiddenError: Loopback, private, link-local, multicast or reserved.
        """
        if not (self._is_named(address) or _is_public(address)):
            raise ForbiddenError(f"endpoint address {address}: not a public address, and not one the hub allows")

    def _is_named(self, address: Address) -> bool:
        address = _unmapped(address)
        return any(address.version == network.version and address in network for network in self.allowed)


def guarded_socket(policy: EndpointPolicy) -> Callable[[tuple[Any, ...]], socket.socket]:
    """A socket factory for aiohttp that refuses to make a socket for an address the policy refuses.

    The refusal does not say the address: it is told to who made the subscription, and names of the hub's own network
    are not for everybody to look up.
    """

    def make(address_info: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, target = address_info
        try:
            policy.check_address(ipaddress.ip_address(target[0].partition("%")[0]))
        except ForbiddenError as error:
            raise ForbiddenError("endpoint: its name leads to an address that the hub does not send to") from error
        made = socket.socket(family=family, type=kind, proto=protocol)
        made.setblocking(False)
        return made

    return make


def _is_public(address: Address) -> bool:
    address = _unmapped(address)
    is_site_local = isinstance(address, IPv6Address) and address.is_site_local  # which Python counts as global
    return address.is_global and not (address.is_multicast or address.is_reserved or is_site_local)


def _unmapped(address: Address) -> Address:
    """An IPv4 address that is dressed as IPv6 (``::ffff:127.0.0.1``) is judged as what it is."""
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or address.sixtofour or address
    return address


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise InvalidError(
            f"allowed endpoint {text!r}: an address or a network such as 10.1.0.0/16 expected"
        ) from error
