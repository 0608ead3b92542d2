"""The concepts of a CodeSystem file in the order of their table, with their places in the hierarchy."""

from collections.abc import Callable, Iterable, Sequence

from careloom.model import serialize_json
from careloom.model.errors import DefinitionError
from careloom.model.records import dataclass
from careloom.terminology.stored.hierarchy import from_above
from careloom.terminology.stored.source import Source, SourceConcept, SourceSystem, read_properties
from careloom.terminology.stored.spool import Spool

Progress = Callable[[str, int], None]
"""Told what is being done, and how many concepts it is done for."""

STEP = 20_000
"""Concepts after which progress is told."""

_TOLD = 10


@dataclass(slots=True)
class Row:
    """A concept on its way into the table."""

    code: str
    display: str
    parents: list[str]
    is_inactive: bool
    is_abstract: bool


@dataclass(frozen=True, slots=True)
class Gathered:
    """A code system ready to be written.

    Attributes:
        header: The code system without its concepts.
        rows: Its concepts; what is above comes first, and the position is the number.
        order: For each concept its place in the file, by which the spool has its detail.
        above: For each concept the numbers of its parents.
        property_codes: The properties that are declared or used.
        unknown_parents: Codes named as parents that are not there, some of them.
    """

    header: SourceSystem
    rows: Sequence[Row]
    order: Sequence[int]
    above: Sequence[Sequence[int]]
    property_codes: frozenset[str]
    unknown_parents: tuple[str, ...]


def gather(source: Source, spool: Spool, progress: Progress) -> Gathered:
    """Read all concepts and put them in order; what is not needed for that goes to the spool.

    Raises:
        MalformedError: A concept is not in the shape of one.
        DefinitionError: A code is there twice, or the hierarchy has a loop.
    """
    rows, used = _rows(source, spool, progress)
    positions = _positions(rows, source.header)
    fold = folding(source.header)
    parents = [[positions[fold(code)] for code in row.parents if fold(code) in positions] for row in rows]
    order = from_above(parents, [row.code for row in rows], source.header.url)
    numbers = [0] * len(order)
    for number, position in enumerate(order):
        numbers[position] = number
    return Gathered(
        source.header,
        [rows[position] for position in order],
        order,
        [[numbers[parent] for parent in parents[position]] for position in order],
        used,
        _unknown_parents(rows, lambda code: fold(code) in positions),
    )


def _rows(source: Source, spool: Spool, progress: Progress) -> tuple[list[Row], frozenset[str]]:
    """Every concept with its parents, and the properties that are declared or used."""
    rows: list[Row] = []
    used = {str(each.get("code", "")) for each in source.header.property}
    links: list[tuple[str, str]] = []
    for concept, above in source.concepts:
        row, names, children = _row(concept, above, source)
        rows.append(row)
        spool.add(_detail(concept))
        used |= names
        links += ((child, row.code) for child in children)
        if len(rows) % STEP == 0:
            progress("read", len(rows))
    spool.close_writing()
    by_code = {row.code: row for row in rows} if links else {}
    for child, parent in links:
        if child in by_code:
            by_code[child].parents.append(parent)
    for row in rows:
        row.parents = list(dict.fromkeys(row.parents))
    return rows, frozenset(used)


def _row(concept: SourceConcept, above: str | None, source: Source) -> tuple[Row, set[str], list[str]]:
    parents, children = [above] if above is not None else [], []
    is_inactive = is_abstract = False
    names = set()
    for each in read_properties(concept.property):
        name, value = each.code, each.value
        names.add(name)
        is_inactive = is_inactive or source.names.is_inactive(name, value)
        is_abstract = is_abstract or source.names.is_abstract(name, value)
        if isinstance(value, str) and name in source.names.parent:
            parents.append(value)
        elif isinstance(value, str) and name in source.names.child:
            children.append(value)
    return (
        Row(concept.code, concept.display, parents, is_inactive, is_abstract),
        names,
        children,
    )


def _detail(concept: SourceConcept) -> bytes:
    parts = [
        b'"definition":' + serialize_json(concept.definition) if concept.definition else b"",
        b'"designation":' + bytes(concept.designation) if len(concept.designation) else b"",
        b'"property":' + bytes(concept.property) if len(concept.property) else b"",
    ]
    told = b",".join(part for part in parts if part)
    return b"{" + told + b"}" if told else b""


def _positions(rows: Sequence[Row], header: SourceSystem) -> dict[str, int]:
    fold = folding(header)
    found: dict[str, int] = {}
    for position, row in enumerate(rows):
        if found.setdefault(fold(row.code), position) != position:
            raise DefinitionError(f"each code once expected, {row.code} found twice", url=header.url)
    return found


def folding(header: SourceSystem) -> Callable[[str], str]:
    """How a code becomes its key."""
    return str if header.caseSensitive else str.lower


def _unknown_parents(rows: Iterable[Row], is_known: Callable[[str], bool]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for row in rows:
        found.update((code, None) for code in row.parents if not is_known(code))
        if len(found) >= _TOLD:
            break
    return tuple(found)[:_TOLD]
