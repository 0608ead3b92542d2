from careloom.definitions import Definitions
from careloom.model.instants import utc_now
from careloom.terminology import Terminology
from careloom.validation.context import Run
from careloom.validation.library import Library
from careloom.validation.options import Options
from careloom.validation.quick.check import QuickCheck
from careloom.validation.resources import ResourceWalker

PATIENT = {"resourceType": "Patient"}


class Beginner:
    """Makes runs, and counts them."""

    def __init__(self, definitions: Definitions) -> None:
        self.made = 0
        self._definitions = definitions

    def begin(self) -> Run:
        self.made += 1
        library, terminology = Library(self._definitions), Terminology(self._definitions)
        return Run(ResourceWalker(), library, terminology, Options(), utc_now, None)

    def check(self) -> QuickCheck:
        return QuickCheck(PATIENT, (None, "Patient"), self.begin, True)


def test_no_run_is_made_until_something_is_asked(definitions: Definitions) -> None:
    beginner = Beginner(definitions)
    check = beginner.check()
    check.told.add("http://loinc.org")
    check.warning("not-found", (None, "Patient"), "x", "terminology")

    assert 0 == beginner.made
    assert (["Patient: x"], {"http://loinc.org"}) == (
        [issue.diagnostics for issue in check.run.issues],
        check.run.told_systems,
    )
    assert 1 == beginner.made


def test_what_a_profile_tells_is_told_in_the_same_run(definitions: Definitions) -> None:
    beginner = Beginner(definitions)
    check = beginner.check()
    profiled = check.under("http://a.test/profile")
    profiled.run.told_systems.add("http://loinc.org")
    profiled.error("structure", profiled.scope.path, "x", "structure")

    assert check.run is profiled.run
    assert check.scope is profiled.scope
    assert ({"http://loinc.org"}, ["http://a.test/profile"]) == (check.told, [one.profile for one in check.issues])
    assert 1 == beginner.made


def test_a_check_for_a_resource_within_tells_where_the_outer_one_does(definitions: Definitions) -> None:
    check = Beginner(definitions).check()
    inner = QuickCheck.of(check, check.scope.inner({"resourceType": "Organization"}, ((None, "Patient"), "contained")))
    inner.told.add("http://loinc.org")
    inner.error("structure", inner.scope.path, "x", "structure")

    assert ["Patient.contained"] == [issue.expression for issue in check.issues]
    assert {"http://loinc.org"} == check.told
    assert not inner.is_alone
