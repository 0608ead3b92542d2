"""How a terminology operation is answered over HTTP: what was asked, of what, by whom, and then the plain function."""

from collections.abc import Callable, Iterator, Sequence

from careloom.model.errors import (
    DefinitionError,
    DeletedError,
    InvalidError,
    MalformedError,
    NotFoundError,
    NotSupportedError,
)
from careloom.model.instants import Clock
from careloom.model.parameters import Inputs, Part
from careloom.model.records import dataclass
from careloom.model.resource import Resource
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.operation import Parameter
from careloom.rest.ownership import known
from careloom.rest.parameters import inputs
from careloom.rest.terminology.needs import Kind, needs_of_question
from careloom.rest.terminology.recorded import maps_between
from careloom.rest.threads import in_thread
from careloom.store import Version
from careloom.terminology import Terminology

Answer = Callable[[Terminology, Resource, Clock], Resource]


@dataclass(frozen=True, slots=True)
class Question:
    """A terminology operation, as an interaction.

    Attributes:
        answer: From the Parameters to what the operation gives.
        takes: What it declares.
        about: The type of what it asks, which is that of the parameter ``url``.
        names: The parameters that say what is asked; at an instance the address says it, and they are refused.
    """

    answer: Answer
    takes: tuple[Parameter, ...]
    about: Kind
    names: tuple[str, ...]

    async def __call__(self, request: FhirRequest, hub: Hub) -> FhirResponse:
        """Answer.

        Raises:
            MalformedError: A parameter that is not understood, or lacking.
            NotFoundError: What is asked about is not known.
            NotSupportedError: It cannot be answered here.
            TooCostlyError: The answer is over a ceiling.
        """
        if hub.terminology is None:
            raise NotSupportedError(f"{request.code}: this hub has no terminology")
        given = inputs(request, self.takes)
        recorded = await self._recorded(request, given, hub)
        if recorded is not None:
            given = self._of_instance(given, recorded)
        versions = [recorded] if recorded else []
        if self.about == "ConceptMap":
            versions += await maps_between(*_ends(given), request, hub)
        gathered = await hub.terminology.gathered(needs_of_question(given, self.about), request, hub, versions)
        try:
            answer = await in_thread(self.answer, gathered.terminology, given.parameters, hub.clock)
        except DefinitionError:
            raise
        except InvalidError as error:
            raise MalformedError(str(error), issues=error.issues) from error
        return FhirResponse(200, answer, versions=gathered.versions)

    async def _recorded(self, request: FhirRequest, given: Inputs, hub: Hub) -> Version | None:
        """The resource in the address; None where only a type is there."""
        if not request.id:
            return None
        for name in self.names:
            if given.has(name):
                raise MalformedError(f"{name}: not expected, since the address names the {self.about}", expression=name)
        version = known(await hub.repository.read(request.type, request.id), request, hub)
        if version is None:
            raise NotFoundError(f"{request.type}/{request.id} is not known")
        if version.resource is None:
            raise DeletedError(f"{request.type}/{request.id} was deleted")
        return version

    def _of_instance(self, given: Inputs, version: Version) -> Inputs:
        """The parameters with what the address says among them."""
        resource = version.resource or {}
        parts: Sequence[Part] = list(_parts_for(resource, self.names))
        return Inputs({"resourceType": "Parameters", "parameter": [*parts, *given.parameters["parameter"]]})


def _parts_for(resource: Resource, names: Sequence[str]) -> Iterator[Part]:
    """What says that a resource is meant: itself, or the URL and version of a code system."""
    type = str(resource["resourceType"])
    if type != "CodeSystem":
        yield {"name": f"{type[0].lower()}{type[1:]}", "resource": resource}
        return
    if not isinstance(resource.get("url"), str):
        raise InvalidError(f"CodeSystem/{resource['id']}: a url expected, found none")
    yield {"name": "url" if "url" in names else "system", "valueUri": resource["url"]}
    if isinstance(resource.get("version"), str):
        yield {"name": "version", "valueString": resource["version"]}


def _ends(given: Inputs) -> tuple[str, str]:
    """The value sets that a concept map is to lie between."""
    ends = given.text("source"), given.text("target")
    return (ends[1], ends[0]) if given.flag("reverse") else ends
