"""The signals of NHS England's Multicast Notification Service: its examples are read, its schema takes what we write.

Both are read from a copy of its public repository, whose folder CARELOOM_MNS names. Where several versions of the
schema lie there, as it was published over time, what we write of an example is good for each that the example is good
for; the newest is ``fhirsignal.schema.json``.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it has no types
from tests.unit.notify.signals.test_writer import a_patient, a_stay, told

from careloom.definitions import Definitions
from careloom.notify.signals import read_signal_bundle, signal_bundle
from careloom.notify.signals.writer import SignalWriter
from careloom.search import SearchParameters

SUBSCRIPTIONS = "https://api.service.nhs.uk/multicast-notification-service/subscriptions"
NEWEST = "fhirsignal.schema.json"


@pytest.fixture(scope="module")
def schemas() -> Path:
    folder = Path(os.environ.get("CARELOOM_MNS", "multicast-notification-service")) / "signal-schemas"
    if not folder.is_dir():
        pytest.skip("CARELOOM_MNS names no copy of NHSDigital/multicast-notification-service")
    return folder


@pytest.fixture(scope="module")
def parameters(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions)


def problems(bundle: dict[str, Any], file: Path) -> list[str]:
    """What a version of the schema says of a Bundle."""
    schema = json.loads(file.read_text())
    event: dict[str, Any] = schema["$defs"]["mns-fhir-signal"]["properties"]["resource"]["properties"]["parameter"]
    parts = event["prefixItems"][3]["properties"]["part"]
    if isinstance(parts.get("items"), list):  # a list is how drafts before 2020-12 wrote what is prefixItems now
        parts["prefixItems"] += parts.pop("items")
    return [error.message for error in Draft202012Validator(schema).iter_errors(bundle)]


@pytest.mark.parametrize(
    "more", [{}, {"silence": "denied"}, {"content": "id-only"}, {"is_too_large": True}], ids=lambda more: str([*more])
)
def test_what_a_hub_tells_is_as_the_schema_has_it(
    schemas: Path, parameters: SearchParameters, more: dict[str, Any]
) -> None:
    signal = SignalWriter({}, parameters, "example.hub").signal(told(a_stay(), a_patient(), **more))
    assert signal is not None
    assert [] == problems(signal_bundle(signal, SUBSCRIPTIONS), schemas / NEWEST)


def test_every_example_is_read_and_written_as_the_schema_has_it(schemas: Path) -> None:
    examples = sorted(schemas.glob("**/signal.json"))
    assert examples
    for file in examples:
        example = json.loads(file.read_text())
        again = signal_bundle(read_signal_bundle(example), SUBSCRIPTIONS)
        assert [] == problems(again, schemas / NEWEST), file
        for version in sorted(schemas.glob("fhirsignal.schema*.json")):
            assert problems(example, version) or not problems(again, version), (file, version)
        assert example["entry"][0]["resource"]["parameter"] == again["entry"][0]["resource"]["parameter"], file
