"""The console in a real browser: a list that fills, one subscription, a dead letter told again and received."""

import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from tests.integration.hub import HubProcess
from tests.integration.telling import OPEN, Client, Surgery, overseen_hub, surgery, until

from careloom.definitions import Definitions
from careloom.web.assets import Assets

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "var"
DESKTOP, PHONE = {"width": 1440, "height": 1000}, {"width": 390, "height": 844}
SECRET = "/hook?key=abc"
LONG = 120.0
"""Seconds that requests in progress are given at the end: so many that nobody takes waiting for a slow machine."""

pytestmark = pytest.mark.browser


@dataclass
class Scene:
    """A hub whose console is open on this machine, and what it tells.

    Attributes:
        well: A subscription of which one event is put aside.
        failing: One whose receiver answers 503.
    """

    hub: HubProcess
    surgery: Surgery
    epr: Client
    gp: Client
    patient: str
    well: str = ""
    failing: str = ""

    @property
    def root(self) -> str:
        return self.hub.base_url.removesuffix("/fhir") + "/notifications"

    def happens(self, id: str = "") -> int:
        """Have something told, and wait until that is on record; the number of the event."""
        told = self.surgery.told.setdefault(SECRET, [])
        before = len(told)
        self.epr.discharge(self.patient, id=id)
        until(lambda: len(told) > before)
        until(lambda: self.hub.delivered_to(self.well) == told[before])
        return told[before]

    def put_aside(self, id: str) -> int:
        """Have an event refused, until it is put aside; its number."""
        self.surgery.refused.add(id)
        number = self.happens(id)
        self.surgery.refused.clear()
        return number


@dataclass
class Visit:
    """A page, and what the browser had to say while it was used."""

    scene: Scene
    page: Page
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def open(self, path: str = "") -> Page:
        """Open a page of the console."""
        self.page.goto(f"{self.scene.root}{path}")
        return self.page

    def one(self, id: str) -> Page:
        """Open a subscription."""
        return self.open(f"/subscriptions/{id}")


@pytest.fixture(scope="module")
def scene(definitions: Definitions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    if not Assets.found().is_complete:
        pytest.skip("the front-end files are not here; `python scripts/fetch_assets.py` fetches them")
    with (
        surgery() as told,
        surgery() as down,
        overseen_hub(tmp_path_factory.mktemp("console"), OPEN, grace=LONG) as hub,
    ):
        epr, gp = Client(hub, "acute-epr"), Client(hub, "gp-system")
        made = Scene(hub, told, epr, gp, epr.patient())
        made.well = gp.subscribe(told.address(SECRET), patient=made.patient)
        made.failing = gp.subscribe(down.address(), poison="halt")
        told.refused.add("poison")
        down.is_down = True
        assert [made.happens(id) for id in ("", "", "poison", "", "")] == [1, 2, 3, 4, 5]
        yield made


@pytest.fixture
def visit(scene: Scene, browser: Browser) -> Iterator[Visit]:
    page = browser.new_page(viewport=DESKTOP)  # type: ignore[arg-type]  # a plain dictionary does
    made = Visit(scene, page)
    page.on("console", lambda said: made.complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: made.complaints.append(str(error)))
    page.on("request", lambda request: made.asked.append(request.url))
    yield made
    page.close()
    assert made.complaints == []
    origin = scene.root.removesuffix("notifications")
    assert [url for url in made.asked if not url.startswith((origin, "data:"))] == []


def test_the_list_shows_each_subscription_with_its_state_and_what_waits(visit: Visit) -> None:
    page = visit.open()
    row = page.locator(f"#subscription-{visit.scene.failing}")
    expect(row).to_contain_text("A patient is discharged")
    expect(row).to_contain_text("High Street Surgery")
    expect(row.locator(".mark")).to_contain_text("Failing")
    expect(row).to_contain_text("HTTP 503")
    expect(page.locator("#total-active")).to_contain_text("2")
    expect(page.locator(".console-bar__viewer")).to_contain_text("Operations desk")


def test_the_page_is_kept_up_to_date_and_the_keyboard_stays_where_it_is(visit: Visit) -> None:
    page = visit.open()
    link = page.locator(f"#link-{visit.scene.well}")
    link.focus()
    number = page.locator(f"#subscription-{visit.scene.well} .grid__number").first
    before = visit.scene.hub.delivered_to(visit.scene.well)
    expect(number).to_have_text(str(before))
    assert visit.scene.happens() == before + 1
    expect(number).to_have_text(str(before + 1))
    expect(link).to_be_focused()
    assert visit.asked.count(f"{visit.scene.root}") == 1


def test_the_page_is_kept_up_to_date_although_a_script_of_it_comes_late(visit: Visit) -> None:
    def late(route: Route) -> None:
        time.sleep(0.5)
        route.continue_()

    visit.page.route("**/hx-sse.js", late)
    with visit.page.expect_response(re.compile("/live$")):
        visit.open()


def test_rate_and_latency_are_drawn_and_told_in_words_and_in_a_table(visit: Visit) -> None:
    visit.scene.happens()
    page = visit.open()
    expect(page.locator("svg.chart .chart__bar").first).to_be_attached()
    expect(page.locator("svg.chart .chart__circle").first).to_be_attached()
    expect(page.locator("svg.chart .chart__cross").first).to_be_attached()
    expect(page.locator("svg.chart").first).to_have_attribute("aria-label", re.compile(r"\d+ in all"))
    page.get_by_text("The same as a table").click()
    expect(page.locator("#minutes tr")).to_have_count(9)
    time.sleep(3)
    expect(page.locator("#figures-table")).to_have_attribute("open", "")


def test_one_is_opened_by_keyboard_and_shows_lane_attempts_and_dead_letters(visit: Visit) -> None:
    page = visit.open()
    page.locator(f"#link-{visit.scene.well}").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("A patient is discharged")
    tries = page.locator("#tries tbody tr")
    expect(tries.nth(5)).to_be_attached()
    expect(tries.filter(has_text="422 Refused by receiver").first).to_be_attached()
    expect(page.locator("#aside")).to_contain_text("Event 3")
    expect(page.locator("#aside")).to_contain_text("HTTP 422")


def test_one_that_fails_says_since_when_why_and_when_it_is_tried_again(visit: Visit) -> None:
    page = visit.one(visit.scene.failing)
    expect(page.locator("#lane .trouble")).to_contain_text("HTTP 503")
    expect(page.locator("#lane .trouble")).to_contain_text("Backing off until")


def test_nothing_that_names_a_patient_or_lets_somebody_in_is_on_the_page(visit: Visit) -> None:
    text = visit.one(visit.scene.well).content()
    assert "Encounter?patient=…" in text
    assert visit.scene.patient not in text
    assert "key=abc" not in text


def test_a_dead_letter_is_told_again_and_the_receiver_gets_it(visit: Visit) -> None:
    scene, page = visit.scene, visit.one(visit.scene.well)
    scene.surgery.refused.clear()
    told = scene.surgery.told[SECRET]
    before = len(told)
    page.get_by_role("button", name="Tell again event 3").click()
    expect(page.locator(".console__done")).to_contain_text("Asked to tell event 3 again")
    until(lambda: told[before:] == [3])
    expect(page.locator("#replays .mark").first).to_contain_text("Done")
    expect(page.locator("#letter-3")).to_contain_text("Told by the replay that was asked for at")
    expect(page.get_by_role("button", name="Tell again event 3")).to_have_count(0)
    expect(visit.open().locator(f"#subscription-{scene.well} .grid__number").nth(2)).to_have_text("0")


def test_a_range_is_told_again_and_a_range_that_is_none_is_refused_with_the_reason(visit: Visit) -> None:
    scene, page = visit.scene, visit.one(visit.scene.well)
    told = scene.surgery.told[SECRET]
    before = len(told)
    page.get_by_label("From event").fill("9")
    page.get_by_label("To event").fill("2")
    page.locator(".again__go").click()
    expect(page.locator(".nhsuk-error-summary")).to_contain_text("a number from 9 expected, found 2")
    expect(page.get_by_label("From event")).to_have_value("9")
    page.get_by_label("From event").fill("1")
    page.locator(".again__go").click()
    until(lambda: told[before:] == [1, 2])
    visit.complaints[:] = [each for each in visit.complaints if "422" not in each]  # which the browser tells of, too


def test_who_was_told_what_of_a_patient_is_listed(visit: Visit) -> None:
    page = visit.open("/disclosures")
    page.get_by_label("Id of the patient in this record").fill(visit.scene.patient)
    page.get_by_role("button", name="Show").click()
    row = page.locator("table.grid tbody tr").first
    expect(row).to_contain_text("High Street Surgery")
    expect(row).to_contain_text("treatment (TREAT)")
    expect(row).to_contain_text("agreement 'told'")


def test_it_looks_as_it_should(visit: Visit) -> None:
    """Kept as pictures for people; here they are held only to being of whole pages."""
    PICTURES.mkdir(exist_ok=True)
    for name, path in (("list", ""), ("one", f"/subscriptions/{visit.scene.well}")):
        visit.open(path)
        file = PICTURES / f"console-{name}.png"
        visit.page.screenshot(path=file, full_page=True)
        assert file.stat().st_size > 30_000


def test_links_and_buttons_are_large_enough_to_hit(visit: Visit) -> None:
    for path in ("", f"/subscriptions/{visit.scene.well}", "/disclosures", "/sign-in"):
        visit.open(path)
        targets = visit.page.locator("main a:visible, main summary:visible, main button:visible, main input:visible")
        sizes = targets.evaluate_all("all => all.map(e => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])")
        assert len(sizes) > 2
        assert [html for html, box in sizes if box["height"] < 24 or box["width"] < 24] == []


CONTRAST = """() => {
    const light = (rgb) => {
        const parts = rgb.match(/[\\d.]+/g).slice(0, 3).map((each) => {
            const part = Number(each) / 255;
            return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
    };
    const behind = (element) => {
        for (let each = element; each; each = each.parentElement) {
            const colour = getComputedStyle(each).backgroundColor;
            if (!/, 0\\)$/.test(colour)) return colour;
        }
        return "rgb(255, 255, 255)";
    };
    const found = [];
    for (const element of document.querySelectorAll("main *")) {
        const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
        if (!own || !element.checkVisibility() || element.closest(".nhsuk-u-visually-hidden")) continue;
        const style = getComputedStyle(element);
        const ink = element instanceof SVGElement ? style.fill : style.color;
        const [low, high] = [light(ink), light(behind(element))].sort((a, b) => a - b);
        const size = parseFloat(style.fontSize);
        const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
        const ratio = (high + 0.05) / (low + 0.05);
        if (ratio < (large ? 3 : 4.5)) found.push([element.textContent.trim().slice(0, 40), ink, ratio]);
    }
    return found;
}"""
"""Text whose contrast with what is behind it is below what WCAG 2.2 AA asks (1.4.3)."""


@pytest.mark.parametrize("page", ["list", "well", "failing", "disclosures", "sign-in"])
def test_every_text_stands_out_from_what_is_behind_it(visit: Visit, page: str) -> None:
    scene = visit.scene
    paths = {
        "list": "",
        "well": f"/subscriptions/{scene.well}",
        "failing": f"/subscriptions/{scene.failing}",
        "disclosures": f"/disclosures?patient={scene.patient}",
        "sign-in": "/sign-in",
    }
    visit.open(paths[page])
    assert visit.page.evaluate(CONTRAST) == []


@pytest.mark.parametrize("page", ["list", "one", "disclosures"])
def test_on_a_phone_nothing_runs_out_of_sight(visit: Visit, page: str) -> None:
    scene = visit.scene
    paths = {
        "list": "",
        "one": f"/subscriptions/{scene.failing}",
        "disclosures": f"/disclosures?patient={scene.patient}",
    }
    visit.page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a plain dictionary does
    visit.open(paths[page])
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_without_javascript_it_says_the_same_and_tells_again_all_the_same(scene: Scene, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(scene.root)
    page.locator(f"#link-{scene.well}").click()
    told, number = scene.surgery.told[SECRET], scene.put_aside("venom")
    before = len(told)
    button = page.get_by_role("button", name=f"Tell again event {number}")
    reloaded_until(page, lambda: button.count() == 1)
    button.click()
    expect(page.locator(".console__done")).to_contain_text(f"event {number}")
    until(lambda: told[before:] == [number])
    reloaded_until(page, lambda: "Done" in page.locator("#replays .mark").first.inner_text())
    context.close()


def reloaded_until(page: Page, shows: Callable[[], bool]) -> None:
    """Reload a page that does not follow by itself: a receiver knows what it answered before the hub has noted it."""

    def looked_at_again() -> bool:
        page.reload()
        return shows()

    until(looked_at_again)


def test_a_page_of_another_site_cannot_have_anything_told_again(scene: Scene) -> None:
    form = "first=1&last=1"
    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        boundary = "b"
        body = f'--b\r\nContent-Disposition: form-data; name="form"\r\n\r\n{form}\r\n--b--\r\n'.encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        request = urllib.request.Request(f"{scene.root}/subscriptions/{scene.well}/replay", body, kind | headers)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        assert refused.value.code == 403


@pytest.mark.parametrize(
    "headers",
    [{"Host": "rebound.example"}, {"X-Forwarded-For": "10.0.0.1"}, {"Forwarded": "for=10.0.0.1"}],
    ids=["another name", "proxy", "proxy by the book"],
)
def test_the_open_console_is_open_only_to_who_asks_the_hub_itself(scene: Scene, headers: dict[str, str]) -> None:
    for path in ("", "/live", f"/subscriptions/{scene.well}"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(scene.root + path, headers=headers))
        assert refused.value.code == 401
        assert "discharged" not in refused.value.read().decode()


def test_each_look_is_in_the_audit_trail(visit: Visit) -> None:
    scene = visit.scene
    before = looks(scene)
    with visit.page.expect_response(re.compile("/live$")):
        visit.one(scene.well)
    until(lambda: looks(scene) >= before + 2)  # the page, and what keeps it up to date
    time.sleep(3)
    assert looks(scene) == before + 2


def looks(scene: Scene) -> int:
    """How often the operations desk has looked at a subscription, by the audit trail."""
    found = scene.epr("GET", f"AuditEvent?entity=Subscription/{scene.well}&_count=1000").get("entry", [])
    subtypes = [each["resource"]["subtype"] for each in found]
    return sum({"display": "$delivery"} in each for each in subtypes)


def test_the_hub_stops_at_once_although_a_page_is_still_open(scene: Scene, browser: Browser) -> None:
    """The last of this file."""
    page = browser.new_page()
    with page.expect_response(re.compile("/live$")):
        page.goto(f"{scene.root}/subscriptions/{scene.well}")
    assert scene.hub.stop(timeout=LONG * 2) == 0
    stopped = next(line for line in scene.hub.log() if line["event"] == "stopping")["timestamp"]
    ended = next(line for line in scene.hub.log() if line["event"] == "stopped")["timestamp"]
    assert (datetime.fromisoformat(ended) - datetime.fromisoformat(stopped)).total_seconds() < LONG / 2, "it has waited"
    page.close()
