"""Signatures, judged by the library that the authors of Standard Webhooks publish."""

from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from careloom.model.errors import InvalidError, LoginError
from careloom.notify.signature import new_secret, secret_bytes, signed_headers, verify

NOW = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
BODY = b'{"resourceType":"Bundle"}'


def test_a_foreign_verifier_accepts_our_signature() -> None:
    secret = new_secret()
    headers = signed_headers(secret, "id-1", datetime.now(UTC), BODY)
    assert {"resourceType": "Bundle"} == Webhook(secret).verify(BODY, headers)


def test_we_accept_a_foreign_signature() -> None:
    secret = new_secret()
    headers = {
        "webhook-id": "id-1",
        "webhook-timestamp": str(int(NOW.timestamp())),
        "webhook-signature": Webhook(secret).sign("id-1", NOW, BODY.decode()),
    }
    assert "id-1" == verify(secret, headers, BODY, now=NOW)


def test_one_right_signature_among_several_is_enough() -> None:
    secret = new_secret()
    headers = signed_headers(secret, "id-1", NOW, BODY)
    headers["webhook-signature"] = f"v1,AAAA v1a,BBBB {headers['webhook-signature']}"
    assert "id-1" == verify(secret, headers, BODY, now=NOW)


@pytest.mark.parametrize("change", ["body", "id", "timestamp", "secret"])
def test_any_change_breaks_the_signature(change: str) -> None:
    secret = new_secret()
    headers = signed_headers(secret, "id-1", NOW, BODY)
    if change == "id":
        headers["webhook-id"] = "id-2"
    if change == "timestamp":
        headers["webhook-timestamp"] = str(int(NOW.timestamp()) + 1)
    body = BODY + b" " if change == "body" else BODY
    with pytest.raises(LoginError, match="webhook-signature"):
        verify(new_secret() if change == "secret" else secret, headers, body, now=NOW)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_an_old_or_future_timestamp_is_refused(minutes: int) -> None:
    secret = new_secret()
    headers = signed_headers(secret, "id-1", NOW + timedelta(minutes=minutes), BODY)
    with pytest.raises(LoginError, match="webhook-timestamp"):
        verify(secret, headers, BODY, now=NOW)


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_named(missing: str) -> None:
    secret = new_secret()
    headers = signed_headers(secret, "id-1", NOW, BODY)
    del headers[missing]
    with pytest.raises(LoginError, match=missing):
        verify(secret, headers, BODY, now=NOW)


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_c2hvcnQ=", "c2VjcmV0LXdpdGhvdXQtcHJlZml4LWF0LWFsbA==", "whsec_%%%"]
)
def test_a_broken_secret_is_refused_without_repeating_it(secret: str) -> None:
    with pytest.raises(InvalidError) as caught:
        secret_bytes(secret)
    assert not secret.removeprefix("whsec_") or secret.removeprefix("whsec_") not in str(caught.value)
