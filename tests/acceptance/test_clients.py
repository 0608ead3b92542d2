"""Libraries that nobody here wrote, in Python and JavaScript, do all they can against a hub on either database."""

from collections.abc import Callable

import pytest
from benchmarks.peers import homes
from tests.acceptance.programs import HERE, beside_judge, cases, faults
from tests.integration.hub import HubProcess

pytestmark = pytest.mark.slow


def fhirclient() -> homes.Home:
    """The Python library fhirclient of the SMART team."""
    interpreter = homes.python("fhirclient", "fhirclient==4.4.0").command[0]
    return homes.Home([interpreter, str(HERE / "fhirclient_cases.py")])


def fhir_kit_client() -> homes.Home:
    """The JavaScript library fhir-kit-client."""
    return homes.node("fhir-kit-client", HERE / "fhir_kit_client.mjs", "fhir-kit-client@2.0.3")


def fhirclient_js() -> homes.Home:
    """The JavaScript library fhirclient of the SMART team."""
    return homes.node("fhirclient.js", HERE / "fhirclient_js.mjs", "fhirclient@2.6.3")


CLIENTS = [fhirclient, fhir_kit_client, fhirclient_js]


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.__name__)
def test_a_client_can_do_all_it_wants(hub: HubProcess, client: Callable[[], homes.Home]) -> None:
    try:
        command = client().command
    except homes.AbsentError as error:
        pytest.skip(str(error))
    beside_judge(command[-1])
    found = cases(command, hub.base_url)
    assert not faults(found), faults(found)
