"""How fast FHIRPath is evaluated, beside fhirpathpy in the same run where that is installed.

    python benchmarks/fhirpath.py [--rounds 7]

Ten expressions as invariants and search parameters are, on a patient and an observation made here. Each is compiled
once; a round evaluates it 200 times with each engine in turn, and the best round counts, since other work on the
machine only ever slows one down.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

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

Engine = Callable[[str, str], Callable[[Any], Any]]


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=7)
    rounds = arguments.parse_args().rounds
    ours, peer = _careloom(), _fhirpathpy()
    ratios: list[float] = []
    for type_name, expressions in EXPRESSIONS.items():
        for expression in expressions:
            engines = [engine(expression, type_name) for engine in (ours, peer) if engine]
            times = _best(engines, RESOURCES[type_name], rounds)
            ratios.extend(time / times[0] for time in times[1:])
            print("  ".join(f"{time * 1e6:9.2f} µs" for time in times), f" {expression}")
    if ratios:
        print(f"fhirpathpy takes {statistics.median(ratios):.1f} times as long (median of {len(ratios)} expressions)")
    else:
        print("fhirpathpy is not installed, so there is nothing to compare with: pip install fhirpathpy")


def _best(engines: list[Callable[[Any], Any]], resource: Any, rounds: int) -> list[float]:
    """Seconds for one evaluation by each engine, in interleaved rounds."""
    best = [float("inf")] * len(engines)
    for _ in range(rounds):
        for place, evaluate in enumerate(engines):
            start = time.perf_counter()
            for _ in range(REPEATS):
                evaluate(resource)
            best[place] = min(best[place], (time.perf_counter() - start) / REPEATS)
    return best


def _careloom() -> Engine:
    types = Definitions.load().types
    return lambda expression, type_name: compile_expression(expression, types=types, context_type=type_name).evaluate


def _fhirpathpy() -> Engine | None:
    try:
        import fhirpathpy  # noqa: PLC0415 - an optional peer
        from fhirpathpy.models import models  # noqa: PLC0415
    except ImportError:
        return None
    return lambda expression, type_name: fhirpathpy.compile(expression, models["r4"])


if __name__ == "__main__":
    main()
