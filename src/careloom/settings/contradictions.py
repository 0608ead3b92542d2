"""What sections say that does not go together, once each of them is good by itself."""

from collections.abc import Iterator

from careloom.model.errors import InvalidError
from careloom.settings.settings import Settings


def contradictions(settings: Settings) -> Iterator[tuple[str, str]]:
    """Keys in full, each with what is wrong with it."""
    try:
        settings.registry()
    except InvalidError as error:
        yield from ((issue.expression, issue.diagnostics) for issue in error.issues)
    known = {client.id for client in settings.clients}
    for key, client in _clients_named(settings):
        if client not in known:
            yield key, f"the id of a client expected, found {client!r}"


def _clients_named(settings: Settings) -> Iterator[tuple[str, str]]:
    yield from ((f"mllp[{place}].client", port.client) for place, port in enumerate(settings.mllp))
    if console := settings.http.policy.console:
        yield "http.console.client", console.client
    if settings.mesh:
        yield from ((f"mesh.mailboxes.{mailbox}", client) for mailbox, client in settings.mesh.mailboxes.items())
