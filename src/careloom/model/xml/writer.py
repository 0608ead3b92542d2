"""Plain dictionaries to FHIR XML, elements in the order of their definitions."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Generic, cast

from lxml import etree

from careloom.model.errors import InvalidError, MalformedError
from careloom.model.numbers import decimal_text
from careloom.model.records import dataclass
from careloom.model.resource import Resource
from careloom.model.xml.shapes import ElementShape, Shape, TypeShapes
from careloom.model.xml.source import FHIR, XHTML, parse_source

# What the definitions mark as `representation: xmlAttr`, apart from the value of a primitive.
_ATTRIBUTES = {"id": "", "url": "Extension"}
_DEFAULT_NAMESPACE = cast("dict[str, str]", {None: FHIR})  # the stubs of lxml do not know the default namespace


def serialize_xml(resource: Resource, types: TypeShapes[Shape], *, pretty: bool = False) -> bytes:
    """Write a resource as UTF-8 XML, with the XML declaration.

    Args:
        resource: As parsed JSON.
        types: What the types look like.
        pretty: Indent by two spaces; narratives are left as they are.

    Raises:
        InvalidError: It has something that XML has no place for: a name that no type knows, an array for what
            does not repeat, a narrative that is not XHTML, a character that XML cannot carry. Names the place.
    """
    root = _Writer(types).resource(resource, None, str(resource.get("resourceType", "")))
    if pretty:
        _indent(root, "\n")
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


@dataclass(slots=True)
class _Writer(Generic[Shape]):
    types: TypeShapes[Shape]

    def resource(self, value: Any, holder: etree._Element | None, path: str) -> etree._Element:
        name = value.get("resourceType") if isinstance(value, dict) else None
        node = self.types.node(name) if isinstance(name, str) else None
        if node is None or node.kind != "resource":
            raise InvalidError(f"{path or 'resource'}: a known resourceType expected, found {name!r}")
        tag = f"{{{FHIR}}}{node.name}"
        element = etree.Element(tag, nsmap=_DEFAULT_NAMESPACE) if holder is None else etree.SubElement(holder, tag)
        content = {key: item for key, item in value.items() if key != "resourceType"}
        self._members(content, node, element, path, is_resource=True)
        return element

    def _members(
        self, value: Any, node: Shape, element: etree._Element, path: str, *, is_resource: bool = False
    ) -> None:
        if not isinstance(value, dict):
            raise InvalidError(f"{path}: an object expected, found {type(value).__name__}")
        for key in self._in_order(value, node, path):
            known = self.types.property(node, key)
            assert known is not None  # _in_order has refused what is not
            if not is_resource and _is_attribute(key, node):
                _set(element, key, value.get(key), f"{path}.{key}")
            else:
                self._repeats(key, value, known, element, f"{path}.{key}")

    def _in_order(self, value: dict[str, Any], node: Shape, path: str) -> list[str]:
        """The keys without their ``_`` siblings, as XML wants them."""
        order = {name: place for place, name in enumerate(node.elements)}
        places: dict[str, int] = {}
        for key in value:
            known = self.types.property(node, key.removeprefix("_"))
            if known is None:
                raise InvalidError(f"{path}.{key}: not an element of {node.name}")
            places[key.removeprefix("_")] = order[known[0].name]
        return sorted(places, key=places.__getitem__)

    def _repeats(
        self,
        key: str,
        value: dict[str, Any],
        known: tuple[ElementShape, str],
        element: etree._Element,
        path: str,
    ) -> None:
        shape, type_name = known
        if not shape.is_list:
            self._item(key, (value.get(key), value.get(f"_{key}")), type_name, element, path)
            return
        for index, pair in enumerate(_pairs(value.get(key), value.get(f"_{key}"), path)):
            self._item(key, pair, type_name, element, f"{path}[{index}]")

    def _item(self, key: str, pair: tuple[Any, Any], type_name: str, holder: etree._Element, path: str) -> None:
        """Write one value and what its ``_`` sibling adds to it."""
        value, sibling = pair
        if value is None and sibling is None:
            return
        node = self.types.node(type_name)
        if node is None:
            raise InvalidError(f"{path}: the type {type_name} is not known")
        if node.name == "xhtml":
            holder.append(_xhtml(value, path))
            return
        element = etree.SubElement(holder, f"{{{FHIR}}}{key}")
        if node.kind == "primitive":
            _set(element, "value", value, path)
            if sibling is not None:
                self._members(sibling, node, element, path)
        elif node.kind == "resource":
            self.resource(value, element, path)
        else:
            self._members(value, node, element, path)


def _is_attribute(key: str, node: Shape) -> bool:
    return key in _ATTRIBUTES and _ATTRIBUTES[key] in ("", node.name)


def _pairs(values: Any, siblings: Any, path: str) -> Iterator[tuple[Any, Any]]:
    for found in (values, siblings):
        if found is not None and not isinstance(found, list):
            raise InvalidError(f"{path}: an array expected, found {type(found).__name__}")
    values, siblings = values or [], siblings or []
    for index in range(max(len(values), len(siblings))):
        yield (
            values[index] if index < len(values) else None,
            siblings[index] if index < len(siblings) else None,
        )


def _set(element: etree._Element, name: str, value: Any, path: str) -> None:
    if value is None:
        return
    try:
        element.set(name, _text(value, path))
    except ValueError as error:
        raise InvalidError(f"{path}: has a character that XML cannot carry") from error


def _text(value: Any, path: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, str | int):
        return str(value)
    raise InvalidError(f"{path}: a primitive value expected, found {type(value).__name__}")


def _xhtml(value: Any, path: str) -> etree._Element:
    if not isinstance(value, str):
        raise InvalidError(f"{path}: a narrative is text, found {type(value).__name__}")
    try:
        root = parse_source(value.encode("utf-8", "surrogatepass"))
    except MalformedError as error:
        raise InvalidError(f"{path}: the narrative is not XHTML: {error}") from error
    if root.tag != f"{{{XHTML}}}div":
        raise InvalidError(f"{path}: a div in the namespace {XHTML} expected, found {root.tag}")
    return root


def _indent(element: etree._Element, before: str) -> None:
    """Put each FHIR element on a line of its own; what is not FHIR is not touched."""
    if not len(element) or not str(element.tag).startswith(f"{{{FHIR}}}"):
        return
    element.text = before + "  "
    for child in element:
        _indent(child, before + "  ")
        child.tail = before + "  "
    element[-1].tail = before
