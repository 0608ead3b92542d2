"""The live page in a real browser, watched from the first step to the last."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from careloom.definitions import Definitions
from careloom.web.assets import Assets

ROOT = Path(__file__).parents[2]
SCREENSHOT = ROOT / "var" / "live-page.png"
LANES = 4
PATIENCE = 300

pytestmark = pytest.mark.browser


@dataclass
class Show:
    """A play being hosted, and the page that watched it from its beginning.

    Attributes:
        complaints: What the browser had to complain of: errors, and breaches of the content policy.
        asked: Every address the browser asked for.
    """

    process: subprocess.Popen[str]
    url: str
    page: Page
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def show(browser: Browser, definitions: Definitions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Show]:
    if not Assets.found().is_complete:
        pytest.skip("the front-end files are not here; `python scripts/fetch_assets.py` fetches them")
    folder = tmp_path_factory.mktemp("show")
    command = [sys.executable, "-m", "careloom", "connectathon", "run", str(ROOT / "demo" / "discharge.yaml")]
    options = ["--pace", "0.2", "--folder", str(folder)]
    log = (folder / "stderr.txt").open("w+")
    process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        made = Show(process, _printed(process, r"http://127\.0\.0\.1:\d+/"), browser.new_page())
        made.page.set_viewport_size({"width": 1920, "height": 1080})
        made.page.on("console", lambda said: made.complaints.append(said.text) if said.type == "error" else None)
        made.page.on("pageerror", lambda error: made.complaints.append(str(error)))
        made.page.on("request", lambda request: made.asked.append(request.url))
        made.page.goto(made.url)
        _printed(process, r"\d+ of \d+ expectations held")
        yield made
    finally:
        process.send_signal(signal.SIGKILL if process.poll() is None else 0)
        process.wait()
        log.close()


def _printed(process: subprocess.Popen[str], pattern: str) -> str:
    """Read what a process prints until something is there."""
    assert process.stdout
    deadline = time.monotonic() + PATIENCE
    for line in process.stdout:
        if found := re.search(pattern, line):
            return found[0]
        assert time.monotonic() < deadline
    raise AssertionError(f"{pattern} was never printed")


def test_each_system_has_a_lane(show: Show) -> None:
    lanes = show.page.locator(".lane__title")
    assert ["Northbury General Hospital", "Careloom hub", "Larch Road Surgery", "Northbury Council"] == (
        lanes.all_text_contents()
    )


def test_each_message_came_as_an_arrow_without_the_page_being_loaded_again(show: Show) -> None:
    expect(show.page.locator("#state")).to_contain_text("expectations held")
    rows = show.page.locator("tr.exchange")
    expect(rows.nth(14)).to_be_attached()
    expect(show.page.locator("tr.exchange--waiting")).to_have_count(0)
    expect(show.page.locator("svg.arrow .arrow__line")).to_have_count(rows.count())
    assert show.asked.count(show.url) == 1


def test_arrows_have_length_and_run_between_lanes(show: Show) -> None:
    for row in show.page.locator("svg.arrow").all():
        line, head = row.locator(".arrow__line").bounding_box(), row.locator(".arrow__head").bounding_box()
        assert line and head
        assert line["width"] > 100
        assert row.locator(".arrow__lane").count() == LANES


def test_refusals_differ_by_shape_and_text_not_by_colour_alone(show: Show) -> None:
    refused = show.page.locator("tr.exchange--refused")
    expect(refused).to_have_count(2)
    for row in refused.all():
        expect(row.locator(".arrow__cross")).to_have_count(1)
        expect(row.locator(".mark")).to_contain_text("Refused")


def test_every_verdict_is_on_the_page_with_its_evidence(show: Show) -> None:
    verdicts = show.page.locator("#verdicts .verdict")
    expect(verdicts).to_have_count(15)
    expect(show.page.locator("#verdicts .verdict--held .verdict__evidence a").nth(14)).to_be_attached()


def test_the_board_looks_as_it_should(show: Show) -> None:
    """Kept as a picture for people; here it is held only to being one of the whole board."""
    show.page.set_viewport_size({"width": 1920, "height": 1900})
    show.page.evaluate("window.scrollTo(0, 0)")
    SCREENSHOT.parent.mkdir(exist_ok=True)
    show.page.screenshot(path=SCREENSHOT)
    show.page.set_viewport_size({"width": 1920, "height": 1080})
    assert SCREENSHOT.stat().st_size > 50_000


def test_a_click_shows_payload_validation_and_decision(show: Show) -> None:
    show.page.locator("tr.exchange--refused a.exchange__link").first.click()
    detail = show.page.locator("#detail")
    expect(detail.locator("#detail-title")).to_be_focused()
    expect(detail).to_contain_text("The last digit of an NHS number is its check digit")
    expect(detail).to_contain_text('"resourceType": "Bundle"')
    expect(detail).to_contain_text("hospital-epr")
    assert show.asked.count(show.url) == 1


def test_a_permitted_read_names_the_agreement(show: Show) -> None:
    show.page.locator("tr.exchange", has_text="searches discharge letters by encounter").locator("a").click()
    expect(show.page.locator("#detail")).to_contain_text("discharge-to-gp")


def test_an_arrow_can_be_opened_by_keyboard_alone(show: Show) -> None:
    link = show.page.locator("tr.exchange a.exchange__link").nth(1)
    link.focus()
    show.page.keyboard.press("Enter")
    expect(show.page.locator("#detail-title")).to_contain_text("asks for a token")


def test_nothing_was_asked_of_the_network_and_no_policy_was_broken(show: Show) -> None:
    assert [url for url in show.asked if not url.startswith((show.url, "data:"))] == []
    assert show.complaints == []


def test_links_are_large_enough_to_hit(show: Show) -> None:
    show.page.goto(show.url)
    for link in show.page.locator("main a:visible").all():
        box = link.bounding_box()
        assert box and box["height"] >= 24, link.text_content()


def test_the_hub_itself_shows_who_is_told(show: Show, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(show.url)
    page.get_by_role("link", name="Notifications").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Notifications")
    row = page.locator("#rows tr")
    expect(row).to_contain_text("Larch Road Surgery")
    expect(row).to_contain_text("Active")
    page.close()


def test_without_javascript_it_is_a_table_that_says_the_same(show: Show, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 800, "height": 900})
    page = context.new_page()
    page.goto(show.url)
    rows = page.locator("table.board tr.exchange")
    expect(rows).to_have_count(show.page.locator("tr.exchange").count())
    expect(rows.nth(1)).to_contain_text("proves who it is and asks for a token")
    rows.nth(1).locator("a").click()
    expect(page.locator("h1")).to_contain_text("Exchange 2")
    context.close()


def test_the_host_ends_although_a_page_is_still_open(show: Show) -> None:
    show.page.goto(show.url)
    show.process.terminate()
    assert show.process.wait(PATIENCE) == 0
