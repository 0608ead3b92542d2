"""References as search sees them: what is held here by ``Type/id``, anything else by absolute URL."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from careloom.model import Resource
from careloom.model.references import parse_reference
from careloom.search.values import ReferenceValue

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_VERSION = re.compile(r"(?:/_history/[^/]+|\|[^|]*)$")
_TYPES_BASE = "http://hl7.org/fhir/StructureDefinition/"


def is_absolute(text: str) -> bool:
    """Whether a reference has a scheme, ``https:`` or ``urn:``."""
    return _ABSOLUTE.match(text) is not None


def names_version(text: str) -> bool:
    """Whether a reference or canonical leads to one version; it is found without the version, too."""
    return _VERSION.search(text) is not None


def local_target(text: str, base_url: str) -> str | None:
    """``Type/id``, with ``/_history/version`` where there is one, if the reference leads to this server."""
    literal = parse_reference(text)
    if literal is None or (literal.base and literal.base != base_url):
        return None
    return f"{literal.local}/_history/{literal.version}" if literal.version else literal.local


@lru_cache(maxsize=4_096)  # several parameters look at the same reference one after the other
def reference_values(text: str, base_url: str) -> tuple[ReferenceValue, ...]:
    """What a reference or canonical can be found by; nothing for a fragment or a text that is no address."""
    local = local_target(text, base_url)
    if local is None:
        return tuple(_elsewhere(text))
    type, id, *version = local.split("/", 2)
    named = ReferenceValue(f"{type}/{id}", type, id)
    return (named, ReferenceValue(local)) if version else (named,)


def target_type(reference: dict[str, Any], holder: Resource) -> str:
    """The resource type that a Reference says it leads to; empty where it does not say.

    Args:
        reference: Reference as JSON.
        holder: The resource it is in, whose contained resources a fragment may mean.
    """
    text = reference.get("reference")
    if isinstance(text, str):
        literal = parse_reference(text)
        if literal is not None:
            return literal.type
        if text.startswith("#"):
            return _contained_type(text[1:], holder)
    stated = reference.get("type")
    return stated.removeprefix(_TYPES_BASE) if isinstance(stated, str) else ""


def _elsewhere(text: str) -> Iterator[ReferenceValue]:
    if is_absolute(text):
        yield ReferenceValue(text)
        without_version = _VERSION.sub("", text)
        if without_version != text:
            yield ReferenceValue(without_version)


def _contained_type(id: str, holder: Resource) -> str:
    contained = holder.get("contained")
    found = contained if isinstance(contained, list) else []
    return next(
        (str(each.get("resourceType", "")) for each in found if isinstance(each, dict) and each.get("id") == id), ""
    )
