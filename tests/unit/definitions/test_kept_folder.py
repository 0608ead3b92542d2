"""Where kept values lie follows the platform and the environment."""

from pathlib import Path

import pytest

from careloom.definitions.kept import default_folder


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CARELOOM_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)


def test_the_environment_names_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARELOOM_CACHE", "/var/cache/careloom")
    assert default_folder() == Path("/var/cache/careloom/definitions")


def test_it_can_be_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARELOOM_CACHE", "off")
    assert default_folder() is None


def test_the_convention_of_the_desktop_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert default_folder() == Path("/caches/careloom/definitions")


def test_a_relative_folder_is_no_convention(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "caches")
    folder = default_folder()
    assert folder is not None
    assert folder.is_absolute()
