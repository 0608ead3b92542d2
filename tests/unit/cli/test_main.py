"""The list of commands."""

import pytest

from careloom.cli.main import COMMANDS, app


def test_every_command_can_be_loaded() -> None:
    assert [name for name in COMMANDS if app[name] is None] == []


def test_the_list_says_what_each_command_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        app(["--help"])
    told = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert ended.value.code == 0
    for name, (_, purpose) in COMMANDS.items():
        assert f"{name} {purpose.splitlines()[0]}"[:50] in told
