"""``careloom synth``: made-up records to try things on."""

import sys
from itertools import islice
from typing import Annotated, NoReturn

from cyclopts import Parameter, validators

from careloom.model import serialize_json
from careloom.synth import population


def synth(*, count: Annotated[int, Parameter(validator=validators.Number(gte=0))] = 1_000, seed: int = 1) -> NoReturn:
    """Write made-up clinical records, one a line, as NDJSON; the same for the same seed.

    Patients with encounters, conditions, observations, medications, allergies, procedures and immunizations, in
    British shape: NHS numbers of the test range, ODS codes, SNOMED CT. Each is valid and conforms to UK Core.

    Args:
        count: How many resources.
        seed: Any number.
    """
    for resource in islice(population(seed), count):
        sys.stdout.buffer.write(serialize_json(resource) + b"\n")
    sys.stdout.buffer.flush()
    sys.exit(0)
