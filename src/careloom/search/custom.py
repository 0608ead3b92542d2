"""SearchParameter resources that clients record: which of them count, and what is wrong with one that is to.

Only an active one counts, and of several by one URL the one that was written last. It stands beside what is installed
and never in its place: a search by a standard parameter asks the same of everybody, whoever records what. So two
parameters of one base that clients call alike are refused, and so is one whose URL an installed package has defined
otherwise.

What is refused here is refused before it is recorded. What was recorded all the same (two writers at one moment, a
package that was installed later) is passed over by `counting`, in the order of writing, the same in every process.
"""

import re
from collections.abc import Iterable, Iterator

import structlog

from careloom.model import Issue, Resource
from careloom.model.errors import CareloomError, InvalidError
from careloom.model.records import replace
from careloom.search.definitions import compile_paths, read_parameter, with_components
from careloom.search.kinds import KINDS
from careloom.search.parameters import Path, SearchParameter
from careloom.search.registry import SearchParameters

TYPE = "SearchParameter"

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_HL7 = "http://hl7.org/fhir/SearchParameter/"
_SAYS = ("code", "base", "type", "expression", "component", "target")
"""The elements that an installed parameter is compared by."""

_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'")
_WHERE_RESOLVE = re.compile(r"\.where\(\s*resolve\(\)\s+is\s+\w+\s*\)")
_ELSEWHERE = re.compile(r"\b(resolve|memberOf|subsumes|subsumedBy|conformsTo|now|today|timeOfDay)\s*\(")
"""What gives another value at another time, or asks others; an index is made once and of the resource alone."""

log = structlog.get_logger(__name__)


def with_recorded(registry: SearchParameters, resources: Iterable[Resource]) -> SearchParameters:
    """The registry with those of the recorded SearchParameter resources that count, in the place of all before.

    Args:
        registry: Search parameters.
        resources: All that are recorded, in the order in which they were last written.
    """
    found = tuple(counting(resources, registry))
    return registry if found == registry.recorded else registry.with_changes(recorded=found)


def counting(resources: Iterable[Resource], registry: SearchParameters) -> Iterator[Resource]:
    """Those that count; one that is active and does not is told in the log."""
    newest: dict[str, Resource] = {}
    for resource in filter(_is_active, resources):
        newest.pop(resource.get("url", ""), None)
        newest[resource.get("url", "")] = resource
    judge = _Judge(registry)
    for resource in newest.values():
        faults = judge.faults(resource)
        if faults:
            log.warning("search parameter passed over", id=resource.get("id"), reason=faults[0].diagnostics)
        elif not judge.is_installed(resource):
            judge.take(resource)
            yield resource


def require_servable(resource: Resource, registry: SearchParameters) -> None:
    """Hold a SearchParameter that is to be recorded against what is installed and what others have recorded.

    Args:
        resource: Valid by base FHIR.
        registry: Search parameters, the recorded ones among them.

    Raises:
        InvalidError: It is active and could not be searched by; carries an issue for each reason.
    """
    if not _is_active(resource):
        return
    judge = _Judge(registry)
    for other in registry.recorded:
        if other.get("url") != resource.get("url"):
            judge.take(other)
    if faults := judge.faults(resource):
        raise InvalidError(f"SearchParameter {resource.get('url', '')}: cannot be searched by", issues=faults)


def _is_active(resource: Resource) -> bool:
    return resource.get("status") == "active"


class _Judge:
    """Holds parameters against what is installed, and against those taken before."""

    def __init__(self, registry: SearchParameters) -> None:
        self._installed = registry.with_changes(recorded=(), states={}) if registry.recorded else registry
        self._taken: dict[str, dict[str, SearchParameter]] = {}

    def take(self, definition: Resource) -> None:
        """Count with a parameter that has no faults."""
        for type in self._types(definition):
            self._taken.setdefault(type, {})[definition["code"]] = self._read(definition, type)

    def is_installed(self, definition: Resource) -> bool:
        """Whether it is one that a package has defined."""
        return self._installed.definitions.find(definition["url"], TYPE) is not None

    def faults(self, definition: Resource) -> list[Issue]:
        """Why it cannot be searched by; each reason once, though it may hold for several bases."""
        if isinstance(definition.get("url"), str) and self.is_installed(definition):
            return list(self._otherwise(definition))
        found = list(self._of_elements(definition)) or list(self._of_types(definition))
        return list(dict.fromkeys(found))

    def _otherwise(self, definition: Resource) -> Iterator[Issue]:
        """It is to say what the installed one says."""
        installed = self._installed.definitions.find(definition["url"], TYPE) or {}
        for name in _SAYS:
            if definition.get(name) != installed.get(name):
                expected = f"{installed.get(name)!r} expected, as the installed {definition['url']} has it"
                yield _fault(name, f"{expected}, found {definition.get(name)!r}; give your own another url")

    def _of_elements(self, definition: Resource) -> Iterator[Issue]:
        url, code, kind = (definition.get(name) for name in ("url", "code", "type"))
        if not isinstance(url, str) or url.startswith(_HL7):
            yield _fault("url", f"a canonical URL of your own expected, found {url!r}")
        if not isinstance(code, str) or not _CODE.fullmatch(code):
            expected = "1 to 64 letters, digits, '-' and '_' expected, the first a letter or digit"
            yield _fault("code", f"{expected}, found {code!r}")
        if kind not in KINDS or kind == "special":
            expected = ", ".join(each for each in KINDS if each != "special")
            yield _fault("type", f"one of {expected} expected, found {kind!r}")
        yield from self._of_bases(definition)
        yield from _of_expression(definition)

    def _of_bases(self, definition: Resource) -> Iterator[Issue]:
        bases = definition.get("base")
        for base in bases if isinstance(bases, list) and bases else [None]:
            if not isinstance(base, str) or not self._installed.types_below(base):
                yield _fault("base", f"a resource type expected, found {base!r}")

    def _of_types(self, definition: Resource) -> Iterator[Issue]:
        for type in sorted(self._types(definition)):
            clash = self._known(type).get(definition["code"])
            if self._installed.leaves_out(type, definition["code"]):
                yield _fault("code", f"one that {type} may be searched by expected, found {definition['code']!r}")
                return
            if clash is not None:
                found = f"{type} has {definition['code']!r} already, by {clash.url}"
                yield _fault("code", f"one that no other parameter of its base has expected, found that {found}")
                return
            faults = list(self._of_type(definition, type))
            yield from faults
            if faults:
                return

    def _of_type(self, definition: Resource, type: str) -> Iterator[Issue]:
        parameter = self._read(definition, type)
        if parameter.fault:
            yield _fault("component", parameter.fault)
        elif not parameter.branches:
            found = definition["expression"]
            yield _fault("expression", f"an expression with a member that begins at {type} expected, found {found!r}")
        else:
            try:
                paths = list(compile_paths(parameter, type, self._installed.definitions))
            except CareloomError as error:
                yield _fault("expression", f"FHIRPath on {type} expected, found: {error}")
            else:
                for path in paths:
                    yield from _misfits(parameter, path)

    def _read(self, definition: Resource, type: str) -> SearchParameter:
        parameter = read_parameter(definition, type, "active", self._installed.definitions)
        if parameter.kind != "composite":
            return parameter
        return with_components(parameter, definition, {each.url: each for each in self._known(type).values()})

    def _known(self, type: str) -> dict[str, SearchParameter]:
        return {**self._taken.get(type, {}), **self._installed.of(type)}

    def _types(self, definition: Resource) -> frozenset[str]:
        return frozenset(type for base in definition["base"] for type in self._installed.types_below(base))


def _of_expression(definition: Resource) -> Iterator[Issue]:
    text = definition.get("expression")
    if not isinstance(text, str) or not text.strip():
        yield _fault("expression", f"FHIRPath expected, found {text!r}")
        return
    components = (each.get("expression", "") for each in definition.get("component", ()))
    for each in (text, *components):
        found = _ELSEWHERE.search(_WHERE_RESOLVE.sub("", _QUOTED.sub("''", each)))
        if found:
            expected = "what a resource says by itself, at any time, expected"
            yield _fault("expression", f"{expected}, found {found[1]}(); only where(resolve() is Type) is read")


def _misfits(parameter: SearchParameter, path: Path) -> Iterator[Issue]:
    """Parts whose elements have values for another kind of parameter, where the types of the elements are known."""
    if path.components:
        for component, way in zip(parameter.components, path.components, strict=True):
            yield from _misfits(replace(component, components=()), way)
        return
    types, readers = path.expression.types, KINDS[parameter.kind].readers
    if types is None or parameter.kind == "composite" or not readers.keys().isdisjoint(types):
        return
    given = ", ".join(sorted(types)) or "nothing"
    found = f"found {parameter.kind!r} for {path.expression.text!r}, which gives {given}"
    fitting = [kind for kind, rules in KINDS.items() if not rules.readers.keys().isdisjoint(types)]
    expected = f"one of {', '.join(fitting)} expected" if fitting else "an element with a value expected"
    yield _fault("type" if fitting else "expression", f"{expected}, {found}")


def _fault(element: str, message: str) -> Issue:
    where = f"{TYPE}.{element}"
    return Issue("error", "business-rule", f"{where}: {message}", where)
