"""How fast governance decides, recognises and issues: ``python benchmarks/decisions.py``.

One thread, 200 organisations with five agreements each. Every figure is the best of five runs, since what else the
machine does can only make a run slower.
"""

import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from careloom.governance import (
    AccessRequest,
    Agreement,
    AuditEntry,
    AuditSource,
    Authority,
    Client,
    Grant,
    Organisation,
    Registry,
    TokenAnswer,
    audit_event,
    decide,
    issue_token,
    new_key,
    parse_scopes,
    token_form,
    verify_token,
)
from careloom.governance.tokens import _grant

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TYPES = ("Patient", "Encounter", "Composition", "Condition", "MedicationStatement", "AllergyIntolerance")
CLIENT_KEY = new_key("RS384", kid="k")
AUTHORITY = Authority("https://hub.example/fhir", (new_key("ES256", kid="hub"),))
RUNS = 5


def region(organisations: int = 200, agreements: int = 5) -> Registry:
    """Neighbours that share with each other, each under several agreements."""
    names = [f"org-{number}" for number in range(organisations)]
    scopes = parse_scopes("system/*.cruds")
    return Registry(
        organisations=tuple(Organisation(name, name) for name in names),
        clients=tuple(Client(f"{name}-app", name, (CLIENT_KEY.public,), scopes) for name in names),
        agreements=tuple(
            Agreement(
                id=f"{name}-{number}",
                title="",
                parties=(name, names[(at + number + 1) % organisations]),
                interactions=frozenset({"read", "search"}),
                types=frozenset(TYPES[number : number + 2]),
                purposes=frozenset({"TREAT"}),
                start=NOW - timedelta(days=1),
                end=NOW + timedelta(days=1),
            )
            for at, name in enumerate(names)
            for number in range(agreements)
        ),
        purposes=frozenset({"TREAT", "HRESCH"}),
    )


def grant(purpose: str = "TREAT") -> Grant:
    """What a token of one of the clients proves."""
    scopes = parse_scopes("system/*.rs system/Composition.c")
    return Grant("org-7-app", "org-7", scopes, purpose, NOW + timedelta(minutes=5), "t", NOW)


def measure(name: str, call: Callable[[], object], times: int) -> None:
    """Print how many calls fit in a second."""
    best = min(_seconds(call, times) for _ in range(RUNS))
    print(f"{name:42} {times / best:>12,.0f} /s  {best / times * 1e6:>8.2f} µs")


def _seconds(call: Callable[[], object], times: int) -> float:
    started = time.perf_counter()
    for _ in range(times):
        call()
    return time.perf_counter() - started


def percentile(call: Callable[[], object], times: int, share: float) -> float:
    """Microseconds under which that share of the calls stays."""
    spent = sorted(_seconds(call, 1) for _ in range(times))
    return spent[int(times * share)] * 1e6


def main() -> None:
    """Measure everything."""
    registry, permitted, denied = region(), grant(), grant("HRESCH")
    asked = AccessRequest("read", "Composition", "1")
    assert decide(asked, permitted, registry, NOW).permit
    assert not decide(asked, denied, registry, NOW).permit
    measure("decide, permitted", lambda: decide(asked, permitted, registry, NOW), 200_000)
    print(f"{'  p99':42} {percentile(lambda: decide(asked, permitted, registry, NOW), 100_000, 0.99):>27.2f} µs")
    measure("decide, denied with its reason", lambda: decide(asked, denied, registry, NOW), 2_000)
    measure_tokens(registry)
    entry = AuditEntry(
        "read",
        NOW,
        request_id="r",
        grant=permitted,
        address="192.0.2.1",
        decision=decide(asked, permitted, registry, NOW),
    )
    source = AuditSource(AUTHORITY.base_url)
    measure("audit_event", lambda: audit_event(entry, source=source, registry=registry, id="a"), 20_000)


def measure_tokens(registry: Registry) -> None:
    """Issue and recognise; each assertion is used once, as in life."""
    forms = [
        token_form(
            CLIENT_KEY, client="org-7-app", token_url=AUTHORITY.token_url, scope="system/*.rs", now=NOW, purpose="TREAT"
        ).items()
        for _ in range(200)
    ]
    turn = itertools.cycle(forms)

    def issue() -> TokenAnswer:
        answer = issue_token(next(turn), authority=AUTHORITY, registry=registry, once=lambda *_: True, now=NOW)
        assert isinstance(answer, TokenAnswer), answer
        return answer

    token = issue().access_token

    def verify() -> Grant:
        return verify_token(token, authority=AUTHORITY, registry=registry, now=NOW)

    def verify_afresh() -> Grant:
        _grant.cache_clear()
        return verify()

    measure("issue_token, RS384 in and ES256 out", issue, 1_000)
    measure("verify_token, first time", verify_afresh, 1_000)
    measure("verify_token, again", verify, 200_000)


if __name__ == "__main__":
    main()
