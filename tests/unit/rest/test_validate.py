from tests.unit.rest.desk import Desk, patient

from careloom.model.errors import NotFoundError
from careloom.model.issues import Issue
from careloom.model.resource import Resource

_BAD = Issue("error", "value", "Patient.birthDate: a date expected, found 'x'", "Patient.birthDate")


def _parameters(**values: str | Resource) -> Resource:
    parameter = [
        {"name": name, "resource": value} if isinstance(value, dict) else {"name": name, "valueCode": value}
        for name, value in values.items()
    ]
    return {"resourceType": "Parameters", "parameter": parameter}


async def test_valid_and_invalid_are_both_told_with_200(desk: Desk) -> None:
    good = await desk("POST", "Patient/$validate", patient())
    desk.validator.issues["Patient"] = [_BAD]
    bad = await desk("POST", "Patient/$validate", patient())
    assert (good.status, bad.status) == (200, 200)
    assert good.resource is not None and good.resource["issue"][0]["severity"] == "information"
    assert bad.resource is not None and bad.resource["issue"][0]["expression"] == ["Patient.birthDate"]
    assert await desk.all("Patient") == []


async def test_resource_and_profile_may_come_in_parameters(desk: Desk) -> None:
    await desk("POST", "Patient/$validate", _parameters(resource=patient(), profile="https://p.example/P"))
    await desk("POST", "Patient/$validate?profile=https://p.example/Q", patient())
    assert desk.validator.asked == [("Patient", ("https://p.example/P",)), ("Patient", ("https://p.example/Q",))]


async def test_without_profile_the_localitys_choice_counts(desk: Desk) -> None:
    strict = desk.with_hub(conformance={"Patient": ("https://locality.example/P",)})
    await strict("POST", "Patient/$validate", patient())
    assert strict.validator.asked == [("Patient", ("https://locality.example/P",))]


async def test_recorded_resource_is_judged_where_none_is_sent(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    assert (await desk("GET", "Patient/p/$validate")).status == 200
    assert (await desk("POST", "Patient/p/$validate")).status == 200
    assert (await desk("GET", "Patient/q/$validate")).status == 404


async def test_mode_update_compares_the_id(desk: Desk) -> None:
    answer = await desk("POST", "Patient/p/$validate?mode=update", patient(id="q"))
    assert answer.resource is not None and answer.resource["issue"][0]["expression"] == ["Patient.id"]


async def test_mode_delete_asks_only_whether_it_is_there(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    assert (await desk("GET", "Patient/p/$validate?mode=delete")).status == 200
    assert (await desk("GET", "Patient/q/$validate?mode=delete")).status == 404


async def test_what_cannot_be_judged_is_400(desk: Desk) -> None:
    assert (await desk("POST", "Patient/$validate", _parameters(mode="create"))).status == 400
    assert (await desk("POST", "Patient/$validate?mode=guess", patient())).status == 400
    assert (await desk("POST", "Observation/$validate", patient())).status == 400


async def test_profile_that_is_not_known_is_422_and_named(desk: Desk) -> None:
    class Unknowing:
        def validate(self, resource: Resource, **_: object) -> list[Issue]:
            raise NotFoundError("StructureDefinition https://p.example/P is not in the loaded definitions")

    answer = await desk.with_hub(validator=Unknowing())(
        "POST", "Patient/$validate?profile=https://p.example/P", patient()
    )
    assert answer.status == 422
    assert answer.resource is not None and "https://p.example/P" in answer.resource["issue"][0]["diagnostics"]
