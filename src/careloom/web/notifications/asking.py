"""The console asks the hub as a client does: by an address, decided and audited, and answered by an operation."""

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from careloom.governance import Grant
from careloom.model.errors import CareloomError
from careloom.model.parameters import Part, parts_of
from careloom.model.records import dataclass
from careloom.notify.console import Detail, Overview, from_parts
from careloom.rest.access import judge, permitted
from careloom.rest.hub import Hub
from careloom.rest.interaction import Interaction
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.outcomes import refusal
from careloom.rest.perform import perform


class RefusedError(CareloomError):
    """The hub did not do what was asked.

    Attributes:
        status: HTTP status of its answer.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Asking:
    """Somebody who looks, at the hub of the moment.

    Attributes:
        hub: Which answers.
        grant: With whose rights.
        address: Network address of the browser, for the audit trail.
    """

    hub: Hub
    grant: Grant
    address: str

    async def overview(self, query: Mapping[str, str], *, again: bool = False) -> Overview:
        """A page of the subscriptions that may be seen; ``again`` for a page that is open already.

        Raises:
            RefusedError: The viewer may not see any, or the query is none.
        """
        return from_parts(Overview, await self._parts("Subscription/$delivery", query, again=again))

    async def detail(self, id: str, *, again: bool = False) -> Detail:
        """One subscription.

        Raises:
            RefusedError: There is none, or none that the viewer may see.
        """
        return from_parts(Detail, await self._parts(f"Subscription/{_segment(id)}/$delivery", {}, again=again))

    async def replay(self, id: str, values: Mapping[str, str]) -> None:
        """Have events told once more.

        Args:
            id: Of the subscription.
            values: ``eventsSinceNumber``, ``eventsUntilNumber`` and ``endpoint``, as far as they are given.

        Raises:
            RefusedError: The viewer may not, or it cannot be done.
        """
        kinds = {"endpoint": "valueUrl"}
        given = [{"name": name, kinds.get(name, "valueString"): value} for name, value in values.items() if value]
        body = {"resourceType": "Parameters", "parameter": given} if given else None
        interaction, request = self._request("POST", f"Subscription/{_segment(id)}/$replay", {}, body)
        _parts_of(await perform(interaction, request, self.hub))

    async def disclosures(self, patient: str) -> list[Part]:
        """Who was told what of a patient, as `$disclosures` has it.

        Raises:
            RefusedError: There is no such patient, or the viewer may not know.
        """
        told: list[Part] = []
        page: str | None = ""
        while page is not None:
            query = {"page": page} if page else {}
            found = await self._parts(f"Patient/{_segment(patient)}/$disclosures", query, again=False)
            told += [each for each in found if each.get("name") == "disclosure"]
            page = next((str(each["valueString"]) for each in found if each.get("name") == "next"), None)
        return told

    async def _parts(self, path: str, query: Mapping[str, str], *, again: bool) -> list[Part]:
        interaction, request = self._request("GET", path, query)
        if again:
            return _parts_of(await self._look(interaction, request))
        return _parts_of(await perform(interaction, request, self.hub))

    async def _look(self, interaction: Interaction, request: FhirRequest) -> FhirResponse:
        """The answer without a record of its own: the page that is kept up to date has one since it was opened."""
        try:
            permitted(judge(interaction, request, self.hub))
            answer = await interaction.ask(request, self.hub)
        except CareloomError as error:
            return refusal(error)
        assert isinstance(answer, FhirResponse)
        return answer

    def _request(
        self, method: str, path: str, query: Mapping[str, str], body: dict[str, Any] | None = None
    ) -> tuple[Interaction, FhirRequest]:
        try:
            route = self.hub.routes.find(method, path)
        except CareloomError as error:
            raise _refused(refusal(error)) from error
        told = "&".join(f"{name}={quote(value)}" for name, value in query.items())
        request = FhirRequest(
            code="",
            method=method,
            url=f"{path}?{told}" if told else path,
            parameters=tuple(query.items()),
            body=body,
            grant=self.grant,
            request_id=self.hub.new_id(),
            address=self.address,
            deadline=time.monotonic() + self.hub.limits.seconds,
        )
        return route.interaction, route.addressed(request)


def _segment(id: str) -> str:
    """What was given as an id, as one segment of an address: what is none is refused by whoever reads the address."""
    return quote(id, safe="") or "-"


def _parts_of(answer: FhirResponse) -> list[Part]:
    if answer.status >= 400:
        raise _refused(answer)
    return list(parts_of((answer.resource or {}).get("parameter")))


def _refused(answer: FhirResponse) -> RefusedError:
    issues = (answer.resource or {}).get("issue", [])
    told = "; ".join(text for issue in issues if (text := issue.get("diagnostics") or issue.get("code", "")))
    return RefusedError(told or f"status {answer.status}", answer.status)
