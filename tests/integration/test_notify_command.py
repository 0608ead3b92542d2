"""``careloom notify`` against a hub that runs, and against the record of one that does not."""

import io
import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

import pytest
from tests.integration.hub import HubProcess
from tests.integration.telling import Client, Surgery, overseen_hub, surgery, until

from careloom.cli.notify import app
from careloom.definitions import Definitions
from careloom.governance import write_private_key


@dataclass
class Scene:
    """A hub with two subscriptions: of one an event is put aside, of the other nothing is accepted."""

    hub: HubProcess
    surgery: Surgery
    well: str
    failing: str

    def run(self, *arguments: str, client: str = "operations", purpose: str = "HSYSADMIN") -> tuple[int, str, str]:
        """Exit code, output and errors of a command."""
        key = self.hub.locality.folder / f"{client}.key.json"
        if not key.exists():
            write_private_key(key, self.hub.locality.keys[client])
        given = {
            "CARELOOM_HUB": self.hub.base_url,
            "CARELOOM_CLIENT": client,
            "CARELOOM_KEY": str(key),
            "CARELOOM_PURPOSE": purpose,
        }
        out, errors = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(errors):
            for name, value in given.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                app(arguments)
        return int(str(ended.value.code or 0)), out.getvalue(), errors.getvalue()

    def json(self, *arguments: str, client: str = "operations", purpose: str = "HSYSADMIN") -> object:
        """What a command prints as JSON."""
        _, out, errors = self.run(*arguments, "--format", "json", client=client, purpose=purpose)
        assert out, errors
        return json.loads(out)

    def is_on_record(self) -> bool:
        """Whether the hub has recorded what was told, which it does a moment later, and what was not taken."""
        _, out, _ = self.run("show", self.well)
        return "delivered to 3 of 3, 0 waiting" in out and "HTTP 503" in self.run("lanes")[1]


@pytest.fixture(scope="module")
def scene(definitions: Definitions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with surgery() as told, surgery() as down, overseen_hub(tmp_path_factory.mktemp("notify")) as hub:
        epr, gp = Client(hub, "acute-epr"), Client(hub, "gp-system")
        patient = epr.patient()
        made = Scene(hub, told, gp.subscribe(told.address("/hook?key=abc"), patient=patient), "")
        made.failing = gp.subscribe(down.address(), poison="halt")
        told.refused.add("poison")
        down.is_down = True
        for id in ("", "poison", ""):
            epr.discharge(patient, id=id)
        until(lambda: told.told.get("/hook?key=abc", []) == [1, 2, 3])
        until(made.is_on_record)
        yield made


def test_list_has_every_subscription_with_state_owner_and_where_it_is_told(scene: Scene) -> None:
    code, out, _ = scene.run("list")
    [well] = [line for line in out.splitlines() if line.startswith(scene.well)]
    assert (0, True) == (code, "gp-system" in well)
    assert "/hook?…" in well
    assert scene.failing in out


def test_show_tells_tries_dead_letters_and_nothing_that_names_a_patient(scene: Scene) -> None:
    code, out, _ = scene.run("show", scene.well)
    assert code == 0
    assert "delivered to 3 of 3, 0 waiting" in out
    assert "rejected  422" in out
    assert "filter         Encounter?patient=…" in out


def test_its_owner_sees_where_it_is_told_and_what_it_is_filtered_by(scene: Scene) -> None:
    shown = scene.json("show", scene.well, client="gp-system", purpose="TREAT")
    assert isinstance(shown, dict)
    assert shown["standing"]["endpoint"].endswith("/hook?key=abc")
    assert shown["standing"]["filters"][0].startswith("Encounter?patient=Patient/")


def test_lanes_tell_by_their_exit_code_that_one_fails(scene: Scene) -> None:
    code, out, _ = scene.run("lanes")
    [failing] = [line for line in out.splitlines() if line.startswith(scene.failing)]
    assert (1, True) == (code, "HTTP 503" in failing)
    lanes = scene.json("lanes")
    assert isinstance(lanes, list)
    assert {scene.well: 0, scene.failing: 3} == {each["subscription"]: each["lane"]["waiting"] for each in lanes}


def test_dead_letters_of_all_are_listed_with_their_reason(scene: Scene) -> None:
    code, out, _ = scene.run("dead-letters")
    assert code == 1
    assert f"{scene.well}  2 " in out
    assert "HTTP 422" in out


def test_a_range_is_told_again_and_the_receiver_gets_it(scene: Scene) -> None:
    scene.surgery.refused.clear()
    before = len(scene.surgery.told["/hook?key=abc"])
    code, out, errors = scene.run("replay", scene.well, "--from", "2", "--to", "3")
    assert code == 0, errors
    assert f"events 2 to 3 of {scene.well} are told again" in out
    until(lambda: scene.surgery.told["/hook?key=abc"][before:] == [2, 3])
    until(lambda: scene.run("dead-letters")[0] == 0)
    code, out, _ = scene.run("dead-letters", scene.well)
    [letter] = [line for line in out.splitlines() if line.startswith(f"{scene.well}  2 ")]
    assert (0, True) == (code, "to its endpoint" in letter)


def test_an_owner_has_it_told_at_another_address(scene: Scene) -> None:
    order = ("replay", scene.well, "--from", "1", "--to", "1", "--endpoint", scene.surgery.address("/other"))
    code, _, errors = scene.run(*order, client="gp-system", purpose="TREAT")
    assert code == 0, errors
    until(lambda: scene.surgery.told.get("/other") == [1])


def test_who_oversees_cannot_have_it_told_elsewhere(scene: Scene) -> None:
    order = ("replay", scene.well, "--from", "1", "--to", "1", "--endpoint", scene.surgery.address("/mine"))
    code, _, errors = scene.run(*order)
    assert code == 2
    assert "another client's" in errors
    assert "/mine" not in scene.surgery.told


def test_status_tells_totals_and_how_fast_it_is(scene: Scene) -> None:
    found = scene.json("status")
    assert isinstance(found, dict)
    assert (2, 0) == (found["totals"]["active"], found["totals"]["error"])
    assert found["is_notifying"] is True
    assert found["ten_minutes"]["told"] >= 3 or found["last_minute"]["told"] >= 0
    code, out, _ = scene.run("status")
    assert (0, True) == (code, "2 active, 0 requested, 0 in error, 0 off" in out)


def test_figures_for_prometheus_have_what_was_told_and_what_failed(scene: Scene) -> None:
    with urllib.request.urlopen(scene.hub.base_url.removesuffix("/fhir") + "/metrics") as answer:
        figures = answer.read().decode()
    counted = dict(re.findall(r"^(careloom_not\w+\{.*?\}) ([0-9.e+]+)$", figures, re.MULTILINE))
    told = 2  # of three; in place of the third, that it was put aside
    assert float(counted['careloom_notified_events_total{channel="rest-hook"}']) == told
    assert float(counted['careloom_notified_seconds_count{channel="rest-hook"}']) == told
    assert float(counted['careloom_notification_tries_total{channel="rest-hook",outcome="rejected"}']) >= 3
    assert scene.well not in figures


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("list", "--hub", "http://127.0.0.1:1/fhir"), "does not answer"),
        (("list", "--token", "nonsense"), "HTTP 401"),
        (("show", "no-such-id"), "not known (HTTP 404)"),
        (("list", "--hub", "ftp://hub"), "http or https address expected"),
    ],
    ids=["nobody there", "no token", "no subscription", "no address"],
)
def test_what_cannot_be_looked_at_is_told_in_a_sentence(scene: Scene, arguments: tuple[str, ...], told: str) -> None:
    code, out, errors = scene.run(*arguments)
    assert (2, "") == (code, out)
    assert told in errors
    assert "Traceback" not in errors


def test_a_token_is_printed_for_signing_in(scene: Scene) -> None:
    code, out, _ = scene.run("token")
    assert (0, 2) == (code, out.count("."))


def test_the_record_of_a_hub_that_does_not_run_is_read_by_its_settings(scene: Scene) -> None:
    """The last of this file, since the hub is stopped for it."""
    settings = str(scene.hub.locality.file)
    code, _, errors = scene.run("list", "--settings", settings)
    assert (2, True) == (code, "hub" in errors), "a hub that runs has its file for itself"
    scene.hub.stop()
    command = [sys.executable, "-m", "careloom", "notify", "show", scene.well, "--settings", settings]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "HTTP 422" in done.stdout
    assert "delivered to 3 of 3" in done.stdout
