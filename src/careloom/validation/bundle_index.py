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

    def scope_of(self, resource: Resource) -> Scope | None:
        """The entry that holds this very resource."""
        return self._by_identity.get(id(resource))

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
