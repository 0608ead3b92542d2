"""``python -m tests.mutants``: break valid resources and print what share the validator catches, rule by rule."""

import argparse
import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.mutants import sources
from tests.mutants.ground import Ground
from tests.mutants.herd import Herd, core_herd, ukcore_herd
from tests.mutants.known import unlisted_escapes, unlisted_faults
from tests.mutants.trial import Result, run

from careloom.definitions import Definitions

LEAST_SHARE = 0.99
_SHARED = Path(__file__).parents[2].parent / "shared"


def main() -> int:
    """Print the tables; 1 where the goal is missed, or something has gone wrong that is not listed with a reason."""
    arguments = _arguments()
    start = time.monotonic()
    core = Definitions.load()
    herds = _herds(core, arguments.seed)
    judged = [*herds, *([_package_herd(core)] if arguments.law else [])]
    _print(_told_of_originals(judged))
    result = run(herds, count=arguments.count, seed=arguments.seed)
    _print(_table(result))
    _print(f"escaped: {escape.line}" for escape in result.escapes)
    faults = [line for herd in judged for line in unlisted_faults(herd)]
    escapes = unlisted_escapes(result.escapes)
    print(f"not listed with a reason: {len(faults)} faults of originals, {len(escapes)} escapes")
    print(f"seed {arguments.seed}, {time.monotonic() - start:.0f} s")
    return 1 if faults or escapes or result.share < LEAST_SHARE else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="mutants to make (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="decides which ones (%(default)s)")
    parser.add_argument(
        "--law", action=argparse.BooleanOptionalAction, default=True, help="judge the whole core package as well"
    )
    return parser.parse_args()


def _herds(core: Definitions, seed: int) -> list[Herd]:
    suites = _folder("CARELOOM_SUITES", "suites")
    ukcore = _folder("CARELOOM_UKCORE", "ukcore")
    herds = [core_herd(core, seed=seed, per_type=8, suites=suites)]
    return herds + ([ukcore_herd(core, ukcore, seed=seed)] if ukcore else [])


def _package_herd(core: Definitions) -> Herd:
    """Every resource of the core package, judged and not broken: the law that what HL7 publishes is valid."""
    herd = Herd(Ground(core))
    herd.take(sources.core_package())
    return herd


def _folder(variable: str, name: str) -> Path | None:
    path = Path(os.environ.get(variable, _SHARED / name))
    if not path.is_dir():
        print(f"{variable} names no folder ({path}): left out")
        return None
    return path


def _told_of_originals(herds: Iterable[Herd]) -> Iterator[str]:
    for herd in herds:
        yield f"originals: {len(herd.valid)} valid, {len(herd.faulty)} with errors, {len(herd.unmade)} not to be made"
        yield from (f"  no valid specimen of {canonical}" for canonical in herd.unmade)
        yield from (f"  not listed: {line}" for line in unlisted_faults(herd))


def _table(result: Result) -> Iterator[str]:
    """Rule by origin: caught of made, and the share."""
    origins = list(dict.fromkeys(origin for _, origin in result.made))
    yield ""
    yield f"{'rule':<20}" + "".join(f"{origin:>20}" for origin in [*origins, "all"]) + f"{'share':>10}"
    for rule in dict.fromkeys(rule for rule, _ in sorted(result.made)):
        yield _row(rule, [(rule, origin) for origin in origins], result)
    columns = [[key for key in result.made if key[1] == origin] for origin in origins]
    cells = "".join(f"{_cell(keys, result):>20}" for keys in [*columns, list(result.made)])
    yield f"{'all':<20}{cells}{result.share:>10.2%}"


def _row(rule: str, keys: list[tuple[str, str]], result: Result) -> str:
    cells = "".join(f"{_cell([key], result):>20}" for key in keys) + f"{_cell(keys, result):>20}"
    caught, made = (sum(counter[key] for key in keys) for counter in (result.caught, result.made))
    return f"{rule:<20}{cells}{caught / made:>10.2%}"


def _cell(keys: Iterable[tuple[str, str]], result: Result) -> str:
    keys = list(keys)
    made = sum(result.made[key] for key in keys)
    return f"{sum(result.caught[key] for key in keys)}/{made}" if made else "-"


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


if __name__ == "__main__":
    sys.exit(main())
