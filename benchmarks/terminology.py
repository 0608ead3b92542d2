"""Large code systems: how long one takes to load, and an answer from it: ``python benchmarks/terminology.py``.

    python benchmarks/terminology.py [concepts]

The code system is made up with a fixed seed, in the shape of SNOMED CT: some of the concepts have two or three
parents, all have two designations and three properties. Ratios are to a bare ``SELECT`` of the same row by its primary
key, in the same run and with the file mapped into memory in the same way, since absolute figures depend on the machine
and on what else it does.
"""

import random
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from careloom.definitions import Definitions
from careloom.definitions.layer import Layer
from careloom.model import serialize_json
from careloom.terminology import Concept, Terminology
from careloom.terminology.stored import CodeSystemStore, Loaded, StoredContent, load_code_system

URL = "http://example.org/CodeSystem/large"
CONCEPTS = 400_000
RUNS = 50
ASKED = 50_000


def code(number: int) -> str:
    """A code of the length of SNOMED CT's."""
    return str(100_000_007 + number * 1_009)


def concepts(count: int) -> Iterator[dict[str, Any]]:
    """The concepts; the first is above all."""
    some = random.Random(20_261_122)
    for number in range(count):
        above = {
            some.randrange(number // 12, max(number // 4, number // 12 + 1)) for _ in range(some.choice((1, 1, 2, 3)))
        }
        yield {
            "code": code(number),
            "display": f"Finding {number} of structure {some.randrange(count)} (finding)",
            "designation": [
                {"language": "en-GB", "value": f"Finding {number} of structure"},
                {"language": "en-GB", "value": f"Structure {number}, finding"},
            ],
            "property": [
                *({"code": "parent", "valueCode": code(parent)} for parent in sorted(above) if number),
                {"code": "inactive", "valueBoolean": some.random() < 0.1},
                {"code": "effectiveTime", "valueString": f"20{some.randrange(10, 27)}0401"},
            ],
        }


def header() -> dict[str, Any]:
    """The code system without its concepts."""
    return {
        "resourceType": "CodeSystem",
        "url": URL,
        "version": "1",
        "status": "active",
        "content": "complete",
        "caseSensitive": True,
    }


def write_json(path: Path, count: int) -> None:
    """One CodeSystem resource."""
    with path.open("wb") as out:
        out.write(serialize_json(header())[:-1] + b',"concept":[')
        for number, concept in enumerate(concepts(count)):
            out.write((b"," if number else b"") + serialize_json(concept))
        out.write(b"]}")


def write_lines(path: Path, count: int) -> None:
    """A CodeSystem resource, then a concept a line."""
    with path.open("wb") as out:
        out.write(serialize_json(header()) + b"\n")
        for concept in concepts(count):
            out.write(serialize_json(concept) + b"\n")


def measured_load(path: Path, folder: Path) -> Loaded:
    """Load, and print what it took."""
    started, worked = time.perf_counter(), time.process_time()
    loaded = load_code_system(path, folder)
    seconds, work = time.perf_counter() - started, time.process_time() - worked
    size, made = path.stat().st_size / 1e6, loaded.file.stat().st_size / 1e6
    print(f"load {loaded.concepts:,} concepts, {path.suffix[1:]:7} {size:6.0f} MB -> {made:4.0f} MB", end=" ")
    print(f"{seconds:8.1f} s ({work:.1f} s of the processor)")
    return loaded


def best(ask: Callable[[str], object], codes: Sequence[str]) -> float:
    """Microseconds of the processor for one: the best of fifty runs, each over codes of its own."""
    found = []
    for turn in range(RUNS):
        part = codes[turn::RUNS]
        started = time.process_time()
        for each in part:
            ask(each)
        found.append((time.process_time() - started) / len(part) * 1e6)
    return min(found)


def concept_of(content: StoredContent, code: str) -> Concept:
    """A concept that is there."""
    concept = content.read(code)
    assert concept is not None
    return concept


def measured_answers(loaded: Loaded) -> None:
    """Print how long an answer takes, for codes all over the table."""
    some = random.Random(7)
    codes = [code(some.randrange(loaded.concepts)) for _ in range(ASKED)]
    store = CodeSystemStore(loaded.file.parent)
    content = store.find(URL)
    assert content is not None
    is_below = content.below(code(20))
    database = sqlite3.connect(f"file:{loaded.file}?mode=ro&immutable=1", uri=True)
    database.execute(f"PRAGMA mmap_size = {512 * 1024 * 1024}")
    select = "SELECT key, number, code, display, parents, status FROM concept WHERE key = ?"
    bare = best(lambda each: database.execute(select, (each,)).fetchone(), codes)
    top = {
        "resourceType": "ValueSet",
        "url": "http://example.org/vs",
        "compose": {"include": [{"system": URL, "filter": [{"property": "concept", "op": "is-a", "value": code(20)}]}]},
    }
    terminology = Terminology(Definitions(Layer.of_resources([top])), store=store)
    rows = [
        ("bare SELECT by key", bare),
        ("look up a concept", best(content.read, codes)),
        ("look up, with its designations", best(lambda each: concept_of(content, each).terms, codes)),
        ("is-a, by the closure", best(is_below, codes)),
        (
            "validate_code in an is-a value set, first time",
            best(lambda each: terminology.validate_code("http://example.org/vs", system=URL, code=each), codes),
        ),
        (
            "validate_code, again",
            best(
                lambda each: terminology.validate_code("http://example.org/vs", system=URL, code=each),
                codes[:1000] * 50,
            ),
        ),
    ]
    for name, microseconds in rows:
        print(f"{name:50} {microseconds:8.2f} µs   {microseconds / bare:5.2f} x")
    started = time.perf_counter()
    count = sum(1 for _ in content.descendants(code(20)))
    print(f"{'list ' + format(count, ',') + ' descendants':50} {time.perf_counter() - started:8.2f} s")


def main() -> None:
    """Measure everything."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else CONCEPTS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_json(folder / "large.json", count)
        write_lines(folder / "large.ndjson", count)
        measured_load(folder / "large.ndjson", folder / "lines")
        loaded = measured_load(folder / "large.json", folder / "json")
        print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
        measured_answers(loaded)


if __name__ == "__main__":
    main()
