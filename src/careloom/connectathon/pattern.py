"""Which exchanges are meant: from whom, to whom, and what was asked."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

from careloom.connectathon.exchange import Exchange
from careloom.connectathon.reading import Place
from careloom.model.records import dataclass


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern of exchanges.

    Attributes:
        path: Glob over the path with its query, ``/fhir/Composition/*``.
        fragment: Text that the request's body must hold; tells a handshake from an event. Empty for any body.
    """

    sender: str
    receiver: str
    method: str
    path: str
    fragment: str = ""

    def matches(self, exchange: Exchange) -> bool:
        """Whether an exchange is of this kind."""
        return (
            (exchange.sender, exchange.receiver, exchange.method) == (self.sender, self.receiver, self.method)
            and fnmatchcase(exchange.path, self.path)
            and self.fragment.encode() in exchange.request.body
        )

    def __str__(self) -> str:
        holding = f" holding {self.fragment!r}" if self.fragment else ""
        return f"{self.method} {self.path} from {self.sender} to {self.receiver}{holding}"


def read_pattern(keys: Mapping[str, Place], roles: set[str]) -> Pattern:
    """Read ``from``, ``to``, ``request`` (method and path) and ``fragment``."""
    method, space, path = keys["request"].text().partition(" ")
    if not space or not method.isupper() or not path.startswith("/"):
        keys["request"].refuse("a method and a path such as 'POST /fhir'")
    return Pattern(
        sender=_role(keys["from"], roles),
        receiver=_role(keys["to"], roles),
        method=method,
        path=path.strip(),
        fragment=keys["fragment"].text() if "fragment" in keys else "",
    )


def _role(place: Place, roles: set[str]) -> str:
    role = place.text()
    if role not in roles:
        place.complain(f"no role {role!r}; there are: {', '.join(sorted(roles))}")
    return role
