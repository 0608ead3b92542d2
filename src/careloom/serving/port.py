"""The port of a hub, and the address that it makes."""

import socket
from urllib.parse import urlsplit

from careloom.model.errors import UnavailableError
from careloom.settings import Settings


def bind(settings: Settings) -> socket.socket:
    """Take the port before anything else is opened.

    Raises:
        UnavailableError: It is taken, or not ours to take.
    """
    host, port = settings.hub.host, settings.hub.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or each answer waits 40 ms for an acknowledgement
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(socket.SOMAXCONN)
    except OSError as error:
        listener.close()
        raise UnavailableError(f"cannot listen on {host} port {port}: {error.strerror}") from error
    return listener


def base_url(settings: Settings, listener: socket.socket) -> str:
    """The address of the FHIR base; where the system chose the port, with that port."""
    if settings.hub.port:
        return settings.hub.base_url
    parts = urlsplit(settings.hub.base_url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return parts._replace(netloc=f"{host}:{listener.getsockname()[1]}").geturl()
