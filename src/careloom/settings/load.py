"""From the settings file to `Settings`: one function for each section, in the order of the file."""

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, timedelta, tzinfo
from functools import partial
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from careloom.governance import Agreement, Client, Organisation, PublicKey, parse_scopes, public_keys
from careloom.governance.purposes import purpose_code
from careloom.governance.scopes import NO_SCOPES
from careloom.model.errors import InvalidError, MalformedError, UnavailableError
from careloom.model.json import parse_json
from careloom.notify import STANDARD_TOPICS, EndpointPolicy, RetryPolicy, Topic
from careloom.notify.equals import MOST_EQUAL
from careloom.notify.signature import check_keys
from careloom.notify.topics import Filter, Interaction, Trigger, topics_in
from careloom.rest.hub import Limits
from careloom.search.limits import Limits as SearchLimits
from careloom.settings.http import read_http
from careloom.settings.mesh import read_mesh
from careloom.settings.mllp import read_mllp
from careloom.settings.nats import read_nats
from careloom.settings.operations import read_operations
from careloom.settings.sections import AuditSettings, DefinitionSettings, HubSettings, NotifySettings, Settings
from careloom.settings.store import read_store
from careloom.settings.tables import Complaints, Table, told
from careloom.settings.terminology import read_terminology
from careloom.settings.tls import read_client_tls

CORE_PACKAGE: Final = "hl7.fhir.r4.core@4.0.1"
USUAL_PORT: Final = 8080

OVERRIDES: Final = {
    "CARELOOM_HUB_BASE_URL": "hub.base_url",
    "CARELOOM_HUB_HOST": "hub.host",
    "CARELOOM_HUB_PORT": "hub.port",
    "CARELOOM_HUB_DATABASE": "hub.database",
    "CARELOOM_HUB_KEY_FILE": "hub.key_file",
    "CARELOOM_STORE_URL": "store.url",
}
"""Environment variables that go before the file: what differs from machine to machine, and nothing that is policy."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ID_FORM = "1 to 64 of A-Z a-z 0-9 . _ -"
_URL = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?")
_CANONICAL = re.compile(r"(https?://|urn:)\S+")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9.-]*@[A-Za-z0-9.-]+")
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")
_TYPE_OR_ANY = re.compile(rf"\*|{_TYPE.pattern}")
_CHANGE = re.compile("create|update|delete")


def load_settings(path: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings file.

    Args:
        path: The TOML file; paths in it are relative to its folder.
        environ: Environment variables, of which `OVERRIDES` are used.

    Raises:
        UnavailableError: The file cannot be read.
        MalformedError: It is not TOML; the message has line and column.
        InvalidError: A setting is missing, unknown or wrong, with one issue for each.
    """
    path = path.absolute()
    values, sources = _with_overrides(_read(path), environ)
    complaints = Complaints(path, sources)
    with Table(values, "", complaints) as root:
        settings = _settings(root)
    complaints.raise_if_any()
    _check_registry(settings, complaints)
    return settings


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UnavailableError(f"{path}: settings cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MalformedError(f"{path}: not TOML: {error}") from error


def _with_overrides(values: dict[str, Any], environ: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The values with those of the environment over them, and by setting the variable that it comes from."""
    changed, sources = dict(values), {}
    for name, setting in OVERRIDES.items():
        section, key = setting.split(".")
        text, table = environ.get(name), changed.get(section, {})
        if text and isinstance(table, dict):
            changed[section] = table | {key: int(text) if key == "port" and text.isdecimal() else text}
            sources[setting] = name
    return changed, sources


def _settings(root: Table) -> Settings:
    hub = _hub(root)
    clients, secrets, files = _clients(root)
    return Settings(
        file=root.complaints.file,
        files=(root.complaints.file, *files),
        hub=hub,
        store=read_store(root, hub.database),
        limits=_limits(root),
        search=_search(root),
        http=read_http(root),
        operations=read_operations(root),
        definitions=_definitions(root),
        terminology=read_terminology(root),
        conformance=_conformance(root),
        organisations=tuple(_organisation(each) for each in root.tables("organisations")),
        clients=clients,
        agreements=tuple(_agreement(each, hub.time_zone) for each in root.tables("agreements")),
        mllp=read_mllp(root),
        mesh=read_mesh(root),
        nats=read_nats(root),
        topics=(
            *(tuple(_topic(each) for each in root.tables("topics")) or STANDARD_TOPICS),
            *_topics_of_locality(root),
        ),
        notify=_notify(root),
        audit=_audit(root),
        webhook_secrets=secrets,
    )


def _hub(root: Table) -> HubSettings:
    with root.table("hub") as hub:
        url = hub.text("base_url", pattern=_URL, form="an http or https address without query").rstrip("/")
        return HubSettings(
            base_url=url,
            host=hub.text("host", "127.0.0.1"),
            port=hub.whole("port", _port(url), most=65535),
            database=hub.path("database", "var/hub.db"),
            tenant=hub.text("tenant", "default", pattern=_ID, form=_ID_FORM),
            key_file=hub.path("key_file", "var/hub-key.json"),
            time_zone=_time_zone(hub),
            purposes=_purposes(hub, "purposes", ("TREAT",)),
            pages=hub.flag("pages", True),
        )


def _port(url: str) -> int:
    """The port that an address names; without one the hub stands behind something that has it."""
    try:
        return urlsplit(url).port or USUAL_PORT
    except ValueError:
        return USUAL_PORT


def _time_zone(hub: Table) -> tzinfo:
    name = hub.text("time_zone", "UTC")
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        hub.complain("time_zone", f"the name of a time zone that this machine knows expected, found {told(name)}")
        return UTC


def _limits(root: Table) -> Limits:
    usual = Limits()
    with root.table("limits") as limits:
        return Limits(**{name: limits.whole(name, getattr(usual, name), least=1) for name in Limits.__slots__})


def _search(root: Table) -> SearchLimits:
    usual = SearchLimits()
    with root.table("search") as search:
        names = SearchLimits.__dataclass_fields__
        return SearchLimits(**{name: search.whole(name, getattr(usual, name), least=1) for name in names})


def _definitions(root: Table) -> DefinitionSettings:
    with root.table("definitions") as definitions:
        packages = definitions.texts("packages", (CORE_PACKAGE,), pattern=_PACKAGE, form="NAME@VERSION")
        return DefinitionSettings(packages, definitions.paths("directories"))


def _conformance(root: Table) -> dict[str, tuple[str, ...]]:
    with root.table("conformance") as conformance:
        for name in conformance.names():
            if not _TYPE.fullmatch(name):
                conformance.complain(name, "the name of a resource type expected as the key")
        return {
            name: conformance.texts(name, (), pattern=_CANONICAL, form="canonical URLs of profiles")
            for name in conformance.names()
        }


def _organisation(table: Table) -> Organisation:
    with table:
        return Organisation(
            id=table.text("id", pattern=_ID, form=_ID_FORM),
            name=table.text("name"),
            ods_code=table.text("ods_code", ""),
        )


def _clients(root: Table) -> tuple[tuple[Client, ...], dict[str, str], list[Path]]:
    """The clients, their webhook secrets by id, and the files that keys and secrets are read from."""
    clients: list[Client] = []
    secrets: dict[str, str] = {}
    files: list[Path] = []
    for table in root.tables("clients"):
        with table:
            client = _client(table)
            secret = _webhook_secret(table)
            files += [table.path(key) for key in ("jwks", "webhook_secret_file") if key in table]
        clients.append(client)
        if secret:
            secrets[client.id] = secret
    return tuple(clients), secrets, files


def _client(table: Table) -> Client:
    scopes = " ".join(table.texts("scopes"))
    return Client(
        id=table.text("id", pattern=_ID, form=_ID_FORM),
        organisation=table.text("organisation"),
        keys=_client_keys(table),
        scopes=table.attempt("scopes", lambda: parse_scopes(scopes), NO_SCOPES),
        name=table.text("name", ""),
        purpose=_purpose(table, "purpose", purpose) if (purpose := table.text("purpose", "")) else "",
    )


def _client_keys(table: Table) -> tuple[PublicKey, ...]:
    if not table.text("jwks"):
        return ()
    path = table.path("jwks")
    return table.attempt("jwks", lambda: _read_jwks(path), ())


def _read_jwks(path: Path) -> tuple[PublicKey, ...]:
    data = _file(path)
    try:
        return public_keys(parse_json(data))
    except (MalformedError, InvalidError) as error:
        raise InvalidError(f"{path}: {error}") from error


def _webhook_secret(table: Table) -> str:
    """The secret itself, or several keys, from the file or from one beside it; never in a message."""
    if "webhook_secret_file" in table:
        path = table.path("webhook_secret_file")
        secret = table.attempt("webhook_secret_file", lambda: _file(path).decode("utf-8", "replace").strip(), "")
        key = "webhook_secret_file"
    else:
        key, secret = "webhook_secret", table.text("webhook_secret", "")
    if secret:
        table.attempt(key, lambda: check_keys(secret), None)
    return secret


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnavailableError(f"{path} cannot be read: {error.strerror}") from error


def _agreement(table: Table, zone: tzinfo) -> Agreement:
    with table:
        return Agreement(
            id=table.text("id", pattern=_ID, form=_ID_FORM),
            title=table.text("title"),
            parties=table.texts("parties"),
            interactions=frozenset(table.texts("interactions")),
            types=frozenset(table.texts("types", pattern=_TYPE_OR_ANY, form="names of resource types, or *,")),
            purposes=_purposes(table, "purposes", None),
            start=table.moment("start", zone),
            end=table.moment("end", zone, is_end=True),
            grantees=table.texts("grantees", ()),
        )


def _purposes(table: Table, key: str, default: tuple[str, ...] | None) -> frozenset[str]:
    codes = {_purpose(table, key, text) for text in table.texts(key, default)}
    return frozenset(codes - {""})


def _purpose(table: Table, key: str, text: str) -> str:
    return table.attempt(key, lambda: purpose_code(text), "")


def _topic(table: Table) -> Topic:
    with table:
        usual = Trigger("")
        changes = table.texts(
            "interactions", sorted(usual.interactions), pattern=_CHANGE, form="create, update, delete"
        )
        return Topic(
            url=table.text("url", pattern=_CANONICAL, form="a canonical URL"),
            title=table.text("title"),
            triggers=(
                Trigger(
                    resource=table.text("resource", pattern=_TYPE, form="the name of a resource type"),
                    interactions=frozenset(cast("tuple[Interaction, ...]", changes)),
                    previous=table.text("previous", usual.previous),
                    current=table.text("current", usual.current),
                    fhirpath=table.text("fhirpath", usual.fhirpath),
                ),
            ),
            filters=tuple(Filter(parameter) for parameter in table.texts("filter_by", ("patient",))),
        )


def _topics_of_locality(root: Table) -> tuple[Topic, ...]:
    """Those in the files of the folders that the settings name."""
    notify = root.table("notify")
    folders = notify.paths("topics")
    none: tuple[Topic, ...] = ()
    return tuple(topic for folder in folders for topic in notify.attempt("topics", partial(topics_in, folder), none))


def _notify(root: Table) -> NotifySettings:
    usual = RetryPolicy()
    with root.table("notify") as notify:
        networks = notify.texts("allow_endpoints", ())
        notify.paths("topics")  # which are read with the topics
        return NotifySettings(
            endpoints=notify.attempt("allow_endpoints", lambda: EndpointPolicy.of(networks), EndpointPolicy()),
            retry=RetryPolicy(
                base=notify.seconds("retry_base", usual.base),
                ceiling=notify.seconds("retry_ceiling", usual.ceiling),
                budget=timedelta(seconds=notify.seconds("retry_budget", usual.budget.total_seconds())),
            ),
            takes_classic=notify.flag("r4_subscriptions", False),
            most_equal=notify.whole("equal_subscriptions", MOST_EQUAL, least=1, most=10_000),
            tls=read_client_tls(notify),
        )


def _audit(root: Table) -> AuditSettings:
    with root.table("audit") as audit:
        return AuditSettings(site=audit.text("site", ""))


def _check_registry(settings: Settings, complaints: Complaints) -> None:
    try:
        settings.registry()
    except InvalidError as error:
        for issue in error.issues:
            complaints.add(issue.expression, issue.diagnostics)
    known = {client.id for client in settings.clients}
    for place, port in enumerate(settings.mllp):
        if port.client not in known:
            complaints.add(f"mllp[{place}].client", f"the id of a client expected, found {port.client!r}")
    console = settings.http.policy.console
    if console and console.client not in known:
        complaints.add("http.console.client", f"the id of a client expected, found {console.client!r}")
    for mailbox, client in settings.mesh.mailboxes.items() if settings.mesh else ():
        if client not in known:
            complaints.add(f"mesh.mailboxes.{mailbox}", f"the id of a client expected, found {client!r}")
    complaints.raise_if_any()
