"""fhirpathpy as a timed engine: the same conversation as that of fhirpath.mjs beside this file."""

import json
import sys
import time
from importlib.metadata import version

import fhirpathpy
from fhirpathpy.models import models


def main() -> None:
    """Answer every question with the seconds of one evaluation."""
    print(json.dumps({"version": version("fhirpathpy")}), flush=True)
    for line in sys.stdin:
        question = json.loads(line)
        resource, repeats = question["resource"], question["repeats"]
        evaluate = fhirpathpy.compile(question["expression"], models["r4"])
        seconds = min(_round(evaluate, resource, repeats) for _ in range(question["rounds"]))
        print(json.dumps({"seconds": seconds}), flush=True)


def _round(evaluate, resource, repeats: int) -> float:
    variables = {"resource": resource, "rootResource": resource}
    start = time.perf_counter()
    for _ in range(repeats):
        evaluate(resource, variables)
    return (time.perf_counter() - start) / repeats


if __name__ == "__main__":
    main()
