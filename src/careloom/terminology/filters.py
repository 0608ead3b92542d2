"""Filters of value sets: which concepts of a code system an inclusion selects.

Source: FHIR R4, value set filter-operator; ``child-of`` and ``descendent-leaf`` as R5 adds them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from careloom.model.errors import InvalidError, NotSupportedError
from careloom.model.patterns import MANY_TEXTS, Pattern, compile_pattern
from careloom.terminology.concept import Concept, text_of
from careloom.terminology.content import CodeSystemContent

Filter = Mapping[str, Any]
Test = Callable[[Concept], bool]

SNOMED = "http://snomed.info/sct"

_ABOUT_CODES = frozenset({"code", "concept"})
_READERS: Mapping[str, Callable[[Concept], Sequence[str]]] = {
    "code": lambda concept: (concept.code,),
    "concept": lambda concept: (concept.code,),
    "display": lambda concept: (concept.display,) if concept.display else (),
    "definition": lambda concept: (concept.definition,) if concept.definition else (),
    "designation": lambda concept: concept.designations,
    "parent": lambda concept: concept.parents,
    "inactive": lambda concept: (text_of(concept.is_inactive),),
}
_STANDARD = frozenset({*_READERS, "child"})


def compile_filter(filter: Filter, content: CodeSystemContent) -> Test:
    """Make a filter a question about a concept.

    Raises:
        NotSupportedError: The operator or the property is not known here, so that nobody can tell.
        TooCostlyError: A regular expression asks for too much.
    """
    operator, name = str(filter.get("op", "")), str(filter.get("property", ""))
    make = _OPERATORS.get(operator)
    if make is None:
        raise NotSupportedError(f"the filter operator {operator!r} is not known")
    if content.url == SNOMED and operator in ("in", "not-in") and name in _ABOUT_CODES:
        raise NotSupportedError("membership of a SNOMED CT reference set is not known")
    if name not in _STANDARD and name not in content.property_codes and operator not in _HIERARCHICAL:
        raise NotSupportedError(f"{content.url} has no property {name!r}")
    value = text_of(filter.get("value", ""))
    return make(content, name, _as_written(value, content) if operator in _HIERARCHICAL else value)


def candidates(filters: Sequence[Filter], content: CodeSystemContent) -> Iterator[Concept]:
    """The concepts worth asking: those below the concept of a hierarchical filter, else all."""
    for filter in filters:
        value = _as_written(str(filter.get("value", "")), content)
        if filter.get("op") in ("is-a", "descendent-of", "child-of", "descendent-leaf"):
            return _found([value, *content.descendants(value)], content)
        if filter.get("op") == "generalizes":
            return _found([value, *content.ancestors(value)], content)
        if filter.get("op") == "=" and filter.get("property") in _ABOUT_CODES:
            return _found([value], content)
    return content.concepts()


def _as_written(code: str, content: CodeSystemContent) -> str:
    """A code in the case of its code system, where case does not matter."""
    concept = None if content.is_case_sensitive else content.find(code)
    return concept.code if concept else code


def _found(codes: Iterable[str], content: CodeSystemContent) -> Iterator[Concept]:
    for code in dict.fromkeys(codes):
        concept = content.find(code)
        if concept is not None:
            yield concept


def _reader(content: CodeSystemContent, name: str) -> Callable[[Concept], Sequence[str]]:
    """How to read a property of a concept as texts."""
    if name == "child":
        return lambda concept: _children(content, concept)
    return _READERS.get(name) or (lambda concept: concept.values(name))


def _children(content: CodeSystemContent, concept: Concept) -> tuple[str, ...]:
    below = _found(content.descendants(concept.code), content)
    return tuple(each.code for each in below if concept.code in each.parents)


def _equals(content: CodeSystemContent, name: str, value: str) -> Test:
    read = _reader(content, name)
    return lambda concept: value in read(concept)


def _matches(content: CodeSystemContent, name: str, value: str) -> Test:
    read, pattern = _reader(content, name), _pattern(value)
    return lambda concept: any(pattern.is_whole(text) for text in read(concept))


def _pattern(text: str) -> Pattern:
    """The pattern that is to take the whole of a value; one that is no pattern leaves membership unknown."""
    try:
        return compile_pattern(text, MANY_TEXTS)
    except InvalidError as error:
        raise NotSupportedError(str(error)) from error


def _is_in(content: CodeSystemContent, name: str, value: str) -> Test:
    read, listed = _reader(content, name), frozenset(each.strip() for each in value.split(","))
    return lambda concept: not listed.isdisjoint(read(concept))


def _exists(content: CodeSystemContent, name: str, value: str) -> Test:
    read, expected = _reader(content, name), value == "true"
    return lambda concept: bool(read(concept)) is expected


def _descends(content: CodeSystemContent, name: str, value: str) -> Test:
    is_below = content.below(value)
    return lambda concept: is_below(concept.code)


def _is_a(content: CodeSystemContent, name: str, value: str) -> Test:
    is_below = content.below(value)
    return lambda concept: concept.code == value or is_below(concept.code)


def _generalizes(content: CodeSystemContent, name: str, value: str) -> Test:
    above = frozenset((value, *content.ancestors(value)))
    return lambda concept: concept.code in above


def _is_child(content: CodeSystemContent, name: str, value: str) -> Test:
    return lambda concept: value in concept.parents


def _is_leaf(content: CodeSystemContent, name: str, value: str) -> Test:
    is_below = content.below(value)
    return lambda concept: is_below(concept.code) and not any(True for _ in content.descendants(concept.code))


def _opposite(
    make: Callable[[CodeSystemContent, str, str], Test],
) -> Callable[[CodeSystemContent, str, str], Test]:
    def made(content: CodeSystemContent, name: str, value: str) -> Test:
        test = make(content, name, value)
        return lambda concept: not test(concept)

    return made


_HIERARCHICAL: Mapping[str, Callable[[CodeSystemContent, str, str], Test]] = {
    "is-a": _is_a,
    "descendent-of": _descends,
    "is-not-a": _opposite(_is_a),
    "generalizes": _generalizes,
    "child-of": _is_child,
    "descendent-leaf": _is_leaf,
}
_OPERATORS: Mapping[str, Callable[[CodeSystemContent, str, str], Test]] = {
    **_HIERARCHICAL,
    "=": _equals,
    "regex": _matches,
    "in": _is_in,
    "not-in": _opposite(_is_in),
    "exists": _exists,
}
