"""``careloom validate``: judge files, and say what is wrong where."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

from cyclopts import Parameter

from careloom.definitions import Definitions
from careloom.model import parse_json, serialize_json
from careloom.model.errors import CareloomError, InvalidError, MalformedError, NotFoundError
from careloom.model.issues import Issue, operation_outcome
from careloom.validation import Report, Validator, validate_text
from careloom.validation.inputs import layered, options_from, resolver

CORE = "hl7.fhir.r4.core@4.0.1"
WIDTH = 110
"""Characters of a source line that are shown around the place of an issue."""


def validate(
    *files: Path,
    profile: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    definitions: Annotated[tuple[Path, ...], Parameter(negative=())] = (),
    package: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    resolve: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    setting: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    format: Literal["text", "json"] = "text",
) -> NoReturn:
    """Judge FHIR resources, JSON or XML, by their type, by what meta.profile claims, and by the profiles given.

    Exits with 0 when every file is valid, 1 when one is not, 2 when the question could not be asked.

    Args:
        files: What to judge.
        profile: Canonical URL of a profile that each file must conform to; may be repeated.
        definitions: File with a profile, value set or other definition; may be repeated.
        package: FHIR package, NAME@VERSION as installed or FILE.tgz; may be repeated.
        resolve: REF=FILE gives the resource behind a reference; may be repeated.
        setting: NAME=VALUE as the HL7 validator names its settings; may be repeated.
        format: Text for people, or one OperationOutcome a line.
    """
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        if not files:
            raise InvalidError("a file to validate expected, none given")
        reports = _reports(
            files,
            profiles=profile,
            definitions=definitions,
            packages=package,
            references=_pairs(resolve),
            settings=_pairs(setting),
        )
        is_valid = True
        for report in reports:
            sys.stdout.write(_as_json(report) if format == "json" else as_text(report))
            is_valid = is_valid and report.is_valid
    except CareloomError as error:
        sys.stderr.write(f"careloom validate: {error}\n")
        sys.exit(2)
    sys.exit(0 if is_valid else 1)


def _reports(
    files: Sequence[Path],
    *,
    profiles: Sequence[str],
    definitions: Sequence[Path],
    packages: Sequence[str],
    references: Mapping[str, str],
    settings: Mapping[str, str],
) -> Iterable[Report]:
    archives = [Path(package) for package in packages if package.endswith((".tgz", ".tar.gz"))]
    installed = [package for package in packages if not package.endswith((".tgz", ".tar.gz"))]
    known = layered(Definitions.load([CORE, *installed]), files=definitions, packages=archives)
    options = options_from({name: _setting_value(text) for name, text in settings.items()})
    validator = Validator(known, options=options)
    resolve = resolver({reference: Path(file) for reference, file in references.items()}, known)
    for file in files:
        yield validate_text(validator, _read(file), file_name=str(file), profiles=profiles, resolve=resolve)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise NotFoundError(f"{file}: {error.strerror or error}") from error


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    pairs = dict(text.partition("=")[::2] for text in texts)
    for text in texts:
        if "=" not in text:
            raise InvalidError(f"NAME=VALUE expected, '{text}' found")
    return pairs


def _setting_value(text: str) -> Any:
    """A setting as JSON where it is JSON, as text otherwise."""
    try:
        return parse_json(text)
    except MalformedError:
        return text


def _as_json(report: Report) -> str:
    return serialize_json(operation_outcome(report.issues)).decode() + "\n"


def as_text(report: Report) -> str:
    """A report for people: a line of summary, then each issue with its line of the source and a caret."""
    lines = [_summary(report)]
    source = report.text.splitlines()
    for issue in report.issues:
        lines.append(f"  {issue.severity}: {_clean(issue.diagnostics)}{_rule(issue)}")
        if 0 < issue.line <= len(source):
            lines.extend(_excerpt(report.file_name, issue, source[issue.line - 1]))
    return "\n".join(lines) + "\n"


def _summary(report: Report) -> str:
    counts = [(severity, sum(issue.severity == severity for issue in report.issues)) for severity in _SEVERITIES]
    told = ", ".join(f"{count} {severity}{'s' if count > 1 else ''}" for severity, count in counts if count)
    return f"{report.file_name}: {'valid' if report.is_valid else 'not valid'}{f' ({told})' if told else ''}"


_SEVERITIES = ("fatal", "error", "warning", "information")


def _rule(issue: Issue) -> str:
    told = [part for part in (issue.rule, issue.profile) if part]
    return f"  [{', '.join(told)}]" if told else ""


def _excerpt(file_name: str, issue: Issue, line: str) -> list[str]:
    """The place, the line of the source around it, and a caret under it."""
    column = max(issue.column, 1)
    start = max(0, column - WIDTH // 2) if len(line) > WIDTH else 0
    shown = _clean(line[start : start + WIDTH])
    number = str(issue.line)
    margin = " " * len(number)
    caret = " " * (column - 1 - start) + "^"
    return [
        f"    {margin}--> {file_name}:{issue.line}:{issue.column}",
        f"    {number} | {shown}",
        f"    {margin} | {caret}",
    ]


def _clean(text: str) -> str:
    """Text that cannot steer a terminal."""
    return "".join(character if character.isprintable() else " " for character in text)
