"""The filters of a subscription: searches that a focus must match besides, held to what its topic lets be filtered by.

``Encounter?patient=Patient/1``: all filters hold together, and values with a comma between are alternatives. A filter
is for the foci of its type; where a topic tells of several types, foci of the others pass it.
"""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qsl

from careloom.model.errors import InvalidError
from careloom.notify.topics import Filter, Topic
from careloom.search import Query, SearchParameter, SearchParameters, match, parse_query

_PREFIX: Final = re.compile("(eq|ne|gt|lt|ge|le|sa|eb|ap)[0-9+-]")
_ORDERED: Final = frozenset({"date", "number", "quantity"})


def read_filters(texts: Iterable[str], topic: Topic, parameters: SearchParameters) -> tuple[Query, ...]:
    """The filters as searches, one for each type that is filtered.

    Raises:
        InvalidError: Not a filter, or not one that the topic allows.
    """
    by_type: dict[str, list[tuple[str, str]]] = {}
    for text in texts:
        type, mark, query = text.partition("?")
        if not mark or type not in topic.resources:
            raise InvalidError(f"a filter such as {topic.resources[0]}?patient=Patient/1 expected, found {text!r}")
        by_type.setdefault(type, []).extend(parse_qsl(query, keep_blank_values=True))
    return tuple(_query(type, given, topic, parameters) for type, given in by_type.items())


def _query(type: str, given: list[tuple[str, str]], topic: Topic, parameters: SearchParameters) -> Query:
    if topic.is_classic:
        return _searched(type, given, parameters)
    allowed = {each.parameter: each for each in topic.filters_of(type)}
    unknown = sorted({name.partition(":")[0] for name, _ in given} - set(allowed))
    if unknown or not given:
        may = ", ".join(sorted(allowed)) or "nothing"
        raise InvalidError(f"topic {topic.url} is filtered by {may}, found {', '.join(unknown) or 'nothing'}")
    for name, value in given:
        code, _, modifier = name.partition(":")
        _check_modifier(allowed[code], modifier, topic)
        _check_comparators(allowed[code], parameters.of(type).get(code), value, topic)
    return _searched(type, given, parameters)


def _searched(type: str, given: list[tuple[str, str]], parameters: SearchParameters) -> Query:
    query = parse_query(type, given, parameters, strict=True)
    match(query, {"resourceType": type}, parameters)  # which refuses what asks about other resources
    return query


def _check_modifier(filter: Filter, modifier: str, topic: Topic) -> None:
    if modifier and modifier not in filter.modifiers:
        may = ", ".join(f":{each}" for each in sorted(filter.modifiers)) or "no modifier"
        raise InvalidError(f"topic {topic.url}: {filter.parameter} with {may} expected, found :{modifier}")


def _check_comparators(filter: Filter, parameter: SearchParameter | None, value: str, topic: Topic) -> None:
    if parameter is None or parameter.kind not in _ORDERED:
        return
    for each in value.split(","):
        found = _PREFIX.match(each)
        if found and found[1] not in {"eq", *filter.comparators}:
            may = ", ".join(sorted({"eq", *filter.comparators}))
            raise InvalidError(f"topic {topic.url}: {filter.parameter} with {may} expected, found {found[1]}")
