"""Request bodies: read strictly, since what is written must mean one thing only (`careloom.rest.plainness`)."""

from typing import Any
from urllib.parse import parse_qsl

from careloom.definitions import TypeModel
from careloom.model.errors import MalformedError
from careloom.model.json import parse_json, parse_resource
from careloom.model.resource import Resource
from careloom.model.xml import read_xml
from careloom.rest.hub import Limits
from careloom.rest.messages import Parameters
from careloom.rest.negotiation import Family
from careloom.rest.plainness import require_depth, require_plain


def read_resource(data: bytes, limits: Limits, *, family: Family = "json", types: TypeModel | None = None) -> Resource:
    """Read one resource from a request body.

    Args:
        data: The body.
        limits: For the depth.
        family: What it is written in.
        types: What XML is read by.

    Raises:
        MalformedError: Not what it is said to be, not a resource, nested too deeply, with duplicate keys or with NUL
            characters.
    """
    if not data.strip():
        raise MalformedError("the body is empty, a resource expected")
    if family == "json":
        resource = parse_resource(data)
        require_plain(resource, data, limits.depth)
        return resource
    assert types is not None
    document = read_xml(data, types)
    if odd := [issue for issue in document.issues if issue.rule == "xml"]:
        raise MalformedError(f"not FHIR XML: {odd[0].diagnostics}", issues=odd)
    require_depth(document.resource, limits.depth)
    return document.resource


def read_json(data: bytes, limits: Limits) -> Any:
    """Read JSON that is no resource, as strictly: a JSON Patch.

    Raises:
        MalformedError: As `read_resource` has it.
    """
    value = parse_json(data)
    require_plain(value, data, limits.depth)
    return value


def read_parameters(text: str | bytes, limits: Limits) -> Parameters:
    """Read a query string or a form.

    Raises:
        MalformedError: Not UTF-8, or more parameters than the hub reads.
    """
    decoded = text.decode("latin-1") if isinstance(text, bytes) else text
    try:
        pairs = parse_qsl(decoded, keep_blank_values=True, errors="strict", max_num_fields=limits.parameters)
    except UnicodeDecodeError as error:
        raise MalformedError("the parameters are not UTF-8") from error
    except ValueError as error:
        raise MalformedError(f"at most {limits.parameters} parameters are read") from error
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise MalformedError("a parameter holds the character NUL, which FHIR does not allow")
    return tuple(pairs)
