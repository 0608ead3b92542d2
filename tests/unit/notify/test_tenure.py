"""Nothing is sent by a process that may not be the one to send any more."""

import asyncio
import time

import pytest
from tests.unit.notify.lanes import Receiver

from careloom.notify import tenure as tenures
from careloom.notify.rest_hook import Channel
from careloom.notify.tenure import Tenure, guarded


async def send(channel: Channel) -> str:
    return (await channel.send("https://gp.example/", b"{}", webhook_id="n1", secret="", headers=())).kind


async def test_what_is_leased_is_sent_for_at_once() -> None:
    receiver, tenure = Receiver(), Tenure()
    tenure.prolonged(time.monotonic(), 10)
    assert "accepted" == await send(guarded({"rest-hook": receiver}, tenure)["rest-hook"])
    assert ["n1"] == receiver.ids


@pytest.mark.parametrize("asked", [0.0, 9.5, 60.0], ids=["never", "nearly over", "over"])
async def test_nothing_is_sent_unless_the_lease_surely_lasts(asked: float) -> None:
    receiver, tenure = Receiver(), Tenure()
    if asked:
        tenure.prolonged(time.monotonic() - asked, 10)
    sending = asyncio.create_task(send(guarded({"rest-hook": receiver}, tenure)["rest-hook"]))
    await asyncio.sleep(0.02)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    assert [] == receiver.ids


async def test_who_waits_goes_on_once_the_lease_is_prolonged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenures, "LOOK_EVERY", 0.001)
    receiver, tenure = Receiver(), Tenure()
    sending = asyncio.create_task(send(guarded({"rest-hook": receiver}, tenure)["rest-hook"]))
    await asyncio.sleep(0.01)
    assert [] == receiver.ids
    tenure.prolonged(time.monotonic(), 10)
    assert "accepted" == await sending
