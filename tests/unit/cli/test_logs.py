"""The log of a hub: what cannot be written keeps nothing back, and what was lost is told."""

import errno
import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from careloom.cli.logs import log_to_stderr


class Disk(io.StringIO):
    """Takes lines while there is room."""

    is_full = False

    def flush(self) -> None:
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    made = Disk()
    monkeypatch.setattr(sys, "stderr", made)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    log_to_stderr()
    yield made
    structlog.reset_defaults()
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)


def _events(disk: Disk) -> list[dict[str, object]]:
    return [json.loads(line) for line in disk.getvalue().splitlines() if line]


def test_a_log_that_cannot_be_written_is_no_error(disk: Disk) -> None:
    disk.is_full = True
    structlog.get_logger("a").info("request")
    logging.getLogger("library").error("it said %s", "something")


def test_lines_that_were_lost_are_counted_as_soon_as_there_is_room(disk: Disk) -> None:
    log = structlog.get_logger("b")
    disk.is_full = True
    for _ in range(3):
        log.info("request")
    disk.seek(0)
    disk.truncate()
    disk.is_full = False
    log.info("first")
    log.info("second")
    told = [(each["event"], each.get("lines")) for each in _events(disk)]
    assert [("lines of the log were lost", 3), ("first", None), ("second", None)] == told
