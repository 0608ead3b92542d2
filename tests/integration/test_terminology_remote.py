"""A terminology server on this machine: asked when nothing here knows, and never believed too much."""

import base64
import http.server
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from tests.patience import PATIENCE
from tests.unit.terminology.building import CS, OTHER, SNOMED, VS, definitions, listed, value_set

from careloom.model import Resource
from careloom.model.errors import InvalidError, NotSupportedError
from careloom.terminology import ExpansionRequest, Terminology
from careloom.terminology.remote import AnswerCache, ClientCredentials, Http, TerminologyServer

Reply = tuple[int, dict[str, Any] | bytes]
SECRET = "s:e cret"
ISA = value_set({"system": SNOMED, "filter": [{"property": "concept", "op": "is-a", "value": "1"}]})


@dataclass
class Server:
    """A small FHIR server: `reply` answers, `asked` remembers what came."""

    reply: Callable[[str, dict[str, Any]], Reply]
    asked: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)
    tokens: int = 0
    refused: set[str] = field(default_factory=set)
    url: str = ""


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/token":
                status, answer = token(server, self.headers["Authorization"], parse_qs(body.decode()))
            else:
                authorization = self.headers.get("Authorization", "")
                server.asked.append((self.path, json.loads(body), authorization))
                refused = authorization.removeprefix("Bearer ") in server.refused
                status, answer = (401, {}) if refused else server.reply(self.path, json.loads(body))
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            if status == 302:
                self.send_header("Location", server.url)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None: ...

    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{listening.server_port}"
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


def token(server: Server, authorization: str, form: dict[str, list[str]]) -> Reply:
    server.tokens += 1
    pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
    if (pair, form["grant_type"]) != ("me:s%3Ae+cret", ["client_credentials"]):
        return 401, {"error": "invalid_client"}
    return 200, {"access_token": f"token-{server.tokens}", "token_type": "Bearer", "expires_in": 300}


def told(**values: Any) -> dict[str, Any]:
    keys = {bool: "valueBoolean", str: "valueString"}
    return {
        "resourceType": "Parameters",
        "parameter": [{"name": name, keys[type(value)]: value} for name, value in values.items()],
    }


def says_yes_to(*codes: str) -> Callable[[str, dict[str, Any]], Reply]:
    def reply(path: str, asked: dict[str, Any]) -> Reply:
        code = next(part["valueCode"] for part in asked["parameter"] if part["name"] == "code")
        if code not in codes:
            return 200, told(result=False, message="no")
        return 200, told(result=True, display=f"Display of {code}")

    return reply


def remote(server: Server, **arguments: Any) -> TerminologyServer:
    return TerminologyServer(server.url, **arguments)


def asking(port: TerminologyServer, *resources: Resource) -> Terminology:
    return Terminology(definitions(ISA, *resources), remote=port)


def result(made: Terminology, code: str = "1") -> str:
    return made.validate_code(VS, system=SNOMED, code=code).result


def test_the_server_says_what_nobody_here_knows() -> None:
    with serving(Server(says_yes_to("1"))) as server:
        made = asking(remote(server))
        answer = made.validate_code(VS, system=SNOMED, code="1")
        assert ("in", "Display of 1", "out") == (answer.result, answer.display, result(made, "2"))
        assert {"/ValueSet/$validate-code"} == {path for path, _, _ in server.asked}


def test_the_server_is_not_asked_what_is_known_here() -> None:
    with serving(Server(says_yes_to("1"))) as server:
        made = Terminology(definitions(value_set(listed("dog"))), remote=remote(server))
        assert ["in", "out"] == [made.validate_code(VS, system=CS, code=code).result for code in ("dog", "cat")]
        assert [] == server.asked


def test_only_codes_and_value_sets_are_sent_those_that_are_imported_too() -> None:
    importing = value_set({"valueSet": [OTHER]})
    with serving(Server(says_yes_to("1"))) as server:
        made = Terminology(definitions(importing, value_set({"system": SNOMED}, url=OTHER)), remote=remote(server))
        made.validate_code(VS, system=SNOMED, code="1", display="secret words")
        (_, asked, _) = server.asked[0]
        names = [part["name"] for part in asked["parameter"]]
        assert ["valueSet", "tx-resource", "code", "system", "abstract"] == names
        assert "secret words" not in json.dumps(asked)


def test_a_code_system_is_asked_for_a_code() -> None:
    with serving(Server(says_yes_to("1"))) as server:
        made = asking(remote(server))
        assert (True, False) == (made.has_code(SNOMED, "1"), made.has_code(SNOMED, "2"))
        assert {"/CodeSystem/$validate-code"} == {path for path, _, _ in server.asked}


def test_a_value_set_is_expanded_and_given_as_ours() -> None:
    contains = [{"system": SNOMED, "code": "1", "display": "One"}, {"system": SNOMED, "code": "2", "inactive": True}]
    expanded = {"resourceType": "ValueSet", "url": VS, "expansion": {"total": 9, "contains": contains}}
    with serving(Server(lambda path, asked: (200, expanded))) as server:
        expansion = asking(remote(server)).expand(VS, ExpansionRequest(count=2, text="on"))
        assert ([("1", "One", False), ("2", "", True)], 9) == (
            [(entry.code, entry.display, entry.is_inactive) for entry in expansion.entries],
            expansion.total,
        )
        assert {"filter", "count"} < {part["name"] for part in server.asked[0][1]["parameter"]}


def test_a_page_that_nobody_asked_for_is_not_taken_for_the_whole() -> None:
    contains = [{"system": SNOMED, "code": "1"}]
    page = {"resourceType": "ValueSet", "url": VS, "expansion": {"total": 9, "contains": contains}}
    with serving(Server(lambda path, asked: (200, page))) as server, pytest.raises(NotSupportedError):
        asking(remote(server)).expand(VS)


def test_answers_are_kept_over_restarts(tmp_path: Path) -> None:
    with serving(Server(says_yes_to("1"))) as server:
        for _ in range(2):
            cache = AnswerCache(tmp_path / "answers.db")
            made = asking(remote(server, cache=cache))
            assert ["in", "out", "in"] == [result(made, code) for code in ("1", "2", "1")]
            cache.close()
        assert 2 == len(server.asked)


def test_an_answer_does_not_serve_another_value_set(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "answers.db")
    with serving(Server(says_yes_to("1"))) as server:
        result(asking(remote(server, cache=cache)))
        changed = Terminology(definitions(value_set({"system": SNOMED})), remote=remote(server, cache=cache))
        result(changed)
        assert 2 == len(server.asked)
    cache.close()


def test_an_answer_grows_old(tmp_path: Path) -> None:
    now = [1000.0]
    cache = AnswerCache(tmp_path / "answers.db", lifetime=60, now=lambda: now[0])
    with serving(Server(says_yes_to("1"))) as server:
        for later in (0, 59, 2):
            now[0] += later
            assert "in" == result(asking(remote(server, cache=cache)))
        assert 2 == len(server.asked)
    cache.close()


def test_the_oldest_answers_make_room(tmp_path: Path) -> None:
    now = [0.0]
    cache = AnswerCache(tmp_path / "answers.db", now=lambda: now[0], max_answers=10)
    for number in range(11):
        now[0] += 1
        cache.put(str(number).encode(), b"x")
    assert [None, None, b"x"] == [cache.get(question) for question in (b"0", b"1", b"2")]
    cache.close()


def test_a_cache_that_is_no_database_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "answers.db").write_bytes(b"this is not a database, though it is long enough to be one" * 30)
    with serving(Server(says_yes_to("1"))) as server:
        assert "in" == result(asking(remote(server, cache=AnswerCache(tmp_path / "answers.db"))))


@pytest.mark.parametrize(
    "reply",
    [
        (500, b"oops"),
        (503, {}),
        (429, {}),
        (404, {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "not-found"}]}),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b""),
        (200, {"resourceType": "Bundle"}),
        (302, {}),
        (403, {}),
        (200, {"resourceType": "Parameters", "parameter": [{"name": "result", "valueString": "true"}]}),
    ],
)
def test_what_goes_wrong_is_unknown_with_its_reason(reply: Reply) -> None:
    with serving(Server(lambda path, asked: reply)) as server:
        made = asking(remote(server))
        answer = made.validate_code(VS, system=SNOMED, code="1")
        assert "unknown" == answer.result
        assert "terminology server" in answer.message
        assert made.has_code(SNOMED, "1") is None
        with pytest.raises(NotSupportedError):
            made.expand(VS)


def test_a_server_that_does_not_answer_is_left_alone_for_a_while() -> None:
    now = [0.0]
    with serving(Server(lambda path, asked: (500, b""))) as server:
        made = asking(remote(server, clock=lambda: now[0]))
        assert ["unknown"] * 3 == [result(made, code) for code in ("1", "2", "3")]
        assert 1 == len(server.asked)
        server.reply = says_yes_to("1")
        assert "unknown" == result(made)
        now[0] = 31.0
        assert "in" == result(made)


def test_a_server_that_is_not_there_is_unknown() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    made = asking(TerminologyServer(f"http://127.0.0.1:{port}"))
    assert "unknown" == result(made)


@pytest.mark.parametrize("pause", ["before", "within"])
def test_a_server_that_is_too_slow_is_unknown_in_time(pause: str) -> None:
    """Silent from the start, or a byte now and then, which no timeout of a single read would end."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            connection, _ = listening.accept()
            with connection:
                if pause == "within":
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                while not stop.wait(0.05):
                    if pause == "within":
                        try:
                            connection.sendall(b" ")
                        except OSError:
                            return

        thread = threading.Thread(target=drip)
        thread.start()
        started = time.monotonic()
        port = TerminologyServer(f"http://127.0.0.1:{listening.getsockname()[1]}", http=Http(timeout=0.3))
        assert "unknown" == result(asking(port))
        assert time.monotonic() - started < PATIENCE, "to its end it would take an hour"
        stop.set()
        thread.join()


def test_a_token_is_fetched_once_and_sent() -> None:
    with serving(Server(says_yes_to("1"))) as server:
        credentials = ClientCredentials(f"{server.url}/token", "me", SECRET, "system/*.read")
        made = asking(remote(server, credentials=credentials))
        assert ["in", "out"] == [result(made, code) for code in ("1", "2")]
        assert (["Bearer token-1"] * 2, 1) == ([each[2] for each in server.asked], server.tokens)


def test_a_token_is_renewed_before_its_end_and_when_it_is_refused() -> None:
    now = [0.0]
    with serving(Server(says_yes_to("1"))) as server:
        credentials = ClientCredentials(f"{server.url}/token", "me", SECRET, clock=lambda: now[0])
        made = asking(remote(server, credentials=credentials))
        result(made, "1")
        now[0] = 280.0
        result(made, "2")
        server.refused.add("token-2")
        assert "out" == result(made, "3")
        assert ["token-1", "token-2", "token-2", "token-3"] == [each[2].split()[1] for each in server.asked]


def test_credentials_that_are_refused_are_unknown_and_the_secret_is_not_told() -> None:
    with serving(Server(says_yes_to("1"))) as server:
        credentials = ClientCredentials(f"{server.url}/token", "me", "a wrong secret")
        answer = asking(remote(server, credentials=credentials)).validate_code(VS, system=SNOMED, code="1")
        assert ("unknown", []) == (answer.result, server.asked)
        assert "invalid_client" in answer.message
        assert "wrong secret" not in answer.message


def test_credentials_are_not_sent_in_the_clear() -> None:
    with pytest.raises(InvalidError, match="https expected"):
        ClientCredentials("http://tx.example.org/token", "me", SECRET)
    credentials = ClientCredentials("https://tx.example.org/token", "me", SECRET)
    with pytest.raises(InvalidError, match="https expected"):
        TerminologyServer("http://tx.example.org/fhir", credentials=credentials)
    with pytest.raises(InvalidError, match="http or https"):
        TerminologyServer("file:///etc/passwd")
