"""An exchange in plain words: what was asked, how it was answered, and whether that is a success.

A table of kinds of request, tried from the top; the first that fits tells the story.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from careloom.connectathon.exchange import Exchange
from careloom.model import resource_type
from careloom.model.records import dataclass

Result = Literal["waiting", "done", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Narration:
    """An exchange in words.

    Attributes:
        asked: What the sender did, "reads Composition/7".
        answered: What came of it, "refused: 3 mistakes"; empty while waiting.
        result: ``done`` for a success, ``refused`` when the receiver said no, ``failed`` for no proper answer.
    """

    asked: str
    answered: str
    result: Result


def narrate(exchange: Exchange) -> Narration:
    """Tell an exchange in words."""
    return Narration(_asked(exchange), _answered(exchange), _result(exchange))


def _result(exchange: Exchange) -> Result:
    if not exchange.is_over:
        return "waiting"
    if exchange.status == 0 or exchange.status >= 500:
        return "failed"
    return "refused" if exchange.status >= 400 else "done"


def _asked(exchange: Exchange) -> str:
    url = urlsplit(exchange.path)
    body = exchange.request.json()
    for method, path, tell in _REQUESTS:
        found = re.search(path, url.path)
        if exchange.method == method and found and (told := tell(found, body, url.query)):
            return told
    return f"{exchange.method} {url.path}"


def _transaction(found: re.Match[str], body: Any, query: str) -> str:
    if not _is(body, "Bundle"):
        return ""
    names = [resource_type(entry.get("resource", {})) for entry in _entries(body)]
    size = f"{len(names)} resource{'s' if len(names) != 1 else ''}"
    return f"sends a discharge letter, {size}" if "Composition" in names else f"sends a {body.get('type')}, {size}"


def _notification(found: re.Match[str], body: Any, query: str) -> str:
    if not _is(body, "Bundle") or body.get("type") != "history":
        return ""
    status: dict[str, Any] = next((entry.get("resource", {}) for entry in _entries(body)), {})
    kinds = [part.get("valueCode") for part in status.get("parameter", []) if part.get("name") == "type"]
    return {
        "handshake": "checks that the address answers (handshake)",
        "event-notification": "tells: a patient was discharged",
        "heartbeat": "says it is still there (heartbeat)",
    }.get(kinds[0] if kinds else "", "sends a notification")


def _subscription(found: re.Match[str], body: Any, query: str) -> str:
    topic = str(body.get("criteria", "")).rstrip("/").rpartition("/")[2] if _is(body, "Subscription") else ""
    return f"asks to be told of each {topic}" if topic else ""


def _search(found: re.Match[str], body: Any, query: str) -> str:
    names = [name for name in parse_qs(query, keep_blank_values=True) if not name.startswith("_")]
    by = " and ".join(names)
    return f"searches {_plural(found[1])} by {by}" if by else f"lists {_plural(found[1])}"


def _token(found: re.Match[str], body: Any, query: str) -> str:
    return "proves who it is and asks for a token"


def _configuration(found: re.Match[str], body: Any, query: str) -> str:
    return "asks where to log in"


def _read(found: re.Match[str], body: Any, query: str) -> str:
    return f"reads the {_noun(found[1])}"


def _create(found: re.Match[str], body: Any, query: str) -> str:
    return f"records a new {_noun(found[1])}"


def _metadata(found: re.Match[str], body: Any, query: str) -> str:
    return "asks what the hub can do"


_Tell = Callable[[re.Match[str], Any, str], str]
_TYPE = r"/([A-Z][A-Za-z]+)"

_REQUESTS: tuple[tuple[str, str, _Tell], ...] = (
    ("GET", r"/\.well-known/smart-configuration$", _configuration),
    ("POST", r"/auth/token$", _token),
    ("GET", r"/metadata$", _metadata),
    ("POST", r"/Subscription$", _subscription),
    ("POST", r"", _notification),
    ("POST", r"", _transaction),
    ("GET", _TYPE + r"/[A-Za-z0-9\-.]+$", _read),
    ("GET", _TYPE + r"$", _search),
    ("POST", _TYPE + r"$", _create),
)

_NOUNS = {
    "Composition": "discharge letter",
    "Encounter": "hospital stay",
    "Patient": "patient",
    "Subscription": "subscription",
    "AuditEvent": "audit record",
}


def _noun(name: str) -> str:
    return _NOUNS.get(name, name)


def _plural(name: str) -> str:
    return _NOUNS.get(name, name) + "s"


def _answered(exchange: Exchange) -> str:
    if not exchange.is_over:
        return ""
    if exchange.status == 0:
        return "no answer"
    body = exchange.response.json()
    if exchange.status >= 400:
        return _refusal(exchange.status, body)
    return _success(exchange.status, body)


def _success(status: int, body: Any) -> str:
    if _is(body, "Bundle"):
        return _bundle_answer(body)
    if isinstance(body, dict) and "access_token" in body:
        return "a token for a few minutes"
    if isinstance(body, dict) and isinstance(body.get("did"), str):
        return str(body["did"])
    return {201: "recorded", 202: "accepted", 204: "accepted"}.get(status, "answered")


def _refusal(status: int, body: Any) -> str:
    if _is(body, "OperationOutcome"):
        errors = [issue for issue in body.get("issue", []) if issue.get("severity") in ("error", "fatal")]
        if status == 422:
            return f"refused: {len(errors)} mistake{'s' if len(errors) != 1 else ''}"
        first: dict[str, Any] = next(iter(errors), {})
        return f"refused: {first.get('diagnostics', 'no reason told')}"
    if isinstance(body, dict) and "error" in body:
        return f"refused: {body.get('error_description') or body['error']}"
    return "failed" if status >= 500 else "refused"


def _bundle_answer(body: dict[str, Any]) -> str:
    entries = list(_entries(body))
    if str(body.get("type", "")).endswith("-response"):
        return f"recorded, {len(entries)} resources"
    matches = [entry for entry in entries if entry.get("search", {}).get("mode", "match") == "match"]
    more = len(entries) - len(matches)
    return f"{len(matches)} found" + (f", with {more} more that belong to it" if more else "")


def _is(body: Any, name: str) -> bool:
    return isinstance(body, dict) and resource_type(body) == name


def _entries(bundle: dict[str, Any]) -> Iterable[dict[str, Any]]:
    return (entry for entry in bundle.get("entry", []) if isinstance(entry, dict))
