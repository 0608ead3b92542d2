"""How fast FHIRPath is evaluated, beside fhirpathpy and fhirpath.js in the same run.

    python -m benchmarks.fhirpath [--rounds 7]

Ten expressions as invariants and search parameters are, on a patient and an observation made here. Each is compiled
once; a round evaluates it 200 times with each engine in turn, and the best round counts, since other work on the
machine only ever slows one down. fhirpath.js, on Node, is warmed up by as many rounds again. The peers are put into
the user's cache folder when first asked for; one that cannot take part says why.
"""

import argparse
import json
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.peers import homes

from careloom.definitions import Definitions
from careloom.fhirpath import compile_expression

REPEATS = 200

EXPRESSIONS = {
    "Patient": (
        "name.where(use = 'official').given",
        "name.exists() or telecom.exists() or contact.exists()",
        "contact.all(name.exists() or telecom.exists() or address.exists() or organization.exists())",
        "Patient.telecom.where(system = 'phone').value",
        "identifier.where(system = 'https://fhir.nhs.uk/Id/nhs-number').value.length() = 10",
        "Patient.deceased.exists() and Patient.deceased != false",
    ),
    "Observation": (
        "dataAbsentReason.empty() or value.empty()",
        "Observation.value.ofType(Quantity).value > 100",
        "code.coding.where(system = 'http://loinc.org').code",
        "value.empty() or component.code.where(coding.intersect(%resource.code.coding).exists()).empty()",
    ),
}

RESOURCES: dict[str, dict[str, Any]] = {
    "Patient": {
        "resourceType": "Patient",
        "id": "bench",
        "identifier": [
            {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990548609"},
            {"system": "https://hospital.example/mrn", "value": "A-1"},
        ],
        "name": [
            {"use": "official", "family": "Okafor", "given": ["Ada", "Grace"]},
            {"use": "nickname", "given": ["Addy"]},
        ],
        "telecom": [
            {"system": "phone", "value": "020 7946 0000", "use": "home"},
            {"system": "email", "value": "ada@example.org"},
        ],
        "birthDate": "1987-03-12",
        "deceasedBoolean": False,
        "contact": [{"name": {"family": "Okafor"}}, {"telecom": [{"system": "phone", "value": "020 7946 0001"}]}],
    },
    "Observation": {
        "resourceType": "Observation",
        "id": "bench",
        "status": "final",
        "code": {
            "coding": [
                {"system": "http://loinc.org", "code": "8480-6"},
                {"system": "http://snomed.info/sct", "code": "271649006"},
            ]
        },
        "subject": {"reference": "Patient/bench"},
        "effectiveDateTime": "2026-03-01T09:30:00Z",
        "valueQuantity": {"value": 128, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"},
    },
}

Stopwatch = Callable[[str, str], float]
"""From an expression and the type of its resource to the seconds of one evaluation."""


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=7)
    rounds = arguments.parse_args().rounds
    watches: dict[str, Stopwatch] = {"careloom": _careloom(rounds)}
    with _peer(homes.fhirpathpy, rounds) as fhirpathpy, _peer(homes.fhirpath_js, rounds) as fhirpath_js:
        watches.update(fhirpathpy or {}, **fhirpath_js or {})
        times = [_timed(watches, type_name, text) for type_name, texts in EXPRESSIONS.items() for text in texts]
    for name in list(watches)[1:]:
        ratios = [row[name] / row["careloom"] for row in times]
        print(f"{name} takes {statistics.median(ratios):.1f} times as long (median), {min(ratios):.1f} at least")


def _timed(watches: dict[str, Stopwatch], type_name: str, expression: str) -> dict[str, float]:
    times = {name: watch(expression, type_name) for name, watch in watches.items()}
    print("  ".join(f"{name} {time * 1e6:8.2f} µs" for name, time in times.items()), f" {expression}")
    return times


def _careloom(rounds: int) -> Stopwatch:
    types = Definitions.load().types

    def best(expression: str, type_name: str) -> float:
        evaluate = compile_expression(expression, types=types, context_type=type_name).evaluate
        return min(_round(evaluate, RESOURCES[type_name]) for _ in range(rounds))

    return best


def _round(evaluate: Callable[[Any], Any], resource: Any) -> float:
    start = time.perf_counter()
    for _ in range(REPEATS):
        evaluate(resource)
    return (time.perf_counter() - start) / REPEATS


@contextmanager
def _peer(home: Callable[[], homes.Home], rounds: int) -> Iterator[dict[str, Stopwatch] | None]:
    """An engine in a process of its own, by its name and version; None, said aloud, where it cannot take part."""
    try:
        at = home()
    except homes.AbsentError as absent:
        print(f"{home.__name__} takes no part: {absent}")
        yield None
        return
    pipe = subprocess.PIPE
    with subprocess.Popen(at.command, stdin=pipe, stdout=pipe, text=True, bufsize=1) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        questions, answers = process.stdin, process.stdout

        def best(expression: str, type_name: str) -> float:
            question = {"resource": RESOURCES[type_name], "expression": expression, "rounds": rounds}
            questions.write(json.dumps(question | {"repeats": REPEATS}) + "\n")
            return float(json.loads(answers.readline())["seconds"])

        yield {f"{home.__name__} {json.loads(answers.readline())['version']}": best}
        questions.close()


if __name__ == "__main__":
    main()
