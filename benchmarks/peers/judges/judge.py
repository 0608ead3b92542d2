"""A validator in Python behind the peers' conversation: ``python judge.py NAME``, in an environment that has it.

A line ``PATH<tab>FROM<tab>TO`` on standard input asks for those lines of an NDJSON file to be judged; a line of JSON
on standard output answers with the processor's seconds and with one character for each resource: 1 valid, 0 not,
! where the validator itself broke down.
Before the first question, one line tells the version. Parsing counts; reading the file does not.
"""

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

Judge = Callable[[bytes], bool]


def standard_json() -> Judge:
    """The standard library's parser, which says nothing about FHIR."""
    return lambda line: json.loads(line) is not None


def orjson_alone() -> Judge:
    """The parser that times are counted in."""
    import orjson  # noqa: PLC0415

    return lambda line: orjson.loads(line) is not None


def careloom() -> Judge:
    """Base R4 with every check and invariant, as ``Validator()`` comes."""
    from careloom.model import parse_json  # noqa: PLC0415
    from careloom.model.issues import has_errors  # noqa: PLC0415
    from careloom.validation import Validator  # noqa: PLC0415

    validator = Validator()
    return lambda line: not has_errors(validator.validate(parse_json(line)))


def fhir_resources() -> Judge:
    """Its models of R4B; R4 itself it no longer has."""
    import orjson  # noqa: PLC0415
    from fhir.resources.R4B import get_fhir_model_class  # noqa: PLC0415
    from pydantic import ValidationError  # noqa: PLC0415

    def judge(line: bytes) -> bool:
        resource = orjson.loads(line)
        try:
            get_fhir_model_class(resource["resourceType"]).model_validate(resource)
        except (ValidationError, KeyError):  # KeyError: a type that it has no model of
            return False
        return True

    return judge


def fhirkit_rs() -> Judge:
    """Its validator, which takes the text."""
    import fhirkit  # noqa: PLC0415

    return lambda line: not any(issue.severity == "error" for issue in fhirkit.validate(line))


def pyrofile() -> Judge:
    """With the R4 core package and its terminology, as its documentation advises."""
    import orjson  # noqa: PLC0415
    from pyrofile_validator import Validator  # noqa: PLC0415
    from pyrofile_validator.config import ValidatorConfig  # noqa: PLC0415

    config = {"fhirVersion": "4.0.1", "localPackagePaths": [os.environ["CORE"]], "terminology": {"mode": "local"}}
    validator = Validator(ValidatorConfig.load_dict(config))

    def judge(line: bytes) -> bool:
        with contextlib.redirect_stdout(sys.stderr):  # it prints traces of its FHIRPath
            return not validator.validate_resource(orjson.loads(line)).errors

    return judge


JUDGES: dict[str, tuple[str, Callable[[], Judge]]] = {
    "careloom": ("careloom", careloom),
    "fhir.resources": ("fhir.resources", fhir_resources),
    "fhirkit-rs": ("fhirkit-rs", fhirkit_rs),
    "json": ("", standard_json),
    "orjson": ("orjson", orjson_alone),
    "pyrofile": ("pyrofile-validator", pyrofile),
}
"""Name to the distribution that its version is asked of, and to what makes it."""


def main() -> None:
    """Answer until standard input ends."""
    distribution, make = JUDGES[sys.argv[1]]
    judge = make()
    _tell(version=version(distribution) if distribution else sys.version.split()[0])
    for question in sys.stdin:
        path, first, last = question.rstrip("\n").split("\t")
        _tell(**_answer(judge, Path(path), int(first), int(last)))


def _answer(judge: Judge, path: Path, first: int, last: int) -> dict[str, Any]:
    with path.open("rb") as lines:
        asked = list(islice(lines, first, last))
    before = time.process_time()
    verdicts = "".join(_verdict(judge, line) for line in asked)
    return {"seconds": time.process_time() - before, "verdicts": verdicts}


def _verdict(judge: Judge, line: bytes) -> str:
    try:
        return "1" if judge(line) else "0"
    except Exception:  # whatever it is, it is no verdict, and the page counts it
        return "!"


def _tell(**said: Any) -> None:
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
