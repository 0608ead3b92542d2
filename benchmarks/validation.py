"""How fast resources are validated, as ratios to other work in the same run on the same bytes.

    python benchmarks/validation.py [--count 3000] [--rounds 7] [--lines 200000] [--only NAME ...]

The corpus is `careloom synth` with a fixed seed. Work is measured in CPU time of one process, in rounds that take
turns; each hundred resources count by their best round, since what else the machine does only slows one down. Every
resource goes the whole way from bytes to issues, with every check and invariant. UK Core is read from CARELOOM_UKCORE,
by default ../shared/ukcore; fhir.resources and fhirkit-rs take part where they can be imported
(`pip install --target PEERS fhir.resources fhirkit-rs`, then PYTHONPATH=PEERS).
"""

import argparse
import compileall
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

from careloom.definitions import Definitions, PackageCache, PackageId
from careloom.definitions.registry import CORE
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
    arguments.add_argument("--lines", type=int, default=200_000, help="of the file that two processes judge")
    arguments.add_argument("--stream", type=int, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.stream:
        stream(chosen.stream)
        return
    for name in chosen.only:
        MEASURES[name](chosen)


def base(chosen: argparse.Namespace) -> None:
    """Valid resources by R4 alone, beside parsing them, the interpreter and the peer."""
    lines, others = corpus(chosen.count), corpus(4 * chosen.count)[chosen.count :]
    definitions = Definitions.load()
    quick, slow = Validator(definitions), Validator(definitions, quick=False)
    works = {
        "orjson.loads": orjson.loads,
        "parse_json": parse_json,
        "validate": lambda line: quick.validate(parse_json(line)),
        "the interpreter alone": lambda line: slow.validate(parse_json(line)),
    }
    peers = {"fhir.resources": (fhir_resources(), 0.1), "fhirkit-rs": (fhirkit_rs(), 1.0)}
    works |= {name: work for name, (work, _) in peers.items() if work}
    times = measure(works, lines, chosen.rounds, few={"the interpreter alone": 100, "fhir.resources": 300})
    print(f"base R4, {len(lines)} resources, {sum(map(len, lines)) / len(lines):.0f} bytes each")
    table(times, "orjson.loads")
    goal("base R4 / orjson.loads", times["validate"] / times["orjson.loads"], 10)
    for name, (work, most) in peers.items():
        if work:
            goal(f"validate / {name}", times["validate"] / times[name], most)
    new = met_once({name: works[name] for name in ("orjson.loads", "validate", *peers) if name in works}, others)
    print(f"{len(others)} other resources, each met once and never again")
    for name in [name for name in new if name != "validate"]:
        print(f"  {f'validate / {name}':24} {new['validate'] / new[name]:8.2f} x")


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
        seconds[size] = min(_judged(validator, data) for _ in range(2))
        print(f"Bundle of {size:,} entries, {len(data) / 1e6:.1f} MB: {seconds[size]:.2f} s")
    goal("10,000 entries, seconds", seconds[10_000], 2)
    goal("100,000 entries / 10,000 entries", seconds[100_000] / seconds[10_000], 13)


def _judged(validator: Validator, data: bytes) -> float:
    """Seconds of CPU that a valid document takes."""
    gc.collect()
    start = time.process_time()
    issues = validator.validate(parse_json(data))
    seconds = time.process_time() - start
    assert not [issue for issue in issues if issue.is_error], issues[:3]
    return seconds


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


def cold(chosen: argparse.Namespace) -> None:
    """The whole command on one small file with what it keeps at hand, beside a Python that does nothing.

    The package is compiled first, as it is where it was installed.
    """
    compileall.compile_dir(ROOT / "src", quiet=2)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = os.environ | {"CARELOOM_CACHE": str(folder / "cache")}
        runs = {"python -c pass": ([sys.executable, "-c", "pass"], settings)}
        runs |= {what: (run, settings) for what, run in _small_runs(folder).items()}
        runs |= _ukcore_run(folder, settings)
        for run, environment in runs.values():
            _child(run, environment)
        seconds: dict[str, list[float]] = {what: [] for what in runs}
        for _ in range(max(chosen.rounds, 15)):
            for what, (run, environment) in runs.items():
                seconds[what].append(_child(run, environment))
    middle = {what: statistics.median(times) for what, times in seconds.items()}
    print(f"cold start, CPU time of the whole process, median of {max(chosen.rounds, 15)}")
    for what, found in middle.items():
        print(f"  {what:24} {found * 1000:8.0f} ms")
    for what in [what for what in middle if what != "python -c pass"]:
        goal(f"careloom validate, {what} / python -c pass", middle[what] / middle["python -c pass"], 10)


def cache(chosen: argparse.Namespace) -> None:
    """The first run of all, which makes what is kept, and the first listing of profiles by a hub."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = os.environ | {"CARELOOM_CACHE": str(folder / "cache")}
        first = sum(_child(run, settings) for run in _small_runs(folder).values())
        size = sum(file.stat().st_size for file in (folder / "cache" / "definitions").iterdir())
        listing = (
            "from careloom.definitions import Definitions, PackageCache; "
            "from careloom.definitions.kept import KeptFolder; "
            "definitions = Definitions.load(cache=PackageCache(kept=KeptFolder.of_user())); "
            "list(definitions.heads('StructureDefinition', ('type', 'title'))); definitions.keep()"
        )
        read, kept = (_child([sys.executable, "-c", listing], settings) for _ in range(2))
    print(f"what is kept: {size / 1e6:.1f} MB after three small files")
    goal("the cache made from the package, three first runs, seconds", first, 3)
    print(f"a process that lists all profiles, reading them: {read:.2f} s; from what is kept: {kept:.2f} s")
    goal("profiles listed from what is kept, start of the process included, seconds", kept, 0.5)


def jobs(chosen: argparse.Namespace) -> None:
    """A file of many lines in one process and in two: CPU time, balance, order, memory."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "records.ndjson"
        with file.open("wb") as lines:
            lines.writelines(serialize_json(one) + b"\n" for one in islice(population(SEED), chosen.lines))
        alone, both = (_Run(file, number, folder) for number in (1, 2))
        is_same = alone.report.read_bytes() == both.report.read_bytes()
    print(f"{chosen.lines:,} lines in one process and in two, which needs two idle cores to show in time on the wall")
    _tell_run("one process", alone, chosen.lines)
    _tell_run("two", both, chosen.lines)
    goal("CPU time of a line in two processes, us", both.cpu / chosen.lines * 1e6, 60)
    goal("the same report in the same order (0 is yes)", 0 if is_same else 1, 0)
    goal("CPU time of two / of one, of which 2 / 1.6 gives 1.6 times the speed", both.cpu / alone.cpu, 1.25)
    goal("the busiest process's share of the CPU time of two", both.busiest / both.cpu, 0.625)
    goal("memory of one, MB", alone.memory, 120)
    goal("time on the wall of two / of one", both.wall / alone.wall, 0.625)


def _tell_run(name: str, run: "_Run", lines: int) -> None:
    """Print what a run took: lines a second on the wall, CPU time a line, memory of all its processes together."""
    wall, cpu = f"{lines / run.wall:,.0f} lines/s on the wall", f"{run.cpu / lines * 1e6:.0f} us of CPU a line"
    print(f"  {name:12} {wall:>28} {cpu:>22} {run.wall:8.1f} s {run.cpu:8.1f} s of CPU {run.memory:6.0f} MB")


class _Run:
    """One run of the command, with what it took."""

    def __init__(self, file: Path, number: int, folder: Path) -> None:
        self.report = folder / f"report-{number}"
        self.memory = 0.0
        self.busiest = 0.0
        self._seconds: dict[str, float] = {}
        self._sizes: dict[str, float] = {}
        before, begun = _cpu_of_children(), time.monotonic()
        with self.report.open("wb") as report:
            line = [str(_command()), "validate", str(file), "--format", "ndjson", "--jobs", str(number)]
            process = subprocess.Popen(line, stdout=report)
            while process.poll() is None:
                self._look([str(process.pid)])
                time.sleep(0.05)
        assert process.returncode == 0
        self.wall, self.cpu = time.monotonic() - begun, _cpu_of_children() - before
        self.busiest = max(self._seconds.values(), default=0.0)

    def _look(self, pids: list[str]) -> None:
        """Note memory and CPU time of a process and those below it, where the system tells (Linux)."""
        for pid in pids:
            try:
                status = Path("/proc", pid, "status").read_text()
                words = Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()
                below = Path("/proc", pid, "task", pid, "children").read_text().split()
            except OSError:  # it has ended meanwhile, or there is no such folder
                continue
            ticks = os.sysconf("SC_CLK_TCK")
            self._seconds[pid] = (int(words[11]) + int(words[12])) / ticks
            sizes = (line.split()[1] for line in status.splitlines() if line.startswith("RssAnon"))
            self._sizes[pid] = int(next(sizes, "0")) / 1024
            self._look(below)
        self.memory = max(self.memory, sum(self._sizes.values()))


def _small_runs(folder: Path) -> dict[str, list[str]]:
    """A command for each kind of small file."""
    found: dict[str, Any] = {}
    for one in islice(population(SEED), 1_000):
        found.setdefault(one["resourceType"], one)
    resources = {
        "a Patient": found["Patient"],
        "an Observation": found["Observation"],
        "an invalid Patient": found["Patient"] | {"gender": "boy"},
    }
    runs = {}
    for what, resource in resources.items():
        file = folder / f"{what}.json"
        file.write_bytes(serialize_json(resource, pretty=True))
        runs[what] = [str(_command()), "validate", str(file)]
    return runs


def _ukcore_run(folder: Path, settings: dict[str, str]) -> dict[str, tuple[list[str], dict[str, str]]]:
    """The command on a resource that is to conform to UK Core, as an installed package; nothing without UK Core."""
    if not UKCORE.is_dir():
        print(f"UK Core: not at {UKCORE}; CARELOOM_UKCORE names it")
        return {}
    packages = folder / "packages"
    packages.mkdir()
    core = PackageId.parse(CORE)
    (packages / core.folder).symlink_to(PackageCache().folder(core))
    environment = settings | {"CARELOOM_FHIR_PACKAGES": str(packages)}
    name = ["--name", "ukcore.measured", "--version", "1.0.0"]
    _child([str(_command()), "packages", "install", str(UKCORE), *name], environment)
    run = [str(_command()), "validate", str(folder / "a Patient.json"), "--package", "ukcore.measured@1.0.0"]
    return {"a UK Core Patient": ([*run, "--profile", PROFILES["Patient"]], environment)}


def _command() -> Path:
    return Path(sys.executable).with_name("careloom")


def _child(command: list[str], settings: dict[str, str]) -> float:
    """Seconds of CPU that a command took; it may find a resource not valid."""
    before = _cpu_of_children()
    done = subprocess.run(command, check=False, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if done.returncode not in (0, 1):
        sys.exit(done.stderr.decode())
    return _cpu_of_children() - before


def _cpu_of_children() -> float:
    used = process.getrusage(process.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


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


def fhirkit_rs() -> Work | None:
    """The peer in Rust, which checks structure and types from the same bytes; half of what is checked here."""
    try:
        fhirkit = import_module("fhirkit")
    except ImportError:
        print("fhirkit-rs: not installed here, so not measured (pip install fhirkit-rs)")
        return None
    print(f"fhirkit-rs {metadata.version('fhirkit-rs')}")
    work: Work = fhirkit.validate
    return work


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


def met_once(works: dict[str, Work], lines: list[bytes]) -> dict[str, float]:
    """Seconds a resource where none comes twice, so that only what its parts have in common is known: the median."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for part in hundreds(lines):
        for name, work in works.items():
            found[name].append(timed(work, part))
    return {name: statistics.median(taken) for name, taken in found.items()}


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
    "cold": cold,
    "cache": cache,
    "jobs": jobs,
}

if __name__ == "__main__":
    try:
        main()
    except MalformedError as error:
        sys.exit(str(error))
