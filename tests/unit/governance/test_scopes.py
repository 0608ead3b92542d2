import pytest
from hypothesis import given
from hypothesis import strategies as st

from careloom.governance import Scopes, parse_scopes
from careloom.governance.interactions import RIGHTS
from careloom.model.errors import InvalidError

TYPES = ["*", "Patient", "Observation", "Composition"]


@st.composite
def scope_words(draw: st.DrawFn) -> str:
    letters = draw(st.sets(st.sampled_from(RIGHTS), min_size=1))
    rights = draw(st.sampled_from(["".join(r for r in RIGHTS if r in letters), "read", "write", "*"]))
    return f"system/{draw(st.sampled_from(TYPES))}.{rights}"


scopes = st.lists(scope_words(), max_size=6).map(lambda words: parse_scopes(" ".join(words)))


@given(scopes)
def test_what_is_printed_reads_as_the_same_scopes(some: Scopes) -> None:
    assert parse_scopes(str(some)) == some


@given(st.lists(scope_words(), max_size=6))
def test_the_order_of_scopes_does_not_matter(words: list[str]) -> None:
    assert parse_scopes(" ".join(reversed(words))) == parse_scopes(" ".join(words))


@given(scopes, scopes, st.sampled_from(TYPES), st.sampled_from(RIGHTS))
def test_scopes_within_others_permit_what_both_permit(asked: Scopes, allowed: Scopes, type: str, right: str) -> None:
    both = asked.permits(type, right) and allowed.permits(type, right)
    assert asked.within(allowed).permits(type, right) == both


@given(scopes, st.sampled_from(TYPES), st.sampled_from(RIGHTS))
def test_a_right_on_every_type_is_a_right_on_each(some: Scopes, type: str, right: str) -> None:
    assert some.permits(type, right) or not some.permits("*", right)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("system/Patient.read", "system/Patient.rs"),
        ("system/Patient.write", "system/Patient.cud"),
        ("system/*.*", "system/*.cruds"),
    ],
)
def test_a_scope_of_version_1_is_understood(old: str, new: str) -> None:
    assert parse_scopes(old) == parse_scopes(new)


@pytest.mark.parametrize(
    "word",
    [
        "system/Patient.dus",
        "system/Patient.rr",
        "system/Patient.x",
        "system/Patient.",
        "system/Patient",
        "system/patient.r",
        "system/Pati*nt.r",
        "system/*/Patient.r",
        "*/*.cruds",
        "patient/Patient.rs",
        "user/Patient.rs",
        "openid",
        "offline_access",
        "system/Observation.rs?category=laboratory",
        "system/Observation.r?",
        "system/Patient.rs,system/Patient.c",
        "SYSTEM/Patient.r",
        "system/Patient.R",
        "system/P\u0430tient.r",
    ],
)
def test_a_malformed_or_foreign_scope_is_refused_by_name(word: str) -> None:
    with pytest.raises(InvalidError) as refused:
        parse_scopes(f"system/Encounter.r {word}")
    assert repr(word) in str(refused.value)


def test_one_type_does_not_open_another() -> None:
    assert not parse_scopes("system/Patient.cruds").permits("Observation", "r")


def test_rights_of_several_scopes_on_a_type_add_up() -> None:
    assert str(parse_scopes("system/Patient.s system/Patient.r")) == "system/Patient.rs"
