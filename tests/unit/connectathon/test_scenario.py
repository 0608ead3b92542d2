from pathlib import Path

import pytest
from tests.unit.connectathon.builders import SCENARIO, scenario

from careloom.connectathon.assertions import PathHolds
from careloom.connectathon.scenario import Ask, Count, Extend, Replay
from careloom.connectathon.scenario_file import read_scenario
from careloom.model.errors import InvalidError, MalformedError


def refusal(text: str) -> str:
    with pytest.raises(InvalidError) as caught:
        scenario(text)
    return str(caught.value)


def changed(old: str, new: str) -> str:
    assert old in SCENARIO
    return SCENARIO.replace(old, new, 1)


def test_a_scenario_has_roles_in_the_order_of_their_lanes() -> None:
    assert [role.id for role in scenario().roles] == ["hospital", "hub", "practice"]


def test_the_hub_is_the_role_with_settings() -> None:
    read = scenario()
    assert ("hub", "hub.toml") == (read.hub.id, read.settings)


def test_the_first_set_of_profiles_is_the_usual_one() -> None:
    assert next(iter(scenario().profiles)) == "locality"


def test_actions_are_ask_extend_and_replay() -> None:
    text = changed("- {replay: letter}", "- {replay: letter}\n      - {extend: more.toml}")
    assert [Replay("letter"), Extend("more.toml")] == list(scenario(text).steps[1].actions)


def test_an_ask_carries_its_arguments_as_texts() -> None:
    text = changed("to: send letter}", "to: send letter, with: {stay: 7}}")
    assert (Ask("hospital", "send letter", {"stay": "7"}),) == scenario(text).steps[0].actions


def test_a_duration_is_read_in_seconds() -> None:
    assert scenario().steps[0].expectations[0].within == 0.1


def test_a_count_names_the_exchange_from_which_to_count() -> None:
    check = scenario().steps[1].checks[0]
    assert isinstance(check, Count)
    assert ("second", 0) == (check.since, check.expected)


def test_a_condition_may_be_meant_for_one_set_of_profiles_only() -> None:
    text = changed("status: 409}", "holds: [{response: 'issue.exists()', only-with: ukcore}]}")
    condition = scenario(text).steps[1].expectations[0].holds[0]
    assert PathHolds("response", "issue.exists()", "") == condition.assertion
    assert [condition.applies("locality"), condition.applies("ukcore")] == [False, True]


def test_a_complaint_names_file_line_and_path() -> None:
    message = refusal(changed("within: 100 ms", "within: soon"))
    assert message == "small.yaml:23: steps[0].expect[0].within: a duration such as '5 s' expected, found 'soon'"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("title: A small play\n", "", "title is missing"),
        ("version: 1.0.0", "version: 1.0.0\ncolour: red", "colour: no such key"),
        ("from: hospital", "from: ward", "no role 'ward'"),
        ("{ask: hospital, to: send letter}", "{ask: hub, to: send letter}", "no simulated role 'hub'"),
        ("{ask: hospital, to: send letter}", "{shout: hospital}", "shout: no such key"),
        ("{replay: letter}", "{replay: parcel}", "no exchange was named 'parcel' before; named so far: letter"),
        ("- id: again", "- id: send", "another step is 'send' already"),
        ("as: second", "as: letter", "another exchange is named 'letter' already"),
        ("request: POST /fhir", "request: post", "a method and a path such as 'POST /fhir' expected"),
        ("        status: 200\n", "", "status or holds is missing"),
        ("is: 0", "is: none", "a whole number expected, found 'none'"),
        ("hub: hub.toml", "simulator: hub, client: c", "one role with hub expected, found 0"),
        ("simulator: practice, client: practice-system", "title: x, simulator: p", "this key is here twice"),
        ("simulator: practice, client: practice-system", "does: nothing", "either hub or simulator is expected"),
        ("status: 409", "holds: [{response-header: x, matches: '['}]", "not a regular expression"),
        ("status: 409", "holds: [{smell: bad}]", "one of request, response, request-header"),
        ("status: 409", "holds: [{decision: maybe}]", "one of permitted, refused expected"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(old: str, new: str, expected: str) -> None:
    assert expected in refusal(changed(old, new))


def test_a_step_without_anything_to_hold_is_refused() -> None:
    start = SCENARIO.index("    expect:\n      - as: letter")
    text = SCENARIO[:start] + SCENARIO[SCENARIO.index("  - id: again") :]
    assert "a step must say what has to be true" in refusal(text)


@pytest.mark.parametrize("text", ["a: [", "", "\t- x"])
def test_what_is_not_yaml_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(MalformedError, match=r"play\.yaml"):
        read_scenario(text, file="play.yaml", folder=Path())
