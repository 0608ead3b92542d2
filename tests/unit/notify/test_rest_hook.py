"""What a receiver's answer means."""

from datetime import UTC, datetime

import pytest

from careloom.notify.endpoints import EndpointPolicy
from careloom.notify.rest_hook import Outcome, RestHook, _meaning

NOW = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, "accepted"),
        (204, "accepted"),
        (302, "retry"),
        (400, "rejected"),
        (401, "retry"),
        (413, "rejected"),
        (422, "rejected"),
        (410, "gone"),
        (429, "retry"),
        (503, "retry"),
    ],
)
def test_a_status_means_one_thing(status: int, kind: str) -> None:
    assert kind == _meaning(status, None, NOW).kind


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("30", 30.0),
        ("Sun, 22 Nov 2026 11:01:00 GMT", 60.0),
        ("Sun, 22 Nov 2026 10:00:00 GMT", 0.0),
        ("soon", None),
        ("²", None),
        ("9" * 5000, None),
        ("Sun, 22 Nov 2026 10:00:00 +99999999999999999999", None),
    ],
)
def test_retry_after_is_read_as_seconds_and_as_a_date(retry_after: str, seconds: float | None) -> None:
    assert seconds == _meaning(503, retry_after, NOW).retry_after


async def test_an_address_inside_is_refused_before_anything_is_sent() -> None:
    hook = RestHook(EndpointPolicy(), clock=lambda: NOW)
    outcome = await hook.send("https://127.0.0.1:1/hook", b"{}", webhook_id="1", secret="", headers=())
    await hook.close()
    assert Outcome("refused", 0, outcome.detail) == outcome
    assert "127.0.0.1" in outcome.detail


async def test_a_name_that_points_inside_is_refused_at_the_connection() -> None:
    hook = RestHook(EndpointPolicy(), clock=lambda: NOW)
    outcome = await hook.send("https://localhost:1/hook", b"{}", webhook_id="1", secret="", headers=())
    await hook.close()
    assert "refused" == outcome.kind
    assert "its name leads to an address that the hub does not send to" in outcome.detail
    assert "127.0.0.1" not in outcome.detail and "::1" not in outcome.detail


async def test_nobody_listening_is_worth_another_try() -> None:
    hook = RestHook(EndpointPolicy.of(["127.0.0.1"]), clock=lambda: NOW)
    outcome = await hook.send("http://127.0.0.1:1/hook", b"{}", webhook_id="1", secret="", headers=())
    await hook.close()
    assert "retry" == outcome.kind


async def test_what_cannot_stand_in_a_request_is_an_outcome_and_no_exception() -> None:
    hook = RestHook(EndpointPolicy(), clock=lambda: NOW)
    for endpoint, header in (("https://gp.example/hook", "a\r\nb"), ("https://" + "a" * 300 + ".example/", "a")):
        outcome = await hook.send(endpoint, b"{}", webhook_id="1", secret="", headers=(("X", header),))
        assert outcome.kind in ("refused", "retry")
    await hook.close()
