"""What quick tests share."""

import sys
from collections.abc import Iterator

import pytest

USUAL = 0.004
"""Seconds after which threads hand the interpreter over while nothing changes that."""


@pytest.fixture
def usual_interval() -> Iterator[None]:
    """Have it be `USUAL`."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(USUAL)
    yield
    sys.setswitchinterval(interval)
