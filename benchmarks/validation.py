"""How fast resources are validated, as ratios to other work in the same run on the same bytes.

    python benchmarks/validation.py [--count 3000] [--rounds 7] [--only NAME ...]

The corpus is `careloom synth` with a fixed seed. Work is measured in CPU time of one process, in rounds that take
turns; each hundred resources count by their best round, since what else the machine does only slows one down. Every
resource goes the whole way from bytes to issues, with every check and invariant. UK Core is read from CARELOOM_UKCORE,
by default ../shared/ukcore; fhir.resources takes part where it can be imported (`pip install fhir.resources`).
"""

import argparse
import gc
import os
import resource as process
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib import import_module, metadata
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from careloom.definitions import Definitions
from careloom.model import parse_json, serialize_json
from careloom.model.errors import MalformedError
from careloom.synth import PROFILES, population
from careloom.validation import Validator
from careloom.validation.inputs import layered

SEED = 20_261_122
ROOT = Path(__file__).parents[1]
UKCORE = Path(os.environ.get("CARELOOM_UKCORE", ROOT.parent / "shared" / "ukcore"))

Work = Callable[[bytes], Any]


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--count", type=int, default=3_000)
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--only", nargs="*", choices=list(MEASURES), default=list(MEASURES))
    arguments.add_argument("--stream", type=int, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.stream:
        stream(chosen.stream)
        return
    for name in chosen.only:
        MEASURES[name](chosen)


def base(chosen: argparse.Namespace) -> None:
    """Valid resources by R4 alone, beside parsing them, the interpreter and the peer."""
    lines = corpus(chosen.count)
    definitions = Definitions.load()
    quick, slow = Validator(definitions), Validator(definitions, quick=False)
    works = {
        "orjson.loads": orjson.loads,
        "parse_json": parse_json,
        "validate": lambda line: quick.validate(parse_json(line)),
        "the interpreter alone": lambda line: slow.validate(parse_json(line)),
    }
    peer = fhir_resources()
    if peer:
        works["fhir.resources"] = peer
    times = measure(works, lines, chosen.rounds, few={"the interpreter alone": 100, "fhir.resources": 300})
    print(f"base R4, {len(lines)} resources, {sum(map(len, lines)) / len(lines):.0f} bytes each")
    table(times, "orjson.loads")
    goal("base R4 / orjson.loads", times["validate"] / times["orjson.loads"], 10)
    if peer:
        goal("validate / fhir.resources", times["validate"] / times["fhir.resources"], 0.1)


def ukcore(chosen: argparse.Namespace) -> None:
    """The same with the UK Core profile of each type asked for."""
    if not UKCORE.is_dir():
        print(f"UK Core: not at {UKCORE}; CARELOOM_UKCORE names it")
        return
    lines = corpus(chosen.count)
    folders = ("structuredefinitions", "valuesets", "codesystems", "conceptmaps")
    files = [file for folder in folders for file in sorted((UKCORE / folder).glob("*.xml"))]
    validator = Validator(layered(Definitions.load(), files=files))

    def validate(line: bytes) -> Any:
        resource = parse_json(line)
        return validator.validate(resource, profiles=(PROFILES[resource["resourceType"]],))

    times = measure({"orjson.loads": orjson.loads, "validate": validate}, lines, chosen.rounds)
    print("UK Core profiles")
    table(times, "orjson.loads")
    goal("UK Core / orjson.loads", times["validate"] / times["orjson.loads"], 14)


def invalid(chosen: argparse.Namespace) -> None:
    """Every resource with one fault, all issues with paths."""
    lines = corpus(chosen.count)
    broken = [serialize_json(_broken(parse_json(line), number)) for number, line in enumerate(lines)]
    validator = Validator(Definitions.load())
    both = dict(zip(broken, lines, strict=True))
    works: dict[str, Work] = {
        "valid": lambda line: validator.validate(parse_json(both[line])),
        "invalid": lambda line: validator.validate(parse_json(line)),
    }
    best = measure(works, broken[:600], chosen.rounds)
    print("every resource invalid")
    table(best, "valid")
    goal("invalid / valid", best["invalid"] / best["valid"], 6)


def bundles(chosen: argparse.Namespace) -> None:
    """Bundles whose entries refer to each other by fullUrl."""
    validator = Validator(Definitions.load())
    seconds = {}
    for size in (1_000, 10_000, 100_000):
        data = bundle(size)
        gc.collect()
        start = time.process_time()
        issues = validator.validate(parse_json(data))
        seconds[size] = time.process_time() - start
        assert not [issue for issue in issues if issue.is_error], issues[:3]
        print(f"Bundle of {size:,} entries, {len(data) / 1e6:.1f} MB: {seconds[size]:.2f} s")
    goal("10,000 entries, seconds", seconds[10_000], 2)
    goal("100,000 entries / 10,000 entries", seconds[100_000] / seconds[10_000], 13)


def memory(chosen: argparse.Namespace) -> None:
    """The most memory of a process that streams NDJSON."""
    command = [sys.executable, __file__, "--stream", str(max(chosen.count, 20_000))]
    most = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    goal("streaming, MB", most / 1024, 120)


def stream(count: int) -> None:
    """In a process of its own: validate, then print the most memory it ever had, in KB."""
    validator = Validator(Definitions.load())
    for resource in islice(population(SEED), count):
        validator.validate(parse_json(serialize_json(resource)))
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss would count what the parent had when it made this process
        print(next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM")))
    else:
        print(process.getrusage(process.RUSAGE_SELF).ru_maxrss)


def start(chosen: argparse.Namespace) -> None:
    """The whole command on one small file, beside a Python that does nothing; and with nothing in the cache."""
    command = Path(sys.executable).with_name("careloom")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "small.json"
        file.write_bytes(corpus(1)[0])
        settings = os.environ | {"XDG_CACHE_HOME": folder}
        cold = _child([str(command), "validate", str(file)], settings)
        runs = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "careloom validate": [str(command), "validate", str(file)],
        }
        best = {name: min(_child(run, settings) for _ in range(chosen.rounds)) for name, run in runs.items()}
    print("start, CPU time of the whole process")
    for name, seconds in best.items():
        print(f"  {name:24} {seconds * 1000:8.0f} ms")
    goal("careloom validate / python -c pass", best["careloom validate"] / best["python -c pass"], 10)
    goal("first run for a user, seconds (nothing is kept on disk so far)", cold, 3)


def _child(command: list[str], settings: dict[str, str]) -> float:
    before = process.getrusage(process.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, env=settings, stdout=subprocess.DEVNULL)
    after = process.getrusage(process.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def corpus(count: int) -> list[bytes]:
    """So many resources, one a line."""
    return [serialize_json(resource) for resource in islice(population(SEED), count)]


def bundle(size: int) -> bytes:
    """A collection in which every resource is found by the references of the others."""
    base = "http://hospital.test/fhir/"
    entries = [
        {"fullUrl": f"{base}{one['resourceType']}/{one['id']}", "resource": one}
        for one in islice(population(SEED), size)
    ]
    return serialize_json({"resourceType": "Bundle", "type": "collection", "entry": entries})


def _broken(resource: Any, number: int) -> Any:
    """The resource with one fault, of a kind by turns."""
    kinds: tuple[tuple[str, Any], ...] = (
        ("unknownElement", "x"),
        ("id", "not an id!"),
        ("language", ["en-GB"]),
        ("meta", {"lastUpdated": "2026-02-30T00:00:00Z"}),
        ("extension", [{"url": "https://nowhere.test/extension", "valueString": "x"}]),
    )
    key, value = kinds[number % len(kinds)]
    return resource | {key: value}


def fhir_resources() -> Work | None:
    """The peer: models of pydantic, which check structure and little else."""
    try:
        core = import_module("fhir.resources.R4B")
    except ImportError:
        print("fhir.resources: not installed here, so not measured (pip install fhir.resources)")
        return None
    print(f"fhir.resources {metadata.version('fhir.resources')}")

    def validate(line: bytes) -> Any:
        content = orjson.loads(line)
        return core.get_fhir_model_class(content["resourceType"]).model_validate(content)

    return validate


def measure(
    works: dict[str, Work], lines: list[bytes], rounds: int, few: dict[str, int] | None = None
) -> dict[str, float]:
    """Seconds a resource for each kind of work, after one round to warm up.

    The lines are taken by the hundred; each hundred counts by its best round, so that what else the machine did
    meanwhile burdens short and long work alike.
    """
    parts = {name: list(hundreds(lines[: (few or {}).get(name, len(lines))])) for name in works}
    best = {name: [float("inf")] * len(parts[name]) for name in works}
    for round in range(rounds + 1):
        for index in range(max(map(len, parts.values()))):
            for name, work in works.items():
                if index < len(parts[name]):
                    taken = timed(work, parts[name][index])
                    best[name][index] = min(best[name][index], taken) if round else float("inf")
    return {name: statistics.fmean(found) for name, found in best.items()}


def hundreds(lines: list[bytes]) -> Iterator[list[bytes]]:
    """The lines, a hundred at a time."""
    return (lines[start : start + 100] for start in range(0, len(lines), 100))


def timed(work: Work, lines: list[bytes]) -> float:
    """Seconds of CPU a line."""
    start = time.process_time()
    for line in lines:
        work(line)
    return (time.process_time() - start) / len(lines)


def table(times: dict[str, float], unit: str) -> None:
    """Print microseconds a resource, resources a second, and the ratio to one of them."""
    for name, seconds in times.items():
        rate = f"{1 / seconds:,.0f}/s"
        print(f"  {name:24} {seconds * 1e6:8.1f} us {rate:>12} {seconds / times[unit]:8.2f} x")


def goal(name: str, found: float, most: float) -> None:
    """Print a figure beside what it should not exceed."""
    print(f"  {'holds' if found <= most else 'MISSED':8} {name}: {found:.2f} (at most {most})")


MEASURES: dict[str, Callable[[argparse.Namespace], None]] = {
    "base": base,
    "ukcore": ukcore,
    "invalid": invalid,
    "bundles": bundles,
    "memory": memory,
    "start": start,
}

if __name__ == "__main__":
    try:
        main()
    except MalformedError as error:
        sys.exit(str(error))
