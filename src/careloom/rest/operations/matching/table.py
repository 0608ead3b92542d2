"""The table that patients are matched by: weights, thresholds, and which identifiers are deterministic."""

import math
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, get_args

from careloom.model.errors import InvalidError, MalformedError, UnavailableError
from careloom.model.records import dataclass

Field = Literal["family", "given", "birth_date", "gender", "postcode", "phone", "email", "identifier"]
Agreement = Literal["same", "close", "partial", "different"]
Grade = Literal["certain", "probable", "possible", "certainly-not"]

_USUAL: Final = Path(__file__).with_name("weights.toml")


@dataclass(frozen=True, slots=True)
class MatchTable:
    """How much each agreement says.

    Attributes:
        population: How many people somebody could be, before anything is compared.
        certain: Probability from which two records are of one person without a person looking.
        probable: From which somebody who looks will mostly agree.
        possible: From which a match is told at all.
        deterministic: Systems of identifiers that a person has one of.
        agree_on: Fields that must not all differ for such an identifier to be enough.
        needs: Fields that must be the same for a match to be certain without one.
        weights: By field and agreement, the binary logarithm of the likelihood ratio.
    """

    population: int
    certain: float
    probable: float
    possible: float
    deterministic: frozenset[str]
    agree_on: tuple[Field, ...]
    needs: tuple[Field, ...]
    weights: Mapping[Field, Mapping[Agreement, float]]

    def probability(self, agreements: Mapping[Field, Agreement]) -> float:
        """That two records are of one person, 0 to 1, by what they agree and disagree on."""
        bits = sum(self.weights.get(field, {}).get(agreement, 0.0) for field, agreement in agreements.items())
        return 1 / (1 + math.exp2(math.log2(self.population) - bits))

    def grade(self, score: float) -> Grade:
        """What a score means."""
        if score >= self.certain:
            return "certain"
        if score >= self.probable:
            return "probable"
        return "possible" if score >= self.possible else "certainly-not"


@cache
def usual_table() -> MatchTable:
    """The table that comes with Careloom."""
    return read_table(_USUAL)


def read_table(path: Path) -> MatchTable:
    """Read a table of a locality's own, in the form of ``weights.toml``.

    Raises:
        UnavailableError: The file cannot be read.
        MalformedError: It is not TOML.
        InvalidError: Something is missing, unknown or out of its range.
    """
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UnavailableError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MalformedError(f"{path}: not TOML: {error}") from error
    try:
        return _table(values)
    except InvalidError as error:
        raise InvalidError(f"{path}: {error}") from error


def _table(values: Mapping[str, Any]) -> MatchTable:
    _expect(values, {"population", "thresholds", "deterministic", "certain", "weights"}, "the table")
    thresholds, deterministic = values["thresholds"], values["deterministic"]
    _expect(thresholds, {"certain", "probable", "possible"}, "thresholds")
    _expect(deterministic, {"systems", "agree_on"}, "deterministic")
    _expect(values["certain"], {"needs"}, "certain")
    certain, probable, possible = (thresholds[name] for name in ("certain", "probable", "possible"))
    if not all(isinstance(each, float) for each in (certain, probable, possible)):
        raise InvalidError("thresholds: numbers between 0 and 1 expected")
    if not 0 < possible <= probable <= certain < 1:
        raise InvalidError("thresholds: 0 < possible <= probable <= certain < 1 expected")
    if not isinstance(values["population"], int) or values["population"] < 2:
        raise InvalidError(f"population: a whole number from 2 expected, found {values['population']!r}")
    return MatchTable(
        population=values["population"],
        certain=certain,
        probable=probable,
        possible=possible,
        deterministic=frozenset(map(str, deterministic["systems"])),
        agree_on=_fields(deterministic["agree_on"], "deterministic.agree_on"),
        needs=_fields(values["certain"]["needs"], "certain.needs"),
        weights={
            field: _weights(values["weights"][field], field) for field in _fields([*values["weights"]], "weights")
        },
    )


def _fields(names: Sequence[Any], where: str) -> tuple[Field, ...]:
    known = get_args(Field)
    for name in names:
        if name not in known:
            raise InvalidError(f"{where}: out of {', '.join(known)} expected, found {name!r}")
    return tuple(names)


def _weights(row: Any, field: str) -> Mapping[Agreement, float]:
    known = get_args(Agreement)
    for name, weight in row.items() if isinstance(row, dict) else [("", None)]:
        if name not in known or isinstance(weight, bool) or not isinstance(weight, int | float):
            raise InvalidError(f"weights.{field}: numbers for some of {', '.join(known)} expected, found {row!r:.80}")
    return {name: float(weight) for name, weight in row.items()}


def _expect(values: Any, names: set[str], where: str) -> None:
    """Hold a table to its keys."""
    found = set(values) if isinstance(values, dict) else set()
    if found != names:
        lacking, odd = sorted(names - found), sorted(found - names)
        told = [f"{', '.join(lacking)} missing"] * bool(lacking) + [f"{', '.join(odd)} not known"] * bool(odd)
        raise InvalidError(f"{where}: {'; '.join(told)}")
