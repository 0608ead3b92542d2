import base64
import json
from urllib.parse import urlencode

import pytest
from tests.unit.connectathon.builders import exchange, message

from careloom.connectathon.exchange import Message
from careloom.connectathon.identity import Identities, Sender


def assertion(client: str) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"sub": client}).encode()).decode().rstrip("=")
    return f"e30.{claims}.c2ln"


def token_request(text: str) -> Message:
    form = urlencode({"grant_type": "client_credentials", "client_assertion": text})
    return message(form.encode(), content_type="application/x-www-form-urlencoded")


@pytest.fixture
def identities() -> Identities:
    return Identities({"hospital-epr": "hospital"})


def test_a_client_assertion_tells_the_sender(identities: Identities) -> None:
    assert Sender("hospital", "client assertion") == identities.sender(token_request(assertion("hospital-epr")), "")


def test_a_token_tells_the_sender_once_it_was_handed_out(identities: Identities) -> None:
    reading = message(authorization="Bearer opaque-1")
    assert Sender("", "") == identities.sender(reading, "")
    handed_out = message({"access_token": "opaque-1"})
    identities.learn(exchange(request=token_request(assertion("hospital-epr")), response=handed_out))
    assert Sender("hospital", "access token") == identities.sender(reading, "")


def test_a_gateway_with_one_sender_tells_it(identities: Identities) -> None:
    assert Sender("hub", "gateway") == identities.sender(message(), "hub")


def test_before_any_login_the_user_agent_is_believed_and_named_as_such(identities: Identities) -> None:
    assert Sender("hospital", "user agent") == identities.sender(message(user_agent="hospital-epr/1"), "")


@pytest.mark.parametrize(
    "text", ["", "a.b.c", "only-one-part", "e30.bm90IGpzb24.x", "e30.WzFd.x", "e30.eyJzdWIiOjV9.x"]
)
def test_an_assertion_that_makes_no_sense_tells_nobody(identities: Identities, text: str) -> None:
    assert Sender("", "") == identities.sender(token_request(text), "")
