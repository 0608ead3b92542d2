import pytest
from lxml import html
from tests.unit.validation.reporting.builders import finding, judgement, report

from careloom.model.issues import Issue
from careloom.validation.batch.judgement import Finding, Judgement
from careloom.validation.reporting import html as html_report


def page(*judgements: Judgement) -> html.HtmlElement:
    return html.document_fromstring(report("html", *judgements))


def test_the_page_is_one_file_without_script_or_anything_to_fetch() -> None:
    root = page(judgement(finding()))
    assert root.xpath("//script|//link|//img|//iframe|//@src|//@href|//@onclick") == []
    assert root.xpath("//style")


def test_findings_are_grouped_by_resource_in_the_order_they_come() -> None:
    other = Finding(Issue("error", "structure", "x", rule="list"), "Patient/2 (entry 1)")
    root = page(judgement(finding(), other, finding("warning")))
    groups = [(section.findtext("h2"), len(section.findall("ol/li"))) for section in root.iter("section")]
    assert groups == [("Patient/1", 2), ("Patient/2 (entry 1)", 1)]


def test_a_finding_says_in_plain_words_what_is_wrong_and_what_to_do() -> None:
    text = " ".join(page(judgement(finding())).text_content().split())
    assert "Must be put right" in text
    assert "A code is not one of those allowed" in text
    assert "What to do: Choose a code from the value set" in text
    for detail in ("Patient.gender", "line 3, column 13", "binding", "https://p.test/p"):
        assert detail in text


def test_the_place_in_the_source_line_is_marked() -> None:
    root = page(judgement(finding()))
    assert root.xpath("//pre/mark/text()") == ['"']
    assert root.xpath("string(//pre)").endswith('"gender": "boy"')


def test_what_data_holds_is_shown_and_not_run() -> None:
    root = page(judgement(finding(message="<script>alert(1)</script>"), file="<b>.json"))
    assert root.xpath("//script|//b") == []
    assert "<script>alert(1)</script>" in root.text_content()


def test_nothing_found_is_said() -> None:
    assert "Nothing was found" in page(judgement()).text_content()


def test_a_page_has_an_end_and_says_how_much_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_report, "MOST_FINDINGS", 2)
    text = page(*(judgement(finding(), line=line) for line in range(1, 6))).text_content()
    assert "3 further findings not shown here" in text
    assert text.count("What to do") == 2
