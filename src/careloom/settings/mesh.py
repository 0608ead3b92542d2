"""The section ``[mesh]``: the mailbox of the hub, what is sent from it and who is known by which mailbox."""

import re
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from careloom.connectors.mesh import MailboxKey
from careloom.model.errors import InvalidError
from careloom.model.records import dataclass, field
from careloom.settings.forms import URL, URL_FORM, read_purpose
from careloom.settings.tables import Table

_MAILBOX: Final = re.compile(r"[A-Z0-9]{1,100}")
_MAILBOX_FORM: Final = "a mailbox id, capital letters and digits,"
_WORKFLOW: Final = re.compile(r"[A-Za-z0-9_.-]{1,300}")


@dataclass(frozen=True, slots=True)
class MeshSettings:
    """A mailbox.

    Attributes:
        url: Of the environment of MESH.
        mailbox: Id of the hub's mailbox.
        password: Of that mailbox.
        shared_key: Of the environment.
        workflow: Workflow id of notifications whose endpoint names none.
        takes: Workflow ids of messages that are taken out of the mailbox; empty where all are.
        poll: Seconds between two looks into the mailbox.
        purpose: Purpose of use of what comes in.
        mailboxes: By id of a mailbox, the id of the client whose it is.
        certificate: PEM file by which the hub proves itself in TLS; None where MESH asks for none.
        key: PEM file of its private key; None where the certificate's file has it.
        authority: PEM file of whom the hub believes; None for the platform's.
    """

    url: str
    mailbox: str
    password: str = field(repr=False)
    shared_key: str = field(repr=False)
    workflow: str
    takes: tuple[str, ...]
    poll: float
    purpose: str
    mailboxes: Mapping[str, str]
    certificate: Path | None
    key: Path | None
    authority: Path | None

    def mailbox_key(self) -> MailboxKey:
        """What the mailbox proves itself by."""
        return MailboxKey(self.mailbox, self.password, self.shared_key)

    def tls(self) -> ssl.SSLContext:
        """What TLS is spoken with.

        Raises:
            InvalidError: A file cannot be used.
        """
        try:
            context = ssl.create_default_context(cafile=str(self.authority) if self.authority else None)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise InvalidError(f"the files of TLS cannot be used: {error.strerror or error}") from error
        return context


def read_mesh(root: Table) -> MeshSettings | None:
    """The section of a settings file, None where there is none; what is wrong with it becomes a complaint."""
    if "mesh" not in root:
        root.table("mesh")
        return None
    with root.table("mesh") as mesh:
        settings = MeshSettings(
            url=mesh.text("url", pattern=URL, form=URL_FORM).rstrip("/"),
            mailbox=mesh.text("mailbox", pattern=_MAILBOX, form=_MAILBOX_FORM),
            password=mesh.secret("password_file", None),
            shared_key=mesh.secret("shared_key_file", None),
            workflow=mesh.text("workflow", pattern=_WORKFLOW, form="a workflow id"),
            takes=mesh.texts("takes", (), pattern=_WORKFLOW, form="workflow ids"),
            poll=mesh.seconds("poll", 60.0),
            purpose=read_purpose(mesh, default="TREAT"),
            mailboxes=_mailboxes(mesh),
            certificate=mesh.path_if_any("certificate"),
            key=mesh.path_if_any("key"),
            authority=mesh.path_if_any("authority"),
        )
        mesh.attempt("certificate", settings.tls, None)
        return settings


def _mailboxes(mesh: Table) -> dict[str, str]:
    with mesh.table("mailboxes") as mailboxes:
        for name in mailboxes.names():
            if not _MAILBOX.fullmatch(name):
                mailboxes.complain(name, f"{_MAILBOX_FORM} expected as the key")
        return {name: mailboxes.text(name) for name in mailboxes.names()}
