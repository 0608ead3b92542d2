"""What is cut for those whose a subscription is not."""

import pytest

from careloom.notify.console.veil import veiled_endpoint, veiled_filter, veiled_text


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("https://gp.example/hook", "https://gp.example/hook"),
        ("https://gp.example:8443/hook?token=abc", "https://gp.example:8443/hook?…"),
        ("https://user:pass@gp.example/hook#there", "https://gp.example/hook?…"),
        ("mailto:ann@gp.example", "mailto:…"),
        ("", ""),
        ("https://[", "…"),
    ],
)
def test_an_address_keeps_nothing_that_may_let_in(url: str, seen: str) -> None:
    assert seen == veiled_endpoint(url)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Encounter?patient=Patient/1", "Encounter?patient=…"),
        ("Encounter?patient=Patient/1&date=ge2026-01-01", "Encounter?patient=…&date=…"),
    ],
)
def test_a_filter_names_no_patient(text: str, seen: str) -> None:
    assert seen == veiled_filter(text)


def test_an_address_that_an_error_quotes_is_cut_there_too() -> None:
    endpoint = "https://gp.example/hook?token=abc"
    assert "'https://gp.example/hook?…' is refused" == veiled_text(f"'{endpoint}' is refused", endpoint)
    assert "as it is" == veiled_text("as it is", "")
