"""How the hub speaks TLS with those it calls, and what it proves itself by."""

import ssl
from pathlib import Path
from typing import Final

from careloom.model.errors import InvalidError
from careloom.model.records import dataclass
from careloom.settings.tables import Table


@dataclass(frozen=True, slots=True)
class ClientTls:
    """Files of TLS.

    Attributes:
        certificate: PEM file by which the hub proves itself to whoever asks for that; None for nothing.
        key: PEM file of its private key; None where the certificate's file has it.
        authority: PEM file of whom the hub believes beside those whom the platform does; None for nobody.
    """

    certificate: Path | None = None
    key: Path | None = None
    authority: Path | None = None

    def context(self) -> ssl.SSLContext | None:
        """What TLS is spoken with; None for the usual way.

        Raises:
            InvalidError: A file cannot be used.
        """
        if self == USUAL_TLS:
            return None
        context = ssl.create_default_context()
        try:
            if self.authority is not None:
                context.load_verify_locations(self.authority)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key, lambda: "")  # who starts a hub is asked nothing
        except (OSError, ssl.SSLError) as error:
            raise InvalidError(f"the files of TLS cannot be used: {error.strerror or error}") from error
        return context


USUAL_TLS: Final = ClientTls()
"""The platform's authorities, and nothing to prove the hub by."""


def read_client_tls(table: Table) -> ClientTls:
    """The files that a section names; what is wrong with them becomes a complaint."""
    certificate, key, authority = (table.path_if_any(name) for name in ("certificate", "key", "authority"))
    files = ClientTls(certificate, key, authority)
    table.attempt("certificate" if certificate else "authority", files.context, None)
    return files
