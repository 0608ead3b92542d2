"""How the resources of the validator's page are judged: a few at once, on worker threads, and nothing is kept."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, cast

from careloom.model import Resource, parse_json, resource_type, serialize_json
from careloom.model.errors import CareloomError, DefinitionError, InvalidError, MalformedError, NotFoundError
from careloom.model.issues import Issue, Severity
from careloom.model.json_keys import has_duplicate_keys
from careloom.model.records import dataclass, replace
from careloom.rest.admission import READ_ONLY
from careloom.rest.threads import in_thread
from careloom.validation import Report, Validator, validate_text
from careloom.web.choices import Choice, defined_profiles
from careloom.web.sheet import Sheet, sheet

MOST_AT_ONCE = 2
"""Resources judged at once; requests to the record need the processor as well."""

_LONG = 200
"""Characters of a line that somebody has written by hand, at most."""

Mode = Literal["", "create", "update"]
MODES: Mapping[Mode, str] = {
    "": "Only whether it conforms",
    "create": "As if it were created here",
    "update": "As if it were updated here",
}


class BusyError(CareloomError):
    """As many resources are being judged as may be at once."""

    code = "throttled"


@dataclass(frozen=True, slots=True)
class Submission:
    """What somebody wants judged.

    Attributes:
        source: The text of a resource, JSON or XML.
        file_name: Of the file it came in, if it did.
        profile: Canonical URL of the profile chosen; empty for what the locality demands of the type.
        mode: What is to be done with it, see `MODES`.
    """

    source: bytes
    file_name: str = ""
    profile: str = ""
    mode: Mode = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The outcome.

    Attributes:
        text: The source as it was judged.
        is_laid_out: Whether it came on one long line and was laid out first.
        type: The resource type; empty where none could be read.
        profiles: What it was held to besides base FHIR and what it claims itself.
    """

    text: str
    is_laid_out: bool
    type: str
    profiles: tuple[str, ...]
    report: Report
    sheet: Sheet


class Judge:
    """Judges resources for whoever asks."""

    def __init__(self, validator: Validator, *, most: int = MOST_AT_ONCE) -> None:
        self._validator = validator
        self._most = most
        self._busy = 0
        self._profiles: tuple[Choice, ...] | None = None
        self._looking = asyncio.Lock()

    async def profiles(self) -> tuple[Choice, ...]:
        """The profiles that are defined; looked up once, however many ask."""
        async with self._looking:
            if self._profiles is None:
                self._profiles = await in_thread(defined_profiles, self._validator.definitions)
        return self._profiles

    async def judge(self, submission: Submission, demanded: Mapping[str, Sequence[str]]) -> Judgement:
        """Judge a resource.

        Args:
            submission: The resource, and what it is to be held to.
            demanded: By type, the profiles that count where none is chosen.

        Raises:
            BusyError: Too many are being judged already.
            InvalidError: The profile is not known or broken.
        """
        if self._busy >= self._most:
            raise BusyError(f"{self._most} resources are being judged, which is as many as may be at once")
        self._busy += 1
        try:
            return await in_thread(judge, submission, demanded, self._validator)
        finally:
            self._busy -= 1


def judge(submission: Submission, demanded: Mapping[str, Sequence[str]], validator: Validator) -> Judgement:
    """As `Judge.judge`, on the caller's thread."""
    source = _laid_out(submission.source)
    profiles: tuple[str, ...] = (submission.profile,) if submission.profile else ()
    report = _report(source, submission, profiles, validator)
    type = resource_type(report.resource) if report.resource else ""
    if not profiles and (profiles := tuple(demanded.get(type, ()))):
        report = _report(source, submission, profiles, validator)
    if report.resource is not None:
        report = replace(report, issues=(*_mode_issues(report.resource, type, submission.mode), *report.issues))
    text = report.text or source.decode("utf-8-sig", "replace")
    return Judgement(
        text=text,
        is_laid_out=source is not submission.source,
        type=type if type in validator.definitions.types.resource_types() else "",
        profiles=profiles,
        report=report,
        sheet=sheet(report, text, validator.definitions),
    )


def _report(source: bytes, submission: Submission, profiles: Sequence[str], validator: Validator) -> Report:
    try:
        return validate_text(validator, source, file_name=submission.file_name, profiles=profiles)
    except (NotFoundError, DefinitionError) as error:
        raise InvalidError(str(error), issues=error.issues) from error


def _laid_out(source: bytes) -> bytes:
    """JSON on lines of its own where it came on one long line; everything else as it is."""
    if b"\n" in source.strip() or len(source) < _LONG:
        return source
    try:
        value = parse_json(source)
    except MalformedError:
        return source
    if not isinstance(value, dict) or has_duplicate_keys(source, value):
        return source
    return serialize_json(value, pretty=True)


def _mode_issues(resource: Resource, type: str, mode: Mode) -> Iterator[Issue]:
    """What the hub would say of the resource because of what is to be done with it."""
    id = resource.get("id")
    if mode and type in READ_ONLY:
        yield _of_the_whole("error", "not-supported", f"{type} is written by the hub alone", type)
    if mode == "update" and not isinstance(id, str):
        yield _of_the_whole("error", "required", "an id expected, which an update is addressed to; none found", type)
    if mode == "create" and id is not None:
        yield _of_the_whole(
            "information", "informational", f"a created resource gets a new id; {id!r} is not kept", type
        )


def _of_the_whole(severity: Severity, code: str, text: str, type: str) -> Issue:
    return Issue(severity, code, text, type).at(1, 1)


def mode_of(text: str) -> Mode:
    """A mode by its name; what is none counts as not chosen."""
    return cast("Mode", text) if text in MODES else ""
