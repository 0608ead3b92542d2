"""Resources of whatever shape are answered, and never with a wrong yes."""

import contextlib
import copy
import random
from typing import Any

import pytest
from tests.unit.terminology.building import CS, OTHER, VS, code_system, filtered, listed, terminology, value_set

from careloom.model import Resource
from careloom.model.errors import CareloomError
from careloom.terminology import CodeResult, ExpansionRequest

JUNK: list[Any] = [None, 1, True, "x", [], {}, [None], [1], {"a": 1}, [[]], ["x"], [{}], ""]


def spoilt(resource: Resource, some: random.Random) -> Resource:
    """The resource with one value replaced by junk."""
    made = copy.deepcopy(resource)
    places: list[tuple[Any, Any]] = []
    pending: list[Any] = [made]
    while pending:
        here = pending.pop()
        for key, value in here.items() if isinstance(here, dict) else enumerate(here):
            if key not in ("resourceType", "url"):
                places.append((here, key))
            if isinstance(value, dict | list):
                pending.append(value)
    here, key = some.choice(places)
    here[key] = some.choice(JUNK)
    return made


@pytest.mark.parametrize("seed", range(300))
def test_a_spoilt_resource_raises_nothing_but_errors_of_ours(seed: int) -> None:
    some = random.Random(seed)
    rich = value_set(
        filtered("concept", "is-a", "animal"),
        {**listed("dog"), "valueSet": [OTHER]},
        exclude=[filtered("code", "regex", "c.*")],
        expansion={"total": 1, "contains": [{"system": CS, "code": "dog", "designation": [{"value": "x"}]}]},
    )
    made = terminology(
        spoilt(code_system(), some), spoilt(rich, some), spoilt(value_set(listed("dog"), url=OTHER), some)
    )
    assert isinstance(made.validate_code(VS, system=CS, code="dog", display="Dog"), CodeResult)
    assert "in" != made.validate_code(VS, system=CS, code="no such code").result
    made.lookup(CS, "dog")
    with contextlib.suppress(CareloomError):  # told, which is what is asked
        made.expand(VS, ExpansionRequest(text="d", language="de"))
