"""The hub's pages in a real browser, from a hub that runs as a process of its own."""

import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.integration.hub import SETTINGS, HubProcess, Locality, running_hub

from careloom.definitions import Definitions
from careloom.web.assets import Assets

ROOT = Path(__file__).parents[2]
SCREENSHOT = ROOT / "var" / "validate-page.png"
BODY_WEIGHT = "http://hl7.org/fhir/StructureDefinition/bodyweight"
VITAL_SIGNS = "http://hl7.org/fhir/StructureDefinition/vitalsigns"
DESKTOP, PHONE = {"width": 1440, "height": 1100}, {"width": 390, "height": 844}
PAGES = f"""
[conformance]
Observation = ["{VITAL_SIGNS}"]

[audit]
site = "North Locality"
"""
WEIGHT = """{
  "resourceType": "Observation",
  "meta": {
    "profile": ["http://hl7.org/fhir/StructureDefinition/bodyweight"]
  },
  "status": "finished",
  "colour": "blue",
  "category": [
    {
      "coding": [
        { "system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs" }
      ]
    }
  ],
  "code": {
    "coding": [
      { "system": "http://loinc.org", "code": "29463-7", "display": "Body weight" }
    ]
  },
  "subject": { "reference": "Patient/ann" },
  "effectiveDateTime": "2026-13-01",
  "valueQuantity": {
    "value": 72.50,
    "unit": "kilos",
    "system": "http://unitsofmeasure.org",
    "code": "kg"
  },
  "note": [{ "text": "" }]
}
"""
ATTACK = """<script>document.title = "broken in"</script><img src="x" onerror="document.title = 'broken in'">"""

pytestmark = pytest.mark.browser


@dataclass
class Visit:
    """A page, and what the browser had to say while it was used.

    Attributes:
        root: Address of the home page.
        complaints: Errors, and breaches of the content policy.
        asked: Every address the browser asked for.
    """

    root: str
    page: Page
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def check(self, source: str) -> None:
        """Paste a resource and have it judged."""
        self.page.goto(f"{self.root}validate")
        self.page.get_by_label("Resource").fill(source)
        self.page.get_by_role("button", name="Check").click()


@pytest.fixture(scope="module")
def hub(definitions: Definitions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    if not Assets.found().nhsuk:
        pytest.skip("the front-end files are not here; `python scripts/fetch_assets.py` fetches them")
    with running_hub(Locality.make(tmp_path_factory.mktemp("pages"), SETTINGS + PAGES)) as started:
        yield started


@pytest.fixture
def visit(hub: HubProcess, browser: Browser) -> Iterator[Visit]:
    page = browser.new_page(viewport=DESKTOP)  # type: ignore[arg-type]  # a plain dictionary does
    made = Visit(hub.base_url.removesuffix("fhir"), page)
    page.on("console", lambda said: made.complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: made.complaints.append(str(error)))
    page.on("request", lambda request: made.asked.append(request.url))
    yield made
    page.close()
    assert made.complaints == []
    assert [url for url in made.asked if not url.startswith((made.root, "data:"))] == []


def test_the_home_page_leads_to_everything(visit: Visit) -> None:
    visit.page.goto(visit.root)
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("North Locality")
    for link in ("What the hub can do", "How to get access"):
        address = visit.page.get_by_role("link", name=link).get_attribute("href") or ""
        assert visit.page.request.get(urljoin(visit.root, address)).status == 200
    visit.page.get_by_role("link", name="Check a resource").click()
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Check a resource")


def test_issues_stand_beside_the_source_with_rule_and_definition(visit: Visit) -> None:
    visit.check(WEIGHT)
    expect(visit.page.locator(".verdict-head__mark")).to_contain_text("Not valid")
    expect(visit.page.locator(".verdict-head")).to_contain_text(VITAL_SIGNS)
    line = visit.page.locator(".line--red", has_text='"status": "finished"')
    expect(line.locator(".line__word")).to_have_text('"finished"')
    number = line.locator(".flag").inner_text().split()[-1]
    finding = visit.page.locator(f"#issue-{number}")
    expect(finding).to_contain_text("Observation.status")
    finding.get_by_text("Rule binding").click()
    expect(finding).to_contain_text("What to do.")
    finding.get_by_text("Element Observation.status").click()
    expect(finding).to_contain_text("required: http://hl7.org/fhir/ValueSet/observation-status")
    expect(finding).to_contain_text("1..1")


def test_source_and_issues_are_side_by_side_and_in_sight(visit: Visit) -> None:
    visit.check(WEIGHT)
    source, issues = (visit.page.locator(name).bounding_box() for name in (".source", ".findings"))
    assert source and issues
    assert issues["x"] >= source["x"] + source["width"]
    visit.page.locator(".finding").last.scroll_into_view_if_needed()
    expect(visit.page.locator(".source")).to_be_in_viewport()


def test_a_line_leads_to_its_issue_and_back(visit: Visit) -> None:
    visit.check(WEIGHT)
    visit.page.locator(".flag").last.click()
    found = re.search(r"#(issue-\d+)$", visit.page.url)
    assert found
    finding = visit.page.locator(f"#{found[1]}")
    expect(finding).to_be_in_viewport()
    finding.locator(".finding__line").click()
    expect(visit.page.locator(".line:target")).to_be_in_viewport()


def test_the_page_looks_as_it_should(visit: Visit) -> None:
    """Kept as a picture for people; here it is held only to being one of the whole page."""
    visit.check(WEIGHT)
    visit.page.locator(".finding details summary").nth(1).click()
    visit.page.mouse.move(0, 0)
    SCREENSHOT.parent.mkdir(exist_ok=True)
    visit.page.screenshot(path=SCREENSHOT)
    assert SCREENSHOT.stat().st_size > 50_000


def test_a_file_dropped_on_the_text_is_put_into_it(visit: Visit) -> None:
    visit.page.goto(f"{visit.root}validate")
    dropped = visit.page.evaluate_handle(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File(['{"resourceType": "Patient", "gender": "boy"}'], "ann.json"));
            return data;
        }"""
    )
    visit.page.dispatch_event("#source", "drop", {"dataTransfer": dropped})
    expect(visit.page.locator("#news")).to_have_text("ann.json is above, ready to be checked.")
    expect(visit.page.locator("#source")).to_have_value(re.compile("boy"))
    visit.page.get_by_role("button", name="Check").click()
    expect(visit.page.locator(".finding__expression")).to_have_text("Patient.gender")


def test_profiles_are_offered_for_the_type_that_is_pasted(visit: Visit) -> None:
    visit.page.goto(f"{visit.root}validate")
    options = visit.page.locator("#profiles option")
    everything = options.count()
    visit.page.get_by_label("Resource").fill('{"resourceType": "Observation"}')
    assert 5 < options.count() < everything
    assert set(options.evaluate_all("all => all.map(each => each.dataset.type)")) == {"Observation"}
    expect(options.first).to_have_attribute("value", VITAL_SIGNS)


def test_a_profile_can_be_chosen(visit: Visit) -> None:
    visit.page.goto(f"{visit.root}validate")
    visit.page.get_by_label("Resource").fill('{"resourceType": "Observation"}')
    visit.page.get_by_label("Profile").fill(BODY_WEIGHT)
    visit.page.get_by_role("button", name="Check").click()
    expect(visit.page.locator(".verdict-head")).to_contain_text(f"{BODY_WEIGHT} as you chose")
    expect(visit.page.get_by_label("Profile")).to_have_value(BODY_WEIGHT)


def test_what_was_wrong_can_be_changed_and_checked_again(visit: Visit) -> None:
    visit.check('{"resourceType": "Patient",\n"gender": "boy"}')
    visit.page.get_by_role("link", name="Change it and check again").click()
    box = visit.page.get_by_label("Resource")
    box.fill(box.input_value().replace("boy", "male"))
    box.press("Control+Enter")
    expect(visit.page.locator(".verdict-head__mark")).to_have_text(re.compile("Valid"))
    expect(visit.page.locator(".findings__none")).to_contain_text("Nothing to say against it")


def test_hostile_content_is_text_and_nothing_else(visit: Visit) -> None:
    quoted = ATTACK.replace('"', '\\"')
    visit.check(f'{{"resourceType": "Patient",\n"gender": "{quoted}",\n"{quoted}": 1, "id": "</textarea>{quoted}"}}')
    expect(visit.page.locator(".finding")).not_to_have_count(0)
    assert "broken in" not in visit.page.title()
    assert visit.page.locator("main img, main script").count() == 0
    assert quoted in visit.page.locator("#line-2").inner_text()


def test_the_form_can_be_used_by_keyboard_alone(visit: Visit) -> None:
    visit.page.goto(f"{visit.root}validate")
    visit.page.keyboard.press("Tab")
    expect(visit.page.get_by_role("link", name="Skip to main content")).to_be_focused()
    visit.page.get_by_label("Resource").focus()
    visit.page.keyboard.insert_text('{"resourceType": "Patient", "gender": "boy"}')
    for _ in range(4):  # file, profile, mode, button
        visit.page.keyboard.press("Tab")
    expect(visit.page.get_by_role("button", name="Check")).to_be_focused()
    visit.page.keyboard.press("Enter")
    visit.page.locator(".finding summary").first.focus()
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator(".finding details").first).to_have_attribute("open", "")


@pytest.mark.parametrize("path", ["", "validate"])
def test_on_a_phone_nothing_runs_out_of_sight(visit: Visit, path: str) -> None:
    visit.page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a plain dictionary does
    visit.page.goto(f"{visit.root}{path}")
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    if path:
        visit.check(WEIGHT.replace('"finished"', f'"{"x" * 500}"'))
        expect(visit.page.locator(".sheet")).to_be_visible()
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_links_are_large_enough_to_hit(visit: Visit) -> None:
    visit.check(WEIGHT)
    links = visit.page.locator("main a:visible, main summary:visible")
    heights = links.evaluate_all("all => all.map(each => [each.innerText, each.getBoundingClientRect().height])")
    assert len(heights) > 20
    assert [(text, height) for text, height in heights if height < 24] == []


def test_without_javascript_a_file_is_judged_all_the_same(hub: HubProcess, browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "weight.json"
    file.write_text(WEIGHT)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{hub.base_url.removesuffix('fhir')}validate")
    page.get_by_label("Or choose a file").set_input_files(file)
    page.get_by_role("button", name="Check").click()
    expect(page.locator(".verdict-head__mark")).to_contain_text("Not valid")
    expect(page.locator(".line--red")).not_to_have_count(0)
    page.locator(".finding summary").first.click()
    expect(page.locator(".finding details").first).to_have_attribute("open", "")
    context.close()


def test_what_is_too_large_is_told_on_a_page(hub: HubProcess, browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "large.json"
    file.write_text(" " * 3_000_000)
    context = browser.new_context(java_script_enabled=False)  # with it, the page would not even send the file
    page = context.new_page()
    page.goto(f"{hub.base_url.removesuffix('fhir')}validate")
    page.get_by_label("Or choose a file").set_input_files(file)
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("That is too large for this page")
    context.close()


def test_nothing_of_what_was_pasted_is_kept(hub: HubProcess, visit: Visit) -> None:
    visit.check('{"resourceType": "Patient", "name": [{"family": "Unforgettable"}], "gender": "boy"}')
    expect(visit.page.locator(".finding")).to_have_count(1)
    for file in hub.locality.folder.rglob("*"):
        assert not file.is_file() or b"Unforgettable" not in file.read_bytes(), file


def test_the_record_is_served_as_before(hub: HubProcess) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{hub.base_url}/Patient/1")
    assert refused.value.code == 401
    assert b"OperationOutcome" in refused.value.read()


def test_a_hub_without_pages_has_none(definitions: Definitions, tmp_path: Path) -> None:
    settings = SETTINGS.replace('tenant = "north"', 'tenant = "north"\npages = false')
    with running_hub(Locality.make(tmp_path, settings)) as hub:
        for path in ("", "validate", "assets/site.css"):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(hub.base_url.removesuffix("fhir") + path)
            assert refused.value.code == 404
