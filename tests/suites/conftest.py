"""How the figures of the suites come to be seen: `make suites` prints them, whatever else is captured."""

from collections.abc import Callable

import pytest

Tell = Callable[[str], None]


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Tell:
    """Print a line to the terminal."""

    def printed(line: str) -> None:
        with capsys.disabled():
            print(f"\n{line}")

    return printed
