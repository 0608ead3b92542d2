import threading
from collections.abc import Callable
from typing import Any, TypeVar

from tests.unit.rest.desk import Desk, entry, patient, registry, transaction

from careloom.model.errors import UnavailableError
from careloom.rest.at_hand import SMALL
from careloom.store import Turn, Version

T = TypeVar("T")


class Failing:
    """A repository whose writer fails, or all of whose methods do something unforeseen."""

    def __init__(self, inner: Any, error: Exception, *, reads: bool = False) -> None:
        self._inner = inner
        self._error = error
        self._reads = reads
        self.prepare = inner.prepare

    async def commit(self, work: Callable[[Turn], T], **how: Any) -> T:
        if not self._reads:
            raise self._error
        found: T = await self._inner.commit(work, **how)
        return found

    async def read(self, type: str, id: str) -> Version | None:
        if self._reads:
            raise self._error
        found: Version | None = await self._inner.read(type, id)
        return found


async def test_every_answer_names_its_audit_record(desk: Desk) -> None:
    answer = await desk("PUT", "Patient/p", patient(id="p"))
    [audit] = await desk.audits()
    assert answer.headers["Careloom-Audit"] == f"AuditEvent/{audit['id']}"
    assert (audit["action"], audit["outcome"], audit["subtype"][0]["code"]) == ("U", "0", "update")
    references = [entity["what"].get("reference") for entity in audit["entity"]]
    assert {"Patient/p", "Patient/p/_history/1"} <= set(references)


async def test_read_is_audited_with_the_patient_it_is_about(desk: Desk) -> None:
    await desk("PUT", "Condition/c", {"resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/p"}})
    await desk("GET", "Condition/c")
    audit = (await desk.audits())[0]
    assert audit["subtype"][0]["code"] == "read"
    assert "Patient/p" in [entity["what"].get("reference") for entity in audit["entity"]]


async def test_refusal_is_audited_with_its_reason_and_nothing_is_done(desk: Desk) -> None:
    poor = desk.with_hub(registry=registry(interactions=frozenset({"read"})))
    answer = await poor("PUT", "Patient/p", patient(id="p"))
    assert answer.status == 403
    [audit] = await desk.audits()
    assert audit["outcome"] == "8" and "covers only read" in audit["outcomeDesc"]
    assert await desk.all("Patient") == []


async def test_what_cannot_be_audited_is_not_told(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    full = desk.with_hub(repository=Failing(desk.hub.repository, UnavailableError("disk full")))
    answer = await full("GET", "Patient/p")
    assert answer.status == 503
    assert answer.resource is not None and answer.resource["resourceType"] == "OperationOutcome"
    assert "Careloom-Audit" not in answer.headers


async def test_write_that_the_disk_refuses_is_503(desk: Desk) -> None:
    full = desk.with_hub(repository=Failing(desk.hub.repository, UnavailableError("disk full")))
    assert (await full("PUT", "Patient/p", patient(id="p"))).status == 503


async def test_fault_of_ours_is_500_audited_and_tells_nothing_of_the_inside(desk: Desk) -> None:
    broken = desk.with_hub(repository=Failing(desk.hub.repository, KeyError("secret inside"), reads=True))
    answer = await broken("GET", "Patient/p")
    assert answer.status == 500
    assert "secret" not in str(answer.resource)
    assert (await desk.audits())[0]["outcome"] == "12"


async def test_write_and_audit_are_one_commit(desk: Desk) -> None:
    commits: list[str] = []

    class Counting:
        prepare = desk.hub.repository.prepare

        async def commit(self, work: Callable[[Turn], T], **how: Any) -> T:
            commits.append(how.get("cause", ""))
            found: T = await desk.hub.repository.commit(work, **how)
            return found

    await desk.with_hub(repository=Counting())("PUT", "Patient/p", patient(id="p"))
    assert commits == ["acute-epr"]
    assert len(await desk.audits()) == 1


async def test_validation_of_what_is_not_small_never_runs_on_the_event_loop(desk: Desk) -> None:
    large = patient(
        text={"status": "generated", "div": f"<div xmlns='http://www.w3.org/1999/xhtml'>{'x' * SMALL}</div>"}
    )
    for _ in range(2):
        await desk("POST", "Patient", large)
        await desk("PUT", "Patient/p", large | {"id": "p"})
        await desk("POST", "Patient/$validate", large)
        for type in ("batch", "transaction"):
            await desk("POST", "", transaction(entry("POST", "Patient", large), type=type))
    assert len(desk.validator.asked) == 10
    assert threading.main_thread() not in desk.validator.threads


async def test_batch_and_transaction_are_told_apart_in_the_audit(desk: Desk) -> None:
    for type in ("batch", "transaction"):
        await desk("POST", "", transaction(type=type))
    assert [audit["subtype"][0]["code"] for audit in await desk.audits()] == ["transaction", "batch"]


async def test_search_that_shows_several_patients_is_audited_for_each(desk: Desk) -> None:
    for id in ("p", "q"):
        await desk("PUT", f"Patient/{id}", patient(id=id))
    before = len(await desk.audits())
    await desk("GET", "Patient?family=ashe")
    written = (await desk.audits())[: len(await desk.audits()) - before]
    assert len(written) == 2
