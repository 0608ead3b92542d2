"""Records whose values hardly ever come again: what is remembered of others does not help with them."""

import random
import string
from collections.abc import Iterable, Iterator
from decimal import Decimal

from careloom.model import Resource, parse_json, serialize_json

_LEXICON = 8_000
_CODES = "http://example.org/codes"
_IDS = "http://example.org/ids"
_WITH_NOTES = frozenset({"Observation", "Condition", "Procedure", "MedicationRequest", "AllergyIntolerance"})


def varied(records: Iterable[Resource], seed: int) -> Iterator[Resource]:
    """The records, each with a narrative and an identifier of its own; some with notes, odd codes and odd values."""
    making = _Making(random.Random(seed))
    for each in records:
        yield making.varied(parse_json(serialize_json(each)))


class _Making:
    """Makes up what records are given.

    Args:
        chance: By which it is made up.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        letters = string.ascii_lowercase
        self._lexicon = ["".join(chance.choices(letters, k=chance.randint(3, 10))) for _ in range(_LEXICON)]

    def varied(self, record: Resource) -> Resource:
        type = record["resourceType"]
        paragraph = f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{self._words(35)}</p></div>'
        record["text"] = {"status": "generated", "div": paragraph}
        if type in _WITH_NOTES and self._chance.random() < 0.5:
            record["note"] = [{"text": self._words(15)}]
        if type == "Observation":
            self._vary_observation(record)
        if isinstance(record.get("identifier", []), list) and type != "Provenance":
            own = {"system": _IDS, "value": f"{self._words(1)}{self._chance.random()}"}
            record["identifier"] = [*record.get("identifier", []), own]
        return record

    def _vary_observation(self, record: Resource) -> None:
        code = f"{self._words(1)}{self._chance.randint(0, 99_999)}"
        record["code"] = {"coding": [{"system": _CODES, "code": code, "display": self._words(4)}]}
        if "valueQuantity" in record:
            places = self._chance.randint(1, 4)
            record["valueQuantity"]["value"] = Decimal(f"{self._chance.uniform(0, 500):.{places}f}")

    def _words(self, number: int) -> str:
        return " ".join(self._chance.choices(self._lexicon, k=number))
