from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.governance.craft import NOW, agreement, registry

from careloom.governance import AccessRequest, Agreement, Grant, Registry, decide, parse_scopes, visible_types
from careloom.governance.interactions import INTERACTIONS, VERBS

CASES = yaml.safe_load(Path(__file__).with_name("decisions.yaml").read_text("utf-8"))
DAY = timedelta(days=1)


def grant(organisation: str = "gp", scopes: str = "system/*.cruds", purpose: str = "TREAT") -> Grant:
    return Grant(f"{organisation}-app", organisation, parse_scopes(scopes), purpose, NOW + DAY, "token-1", NOW)


def written(row: str | dict[str, Any]) -> Agreement:
    """An agreement of the data file: its name, or its name and what differs from the usual one."""
    if isinstance(row, str):
        return agreement(row)
    return agreement(**{name: _field(name, value) for name, value in row.items()})


def _field(name: str, value: Any) -> Any:
    if isinstance(value, date):
        return datetime.combine(value, time.min, UTC)
    if isinstance(value, list):
        return tuple(value) if name in ("parties", "grantees") else frozenset(value)
    return value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_decision(case: dict[str, Any]) -> None:
    known = registry(*map(written, case["agreements"]))
    asked = AccessRequest(**{"interaction": "read", "type": "Composition", **case.get("request", {})})
    usual = {name: case[name] for name in ("organisation", "scopes", "purpose") if name in case}
    decision = decide(asked, grant(**usual), known, NOW)
    assert (decision.code, decision.reason) == (case["code"], case["reason"])
    assert decision.permit == (case["code"] == "permitted")


def test_every_reason_has_a_case() -> None:
    from typing import get_args

    from careloom.governance.decisions import DecisionCode

    assert {case["code"] for case in CASES} == set(get_args(DecisionCode))


def test_an_agreement_counts_from_its_first_instant_until_its_last() -> None:
    known = registry(agreement(start=NOW, end=NOW + DAY))
    asked = AccessRequest("read", "Patient")
    moments = [NOW - timedelta(microseconds=1), NOW, NOW + DAY - timedelta(microseconds=1), NOW + DAY]
    assert [decide(asked, grant(), known, at).permit for at in moments] == [False, True, True, False]


def test_an_agreement_added_to_a_new_registry_is_in_force_at_once() -> None:
    asked = AccessRequest("read", "Composition")
    before, after = registry(), registry(agreement(parties=("social-care",)))
    assert not decide(asked, grant("social-care"), before, NOW).permit
    assert decide(asked, grant("social-care"), after, NOW).permit


def test_a_denial_names_the_agreement_that_came_nearest() -> None:
    assert decide(AccessRequest("create", "Patient"), grant(), registry(agreement()), NOW).agreement == "letters"


def test_types_are_visible_where_scope_and_agreement_meet() -> None:
    known = registry(
        agreement(types=frozenset({"Composition", "Patient", "Encounter"})), agreement("all", types=frozenset("*"))
    )
    visible = visible_types(grant(scopes="system/Patient.r system/Condition.r"), "read", known, NOW)
    assert "Patient" in visible
    assert "Condition" in visible
    assert "Encounter" not in visible
    assert not visible.is_every


def test_without_a_purpose_nothing_is_visible() -> None:
    assert not visible_types(grant(purpose=""), "read", registry(agreement()), NOW)


names = st.sampled_from(["Patient", "Composition", "Encounter", "*"])
agreements = st.builds(
    agreement,
    id=st.sampled_from(["a", "b", "c"]),
    parties=st.sampled_from([("gp",), ("acute",), ("acute", "gp")]),
    types=st.frozensets(names, min_size=1, max_size=2),
    interactions=st.frozensets(st.sampled_from(list(VERBS.values())), max_size=3),
    purposes=st.frozensets(st.sampled_from(["TREAT", "HRESCH"]), max_size=2),
    start=st.sampled_from([NOW - DAY, NOW + DAY]),
    end=st.sampled_from([NOW + 2 * DAY, NOW + 3 * DAY]),
)
grants = st.builds(
    grant,
    organisation=st.sampled_from(["gp", "acute"]),
    scopes=st.sampled_from(["system/*.cruds", "system/Patient.rs", "system/Patient.cruds system/*.r", ""]),
    purpose=st.sampled_from(["TREAT", "HRESCH", "", "BTG"]),
)
registries = st.lists(agreements, max_size=3, unique_by=lambda each: each.id).map(lambda some: registry(*some))
interactions = st.sampled_from([code for code, row in INTERACTIONS.items() if row.right])


@given(registries, grants, interactions, names)
def test_a_type_is_visible_exactly_when_it_would_be_permitted(
    known: Registry, who: Grant, interaction: str, type: str
) -> None:
    decision = decide(AccessRequest(interaction, type), who, known, NOW)
    assert (type in visible_types(who, interaction, known, NOW)) == decision.permit


@given(registries, grants, interactions, names)
def test_the_compiled_rules_decide_as_the_agreements_read(
    known: Registry, who: Grant, interaction: str, type: str
) -> None:
    right = INTERACTIONS[interaction].right
    agreed = any(
        who.organisation in each.parties
        and {type, "*"} & each.types
        and VERBS[right] in each.interactions
        and who.purpose in each.purposes
        and each.start <= NOW < each.end
        for each in known.agreements
    )
    expected = who.scopes.permits(type, right) and who.purpose in ("TREAT", "HRESCH") and agreed
    assert decide(AccessRequest(interaction, type), who, known, NOW).permit == expected
