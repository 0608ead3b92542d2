"""The entries of a Bundle by address, made in one pass, so that resolving references stays linear.

The resources in a Parameters are found likewise, by type and id.

Source: FHIR R4, Bundle, "Resolving references in Bundles".
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from careloom.model import Resource
from careloom.model.references import parse_reference
from careloom.validation.context import Scope
from careloom.validation.path import Path

REST_URL = re.compile(r"(?P<base>https?://\S+?/)(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})(/_history/\S+)?")


class BundleIndex:
    """Finds the entries that a reference in one of them means."""

    def __init__(self, bundle: Scope) -> None:
        self.entries: list[Scope] = []
        self._by_url: defaultdict[str, list[Scope]] = defaultdict(list)
        self._by_identity: dict[int, Scope] = {}
        self._by_id: defaultdict[str, list[Scope]] = defaultdict(list)
        self._types: dict[tuple[str, str], str] = {}
        self._bases: dict[int, str] = {}
        for part, path in _in_parameters(bundle.resource.get("parameter"), (bundle.path, "parameter")):
            self._add(Scope(part, path, "inside", bundle))
        entries = bundle.resource.get("entry")
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            resource = entry.get("resource") if isinstance(entry, dict) else None
            if isinstance(resource, dict):
                full_url = entry.get("fullUrl")
                place = (((bundle.path, "entry"), index), "resource")
                self._add(Scope(resource, place, "entry", bundle, full_url if isinstance(full_url, str) else ""))

    def find(self, reference: str, origin: Scope) -> Sequence[Scope]:
        """The entries a reference means, seen from the entry that it stands in; several where addresses repeat.

        A relative reference is made absolute by the fullUrl around it; only where there is none, type and id will do.
        """
        address, _, version = reference.partition("/_history/")
        found = self._at(address, origin)
        if version:
            found = [one for one in found if _version_of(one.resource) == version]
        return found

    def type_at(self, reference: str, origin: Scope) -> str:
        """The type of the entry that a reference means, if it says no other type itself; empty where there is none."""
        key = (reference, self._base_of(origin) if ":" not in reference else "")
        type = self._types.get(key)
        if type is None:
            type = self._types[key] = self._type_at(reference, origin)
        return type

    def _type_at(self, reference: str, origin: Scope) -> str:
        found, literal = self.find(reference, origin), parse_reference(reference)
        type = str(found[0].resource.get("resourceType", "")) if found else ""
        return type if literal is None or literal.type == type else ""

    def _base_of(self, origin: Scope) -> str:
        """What stands for all entries that see the same behind a relative reference."""
        base = self._bases.get(id(origin))
        if base is None:
            full_url = origin.container.full_url
            found = REST_URL.fullmatch(full_url)
            base = self._bases[id(origin)] = found["base"] if found else f"of {full_url}" if full_url else ""
        return base

    def scope_of(self, resource: Resource) -> Scope | None:
        """The entry that holds this very resource."""
        return self._by_identity.get(id(resource))

    def at_uuid(self, id: str) -> Sequence[Scope]:
        """Entries whose address is a UUID, by that UUID."""
        return self._by_url.get(f"urn:uuid:{id}", ())

    def namesakes(self, reference: str) -> Sequence[Scope]:
        """Entries of the same type and id, whether or not their address is the one meant."""
        literal = parse_reference(reference)
        return self._by_id.get(literal.local, ()) if literal else ()

    def _at(self, address: str, origin: Scope) -> Sequence[Scope]:
        if ":" in address:
            return self._by_url.get(address, ())
        base = REST_URL.fullmatch(origin.container.full_url)
        if base:
            return self._by_url.get(base["base"] + address, ())
        if origin.container.full_url:
            return self._by_url.get(address, ())
        return self._by_id.get(address, ())

    def _add(self, entry: Scope) -> None:
        self.entries.append(entry)
        self._by_identity[id(entry.resource)] = entry
        if entry.full_url:
            self._by_url[entry.full_url.partition("/_history/")[0]].append(entry)
        own_id = entry.resource.get("id")
        if isinstance(own_id, str):
            self._by_id[f"{entry.resource.get('resourceType')}/{own_id}"].append(entry)


def _version_of(resource: Resource) -> Any:
    meta = resource.get("meta")
    return meta.get("versionId") if isinstance(meta, dict) else None


def _in_parameters(parameters: Any, path: Path) -> Iterator[tuple[Resource, Path]]:
    """The resources of a Parameters, those in parts included."""
    for index, parameter in enumerate(parameters if isinstance(parameters, list) else ()):
        if isinstance(parameter, dict):
            here = (path, index)
            if isinstance(parameter.get("resource"), dict):
                yield parameter["resource"], (here, "resource")
            yield from _in_parameters(parameter.get("part"), (here, "part"))
