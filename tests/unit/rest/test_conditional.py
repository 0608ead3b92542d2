from datetime import UTC, datetime

import pytest

from careloom.model.errors import StaleVersionError
from careloom.rest.conditional import is_unmodified, require_version
from careloom.rest.errors import VersionRequiredError
from careloom.rest.messages import FhirRequest
from careloom.rest.policy import Policy
from careloom.store import Version

VERSION = Version("Patient", "p", "2", datetime(2026, 1, 1, 12, 0, 0, 500, tzinfo=UTC), "update", {}, 7)
DELETED = Version("Patient", "p", "3", datetime(2026, 1, 1, 12, tzinfo=UTC), "delete", None, 8)


def _asking(**headers: str) -> FhirRequest:
    return FhirRequest("x", "GET", "x", headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(
    ("header", "is_known"),
    [
        ('W/"2"', True),
        ('"2"', True),
        ("2", True),
        ("*", True),
        ('W/"1", W/"2"', True),
        ('W/"22"', False),
        ('W/"1"', False),
        ('W/"*"', True),
    ],
)
def test_entity_tags_are_compared_as_versions(header: str, is_known: bool) -> None:
    assert is_unmodified(_asking(if_none_match=header), VERSION) is is_known


@pytest.mark.parametrize(
    ("since", "is_known"),
    [
        ("Thu, 01 Jan 2026 12:00:00 GMT", True),
        ("Thu, 01 Jan 2026 11:59:59 GMT", False),
        ("yesterday", False),
        ("", False),
    ],
)
def test_dates_are_compared_by_the_second_and_unreadable_ones_ignored(since: str, is_known: bool) -> None:
    assert is_unmodified(_asking(if_modified_since=since), VERSION) is is_known


def test_tag_goes_before_date() -> None:
    both = _asking(if_none_match='W/"1"', if_modified_since="Thu, 01 Jan 2026 12:00:00 GMT")
    assert not is_unmodified(both, VERSION)


@pytest.mark.parametrize("current", [None, DELETED, VERSION])
def test_write_without_conditions_may_meet_anything(current: Version | None) -> None:
    require_version(_asking(), current, Policy())


@pytest.mark.parametrize("current", [None, DELETED])
def test_expected_version_of_what_is_not_there_is_stale(current: Version | None) -> None:
    with pytest.raises(StaleVersionError, match="the hub has no resource"):
        require_version(_asking(if_match="*"), current, Policy())


def test_unwanted_resource_is_refused_only_where_it_exists() -> None:
    require_version(_asking(if_none_match="*"), DELETED, Policy())
    with pytest.raises(StaleVersionError, match="version 2 exists"):
        require_version(_asking(if_none_match="*"), VERSION, Policy())


def test_version_may_be_required_of_what_exists() -> None:
    careful = Policy(version_required=True)
    require_version(_asking(), None, careful)
    require_version(_asking(if_match='W/"2"'), VERSION, careful)
    with pytest.raises(VersionRequiredError, match="If-Match"):
        require_version(_asking(), VERSION, careful)
