"""From the settings file to `Settings`: a file beside this one for each section."""

import os
from collections.abc import Mapping
from pathlib import Path

from careloom.settings.agreements import read_agreements
from careloom.settings.audit import read_audit
from careloom.settings.clients import read_clients
from careloom.settings.complaints import Complaints
from careloom.settings.conformance import read_conformance
from careloom.settings.contradictions import contradictions
from careloom.settings.definitions import read_definitions
from careloom.settings.environment import with_overrides
from careloom.settings.files import read_toml
from careloom.settings.http import read_http
from careloom.settings.hub import read_hub
from careloom.settings.limits import read_limits, read_search
from careloom.settings.mesh import read_mesh
from careloom.settings.mllp import read_mllp
from careloom.settings.nats import read_nats
from careloom.settings.notify import read_notify
from careloom.settings.operations import read_operations
from careloom.settings.organisations import read_organisations
from careloom.settings.settings import Settings
from careloom.settings.store import read_store
from careloom.settings.tables import Table
from careloom.settings.terminology import read_terminology
from careloom.settings.topics import read_topics


def load_settings(path: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings file.

    Args:
        path: The TOML file; paths in it are relative to its folder.
        environ: Environment variables, of which `careloom.settings.OVERRIDES` are used.

    Raises:
        UnavailableError: The file cannot be read.
        MalformedError: It is not TOML; the message has line and column.
        InvalidError: A setting is missing, unknown or wrong, with one issue for each.
    """
    path = path.absolute()
    values, sources = with_overrides(read_toml(path), environ)
    complaints = Complaints(path, sources)
    with Table(values, "", complaints) as root:
        settings = read_sections(root)
    complaints.raise_if_any()
    for key, message in contradictions(settings):
        complaints.add(key, message)
    complaints.raise_if_any()
    return settings


def read_sections(root: Table) -> Settings:
    """Every section, in the order of the file; what is wrong with them becomes a complaint."""
    hub = read_hub(root)
    clients = read_clients(root)
    notify = read_notify(root)
    file = root.complaints.file
    return Settings(
        file=file,
        files=(file, *clients.files),
        hub=hub,
        store=read_store(root, hub.database),
        limits=read_limits(root),
        search=read_search(root),
        http=read_http(root),
        operations=read_operations(root),
        definitions=read_definitions(root),
        terminology=read_terminology(root),
        conformance=read_conformance(root),
        organisations=read_organisations(root),
        clients=clients.clients,
        agreements=read_agreements(root, hub.time_zone),
        mllp=read_mllp(root),
        mesh=read_mesh(root),
        nats=read_nats(root),
        topics=read_topics(root, notify.folders),
        notify=notify,
        audit=read_audit(root),
        webhook_secrets=clients.webhook_secrets,
    )
