"""FHIR XML to plain dictionaries.

XML says less than JSON: the types tell what is an array, a number or a resource, and the narrative stays text.
What no type knows is kept under its own name, so that a validator can point at it, and told as an issue.
"""

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Generic, cast

from lxml import etree

from careloom.model.issues import Issue
from careloom.model.numbers import ExactDecimal
from careloom.model.records import dataclass, field
from careloom.model.resource import Resource
from careloom.model.xml.shapes import Shape, TypeShapes
from careloom.model.xml.source import FHIR, XHTML, parse_source

Path = tuple[str | int, ...]
"""Where a value is in the dictionary: ``("name", 0, "given", 1)``."""

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_SCHEMA = "{http://www.w3.org/2001/XMLSchema-instance}"
_SCHEMA_HINTS = frozenset([f"{_SCHEMA}schemaLocation", f"{_SCHEMA}noNamespaceSchemaLocation"])
_BOOLEANS = {"true": True, "false": False}
_INTEGERS = frozenset({"integer", "positiveInt", "unsignedInt"})
_STEP = re.compile(r"([^.\[\]()]+)(?:\[(\d+)\])?")
_MADE_FOR_CHOICE = re.compile(r"\.ofType\([^)]*\)")


@dataclass(frozen=True, slots=True)
class XmlDocument:
    """What an XML text says, and where it says it.

    Attributes:
        resource: As JSON would have it.
        issues: Elements, attributes and text that no type knows, wrong order, wrong namespace; with lines.
        lines: The source line, from 1, of every value.
    """

    resource: Resource
    issues: tuple[Issue, ...]
    lines: Mapping[Path, int]

    def line(self, expression: str) -> int:
        """The line of what a FHIRPath such as ``Patient.name[0].given[1]`` names, or of the nearest thing above it."""
        here: Path = ()
        for name, index in _STEP.findall(_MADE_FOR_CHOICE.sub("", expression).partition(".")[2]):
            below = self._child(here, name, int(index or 0))
            if below is None:
                break
            here = below
        return self.lines[here]

    def _child(self, here: Path, name: str, index: int) -> Path | None:
        for path in ((*here, name, index), (*here, name)):
            if path in self.lines:
                return path
        size = len(here) + 1
        choices = (path for path in self.lines if len(path) == size and path[:-1] == here)
        return next((path for path in choices if re.fullmatch(rf"{name}[A-Z]\w*", str(path[-1]))), None)


def parse_xml(data: bytes, types: TypeShapes[Shape]) -> Resource:
    """Read a resource from XML text; see `read_xml` for what is odd in it and where.

    Raises:
        MalformedError: As `careloom.model.xml.source.parse_source` tells.
    """
    return read_xml(data, types).resource


def read_xml(data: bytes, types: TypeShapes[Shape]) -> XmlDocument:
    """Read a resource from XML text, with its oddities and the line of every value.

    Raises:
        MalformedError: As `careloom.model.xml.source.parse_source` tells.
    """
    root = parse_source(data)
    reader = _Reader(types, _local_name(root))
    resource = reader.resource(root, ())
    return XmlDocument(resource, tuple(reader.issues), reader.lines)


@dataclass(slots=True)
class _Reader(Generic[Shape]):
    types: TypeShapes[Shape]
    root_name: str
    issues: list[Issue] = field(default_factory=list)
    lines: dict[Path, int] = field(default_factory=dict)
    _choices: dict[Path, str] = field(default_factory=dict)

    def resource(self, element: etree._Element, path: Path) -> Resource:
        name = _local_name(element)
        node = self.types.node(name)
        self._note_line(element, path)
        if node is None or node.kind != "resource":
            self._tell(element, path, f"the name of a resource type expected, {name} found")
            node = None
        return {"resourceType": name, **self._object(element, node, path, attributes=())}

    def _object(
        self, element: etree._Element, node: Shape | None, path: Path, attributes: tuple[str, ...] = ("id",)
    ) -> dict[str, Any]:
        """The members of an object: its attributes, then its child elements in document order."""
        self._check_text(element, path)
        value: dict[str, Any] = {}
        for name, text in ((str(name), str(text)) for name, text in element.attrib.items()):
            if name in attributes:
                value[name] = text
            elif node is not None and self.types.property(node, name):
                self._tell(element, (*path, name), "an element expected, an attribute found")
            elif not name.startswith("{"):
                self._tell(element, (*path, name), "no such attribute here", rule="unknown-element")
                value.setdefault(name, text)
            elif name not in _SCHEMA_HINTS:
                self._tell(element, path, f"no attributes of other namespaces expected, {name} found")
        for child in element:
            self._member(child, node, value, path)
        if node is not None:
            self._check_order(element, node, path)
        return value

    def _member(self, child: etree._Element, node: Shape | None, value: dict[str, Any], path: Path) -> None:
        """Read one child element into the object."""
        key = _local_name(child)
        known = self.types.property(node, key) if node else None
        if known is None:
            if node is not None:
                self._tell(child, (*path, key), f"no such property in {node.name}", rule="unknown-element")
            self._add(value, key, self._unknown(child, (*path, key)), is_list=key in value)
            return
        if key == "url" and node is not None and node.name == "Extension":
            self._tell(child, (*path, key), "an attribute expected, an element found")
        shape, type_name = known
        if shape.name != key:
            self._choices[*path, key] = shape.name
        is_list = shape.is_list or key in value
        below = (*path, key, _count(value.get(key))) if is_list else (*path, key)
        if is_list and not shape.is_list:
            self._tell(child, (*path, key), "one value expected, another found", rule="list")
        self._check_namespace(child, below, type_name)
        self._read(child, type_name, value, below, is_list=is_list)

    def _read(self, child: etree._Element, type_name: str, value: dict[str, Any], path: Path, *, is_list: bool) -> None:
        key = _local_name(child)
        type_node = self.types.node(type_name)
        if type_node is not None and type_node.kind == "primitive":
            self._primitive(child, type_node, value, path, is_list=is_list)
            return
        if type_node is not None and type_node.kind == "resource":
            self._add(value, key, self._inner_resource(child, path), is_list=is_list)
            return
        self._note_line(child, path)
        attributes = ("id", "url") if type_name == "Extension" else ("id",)
        self._add(value, key, self._object(child, type_node, path, attributes), is_list=is_list)

    def _inner_resource(self, holder: etree._Element, path: Path) -> Any:
        """The resource inside ``contained`` or ``resource``, which hold nothing else."""
        self._check_text(holder, path)
        if len(holder) != 1:
            self._note_line(holder, path)
            self._tell(holder, path, f"one resource expected, {len(holder)} found")
            return self._unknown(holder, path) if len(holder) else {}
        return self.resource(holder[0], path)

    def _primitive(
        self, element: etree._Element, node: Shape, value: dict[str, Any], path: Path, *, is_list: bool
    ) -> None:
        """A primitive, its id and extensions to the sibling ``_key``; null where a list has only one of the two."""
        key = _local_name(element)
        self._note_line(element, path)
        if node.name == "xhtml":
            self._add(value, key, _narrative(element), is_list=is_list)
            return
        plain = _typed(element.get("value"), node.name)
        rest = self._object(element, node, path, attributes=("id", "value"))
        rest.pop("value", None)
        if plain is None and not rest:
            self._tell(element, path, "ele-1: a value or extensions expected, none found", rule="ele-1")
        if is_list:
            self._add_padded(value, key, plain, rest)
            return
        if plain is not None:
            value[key] = plain
        if rest:
            value[f"_{key}"] = rest

    def _add_padded(self, value: dict[str, Any], key: str, plain: Any, rest: dict[str, Any]) -> None:
        values = value.setdefault(key, [])
        if not isinstance(values, list):
            values = value[key] = [values]
        if rest and f"_{key}" not in value:
            value[f"_{key}"] = [None] * len(values)
        siblings = value.get(f"_{key}")
        values.append(plain)
        if siblings is not None:
            siblings = siblings if isinstance(siblings, list) else [siblings]
            value[f"_{key}"] = [*siblings, rest or None]

    def _add(self, value: dict[str, Any], key: str, item: Any, *, is_list: bool) -> None:
        if not is_list:
            value[key] = item
        elif isinstance(value.get(key), list):
            value[key].append(item)
        else:
            value[key] = [value[key], item] if key in value else [item]

    def _unknown(self, element: etree._Element, path: Path) -> Any:
        """What no type knows, as near to JSON as can be guessed: text for a bare value, an object otherwise."""
        self._note_line(element, path)
        if element.tag == f"{{{XHTML}}}div":
            return _narrative(element)
        if set(element.attrib) == {"value"} and not len(element):
            return str(element.get("value"))
        return self._object(element, None, path, attributes=("id", "url", "value"))

    def _check_text(self, element: etree._Element, path: Path) -> None:
        found = [element.text or "", *(child.tail or "" for child in element)]
        if any(text.strip() for text in found):
            self._tell(element, path, "no text between elements expected, some found")

    def _check_order(self, element: etree._Element, node: Shape, path: Path) -> None:
        order = list(node.elements)
        last = 0
        for child in element:
            known = self.types.property(node, _local_name(child))
            place = order.index(known[0].name) if known else last
            if place < last:
                key = _local_name(child)
                self._tell(child, (*path, key), f"expected before {order[last]}, found after it")
            last = max(place, last)

    def _check_namespace(self, element: etree._Element, path: Path, type_name: str) -> None:
        expected = XHTML if type_name == "xhtml" else FHIR
        found = etree.QName(element).namespace or ""
        if found != expected:
            self._tell(element, path, f"the namespace {expected} expected, {found or 'none'} found")

    def _note_line(self, element: etree._Element, path: Path) -> None:
        self.lines[path] = _line(element)

    def _tell(self, element: etree._Element, path: Path, what: str, rule: str = "xml") -> None:
        """Add an issue. A rule other than ``xml`` is one that JSON can break as well, and a validator tells it too."""
        steps = (self._choices.get(path[:end], path[end - 1]) for end in range(1, len(path) + 1))
        place = self.root_name + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
        self.issues.append(Issue("error", "structure", f"{place}: {what}", place, rule, line=_line(element), column=1))


def _typed(text: str | None, type_name: str) -> Any:
    """The value of a primitive; one that is not of its type's form stays text, for a validator to tell."""
    if text is None:
        return None
    if type_name == "boolean":
        return _BOOLEANS.get(text, text)
    if type_name in _INTEGERS:
        return int(text) if _INTEGER.fullmatch(text) else text
    if type_name == "decimal":
        return _decimal(text) if _DECIMAL.fullmatch(text) else text
    return text


def _decimal(text: str) -> int | ExactDecimal:
    """As JSON gives it: digits alone are an ``int``."""
    return int(text) if _INTEGER.fullmatch(text) and text != "-0" else ExactDecimal(text)


def _narrative(element: etree._Element) -> str:
    """The XHTML as text, with the namespace declarations that it needs and no others."""
    alone = deepcopy(element)
    etree.cleanup_namespaces(alone)
    return etree.tostring(alone, encoding="unicode", with_tail=False)


def _count(found: Any) -> int:
    """How many values a name has so far."""
    return len(found) if isinstance(found, list) else int(found is not None)


def _line(element: etree._Element) -> int:
    return cast("int | None", element.sourceline) or 0


def _local_name(element: etree._Element) -> str:
    return etree.QName(element).localname
