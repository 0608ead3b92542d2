"""$import: resources out of files of NDJSON, line by line, with a report of every line that was refused.

Lines are read some at a time, and each is held to all that a write is held to: the client's rights, base FHIR,
profiles, the locality's choice. What is good of these lines is one commit, with its audit record; what is not is told
with the number of its line and keeps nothing else from being recorded. A resource with an id is recorded under it, over
what is there; one without gets an id. A line that says what is there already makes no version, so an import that was
cut off can be asked for again.

Source: FHIR R4, 3.1.7 asynchronous pattern; after the form of the draft Bulk Import, whose manifest it gives.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import islice
from typing import Any, Final

from careloom.model.instants import instant
from careloom.model.issues import operation_outcome
from careloom.model.records import dataclass, field, replace
from careloom.model.resource import Resource
from careloom.rest.access import judge_right, permitted
from careloom.rest.hub import Hub
from careloom.rest.job import Task
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.operation import Operation, Parameter
from careloom.rest.operations.bulk import NdjsonFiles, require_later, task_of
from careloom.rest.operations.importing.inputs import TAKES, Source, read_sources
from careloom.rest.operations.importing.lines import Failed, Line, Ready, read_lines, record_lines
from careloom.rest.parameters import inputs
from careloom.rest.threads import in_thread
from careloom.store import Turn, Version

AT_ONCE: Final = 100
"""Lines of one commit."""


async def import_lines(request: FhirRequest, hub: Hub) -> FhirResponse:
    """The work of an import: what is recorded, and the manifest that lists what was not."""
    task = task_of(request, hub)
    begun = hub.clock()
    reports = [_Report(number, each) for number, each in enumerate(_sources(request, hub), 1)]
    files = NdjsonFiles(task)
    for report in reports:
        async for lines in _batches(report.source, hub):
            versions, failed = await _imported(report.source, lines, request, hub)
            report.take(versions, failed)
            await in_thread(files.add, report.file, [_outcome(each) for each in failed])
            _tell(task, reports)
    manifest = {
        "transactionTime": instant(begun),
        "request": task.job.url,
        "requiresAccessToken": True,
        "output": [each for report in reports for each in report.recorded()],
        "error": [each for report in reports for each in report.refused(files)],
    }
    return FhirResponse(200, json=manifest)


async def check(request: FhirRequest, hub: Hub) -> None:
    """Refuse at once what the work would refuse as a whole.

    Raises:
        MalformedError: An input that cannot be understood.
        NotFoundError: A file that is not there.
        ForbiddenError: A type is named that the client may not write.
    """
    require_later(request, hub)
    for source in _sources(request, hub):
        if source.type and not judge_right("create", source.type, request, hub).permit:
            permitted(judge_right("update", source.type, request, hub))


def _sources(request: FhirRequest, hub: Hub) -> list[Source]:
    return read_sources(inputs(request, TAKES), hub)


@dataclass(slots=True)
class _Report:
    """What became of the lines of one source."""

    number: int
    source: Source
    by_type: Counter[str] = field(default_factory=Counter)
    failures: int = 0

    @property
    def file(self) -> str:
        """Name of the file of those refused, without its end."""
        return f"errors-{self.number}"

    def take(self, versions: Iterable[Version], failed: Iterable[Failed]) -> None:
        """Count."""
        self.by_type.update(version.type for version in versions)
        self.failures += sum(1 for _ in failed)

    def recorded(self) -> Iterator[dict[str, Any]]:
        """By type, how many lines are in the record now."""
        for type, count in sorted(self.by_type.items()):
            yield {"type": type, "inputUrl": self.source.name, "count": count}

    def refused(self, files: NdjsonFiles) -> Iterator[dict[str, Any]]:
        """The files that tell which lines are not."""
        for told in files.told():
            if told["type"] == self.file:
                yield {**told, "type": "OperationOutcome", "inputUrl": self.source.name}


async def _batches(source: Source, hub: Hub) -> AsyncIterator[list[Line]]:
    waiting = source.lines(hub.limits.body)
    while lines := await in_thread(lambda: list(islice(waiting, AT_ONCE))):
        yield lines


async def _imported(
    source: Source, lines: list[Line], request: FhirRequest, hub: Hub
) -> tuple[list[Version], list[Failed]]:
    read = await in_thread(read_lines, source, lines, request, hub)
    ready = [each for each in read if isinstance(each, Ready)]
    failed = [each for each in read if isinstance(each, Failed)]
    if not ready:
        return [], failed

    def work(turn: Turn) -> tuple[list[Version], list[Failed]]:
        return record_lines(turn, ready, request, hub)

    assert request.grant is not None
    versions, refused = await hub.repository.commit(work, cause=request.grant.client)
    return versions, sorted((*failed, *refused), key=lambda each: each.number)


def _outcome(failed: Failed) -> Resource:
    """A line that was refused, with its number in words and in HL7's extension for it."""
    number = failed.number
    told = (
        replace(each, diagnostics=f"line {number}: {each.diagnostics}", line=number, column=1) for each in failed.issues
    )
    return operation_outcome(told)


def _tell(task: Task, reports: Iterable[_Report]) -> None:
    told = list(reports)
    recorded, refused = sum(each.by_type.total() for each in told), sum(each.failures for each in told)
    task.tell(f"{recorded} lines recorded, {refused} refused")


IMPORT = (
    Operation(
        "import",
        import_lines,
        title="Records resources out of files of NDJSON",
        definition="http://hl7.org/fhir/uv/bulkdata/OperationDefinition/import",
        levels={"system": ""},
        affects_state=True,
        takes=TAKES,
        gives=(Parameter("manifest", "string", least=1, about="JSON that lists what was refused; not a resource"),),
        is_bulk=True,
        check=check,
    ),
)
"""$import."""
