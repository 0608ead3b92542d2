"""The arguments of ``careloom validate``, and how it ends: its exit code, and silence where a reader has gone.

The signature below is the one declaration of the arguments. The command line is read by it in two ways: `declared`
hands it to the toolkit that explains, completes and complains, and `plain` reads it where none of that is called for.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

from careloom.model.errors import CareloomError

if TYPE_CHECKING:
    from careloom.cli.validate.request import Request

INVALID = 1
CANNOT_RUN = 2
INTERRUPTED = 130
READER_GONE = 141

SHORT = {"jobs": "-j"}
"""Options that have a short name besides."""


def validate(
    *files: str | Path,
    profile: tuple[str, ...] = (),
    package: tuple[str, ...] = (),
    definitions: tuple[Path, ...] = (),
    resolve: tuple[str, ...] = (),
    setting: tuple[str, ...] = (),
    ignore: Path | None = None,
    terminology_store: Path | None = None,
    terminology_server: str = "",
    terminology_settings: Path | None = None,
    fail_on: Literal["error", "warning"] = "error",
    format: Literal["text", "json", "ndjson", "junit", "sarif", "html"] = "text",
    summary: bool = False,
    watch: bool = False,
    jobs: int = 1,
    engine: Literal["local", "ray"] = "local",
) -> NoReturn:
    """Judge FHIR resources, JSON or XML, by their type, by what meta.profile claims, and by the profiles given.

    Exits with 0 when every resource is valid, 1 when one is not, 2 when the question could not be asked.

    Args:
        files: Files, folders, patterns, NDJSON (plain, .gz, .zst), or - for standard input.
        profile: Canonical URL of a profile that each resource must conform to; may be repeated.
        package: FHIR package, NAME@VERSION as installed or FILE.tgz; may be repeated.
        definitions: File with a profile, value set or other definition; may be repeated.
        resolve: REF=FILE gives the resource behind a reference; may be repeated.
        setting: NAME=VALUE as the HL7 validator names its settings; may be repeated.
        ignore: TOML file of known findings, each with reason and day of expiry.
        terminology_store: Folder of code systems that `careloom terminology load` made, unless it is the usual one.
        terminology_server: Base URL of a terminology server, asked about codes that nothing here knows.
        terminology_settings: TOML file with a section [terminology], such as the settings of a hub.
        fail_on: Severity from which a finding makes the exit code 1.
        format: Text for people, one OperationOutcome or one finding a line, JUnit, SARIF, or a page of HTML.
        summary: Only the sums, by rule (text).
        watch: Judge again whatever changes, until interrupted (text).
        jobs: Processes to judge in; results come in order all the same.
        engine: Where the processes run: on this machine, or on Ray (extra careloom[ray]).
    """
    from careloom.cli.validate.request import Request  # noqa: PLC0415  (help and other commands need none of it)

    request = Request(
        files=tuple(map(str, files)),
        profiles=profile,
        packages=package,
        definitions=definitions,
        references=resolve,
        settings=setting,
        ignore=ignore,
        terminology_store=terminology_store,
        terminology_server=terminology_server,
        terminology_settings=terminology_settings,
        fail_on=fail_on,
        format=format,
        summary=summary,
        watch=watch,
        jobs=jobs,
        engine=engine,
    )
    sys.exit(_code(request))


def _code(request: "Request") -> int:
    """The exit code of a run, with what could not be done told on standard error."""
    from careloom.cli.validate.run import run  # noqa: PLC0415

    try:
        is_passed = run(request)
        sys.stdout.flush()
    except CareloomError as error:
        return _cannot_run(str(error))
    except KeyboardInterrupt:
        _forget_output()
        return INTERRUPTED
    except BrokenPipeError:
        _forget_output()
        return READER_GONE
    except OSError as error:
        _forget_output()
        return _cannot_run(str(error))
    return 0 if is_passed else INVALID


def _cannot_run(message: str) -> int:
    sys.stderr.write(f"careloom validate: {message}\n")
    return CANNOT_RUN


def _forget_output() -> None:
    """Let the interpreter flush what nobody reads to nowhere, instead of complaining at its end."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # standard output is no file, so nothing is flushed to it at the end
        return
