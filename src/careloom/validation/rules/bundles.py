"""Bundles: addresses of entries, and what they must have to do with the resources.

Source: FHIR R4, Bundle, "Bundle Entry" and "fullUrl".
"""

import re
from collections import Counter
from typing import Any

from careloom.validation.bundle_index import REST_URL
from careloom.validation.context import Check, Scope
from careloom.validation.references import UNADDRESSED

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_SEARCHED = frozenset(["history", "searchset"])

_SEARCH_LINKS = frozenset(["first", "last", "next", "previous", "prev"])
_SINGLE_LINKS = _SEARCH_LINKS | {"self"}


def check_bundle(scope: Scope, check: Check) -> None:
    """Check links, addresses and their uniqueness."""
    kind = scope.resource.get("type")
    _check_links(scope, kind, check)
    for entry in scope.index.entries:
        _check_full_url(entry, kind, check)
    _check_distinct(scope, kind, check)


def _check_links(scope: Scope, kind: Any, check: Check) -> None:
    links = scope.resource.get("link")
    seen: set[str] = set()
    for index, link in enumerate(links if isinstance(links, list) else ()):
        relation = link.get("relation") if isinstance(link, dict) else None
        if not isinstance(relation, str):
            continue
        if relation in _SINGLE_LINKS and relation in seen:
            check.error(
                "invalid", ((scope.path, "link"), index), f"one link '{relation}' expected, a second found", "bundle"
            )
        seen.add(relation)
        if isinstance(kind, str) and kind not in _SEARCHED and relation in _SEARCH_LINKS:
            path = (((scope.path, "link"), index), "relation")
            message = f"no relation of searches expected in a Bundle of type {kind}, '{relation}' found"
            check.error("invalid", path, message, "bundle")


def _check_full_url(entry: Scope, kind: Any, check: Check) -> None:
    path = entry.path[0]
    full_url = entry.full_url
    if not full_url:
        if isinstance(kind, str) and kind not in UNADDRESSED:
            check.error("invalid", path, f"a fullUrl expected for each entry of a {kind}, none found", "bundle")
        return
    if not _ABSOLUTE.fullmatch(full_url):
        check.error("invalid", path, f"fullUrl: an absolute address expected, '{full_url}' found", "bundle")
        return
    _check_address(entry, full_url, check)


def _check_address(entry: Scope, full_url: str, check: Check) -> None:
    """A fullUrl that looks like one of a server says type and id of its resource."""
    path = entry.path[0]
    rest = REST_URL.fullmatch(full_url)
    name, own = entry.resource.get("resourceType"), entry.resource.get("id")
    if rest is None or rest["type"] not in check.library.types.resource_types():
        return
    if own is None:
        check.error("invalid", path, f"an id expected for the fullUrl {full_url}, none found", "bundle")
    elif rest["type"] != name or rest["id"] != own:
        found = f"{name}/{own}"
        check.error("invalid", path, f"{rest['type']}/{rest['id']} expected by its fullUrl, {found} found", "bundle")


def _check_distinct(scope: Scope, kind: Any, check: Check) -> None:
    if kind in ("history", "batch-response", "transaction-response"):
        return
    counts = Counter(
        (entry.full_url, str((entry.resource.get("meta") or {}).get("versionId", "")))
        for entry in scope.index.entries
        if entry.full_url and isinstance(entry.resource.get("meta") or {}, dict)
    )
    for (full_url, _), count in counts.items():
        if count > 1 and kind != "document":
            message = f"each fullUrl once expected, {full_url} found {count} times"
            check.tell("warning", "invalid", (scope.path, "entry"), message, "bundle")
