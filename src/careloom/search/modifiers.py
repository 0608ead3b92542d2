"""Which modifier goes with which kind of parameter: one table, for the parser, the CapabilityStatement and the docs.

Source: FHIR R4 search, "Modifiers".
"""

from collections.abc import Mapping

from careloom.model.records import dataclass
from careloom.search.escaping import shown
from careloom.search.operands import Kind
from careloom.search.parameters import SearchParameter
from careloom.search.refusals import not_supported


@dataclass(frozen=True, slots=True)
class Modifier:
    """What may follow the colon of a parameter's name.

    Attributes:
        name: SearchParameter.modifier; ``type`` stands for the name of any resource type.
        kinds: Kinds of parameters it goes with.
        operands: Kind of the values it takes; None: that of the parameter; empty: true or false.
        meaning: What it asks, for the documentation.
    """

    name: str
    kinds: tuple[Kind, ...]
    meaning: str
    operands: Kind | None = None


ALL: tuple[Kind, ...] = ("token", "string", "reference", "date", "number", "quantity", "uri", "composite", "special")

MODIFIERS: tuple[Modifier, ...] = (
    Modifier("missing", ALL, "`true`: the resource lacks the element; `false`: it has it"),
    Modifier("exact", ("string",), "the whole text, with case and accents"),
    Modifier("contains", ("string",), "anywhere in the text"),
    Modifier("text", ("token",), "the display or text begins so, at any of its words", operands="string"),
    Modifier("not", ("token",), "no value is one of these; also finds what has no value"),
    Modifier("in", ("token",), "a code of the value set, told by its URL"),
    Modifier("not-in", ("token",), "no value is a code of the value set; also finds what has no value"),
    Modifier("below", ("token", "uri"), "the code or one it subsumes; the URL or one below its path"),
    Modifier("above", ("token", "uri"), "the code or one that subsumes it; the URL or one above its path"),
    Modifier("of-type", ("token",), "`system\\|code\\|value`: an identifier of a type"),
    Modifier("identifier", ("reference",), "the identifier in the reference", operands="token"),
    Modifier("type", ("reference",), "`:Patient`: the reference leads to this type"),
)

OF_KIND: Mapping[Kind, tuple[Modifier, ...]] = {
    kind: tuple(modifier for modifier in MODIFIERS if kind in modifier.kinds) for kind in ALL
}


def modifiers_of(parameter: SearchParameter) -> tuple[Modifier, ...]:
    """The modifiers that go with a parameter; words of a resource are there or missing."""
    return OF_KIND["special"] if parameter.is_text else OF_KIND[parameter.kind]


def check(parameter: SearchParameter, modifier: str) -> Kind:
    """The kind of operands that a parameter takes with a modifier, which may be empty.

    Raises:
        InvalidError: The modifier does not go with the parameter: "Server SHALL reject any search request that
            contains a modifier that the server does not support for that parameter".
    """
    if not modifier:
        return parameter.kind
    allowed = {each.name: each for each in modifiers_of(parameter)}
    found = allowed.pop("type", None)
    if found and modifier in parameter.targets:
        return parameter.kind
    if modifier in allowed:
        return allowed[modifier].operands or parameter.kind
    names = ", ".join(allowed) + (" or the name of a resource type it may refer to" if found else "")
    diagnostics = f"modifiers of a {parameter.kind} parameter are {names}, found {shown(modifier)}{_hint(modifier)}"
    raise not_supported(diagnostics)


def _hint(modifier: str) -> str:
    return _HINTS.get(modifier, "")


_HINTS = {
    "above": "; hierarchies of resources are not followed",
    "below": "; hierarchies of resources are not followed",
    "iterate": "; it goes with _include and _revinclude",
    "recurse": "; it is called :iterate in R4, and goes with _include and _revinclude",
}
