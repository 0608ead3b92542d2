"""A layer finds by address and type, and tells of resources without reading them."""

from careloom.definitions.layer import Layer

A = {"resourceType": "ValueSet", "id": "a", "url": "http://a", "version": "1.2.0", "title": "Old"}
B = {"resourceType": "ValueSet", "id": "b", "url": "http://a", "version": "1.10.0", "title": "New", "status": "draft"}
C = {"resourceType": "CodeSystem", "id": "c", "url": "http://a", "version": "2.0.0"}


def test_the_newest_of_a_type_is_found() -> None:
    found = Layer.of_resources([A, B, C]).find("http://a", "", "ValueSet")
    assert found is not None
    assert found.resource is B


def test_without_a_type_the_newest_of_all_is_found() -> None:
    found = Layer.of_resources([A, B, C]).find("http://a", "", None)
    assert found is not None
    assert found.resource is C


def test_a_part_of_a_version_narrows() -> None:
    found = Layer.of_resources([A, B, C]).find("http://a", "1.2", "ValueSet")
    assert found is not None
    assert found.resource is A


def test_a_definition_stays_the_same_object() -> None:
    layer = Layer.of_resources([A, B])
    assert layer.of_type("ValueSet")[1] is layer.find("http://a", "", None)


def test_heads_tell_plain_properties_alone() -> None:
    heads = Layer.of_resources([A, B]).heads("ValueSet", ("url", "title", "status"))
    assert list(heads) == [
        {"url": "http://a", "title": "Old"},
        {"url": "http://a", "title": "New", "status": "draft"},
    ]
