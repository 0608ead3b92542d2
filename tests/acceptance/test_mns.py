"""The signals of NHS England's Multicast Notification Service: its examples are read, its schema takes what we write.

Both are read from a copy of its public repository, whose folder CARELOOM_MNS names.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it has no types

from careloom.connectors.signals import read_signal_bundle, signal_bundle

SUBSCRIPTIONS = "https://api.service.nhs.uk/multicast-notification-service/subscriptions"


@pytest.fixture(scope="module")
def schemas() -> Path:
    folder = Path(os.environ.get("CARELOOM_MNS", "multicast-notification-service")) / "signal-schemas"
    if not folder.is_dir():
        pytest.skip("CARELOOM_MNS names no copy of NHSDigital/multicast-notification-service")
    return folder


def test_every_example_is_read_and_written_as_the_schema_has_it(schemas: Path) -> None:
    schema = json.loads((schemas / "fhirsignal.schema.json").read_text())
    event: dict[str, Any] = schema["$defs"]["mns-fhir-signal"]["properties"]["resource"]["properties"]["parameter"]
    parts = event["prefixItems"][3]["properties"]["part"]
    if isinstance(parts.get("items"), list):  # a list is how drafts before 2020-12 wrote what is prefixItems now
        parts["prefixItems"] += parts.pop("items")
    validator = Draft202012Validator(schema)
    examples = sorted(schemas.glob("**/signal.json"))
    assert examples
    for file in examples:
        example = json.loads(file.read_text())
        signal = read_signal_bundle(example)
        again = signal_bundle(signal, SUBSCRIPTIONS)
        assert [] == [error.message for error in validator.iter_errors(again)], file
        assert example["entry"][0]["resource"]["parameter"] == again["entry"][0]["resource"]["parameter"], file
