from lxml import etree
from tests.unit.validation.reporting.builders import finding, judgement, report


def test_files_are_suites_and_resources_are_cases_and_the_counts_agree() -> None:
    text = report(
        "junit",
        judgement(),
        judgement(line=1, count=2, file="b.ndjson"),
        judgement(finding(line=3), line=3, file="b.ndjson"),
    )
    root = etree.fromstring(text.encode())
    assert (root.tag, {str(name): str(value) for name, value in root.items()}) == (
        "testsuites",
        {"name": "careloom validate", "tests": "3", "failures": "1", "errors": "0"},
    )
    suites = root.findall("testsuite")
    assert [(suite.get("name"), suite.get("tests"), suite.get("failures")) for suite in suites] == [
        ("a.json", "1", "0"),
        ("b.ndjson", "2", "1"),
    ]
    for suite in suites:
        assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
        assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure"))


def test_a_failure_names_rule_and_message() -> None:
    failure = etree.fromstring(report("junit", judgement(finding())).encode()).find("testsuite/testcase/failure")
    assert failure is not None
    assert (failure.get("type"), failure.get("message")) == ("binding", "Patient.gender: wrong")
    assert '"gender": "boy"' in str(failure.text)


def test_a_warning_fails_only_where_warnings_do() -> None:
    warned = judgement(finding("warning"))
    assert 'failures="0"' in report("junit", warned)
    assert 'failures="1"' in report("junit", warned, fail_on="warning")


def test_what_data_and_file_names_hold_cannot_break_the_document() -> None:
    hostile = judgement(finding(message="</failure>]]>&\x00\x1b\ud800\ufffe"), file='<"&\x01.json')
    root = etree.fromstring(report("junit", hostile).encode())
    failure = root.find("testsuite/testcase/failure")
    assert failure is not None
    assert str(failure.get("message")).startswith("</failure>]]>&")
