import json
from collections.abc import Hashable
from itertools import islice
from typing import Any

from careloom.model import serialize_json
from careloom.store.bodies import Bodies, Dictionaries, trained
from careloom.store.recording import unstamped
from careloom.store.sql.common import SHARED_BY, common_texts, shared_beginnings
from careloom.synth import population


def told(*samples: tuple[Hashable, Any]) -> list[Any]:
    """What is told of samples."""
    return [json.loads(text) for text in common_texts([(of, serialize_json(body)) for of, body in samples])]


def of_everyone(text: str) -> dict[str, set[Hashable]]:
    return {text: set(range(SHARED_BY))}


def test_a_text_that_several_share_is_kept() -> None:
    assert told(*((n, {"city": "Leeds"}) for n in range(SHARED_BY))) == [{"city": "Leeds"}] * SHARED_BY


def test_of_a_text_that_few_share_only_the_kinds_of_its_characters_are_told() -> None:
    [one, *_] = told(*((n, {"line": "22b Ölweg, É"}) for n in range(SHARED_BY - 1)))
    kinds = [(c.isdigit(), c.islower(), c.isupper()) if c.isalnum() else c for c in one["line"]]
    digit, lower = (True, False, False), (False, True, False)
    assert kinds == [digit, digit, lower, " ", lower, lower, lower, lower, lower, ",", " ", lower]
    assert one["line"].isascii()
    assert one["line"] != "22b Ölweg, É"


def test_a_beginning_that_several_share_is_kept() -> None:
    dates = [f"2026-0{n}-11" for n in range(1, SHARED_BY + 1)]
    assert all(each["date"].startswith("2026-0") for each in told(*((date, {"date": date}) for date in dates)))
    assert shared_beginnings({date: {date} for date in dates}) == dict.fromkeys(dates, len("2026-0"))


def test_a_beginning_that_one_patient_has_many_times_is_not() -> None:
    alike = [(n, {"subject": {"reference": "Patient/1"}, "note": f"collapsed {n}"}) for n in range(50)]
    assert not any(each["note"].startswith("c") and each["note"][1] == "o" for each in told(*alike))


def test_versions_of_a_resource_are_of_one_patient() -> None:
    versions = [(7, {"family": "Quenby", "n": n}) for n in range(50)]
    assert "Quenby" not in {each["family"] for each in told(*versions)}


def test_a_long_text_is_kept_whole_or_told_of_in_a_few_characters() -> None:
    long = "x" * 5_000
    assert shared_beginnings(of_everyone(long)) == {long: 5_000}
    assert len(told((1, {"data": long}))[0]["data"]) < 100


def test_of_many_long_samples_some_are_enough() -> None:
    long = [(n, {"entity": [{"what": f"{n}-{place}"} for place in range(2_000)]}) for n in range(300)]
    assert len(told(*long)) == 50
    short = [(n, {"city": "Leeds"}) for n in range(300)]
    assert len(told(*short)) == 300


def test_those_beyond_enough_are_not_asked_for() -> None:
    body = serialize_json({"city": "Leeds" * 1_000})
    asked = iter([(number, body) for number in range(2_000)])
    assert len(common_texts(asked)) < 200
    assert sum(1 for _ in asked) > 1_800


def test_keys_and_numbers_stay() -> None:
    assert told((1, {"value": [1.50, True, None, {"unit": ""}]})) == [{"value": [1.5, True, None, {"unit": ""}]}]


def test_bodies_are_a_quarter_smaller_for_what_is_told_of_rare_texts() -> None:
    bodies = [serialize_json(unstamped(each)) for each in islice(population(3), 4_000) if "effectiveDateTime" in each]
    samples = list(enumerate(bodies[:1_000]))
    emptied = [serialize_json(_without_rare_texts(json.loads(text))) for _, text in samples]
    assert _packed(common_texts(samples), bodies[1_000:]) < 0.75 * _packed(emptied, bodies[1_000:])


def _without_rare_texts(resource: Any) -> Any:
    """An Observation without what is of its patient."""
    return {**resource, "subject": {}, "encounter": {}, "effectiveDateTime": "", "issued": ""}


def _packed(samples: list[bytes], bodies: list[bytes]) -> int:
    """Bytes that bodies come to by a dictionary made from samples."""
    content = trained(samples)
    assert content is not None
    dictionaries = Dictionaries()
    dictionaries.add(1, "Observation", content)
    return sum(len(Bodies(dictionaries).pack_with(1, body)) for body in bodies)
