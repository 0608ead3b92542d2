from tests.unit.validation.reporting.builders import finding, judgement, report


def test_a_file_without_findings_is_one_line() -> None:
    assert report("text", judgement()) == "a.json: valid\n"


def test_a_finding_is_shown_with_its_line_and_a_caret() -> None:
    assert report("text", judgement(finding())).splitlines() == [
        "a.json: not valid (1 error)",
        "  error: Patient.gender: wrong  [binding, https://p.test/p]",
        "     --> a.json:3:13",
        '    3 |   "gender": "boy"',
        "      |             ^",
    ]


def test_of_many_resources_only_those_with_findings_are_told_and_then_the_sum() -> None:
    records = (judgement(line=1, count=2), judgement(finding("warning", line=3), line=3), judgement(line=4, count=5))
    lines = report("text", *records).splitlines()
    assert lines[0] == "a.json:3: valid (1 warning)"
    assert lines[-1] == "a.json: 8 resources, all valid (1 warning)"


def test_several_files_end_with_a_sum() -> None:
    text = report("text", judgement(), judgement(finding(), file="b.json"))
    assert text.splitlines()[-1] == "2 files: 1 not valid (1 error)"


def test_a_summary_counts_by_rule_and_tells_no_finding() -> None:
    judgements = (judgement(finding(), finding("warning", rule="display")), judgement(file="b.json", ignored=2))
    assert report("text", *judgements, summary_only=True).splitlines() == [
        "2 files, 2 resources: 1 valid, 1 not valid (1 error, 1 warning, 2 ignored)",
        "",
        "     errors     others  rule     first at",
        "          1          0  binding  a.json:3",
        "          0          1  display  a.json:3",
    ]


def test_text_from_data_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in report("text", judgement(finding(message="\x1b[31mred"), file="\x1b.json"))
