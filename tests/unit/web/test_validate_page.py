import asyncio
import json
import threading
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.patience import PATIENCE, becomes
from tests.unit.web.browser import Markup, ask, submit

from careloom.definitions import Definitions
from careloom.model import Resource
from careloom.model.issues import Issue
from careloom.rest.hub import Hub, Limits
from careloom.validation import Validator
from careloom.web import hub_site
from careloom.web.judging import Judge, Submission, judge
from careloom.web.security import CONTENT_SECURITY_POLICY

BMI = "http://hl7.org/fhir/StructureDefinition/bmi"
PATIENT = '{\n  "resourceType": "Patient",\n  "gender": "boy"\n}\n'
XML = '<Patient xmlns="http://hl7.org/fhir">\n  <gender value="boy"/>\n</Patient>'
ATTACK = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'${7*7}{{7*7}}</textarea></code></option>"


async def fhir(scope: Scope, receive: Receive, send: Send) -> None:
    """Stands for the FHIR base, and says so."""
    await PlainTextResponse(f"FHIR {scope['path']}")(scope, receive, send)


def site(
    definitions: Definitions,
    *,
    base_url: str = "http://hub.example/fhir",
    conformance: Mapping[str, Sequence[str]] | None = None,
    limits: Limits = Limits(),  # noqa: B008  (frozen)
    name: str = "North Locality",
    own: Judge | None = None,
) -> ASGIApp:
    """The pages of a hub, without the hub."""
    hub = cast("Hub", SimpleNamespace(base_url=base_url, conformance=conformance or {}, limits=limits, site=name))
    return hub_site(fhir, lambda: hub, Validator(definitions), judge=own)


class Slow(Validator):
    """Judges once it is let."""

    def __init__(self, definitions: Definitions) -> None:
        super().__init__(definitions)
        self.begun: list[None] = []
        self.go_on = threading.Event()

    def validate(self, *args: Any, **options: Any) -> list[Issue]:
        self.begun.append(None)
        assert self.go_on.wait(PATIENCE * 2)
        return super().validate(*args, **options)


class Broken(Validator):
    """Has a defect."""

    def validate(self, resource: Resource, **options: Any) -> list[Issue]:
        raise ZeroDivisionError(f"seen: {resource}")


async def test_an_issue_stands_beside_its_line_with_rule_and_definition(definitions: Definitions) -> None:
    page = await submit(site(definitions), "/validate", source=PATIENT)
    assert 200 == page.status
    assert '<tr class="line line--red" id="line-3">' in page.text
    assert '<mark class="line__word">&#34;boy&#34;</mark>' in page.text
    assert 'href="#issue-1"' in page.text
    for told in (
        "Not valid: 1 error",
        "found",
        "Patient.gender",
        "Rule binding",
        "male | female | other | unknown",
        "required: <code>http://hl7.org/fhir/ValueSet/administrative-gender",
        "0..1",
        "Line 3",
    ):
        assert told in page.text


async def test_xml_is_judged_as_well(definitions: Definitions) -> None:
    page = await submit(site(definitions), "/validate", source=XML)
    assert '<tr class="line line--red" id="line-2">' in page.text
    assert "Rule binding" in page.text


async def test_a_file_goes_before_what_is_pasted(definitions: Definitions) -> None:
    page = await submit(site(definitions), "/validate", source=PATIENT, file=("p.json", b'{"resourceType": "Patient"}'))
    assert "Valid" in page.text
    assert "boy" not in page.text


async def test_what_was_pasted_has_the_lines_that_it_had(definitions: Definitions) -> None:
    page = await submit(site(definitions), "/validate", source=PATIENT.replace("\n", "\r\n"))
    assert '<tr class="line line--red" id="line-3">' in page.text
    assert "\r" not in page.text


async def test_a_good_resource_is_said_to_be_valid(definitions: Definitions) -> None:
    page = await submit(site(definitions), "/validate", source='{"resourceType": "Patient", "gender": "male"}')
    assert "Nothing to say against it" in page.text
    assert "line--red" not in page.text


async def test_what_the_locality_demands_counts_where_nothing_is_chosen(definitions: Definitions) -> None:
    application = site(definitions, conformance={"Observation": (BMI,)})
    observation = '{"resourceType": "Observation", "status": "final", "code": {"text": "x"}}'
    page = await submit(application, "/validate", source=observation)
    assert "as this hub demands" in page.text
    assert f"<code>{BMI}|4.0.1</code>" in page.text


async def test_the_profile_that_was_chosen_counts(definitions: Definitions) -> None:
    observation = '{"resourceType": "Observation", "status": "final", "code": {"text": "x"}}'
    page = await submit(site(definitions), "/validate", source=observation, profile=BMI)
    assert "as you chose" in page.text
    assert f'value="{BMI}"' in page.text
    assert "Not valid" in page.text


async def test_profiles_are_offered_those_demanded_here_first(definitions: Definitions) -> None:
    page = await ask(site(definitions, conformance={"Observation": (BMI,)}), "/validate")
    offered = [line.strip() for line in page.text.splitlines() if "<option" in line and "data-type" in line]
    assert f'value="{BMI}"' in offered[0]
    assert "demanded here" in offered[0]
    assert 1 == sum(f'"{BMI}"' in line for line in offered)
    assert len(offered) > 30


async def test_after_judging_the_profiles_of_the_type_are_offered(definitions: Definitions) -> None:
    page = await submit(site(definitions), "/validate", source='{"resourceType": "Observation"}')
    assert 'data-type="Observation"' in page.text
    assert 'data-type="Composition"' not in page.text


@pytest.mark.parametrize(
    ("source", "mode", "told"),
    [
        ('{"resourceType": "Patient"}', "update", "an id expected"),
        ('{"resourceType": "Patient", "id": "7"}', "create", "gets a new id"),
        ('{"resourceType": "AuditEvent"}', "create", "AuditEvent is written by the hub alone"),
    ],
)
async def test_what_is_to_be_done_with_it_matters(definitions: Definitions, source: str, mode: str, told: str) -> None:
    application = site(definitions)
    assert told in (await submit(application, "/validate", source=source, mode=mode)).text
    assert told not in (await submit(application, "/validate", source=source)).text


@pytest.mark.parametrize("source", ["", "  \n "])
async def test_an_empty_form_is_told_what_to_do(definitions: Definitions, source: str) -> None:
    page = await submit(site(definitions), "/validate", source=source)
    assert 422 == page.status
    assert 'href="#source"' in page.text
    assert "Paste a resource, or choose a file" in page.text


@pytest.mark.parametrize("profile", ["http://nowhere.example/profile", "x" * 5000, ATTACK])
async def test_a_profile_that_is_not_there_is_told_at_its_field(definitions: Definitions, profile: str) -> None:
    page = await submit(site(definitions), "/validate", source=PATIENT, profile=profile)
    assert 422 == page.status
    assert 'href="#profile"' in page.text
    assert "boy" in page.text


@pytest.mark.parametrize(
    "source",
    [
        b"{",
        b"[]",
        b"7",
        b"null",
        b"\x00\xff\xfe",
        b"\xef\xbb\xbf{}",
        b"<",
        b"<html/>",
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><Patient xmlns="http://hl7.org/fhir">&x;</Patient>',
        b'{"resourceType": ["Patient"]}',
        b'{"resourceType": "DomainResource"}',
        b'{"resourceType": "Patient", "id": NaN, "id": "\\ud800"}',
        b"[" * 200_000,
        b'{"a":' * 20_000,
        b'{"resourceType":"Patient","extension":[' + b'{"extension":[' * 5_000 + b"]}" * 5_000 + b"]}",
        "{'resourceType': 'Patient', // comment\n}".encode("utf-16"),
    ],
    ids=range(16),
)
async def test_whatever_is_sent_is_answered_with_issues(definitions: Definitions, source: bytes) -> None:
    page = await submit(site(definitions), "/validate", source=source)
    assert 200 == page.status
    assert "Not valid" in page.text
    assert 'id="issue-1"' in page.text
    assert "root:" not in page.text


@pytest.mark.parametrize("form", ["json", "xml", "faulty"])
async def test_hostile_content_is_escaped_everywhere(definitions: Definitions, form: str) -> None:
    resource = {
        "resourceType": "Patient",
        ATTACK: ATTACK,
        "gender": ATTACK,
        "id": ATTACK,
        "name": [{ATTACK: 1}],
        "meta": {"profile": [ATTACK]},
        "extension": [{"url": ATTACK, "valueString": ATTACK}],
        "contained": [{"resourceType": ATTACK}],
    }
    as_attribute = ATTACK.replace("<", "&lt;").replace('"', "&quot;")
    sources = {
        "json": json.dumps(resource, indent=1),
        "xml": f'<Patient xmlns="http://hl7.org/fhir"><gender value="{as_attribute}"/></Patient>',
        "faulty": json.dumps(resource)[:-1] + ATTACK,
    }
    page = await submit(site(definitions, name=ATTACK), "/validate", source=sources[form], file=("", b""), mode=ATTACK)
    assert 200 == page.status
    markup = Markup(page.text)
    assert [] == markup.refused
    assert ["script", "img"] == [tag for tag in markup.tags if tag in ("script", "img")]
    assert 1 == page.text.count("</textarea>")
    assert "&lt;script&gt;alert" in page.text


async def test_a_hostile_definition_cannot_break_out_of_its_text(definitions: Definitions) -> None:
    constraint = {"key": ATTACK, "severity": "error", "human": ATTACK, "expression": "false"}
    profile = {
        "resourceType": "StructureDefinition",
        "url": "http://locality.example/p",
        "name": ATTACK,
        "title": ATTACK,
        "status": "draft",
        "kind": "resource",
        "abstract": False,
        "type": "Patient",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "derivation": "constraint",
        "differential": {
            "element": [
                {"id": "Patient", "path": "Patient", "constraint": [constraint]},
                {"id": "Patient.name", "path": "Patient.name", "min": 1, "short": ATTACK, "definition": ATTACK},
            ]
        },
    }
    application = site(definitions.with_resources([profile]))
    page = await submit(
        application, "/validate", source='{"resourceType": "Patient"}', profile="http://locality.example/p"
    )
    assert [] == Markup(page.text).refused
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert" in page.text


async def test_marks_that_turn_the_writing_round_are_shown_as_what_they_are(definitions: Definitions) -> None:
    page = await submit(site(definitions), "/validate", source='{"resourceType": "Patient",\n"id": "a\u202eb"}')
    assert "a\N{REPLACEMENT CHARACTER}b" in page.text


async def test_what_is_too_large_is_refused_with_a_page(definitions: Definitions) -> None:
    small = Limits(body=1000)
    page = await submit(site(definitions, limits=small), "/validate", source=" " * 1001 + "{}")
    assert 413 == page.status
    assert "up to 1,000 bytes" in page.text
    assert 413 == (await submit(site(definitions, limits=small), "/validate", source="x" * 100_000)).status
    assert 200 == (await submit(site(definitions, limits=small), "/validate", source="x" * 1000)).status


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", PATIENT.encode()),
        ("", b""),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"no boundary here"),
    ],
)
async def test_what_is_no_form_is_refused_with_a_page(definitions: Definitions, content_type: str, body: bytes) -> None:
    headers = {"content-type": content_type}
    page = await ask(site(definitions), "/validate", method="POST", body=body, headers=headers)
    assert 400 == page.status
    assert "$validate" in page.text


async def test_more_at_once_than_may_be_are_refused_and_the_others_served(definitions: Definitions) -> None:
    validator = Slow(definitions)
    application = site(definitions, own=Judge(validator, most=2))
    served = [asyncio.create_task(submit(application, "/validate", source=PATIENT)) for _ in range(2)]
    await becomes(lambda: len(validator.begun) == 2)
    refused = await submit(application, "/validate", source=PATIENT)
    validator.go_on.set()
    assert 503 == refused.status
    assert "5" == refused.headers["retry-after"]
    assert "The validator is busy" in refused.text
    assert [200, 200] == [(await each).status for each in served]
    assert 200 == (await submit(application, "/validate", source=PATIENT)).status


async def test_a_defect_is_told_as_such_and_leaves_the_judge_free(definitions: Definitions) -> None:
    application = site(definitions, own=Judge(Broken(definitions), most=1))

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        with pytest.raises(ZeroDivisionError):  # for the server's log, after the page was sent
            await application(scope, receive, send)

    for _ in range(2):
        page = await submit(served, "/validate", source=PATIENT)
        assert 500 == page.status
        assert "A defect of Careloom" in page.text
        assert "boy" not in page.text


@pytest.mark.parametrize("path", ["/", "/validate", "/validate?profile=x"])
async def test_nothing_on_a_page_breaks_its_content_policy(definitions: Definitions, path: str) -> None:
    page = await ask(site(definitions, conformance={"Observation": (BMI,)}), path)
    assert 200 == page.status
    assert [] == Markup(page.text).refused
    assert CONTENT_SECURITY_POLICY == page.headers["content-security-policy"]
    assert "no-store" == page.headers["cache-control"]
    assert "nhsuk-header__logo" not in page.text
    assert "not an NHS service" in page.text


async def test_every_id_is_used_once_and_every_anchor_leads_somewhere(definitions: Definitions) -> None:
    source = '{"resourceType": "Patient",\n"gender": "boy",\n"name": [{}],\n"x": 1}'
    markup = Markup((await submit(site(definitions), "/validate", source=source)).text)
    assert sorted(set(markup.ids)) == sorted(markup.ids)
    assert markup.anchors - set(markup.ids) == set()


async def test_the_home_page_says_what_the_hub_is_and_leads_on(definitions: Definitions) -> None:
    page = await ask(site(definitions, conformance={"Observation": (BMI,)}), "/")
    assert "North Locality" in page.text
    assert "http://hub.example/fhir" in page.text
    for address in ("/fhir/metadata", "/fhir/.well-known/smart-configuration", "/validate"):
        assert f'href="{address}"' in page.text
    assert BMI in page.text


@pytest.mark.parametrize(
    ("base_url", "pages", "others"),
    [
        (
            "http://h/fhir",
            ["/", "/validate", "/assets/site.css"],
            ["/fhir", "/fhir/metadata", "/fhir/validate", "/validates", "/x"],
        ),
        ("http://h/north/fhir", ["/north/", "/north/validate"], ["/", "/validate", "/north/fhir/Patient", "/north"]),
        ("http://h", ["/", "/validate"], ["/metadata", "/Patient", "/Patient/$validate"]),
        ("http://h/validate", ["/"], ["/validate", "/validate/metadata"]),
    ],
)
async def test_pages_lie_beside_the_fhir_base_and_take_nothing_from_it(
    definitions: Definitions, base_url: str, pages: list[str], others: list[str]
) -> None:
    application = site(definitions, base_url=base_url)
    for path in pages:
        page = await ask(application, path)
        assert (200, False) == (page.status, page.text.startswith("FHIR"))
    for path in others:
        assert f"FHIR {path}" == (await ask(application, path)).text


async def test_a_batch_at_a_base_without_path_is_left_to_fhir(definitions: Definitions) -> None:
    assert "FHIR /" == (await ask(site(definitions, base_url="http://h"), "/", method="POST")).text


@pytest.mark.parametrize("path", ["/assets/../site.py", "/assets/%2e%2e/site.py", "/assets//etc/passwd", "/assets/"])
async def test_assets_are_the_only_files(definitions: Definitions, path: str) -> None:
    assert 404 == (await ask(site(definitions), path)).status


def test_json_on_one_long_line_is_laid_out_first(definitions: Definitions) -> None:
    resource = {"resourceType": "Patient", "gender": "boy", "name": [{"text": "x" * 200}]}
    made = judge(Submission(json.dumps(resource).encode()), {}, Validator(definitions))
    assert made.is_laid_out
    assert made.sheet.issues[0].issue.line == 3
    assert '  "gender": "boy",' == made.text.splitlines()[2]


def test_laying_out_hides_no_fault_and_changes_no_digit(definitions: Definitions) -> None:
    twice = b'{"resourceType": "Patient", "id": "a", "id": "b"' + b" " * 200 + b"}"
    made = judge(Submission(twice), {}, Validator(definitions))
    assert not made.is_laid_out
    digits = b'{"resourceType": "Observation", "valueQuantity": {"value": 1.0500}' + b" " * 200 + b"}"
    assert "1.0500" in judge(Submission(digits), {}, Validator(definitions)).text
