import pytest

from careloom.definitions import PackageId
from careloom.definitions.index import IndexEntry, read_index, write_index
from careloom.model.errors import MalformedError


@pytest.mark.parametrize("text", ["hl7.fhir.r4.core@4.0.1", "hl7.fhir.r4.core#4.0.1"])
def test_a_package_is_named_with_either_mark(text: str) -> None:
    id = PackageId.parse(text)
    assert (str(id), id.folder) == ("hl7.fhir.r4.core@4.0.1", "hl7.fhir.r4.core#4.0.1")


@pytest.mark.parametrize("text", ["", "name", "name@", "@1.0"])
def test_half_a_name_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="NAME@VERSION"):
        PackageId.parse(text)


def test_an_index_reads_back_as_written() -> None:
    entries = (IndexEntry("A.json", "ValueSet", "a", "http://a", "1"), IndexEntry("B.json", "CodeSystem"))
    assert read_index(write_index(reversed(entries))) == entries


def test_an_index_that_is_none_is_refused() -> None:
    with pytest.raises(MalformedError, match="files"):
        read_index(b"[]")
