"""Large code systems on disk: loaded from files, asked, replaced, refused."""

import gzip
import json
import threading
from pathlib import Path
from typing import Any

import pytest
import zstandard
from tests.unit.terminology.building import CS, VS, code_system, codes, concept, definitions, filtered, value_set

from careloom.model import Resource, serialize_json
from careloom.model.errors import (
    CareloomError,
    DefinitionError,
    MalformedError,
    NotFoundError,
    TooCostlyError,
    UnavailableError,
)
from careloom.terminology import Terminology
from careloom.terminology.content import CodeSystemContent, code_system_content
from careloom.terminology.stored import CodeSystemStore, Loaded, hierarchy, load_code_system


def load(folder: Path, resource: Resource, name: str = "cs.json") -> Loaded:
    file = folder / name
    file.write_bytes(serialize_json(resource))
    return load_code_system(file, folder / "store")


def stored(folder: Path, **fields: Any) -> CodeSystemContent:
    load(folder, code_system(**fields))
    content = CodeSystemStore(folder / "store").find(CS)
    assert content is not None
    return content


def lines(resource: Resource) -> bytes:
    header = {key: value for key, value in resource.items() if key != "concept"}
    return b"\n".join(serialize_json(each) for each in (header, *resource["concept"])) + b"\n"


def test_a_stored_code_system_says_what_one_in_memory_says(tmp_path: Path) -> None:
    whole = code_system(version="3", title="Things")
    there, here = stored(tmp_path, version="3", title="Things"), code_system_content(whole)
    everything = [concept.code for concept in here.concepts()]
    for name in ("url", "version", "title", "is_complete", "is_supplement", "is_case_sensitive", "property_codes"):
        assert getattr(here, name) == getattr(there, name), name
    assert sorted(everything) == sorted(concept.code for concept in there.concepts())
    for code in (*everything, "unicorn", ""):
        mine, theirs = here.find(code), there.find(code)
        assert (mine is None) == (theirs is None)
        if mine and theirs:
            for name in (
                "code",
                "display",
                "parents",
                "is_inactive",
                "is_abstract",
                "definition",
                "terms",
                "properties",
            ):
                assert getattr(mine, name) == getattr(theirs, name), (code, name)
        assert set(here.ancestors(code)) == set(there.ancestors(code))
        assert set(here.descendants(code)) == set(there.descendants(code))
        assert [here.below(code)(each) for each in everything] == [there.below(code)(each) for each in everything]


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        ("is-a", {"dog", "puppy"}),
        ("descendent-of", {"puppy"}),
        ("is-not-a", {"animal", "cat", "dodo", "plant"}),
        ("generalizes", {"dog", "animal"}),
    ],
)
def test_a_value_set_draws_on_a_stored_code_system(tmp_path: Path, op: str, expected: set[str]) -> None:
    load(tmp_path, code_system())
    made = Terminology(
        definitions(value_set(filtered("concept", op, "dog"))), store=CodeSystemStore(tmp_path / "store")
    )
    assert expected == set(codes(made))
    assert expected == {
        code
        for code in ("animal", "dog", "puppy", "cat", "dodo", "plant", "unicorn")
        if made.validate_code(VS, system=CS, code=code).result == "in"
    }


@pytest.mark.parametrize(
    "name", ["cs.ndjson", "cs.jsonl", "cs.ndjson.gz", "cs.ndjson.zst", "cs.json.gz", "cs.json.zst"]
)
def test_every_form_of_file_is_read(tmp_path: Path, name: str) -> None:
    data = serialize_json(code_system()) if ".json." in name else lines(code_system())
    packed = {".gz": gzip.compress(data), ".zst": zstandard.compress(data)}
    (tmp_path / name).write_bytes(packed.get(Path(name).suffix, data))
    assert 6 == load_code_system(tmp_path / name, tmp_path / "store").concepts


def test_lines_may_be_parts_of_the_code_system(tmp_path: Path) -> None:
    parts = [code_system(concept("a")), code_system(concept("b", properties={"parent": "a"}))]
    (tmp_path / "cs.ndjson").write_bytes(b"\n\n".join(map(serialize_json, parts)))
    load_code_system(tmp_path / "cs.ndjson", tmp_path / "store")
    content = CodeSystemStore(tmp_path / "store").find(CS)
    assert content is not None
    assert content.below("a")("b")


def test_decimals_in_properties_keep_their_digits(tmp_path: Path) -> None:
    text = json.dumps(code_system(concept("a", property=[{"code": "dose", "valueDecimal": 0}])))
    (tmp_path / "cs.json").write_text(text.replace('"valueDecimal": 0', '"valueDecimal": 1.50'))
    load_code_system(tmp_path / "cs.json", tmp_path / "store")
    content = CodeSystemStore(tmp_path / "store").find(CS)
    found = content.find("a") if content else None
    assert found is not None
    assert ("1.50",) == found.values("dose")


def test_case_does_not_matter_where_the_system_says_so(tmp_path: Path) -> None:
    content = stored(tmp_path, caseSensitive=False)
    found = content.find("DOG")
    assert found is not None
    assert ("dog", True) == (found.code, content.below("ANIMAL")("Puppy"))


def test_versions_stand_beside_each_other_and_the_newest_is_meant(tmp_path: Path) -> None:
    for version in ("2", "10", "1.5"):
        load(tmp_path, code_system(concept(f"only-{version}"), version=version))
    store = CodeSystemStore(tmp_path / "store")
    found = [store.find(CS, version) for version in ("", "1", "2", "3")]
    assert ["10", "1.5", "2", None] == [content and content.version for content in found]
    assert ["1.5", "2", "10"] == [content.version for content in store.systems()]


def test_loading_again_replaces_and_leaves_nothing_behind(tmp_path: Path) -> None:
    before = stored(tmp_path)
    load(tmp_path, code_system(concept("new")))
    after = CodeSystemStore(tmp_path / "store").find(CS)
    assert after is not None
    assert (None, "new") == (after.find("dog"), getattr(after.find("new"), "code", None))
    assert before.find("dog") is not None  # who has the old one open goes on with it
    assert 1 == len(list((tmp_path / "store").iterdir()))


def test_content_of_the_definitions_comes_before_the_store(tmp_path: Path) -> None:
    load(tmp_path, code_system(concept("stored")))
    store = CodeSystemStore(tmp_path / "store")
    whole = Terminology(definitions(code_system(concept("defined"))), store=store)
    assert (True, False) == (whole.has_code(CS, "defined"), whole.has_code(CS, "stored"))
    empty = Terminology(definitions(code_system(content="not-present", concept=[])), store=store)
    assert (False, True) == (empty.has_code(CS, "defined"), empty.has_code(CS, "stored"))


def test_threads_share_a_code_system(tmp_path: Path) -> None:
    content, wrong = stored(tmp_path), list[str]()

    def ask() -> None:
        for _ in range(300):
            if not content.below("animal")("puppy") or content.find("dog") is None:
                wrong.append("x")

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == wrong


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (b"{", MalformedError, "cs.json"),
        (b'{"resourceType":"ValueSet"}', DefinitionError, "a CodeSystem expected, ValueSet found"),
        (b'{"resourceType":"CodeSystem"}', DefinitionError, "with a url expected"),
        (b'{"resourceType":"CodeSystem","url":"u","concept":[{}]}', MalformedError, "code"),
        (
            b'{"resourceType":"CodeSystem","url":"u","concept":[{"code":"a","property":[1]}]}',
            MalformedError,
            "property",
        ),
        (b'{"resourceType":"CodeSystem","url":"u","supplements":"x"}', DefinitionError, "a supplement found"),
        (serialize_json(code_system(concept("a"), concept("a"))), DefinitionError, "a found twice"),
        (
            serialize_json(
                code_system(concept("a", properties={"parent": "b"}), concept("b", properties={"parent": "a"}))
            ),
            DefinitionError,
            "no loop in the hierarchy expected, found a under b under a",
        ),
    ],
)
def test_a_file_that_is_no_code_system_is_refused_and_leaves_nothing(
    tmp_path: Path, data: bytes, error: type[CareloomError], message: str
) -> None:
    (tmp_path / "cs.json").write_bytes(data)
    with pytest.raises(error, match=message):
        load_code_system(tmp_path / "cs.json", tmp_path / "store")
    assert [] == list(tmp_path.glob("store/*"))


def test_a_line_that_is_wrong_is_told_by_its_number(tmp_path: Path) -> None:
    (tmp_path / "cs.ndjson").write_bytes(lines(code_system()) + b'{"display": "no code"}\n')
    with pytest.raises(MalformedError, match=r"cs\.ndjson line 4"):
        load_code_system(tmp_path / "cs.ndjson", tmp_path / "store")
    (tmp_path / "two.ndjson").write_bytes(lines(code_system()) + serialize_json(code_system(version="2")))
    with pytest.raises(DefinitionError, match="one code system a file expected"):
        load_code_system(tmp_path / "two.ndjson", tmp_path / "store")


def test_a_broken_archive_and_a_missing_file_are_told(tmp_path: Path) -> None:
    (tmp_path / "cs.json.gz").write_bytes(gzip.compress(serialize_json(code_system()))[:-20])
    with pytest.raises(MalformedError, match=r"cs\.json\.gz"):
        load_code_system(tmp_path / "cs.json.gz", tmp_path / "store")
    with pytest.raises(NotFoundError, match=r"none\.json"):
        load_code_system(tmp_path / "none.json", tmp_path / "store")


def test_parents_that_are_not_there_are_told(tmp_path: Path) -> None:
    loaded = load(tmp_path, code_system(concept("a", properties={"parent": "nobody"})))
    assert ("nobody",) == loaded.unknown_parents


def test_a_file_in_the_store_that_is_no_table_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.codes.db").write_bytes(b"no database at all, and long enough to be looked at" * 40)
    with pytest.raises(UnavailableError, match=r"x\.codes\.db"):
        CodeSystemStore(tmp_path).systems()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file in its place")
    with pytest.raises(UnavailableError, match="cannot be written"):
        load(tmp_path, code_system())


def test_a_store_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert [] == CodeSystemStore(tmp_path / "none").systems()


def test_a_hierarchy_that_is_too_deep_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hierarchy, "MAX_LINKS", 100)
    chain = [concept(str(number), properties={"parent": str(number - 1)}) for number in range(20)]
    with pytest.raises(TooCostlyError, match="at most 100 pairs of concept and ancestor"):
        load(tmp_path, code_system(*chain))


def test_concepts_nested_deeply_are_loaded(tmp_path: Path) -> None:
    deepest = concept("0")
    for number in range(1, 120):
        deepest = concept(str(number), deepest)
    assert 120 == load(tmp_path, code_system(deepest)).concepts
