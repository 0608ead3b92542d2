"""What ``_filter`` means: its paths are parameters and chains, its operators modifiers and prefixes of the same tree.

Where the operators of ``_filter`` say more than the prefixes, R4 is read so:

- ``eq`` on a string compares the whole text without case and accents, ``gt`` and its like the order of folded texts.
- ``ne`` on strings, tokens, references and URIs: there is a value, and none is equal.
- ``po`` is an overlap of intervals, ``co`` on a date or number that the value contains what is asked.
- ``ss`` and ``sb`` are ``:below`` and ``:above``.

Source: FHIR R4, 3.1.3 _filter.
"""

from collections.abc import Callable, Mapping

from careloom.model.errors import InvalidError
from careloom.model.records import replace
from careloom.search.chains import joined, referring
from careloom.search.conditions import And, Comparison, Condition, Missing, Not, Or, Written
from careloom.search.escaping import escape
from careloom.search.filter_syntax import Filter, Joined, Negation, Path, Test, parse_filter
from careloom.search.operands import DateOperand, Kind, NumberOperand, Prefix, QuantityOperand
from careloom.search.parameters import SearchParameter
from careloom.search.refusals import not_supported
from careloom.search.scope import Scope

ReadPlain = Callable[[SearchParameter, str, str, Scope], Condition]
"""Reads a condition on a parameter of the resource itself: parameter, modifier, value, scope."""

SYSTEMS: Mapping[str, str] = {
    "loinc": "http://loinc.org",
    "snomed": "http://snomed.info/sct",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "ucum": "http://unitsofmeasure.org",
}
"""Short names that may stand for a code system."""


def read_filter(text: str, scope: Scope, read_plain: ReadPlain) -> Written:
    """The condition that a value of ``_filter`` makes.

    Raises:
        InvalidError: Not of the grammar, or an operator that does not go with its parameter.
        NotSupportedError: A parameter that is not known.
        TooCostlyError: Over the limits.
    """
    return Written("_filter", text, _Meaning(read_plain).of(parse_filter(text, scope.limits), scope))


class _Meaning:
    """Turns the tree of the grammar into conditions."""

    def __init__(self, read_plain: ReadPlain) -> None:
        self._read_plain = read_plain

    def of(self, filter: Filter, scope: Scope) -> Condition:
        """The condition that a filter is in a scope."""
        match filter:
            case Joined("and", left, right):
                return And((self.of(left, scope), self.of(right, scope)))
            case Joined(_, left, right):
                return Or((self.of(left, scope), self.of(right, scope)))
            case Negation(inner):
                return Not(self.of(inner, scope))
            case Test(path, operator, value):
                return self._at(path, scope, lambda parameter, found: self._test(parameter, operator, value, found))

    def _at(self, path: Path, scope: Scope, test: Callable[[SearchParameter, Scope], Condition]) -> Condition:
        """What is asked at the end of a path."""
        rest, inner = path.rest, path.filter
        if path.has and rest is not None:
            return referring(path.has, path.name, scope, lambda behind: self._at(rest, behind, test))
        parameter = scope.parameter("_id" if path.name == "id" and "id" not in scope.parameters else path.name)
        if rest is None:
            if inner is not None:
                raise InvalidError(f"a name behind {path.name}[…] expected")
            return test(parameter, scope)
        if parameter.kind != "reference":
            raise not_supported(f"{path.name}: brackets and names behind a dot go with reference parameters alone")

        def ask(behind: Scope) -> Condition:
            asked = self._at(rest, behind, test)
            return asked if inner is None else And((self.of(inner, behind), asked))

        return joined(parameter, "", scope, ask)

    def _test(self, parameter: SearchParameter, operator: str, value: str, scope: Scope) -> Condition:
        if operator == "pr":
            present = self._read_plain(parameter, "missing", value.lower(), scope)
            return Missing(parameter.code, not present.missing) if isinstance(present, Missing) else present
        meanings = _MEANINGS.get(parameter.kind, {})
        if operator not in meanings or parameter.is_text:
            allowed = ", ".join(("pr", *meanings)) if not parameter.is_text else "pr"
            raise not_supported(
                f"operators of the {parameter.kind} parameter {parameter.code} are {allowed}, found {operator}"
            )
        return self._apply(meanings[operator], parameter, value, scope)

    def _apply(self, meaning: str, parameter: SearchParameter, value: str, scope: Scope) -> Condition:
        """The meaning is a modifier of the table below, or a prefix where the kind has prefixes."""
        if parameter.kind in _ORDERED:
            return self._ordered(meaning, parameter, value, scope)
        if meaning == "unequal":
            equal = self._apply(_EQUAL[parameter.kind], parameter, value, scope)
            return And((Missing(parameter.code, False), Not(equal)))
        if parameter.kind == "string":
            plain = self._read_plain(parameter, "", escape(value), scope)
            return replace(plain, modifier=meaning) if isinstance(plain, Comparison) else plain
        return self._read_plain(parameter, meaning, _escaped(parameter.kind, value), scope)

    def _ordered(self, prefix: str, parameter: SearchParameter, value: str, scope: Scope) -> Condition:
        if prefix in _OF_FILTER:
            width = "eq" if parameter.kind == "date" else "ge"
            plain = self._read_plain(parameter, "", _escaped(parameter.kind, f"{width}{value}"), scope)
            return _with_prefix(plain, _OF_FILTER[prefix])
        return self._read_plain(parameter, "", _escaped(parameter.kind, f"{prefix}{value}"), scope)


def _with_prefix(condition: Condition, prefix: Prefix) -> Condition:
    """The comparison with another prefix on the interval it has."""
    assert isinstance(condition, Comparison)
    kept = [each for each in condition.operands if isinstance(each, DateOperand | NumberOperand | QuantityOperand)]
    return replace(condition, operands=tuple(replace(each, prefix=prefix) for each in kept))


def _escaped(kind: Kind, value: str) -> str:
    """A value as a search value has it: the bars of a token or quantity part it, nothing else does."""
    if kind not in ("token", "quantity"):
        return escape(value)
    pieces = value.split("|")
    if kind == "token" and len(pieces) > 1:
        pieces[0] = SYSTEMS.get(pieces[0], pieces[0])
    return "|".join(map(escape, pieces))


_ORDERED: tuple[Kind, ...] = ("date", "number", "quantity")
_EQUAL: Mapping[Kind, str] = {"string": "equals", "token": "", "reference": "", "uri": ""}
_OF_FILTER: Mapping[str, Prefix] = {"po": "ap", "co": "co"}
"""Operators that compare with a date as wide as it was written, or with a number as it stands; an overlap is what
``ap`` asks of a wider interval."""

_PREFIXES: Mapping[str, str] = {each: each for each in ["eq", "ne", "gt", "lt", "ge", "le", "ap", "sa", "eb"]}

_MEANINGS: Mapping[Kind, Mapping[str, str]] = {
    "string": {
        "eq": "equals",
        "ne": "unequal",
        "co": "contains",
        "sw": "",
        "ew": "ends-with",
        "gt": "gt",
        "lt": "lt",
        "ge": "ge",
        "le": "le",
    },
    "token": {"eq": "", "ne": "unequal", "ss": "below", "sb": "above", "in": "in", "ni": "not-in"},
    "reference": {"eq": "", "ne": "unequal", "re": ""},
    "uri": {"eq": "", "ne": "unequal", "re": "", "ss": "below", "sb": "above"},
    "date": {**_PREFIXES, "po": "po", "co": "co"},
    "number": {**_PREFIXES, "co": "co"},
    "quantity": _PREFIXES,
}
"""By kind of parameter and operator: the modifier or prefix of the tree, or what is composed of them."""
