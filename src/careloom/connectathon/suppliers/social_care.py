"""The council's social-care system: a folder of documents, one to a person, and no webhook.

Its style: it looks somebody up when a case worker asks, by NHS number, and keeps what it was given as it came.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.routing import BaseRoute

from careloom.connectathon.suppliers.letter import NHS_NUMBER
from careloom.connectathon.suppliers.system import Action, Place
from careloom.connectathon.suppliers.wire import Answer
from careloom.model import serialize_json


class SocialCare:
    """The social-care system."""

    def __init__(self, place: Place) -> None:
        self._hub = place.hub
        self._folder = place.storage

    @property
    def actions(self) -> Mapping[str, Action]:
        """Log in, look for somebody's discharge letter."""
        return {"log in": self._log_in, "look for letter": self._look}

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """Nobody calls it."""
        return ()

    def state(self) -> Mapping[str, Any]:
        """The people it has a document of."""
        return {"documents": sorted(path.stem for path in self._folder.glob("*.json"))}

    async def work(self) -> None:
        """It does nothing by itself: a case worker asks."""

    def close(self) -> None:
        """Files need no closing."""

    async def _log_in(self, arguments: Mapping[str, str]) -> Mapping[str, Any]:
        answer = await self._hub.log_in()
        return {"status": answer.status}

    async def _look(self, arguments: Mapping[str, str]) -> Mapping[str, Any]:
        nhs_number = arguments["nhs-number"]
        people = await self._hub.get("Patient", {"identifier": f"{NHS_NUMBER}|{nhs_number}"})
        if not people.is_success:
            return _told(people)
        found = people.body.get("entry", [])
        if not found:
            return {"status": people.status, "told": "nobody by that number"}
        letters = await self._hub.get(
            "Composition", {"patient": f"Patient/{found[0]['resource']['id']}", "_include": "Composition:entry"}
        )
        if letters.is_success:
            (self._folder / f"{nhs_number}.json").write_bytes(serialize_json(letters.body, pretty=True))
        return _told(letters)


def _told(answer: Answer) -> Mapping[str, Any]:
    return {"status": answer.status, "told": answer.told}
