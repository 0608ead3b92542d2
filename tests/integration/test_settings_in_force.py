"""What a running hub follows of its settings, and what it says that it does not."""

import signal
from pathlib import Path

import pytest
from tests.integration.hub import SETTINGS, Locality, eventually, running_hub

from careloom.definitions import Definitions

BEFORE = f'{SETTINGS}\n[[mllp]]\nclient = "acute-epr"\nport = 0\n'
FOLLOWED = BEFORE.replace("[hub]", '[hub]\npurposes = ["TREAT", "HSYSADMIN"]') + "[http]\nversion_required = true\n"


@pytest.fixture
def locality(tmp_path: Path, definitions: Definitions) -> Locality:
    return Locality.make(tmp_path)


async def test_what_waits_for_the_next_start_is_told_and_nothing_else(locality: Locality) -> None:
    locality.file.write_text(BEFORE)
    with running_hub(locality) as hub:

        async def has_taken_up(times: int) -> bool:
            return times == [line["event"] for line in hub.log()].count("settings in force")

        locality.file.write_text(FOLLOWED)
        await eventually(lambda: has_taken_up(1))
        assert [] == sections_that_wait(hub.log())

        locality.file.write_text(FOLLOWED.replace("port = 0", "port = 1") + "grace = 3.0\n")
        await eventually(lambda: has_taken_up(2))
        assert ["mllp", "hub", "http"] == sections_that_wait(hub.log())
        assert hub.stop(signal.SIGTERM) == 0


def sections_that_wait(log: list[dict[str, str]]) -> list[str]:
    return [line["section"] for line in log if line["event"] == "setting takes effect at the next start"]
