import pytest
from tests.unit.connectathon.builders import exchange, message

from careloom.connectathon.exchange import Exchange
from careloom.connectathon.redaction import fingerprint, redacted

TOKEN = "eyJhbGciOiJFUzM4NCJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def shown(made: Exchange) -> str:
    kept = redacted(made)
    return str((kept.request.headers, kept.request.body, kept.response.headers, kept.response.body))


@pytest.mark.parametrize(
    "made",
    [
        exchange(request=message(authorization=f"Bearer {TOKEN}")),
        exchange(request=message(f"grant_type=client_credentials&client_assertion={TOKEN}&scope=x".encode())),
        exchange(response=message({"access_token": TOKEN, "token_type": "bearer"})),
        exchange(response=message(f'{{"access_token": "{TOKEN}"}}'.encode())),
        exchange(response=message({"note": f"send {TOKEN} along"})),
        exchange(response=message(x_echo=f"Bearer {TOKEN}")),
    ],
)
def test_a_token_is_never_shown(made: Exchange) -> None:
    assert TOKEN not in shown(made)


def test_a_signing_secret_is_never_shown() -> None:
    assert SECRET not in shown(exchange(request=message({"secret": SECRET}), response=message(x_secret=SECRET)))


def test_the_same_token_has_the_same_fingerprint() -> None:
    kept = redacted(
        exchange(request=message(authorization=f"Bearer {TOKEN}"), response=message({"access_token": TOKEN}))
    )
    mark = fingerprint(TOKEN.encode())
    assert kept.request.header("authorization") == f"Bearer [redacted {mark}]"
    assert mark in kept.response.body.decode()


def test_what_is_not_secret_stays_byte_for_byte() -> None:
    made = exchange(
        request=message({"resourceType": "Patient"}, webhook_signature="v1,abc="), response=message(b"\xff")
    )
    assert redacted(made) == made
