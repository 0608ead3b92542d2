"""The section ``[http]``: how the hub is served, and how it treats its clients over HTTP."""

import re
import ssl
from ipaddress import ip_network
from pathlib import Path
from typing import Final

from careloom.model.errors import InvalidError
from careloom.model.records import dataclass
from careloom.notify.console import OVERSIGHT
from careloom.rest.policy import ALLOWANCES, Network, OpenConsole, Policy
from careloom.settings.forms import read_purpose
from careloom.settings.tables import Table, told

_ORIGIN: Final = re.compile(r"\*|https?://[^\s/?#]+")
_MOST_WORKERS: Final = 256


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """How the hub is served.

    Attributes:
        certificate: PEM file of the certificate and those that lead to it; None to serve without TLS.
        key: PEM file of its private key; None where the certificate's file has it.
        key_password: Of that key; empty where it has none.
        grace: Seconds that requests in progress have to finish once the hub is told to stop.
        workers: Processes that serve.
        jobs: Folder for requests that are answered later.
        policy: How clients are treated.
    """

    certificate: Path | None
    key: Path | None
    key_password: str
    grace: float
    workers: int
    jobs: Path
    policy: Policy

    def tls(self) -> ssl.SSLContext | None:
        """What TLS is spoken with; None where none is.

        Raises:
            InvalidError: The certificate or its key cannot be used.
        """
        if self.certificate is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.certificate, self.key, lambda: self.key_password)
        except (OSError, ssl.SSLError) as error:
            files = f"{self.certificate} and {self.key}" if self.key else f"{self.certificate}"
            raise InvalidError(
                f"http.certificate: a certificate in PEM and its private key expected in {files}, "
                f"found what TLS cannot be spoken with: {error.strerror or error}"
            ) from error
        return context


def read_http(root: Table) -> HttpSettings:
    """The section of a settings file; what is wrong with it becomes a complaint."""
    with root.table("http") as http:
        certificate, key = http.path_if_any("certificate"), http.path_if_any("key")
        if key and not certificate:
            http.complain("certificate", "expected beside key, found none: without it the hub would not speak TLS")
        return HttpSettings(
            certificate=certificate,
            key=key,
            key_password=http.secret("key_password_file"),
            grace=http.seconds("grace", 10.0),
            workers=http.whole("workers", 1, least=1, most=_MOST_WORKERS),
            jobs=http.path("jobs", "var/jobs"),
            policy=_policy(http),
        )


def _policy(http: Table) -> Policy:
    usual = Policy()
    return Policy(
        version_required=http.flag("version_required", usual.version_required),
        delete_many=http.whole("delete_many", usual.delete_many, least=1, most=1000),
        origins=frozenset(
            http.texts("origins", (), pattern=_ORIGIN, form="origins such as https://app.example, or *,")
        ),
        explain=http.flag("explain", usual.explain),
        metrics=tuple(_network(http, text) for text in http.texts("metrics", ())),
        allowances=_allowances(http),
        console=_console(http),
    )


def _console(http: Table) -> OpenConsole | None:
    if "console" not in http:
        http.table("console")
        return None
    with http.table("console") as console:
        return OpenConsole(
            networks=tuple(_network(console, text, "networks") for text in console.texts("networks")),
            client=console.text("client"),
            purpose=read_purpose(console, default=OVERSIGHT),
        )


def _allowances(http: Table) -> frozenset[str]:
    chosen = frozenset(http.texts("allowances", sorted(ALLOWANCES)))
    for name in sorted(chosen - ALLOWANCES.keys()):
        http.complain("allowances", f"out of {', '.join(ALLOWANCES)} expected, found {told(name)}")
    return chosen & ALLOWANCES.keys()


def _network(table: Table, text: str, key: str = "metrics") -> Network:
    try:
        return ip_network(text)
    except ValueError:
        table.complain(key, f"networks such as 10.0.0.0/8 expected, found {told(text)}")
        return ip_network("127.0.0.1")
