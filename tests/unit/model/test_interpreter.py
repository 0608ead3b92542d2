import gc
import sys

import pytest
from tests.unit.conftest import USUAL

from careloom.model.interpreter import INTERVAL, share

pytestmark = pytest.mark.usefixtures("usual_interval")


def test_threads_hand_over_soon_until_the_last_large_work_has_ended() -> None:
    with share():
        with share():
            pass
        assert sys.getswitchinterval() == pytest.approx(INTERVAL, rel=0.1)
        assert not gc.isenabled()
    assert sys.getswitchinterval() == pytest.approx(USUAL, rel=0.1)
    assert gc.isenabled()


def test_it_ends_where_the_work_fails() -> None:
    with pytest.raises(ValueError, match="no"), share():
        raise ValueError("no")
    assert sys.getswitchinterval() == pytest.approx(USUAL, rel=0.1)
    assert gc.isenabled()
