import asyncio
import re
from html.parser import HTMLParser

import pytest
from starlette.types import Message
from tests.unit.connectathon.builders import audit_event, exchange, happens, message, outcome, run

from careloom.connectathon.decision import decision_of
from careloom.connectathon.run import Run
from careloom.connectathon.verdict import Finding
from careloom.web import pages
from careloom.web.assets import Assets
from careloom.web.security import CONTENT_SECURITY_POLICY

EVERYTHING = Assets(nhsuk=True, htmx=True)
NOTHING = Assets(nhsuk=False, htmx=False)


@pytest.fixture
def played() -> Run:
    made = run()
    made.enter(made.scenario.steps[0])
    return made


async def get(
    played: Run, path: str, *, found: Assets = EVERYTHING, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], str]:
    """Ask the pages for an address without a network between."""
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.Event().wait()  # a browser that stays; there is no body to read
        return {"type": "http.disconnect"}

    async def send(part: Message) -> None:
        sent.append(part)

    name, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": "GET",
        "path": name,
        "raw_path": name.encode(),
        "query_string": query.encode(),
        "headers": [(key.encode(), value.encode()) for key, value in (headers or {}).items()],
        "server": ("127.0.0.1", 80),
        "scheme": "http",
        "root_path": "",
        "http_version": "1.1",
        "client": ("127.0.0.1", 1),
    }
    await pages(played, found=found)(scope, receive, send)
    told = {key.decode(): value.decode() for key, value in sent[0]["headers"]}
    return sent[0]["status"], told, b"".join(part.get("body", b"") for part in sent[1:]).decode()


class Scripts(HTMLParser):
    """Finds what a strict content policy would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self._in_script = tag in ("script", "style")
        self.refused += [f"{tag} {name}" for name in names if name.startswith("on") or name == "style"]
        for name in ("src", "href"):
            value = names.get(name) or ""
            if value.startswith(("http:", "https:", "//", "javascript:")):
                self.refused.append(f"{tag} {name}={value}")

    def handle_data(self, data: str) -> None:
        if self._in_script and data.strip():
            self.refused.append(f"inline {data.strip()[:40]}")
        self._in_script = False


async def test_each_exchange_is_a_row_with_an_arrow_and_its_words(played: Run) -> None:
    happens(played, exchange(method="GET", path="/fhir/Encounter/7"))
    _, _, text = await get(played, "/")
    assert 'id="exchange-1"' in text
    assert 'aria-label="The Hospital to The Hub: reads the hospital stay. Answer: answered."' in text
    assert '<a class="exchange__link" href="/exchanges/1"' in text


async def test_an_arrow_runs_from_the_senders_lane_to_the_receivers(played: Run) -> None:
    happens(played, exchange(sender="practice", receiver="hub"))
    _, _, text = await get(played, "/")
    found = re.search(r'<polygon class="arrow__head" points="([\d.]+),33', text)
    line = re.search(r'<line class="arrow__line" x1="([\d.]+)"', text)
    assert found and line
    assert (500.0, 833.3) == (float(found[1]), round(float(line[1]), 1))


async def test_an_outcome_is_told_by_colour_shape_and_text(played: Run) -> None:
    happens(played, exchange(status=422, response=message(outcome("a"))))
    _, _, text = await get(played, "/")
    assert 'mark--red"' in text.replace("\n", "")
    assert re.search(r'<span aria-hidden="true">✗</span> 422 Refused', text)
    assert "arrow__cross" in text


async def test_the_page_is_live_from_the_event_it_was_made_at(played: Run) -> None:
    happens(played, exchange())
    _, _, text = await get(played, "/")
    assert 'hx-sse:connect="/events?after=3"' in text
    assert "/assets/vendor/htmx.js" in text


async def test_a_paused_page_follows_nothing(played: Run) -> None:
    _, _, text = await get(played, "/?paused")
    assert "hx-sse:connect" not in text
    assert "Go on live" in text
    assert 'http-equiv="refresh"' not in text


async def test_without_htmx_the_page_reloads_itself_and_says_what_is_missing(played: Run) -> None:
    _, _, text = await get(played, "/", found=NOTHING)
    assert '<meta http-equiv="refresh" content="3">' in text
    assert "scripts/fetch_assets.py" in text
    assert "/assets/vendor/" not in text


async def test_an_exchange_shows_payload_validation_and_decision(played: Run) -> None:
    refusal = outcome("Patient.identifier: wrong check digit")
    refusal["issue"].append({"severity": "warning", "code": "invalid", "diagnostics": "a remark"})
    happens(played, exchange(request=message({"resourceType": "Patient"}), status=422, response=message(refusal)))
    played.decide(decision_of(1, audit_event(outcome="4", reason="422: wrong check digit")))
    played.judge("It is refused", [Finding("the status is 422", True, "422")], [1])
    _, _, text = await get(played, "/exchanges/1")
    for expected in ("Patient.identifier: wrong check digit", "1 remark", "422: wrong check digit", "AuditEvent/a1"):
        assert expected in text
    assert "It is refused" in text
    line = played.line(1)
    assert line and line.hash in text


async def test_what_the_hub_took_in_is_shown_with_its_profiles(played: Run) -> None:
    played.conformance = {"Patient": ["https://careloom.example/StructureDefinition/LocalityPatient"]}
    entries = [{"resource": {"resourceType": "Patient"}}, {"resource": {"resourceType": "Encounter"}}]
    happens(played, exchange(request=message({"resourceType": "Bundle", "entry": entries})))
    _, _, text = await get(played, "/exchanges/1")
    assert "1 Patient: FHIR R4 and <code>https://careloom.example/StructureDefinition/LocalityPatient</code>" in text
    assert "1 Encounter: FHIR R4</li>" in text


async def test_htmx_gets_the_piece_and_a_browser_the_page(played: Run) -> None:
    happens(played, exchange())
    _, headers, piece = await get(played, "/exchanges/1", headers={"hx-request": "true"})
    _, _, page = await get(played, "/exchanges/1")
    assert piece.lstrip().startswith("<section")
    assert "<html" in page
    assert headers["vary"] == "HX-Request"


async def test_an_exchange_that_never_was_is_not_found(played: Run) -> None:
    assert (await get(played, "/exchanges/9"))[0] == 404


async def test_hostile_content_is_escaped_everywhere(played: Run) -> None:
    attack = "<script>alert(1)</script>"
    happens(
        played,
        exchange(
            path=f"/fhir/Patient?x={attack}",
            request=message({"resourceType": "Patient", "id": attack}, x_attack=attack),
            status=403,
            response=message(outcome(attack)),
        ),
    )
    played.decide(decision_of(1, audit_event(outcome="8", reason=attack)))
    played.judge(attack, [Finding(attack, False, attack)], [1])
    for path in ("/", "/exchanges/1", "/verdicts"):
        assert attack not in (await get(played, path))[2]


async def test_a_failed_verdict_tells_what_was_expected_and_found(played: Run) -> None:
    played.judge("The letter is recorded", [Finding("the status is 200", False, "500")], [])
    _, _, text = await get(played, "/verdicts")
    assert "Expected: the status is 200. Found: 500." in text
    assert "none was seen" in text


@pytest.mark.parametrize("path", ["/", "/exchanges/1", "/verdicts", "/exchanges/9"])
@pytest.mark.parametrize("found", [EVERYTHING, NOTHING])
async def test_nothing_on_a_page_breaks_its_content_policy(played: Run, path: str, found: Assets) -> None:
    happens(played, exchange(status=422, response=message(outcome("a"))))
    played.judge("It is so", [Finding("it is so", True)], [1])
    _, headers, text = await get(played, path, found=found)
    checker = Scripts()
    checker.feed(text)
    assert checker.refused == []
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY


@pytest.mark.parametrize("path", ["/", "/exchanges/1", "/verdicts"])
async def test_there_is_no_logo_of_the_nhs(played: Run, path: str) -> None:
    happens(played, exchange())
    _, _, text = await get(played, path)
    assert "nhsuk-header__logo" not in text
    assert "not an NHS service" in text


async def test_every_id_on_the_board_is_used_once(played: Run) -> None:
    happens(played, exchange())
    played.judge("It is so", [Finding("it is so", True)], [1])
    ids = re.findall(r'\sid="([^"]+)"', (await get(played, "/"))[2])
    assert sorted(set(ids)) == sorted(ids)


async def test_the_evidence_file_can_be_had(played: Run) -> None:
    happens(played, exchange())
    _, headers, text = await get(played, "/evidence.jsonl")
    assert text.encode() == played.evidence.text()
    assert headers["content-type"].startswith("application/x-ndjson")


async def test_the_stream_has_each_event_as_a_piece_for_its_place_and_ends_with_the_run(played: Run) -> None:
    happens(played, exchange())
    played.judge("It is so", [Finding("it is so", True)], [1])
    played.finish()
    played.close()
    _, headers, text = await get(played, "/events?after=1")
    assert headers["content-type"].startswith("text/event-stream")
    assert ["2", "3", "4", "5"] == re.findall(r"^id: (\d+)$", text, re.MULTILINE)
    targets = re.findall(r'<hx-partial hx-target="([^"]+)" hx-swap="([^"]+)"', text)
    assert ("#step-send", "beforeend") in targets
    assert ("#exchange-1", "outerHTML") in targets
    assert ("#verdicts", "beforeend") in targets


async def test_a_browser_that_connects_again_gets_what_it_missed(played: Run) -> None:
    happens(played, exchange())
    played.close()
    _, _, text = await get(played, "/events?after=0", headers={"last-event-id": "2"})
    assert re.findall(r"^id: (\d+)$", text, re.MULTILINE) == ["3"]
