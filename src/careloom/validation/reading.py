"""From the snapshot of a StructureDefinition to the full tree of its elements.

A snapshot is a list in document order; its tree follows from the depth of the paths, and a slice comes after the
element that it is a slice of. Source: FHIR R4, ElementDefinition, "Element Ids".
"""

from collections.abc import Iterator, Mapping
from typing import Any

from careloom.model import Resource
from careloom.model.errors import DefinitionError
from careloom.model.records import dataclass, field, replace
from careloom.validation.errata import BINDING_STRENGTHS, EXPRESSIONS
from careloom.validation.schema import Binding, Constraint, Discriminator, Element, Limit, Required, Slicing, TypeRule

_SYSTEM_TYPE = "http://hl7.org/fhirpath/"
_EXTENSIONS = "http://hl7.org/fhir/StructureDefinition/"
_BEST_PRACTICE = _EXTENSIONS + "elementdefinition-bestpractice"
_MAX_VALUE_SET = _EXTENSIONS + "elementdefinition-maxValueSet"
_MUST_HAVE_VALUE = (
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition.mustHaveValue",
    "http://hl7.org/fhir/StructureDefinition/structuredefinition-must-have-value",
)
_NARRATIVE_LANGUAGE = _EXTENSIONS + "narrative-language-control"
_NARRATIVE_SOURCE = _EXTENSIONS + "narrative-source-control"
_PROFILE_ELEMENT = _EXTENSIONS + "elementdefinition-profile-element"
_FHIR_TYPE = _EXTENSIONS + "structuredefinition-fhir-type"


@dataclass(slots=True)
class _Branch:
    """An element while the tree grows."""

    element: Element
    path: str
    children: dict[str, "_Branch"] = field(default_factory=dict)
    slices: list["_Branch"] = field(default_factory=list)

    def frozen(self) -> Element:
        return replace(
            self.element,
            children={name: child.frozen() for name, child in self.children.items()},
            slices=tuple(branch.frozen() for branch in self.slices),
        )


def read_tree(structure: Resource) -> Element:
    """The tree of a StructureDefinition that has a snapshot.

    Raises:
        DefinitionError: The snapshot is missing or its elements are in no sensible order.
    """
    url = str(structure.get("url", ""))
    definitions = structure.get("snapshot", {}).get("element") or []
    if not definitions:
        raise DefinitionError("a snapshot expected, none found", url=url)
    nodes = {str(definition.get("path", "")).rpartition(".")[0] for definition in definitions}
    stack: list[_Branch] = []
    for definition in definitions:
        try:
            _grow(stack, _branch(definition, nodes))
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            id = str(definition.get("id", "")) if isinstance(definition, dict) else ""
            raise DefinitionError(f"cannot be read: {error!r}", url=url, element=id) from error
    return stack[0].frozen()


def _grow(stack: list[_Branch], branch: _Branch) -> None:
    depth = branch.path.count(".")
    del stack[depth + 1 :]
    if depth == 0:
        stack[:] = [branch]
        return
    siblings = stack[depth - 1].children
    if _is_name_alone(branch.element, siblings):
        branch.element = replace(branch.element, slice_name="")
    if not branch.element.slice_name:
        siblings[branch.element.name] = branch
    else:
        _sliced(siblings, branch).slices.append(branch)
    stack[depth:] = [branch]


def _is_name_alone(element: Element, siblings: Mapping[str, _Branch]) -> bool:
    """Whether an element is named as a slice is, with nothing that it could be a slice of.

    Two profiles of 4.0.1 have this, catalog and familymemberhistory-genetic.
    """
    return bool(element.slice_name) and element.name not in siblings and not element.name.lower().endswith("extension")


def _sliced(siblings: Mapping[str, _Branch], branch: _Branch) -> _Branch:
    """What a slice is a slice of: the element, or for ``a/b`` the slice ``a``."""
    whole = siblings[branch.element.name]
    outer = branch.element.slice_name.rpartition("/")[0]
    return next((one for one in whole.slices if outer and one.element.slice_name == outer), whole)


def _branch(definition: Mapping[str, Any], nodes: set[str]) -> _Branch:
    path: str = definition["path"]
    return _Branch(_element(definition, path, path in nodes), path)


def _element(definition: Mapping[str, Any], path: str, has_children: bool) -> Element:
    name = path.rpartition(".")[2]
    base = definition.get("base") or definition
    return Element(
        id=str(definition.get("id", path)),
        name=name.removesuffix("[x]"),
        min=int(definition.get("min", 0)),
        max=_max(definition.get("max", "*")),
        is_list=base.get("max", "*") not in ("0", "1"),
        is_choice=name.endswith("[x]"),
        is_modifier=definition.get("isModifier") is True,
        slice_name=_slice_name(definition),
        types=tuple(_types(definition, base, path, has_children)),
        required=tuple(_values(definition, ("fixed", "pattern"), Required)),
        limits=tuple(_values(definition, ("minValue", "maxValue"), Limit)),
        max_length=definition.get("maxLength"),
        must_have_value=any(_extension(definition, url) is True for url in _MUST_HAVE_VALUE),
        narrative_language=str(_extension(definition, _NARRATIVE_LANGUAGE) or ""),
        narrative_source=str(_extension(definition, _NARRATIVE_SOURCE) or ""),
        binding=_binding(definition.get("binding")),
        constraints=tuple(_constraint(constraint) for constraint in definition.get("constraint", ())),
        slicing=_slicing(definition.get("slicing")),
    )


def _slice_name(definition: Mapping[str, Any]) -> str:
    named = definition.get("sliceName")
    return str(named) if named else str(definition.get("id", "")).rpartition(".")[2].partition(":")[2]


def _max(text: str) -> int | None:
    return None if text == "*" else int(text)


def _types(definition: Mapping[str, Any], base: Mapping[str, Any], path: str, has_children: bool) -> Iterator[TypeRule]:
    if definition.get("contentReference"):
        yield TypeRule(str(definition["contentReference"]).rpartition("#")[2])
    for type in definition.get("type", ()):
        code = _type_code(type, str(base.get("path", path)))
        is_part = has_children and code in ("BackboneElement", "Element")
        yield TypeRule(
            code=path if is_part else code,
            profiles=tuple(_profiles(type)),
            targets=tuple(type.get("targetProfile", ())),
            aggregation=tuple(type.get("aggregation", ())),
            versioning=type.get("versioning", "either"),
            is_bare=str(type["code"]).startswith(_SYSTEM_TYPE),
        )


def _profiles(type: Mapping[str, Any]) -> Iterator[str]:
    """The profiles of a type; one that means a single element of a profile is told as ``canonical#element``."""
    beside = type.get("_profile", ())
    for index, canonical in enumerate(type.get("profile", ())):
        element = _extension((beside[index] or {}) if index < len(beside) else {}, _PROFILE_ELEMENT)
        yield f"{canonical}#{element}" if element else canonical


def _type_code(type: Mapping[str, Any], base_path: str) -> str:
    """The FHIR type; where 4.0.1 gives a type of FHIRPath, the one named in an extension of it."""
    code: str = type["code"]
    if not code.startswith(_SYSTEM_TYPE):
        return code.removeprefix(_EXTENSIONS)
    return "id" if base_path == "Resource.id" else str(_extension(type, _FHIR_TYPE) or "string")


def _values(definition: Mapping[str, Any], kinds: tuple[str, ...], make: Any) -> Iterator[Any]:
    for key, value in definition.items():
        for kind in kinds:
            suffix = key.removeprefix(kind)
            if suffix != key and suffix[:1].isupper():
                yield make(kind, _type_name(suffix), value)


_PRIMITIVES = frozenset(
    [
        *("base64Binary", "boolean", "canonical", "code", "date", "dateTime", "decimal", "id", "instant", "integer"),
        *("markdown", "oid", "positiveInt", "string", "time", "unsignedInt", "uri", "url", "uuid"),
    ]
)


def _type_name(suffix: str) -> str:
    lower = suffix[0].lower() + suffix[1:]
    return lower if lower in _PRIMITIVES else suffix


def _binding(binding: Mapping[str, Any] | None) -> Binding | None:
    if not binding or not binding.get("valueSet") or not binding.get("strength"):
        return None
    value_set = binding["valueSet"]
    strength = BINDING_STRENGTHS.get(value_set, binding["strength"])
    return Binding(strength, value_set, str(_extension(binding, _MAX_VALUE_SET) or ""))


def _constraint(constraint: Mapping[str, Any]) -> Constraint:
    key = str(constraint.get("key", ""))
    return Constraint(
        key=key,
        severity="warning" if constraint.get("severity") == "warning" else "error",
        human=str(constraint.get("human", "")),
        expression=EXPRESSIONS.get(key, str(constraint.get("expression", ""))),
        is_best_practice=_extension(constraint, _BEST_PRACTICE) is True,
        source=str(constraint.get("source", "")),
    )


def _slicing(slicing: Mapping[str, Any] | None) -> Slicing | None:
    if not slicing:
        return None
    discriminators = tuple(Discriminator(one["type"], one["path"]) for one in slicing.get("discriminator", ()))
    return Slicing(discriminators, slicing.get("rules", "open"), slicing.get("ordered") is True)


def _extension(part: Mapping[str, Any], url: str) -> Any:
    """The value of an extension of a definition, or None."""
    for extension in part.get("extension", ()):
        if extension.get("url") == url:
            return next((value for key, value in extension.items() if key.startswith("value")), None)
    return None
