"""What is kept between runs is used while it is good, and never believed when it is not."""

import marshal
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from careloom.definitions import Definitions, PackageCache, PackageId
from careloom.definitions.kept import KeptFile, KeptFolder, stamp_of
from careloom.model import serialize_json

STAMP = (1, 2, 3)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.kept"


def kept(path: Path, **values: Any) -> KeptFile:
    file = KeptFile(path, "me")
    for name, value in values.items():
        file.put(name, STAMP, value)
    file.save()
    return KeptFile(path, "me")


def test_what_is_kept_comes_back(path: Path) -> None:
    value = {"a": [1, "é", None, True], "b": {"c": 2.5}}
    assert kept(path, v=value).get("v", STAMP) == value


def test_a_second_writer_keeps_what_the_first_wrote(path: Path) -> None:
    kept(path, a=1)
    both = kept(path, b=2)
    assert (both.get("a", STAMP), both.get("b", STAMP)) == (1, 2)


def test_what_was_made_of_another_file_is_not_used(path: Path) -> None:
    assert kept(path, a=1).get("a", (1, 2, 4)) is None


def test_what_was_made_by_other_code_is_not_used(path: Path) -> None:
    kept(path, a=1)
    assert KeptFile(path, "another").get("a", STAMP) is None


def test_what_is_no_plain_value_is_not_kept(path: Path) -> None:
    assert kept(path, a=object(), b=1).get("a", STAMP) is None


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5, 0.8, 0.99])
def test_a_file_cut_short_is_no_error(path: Path, share: float) -> None:
    kept(path, a="x" * 100, b=[1] * 100)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    assert KeptFile(path, "me").get("b", STAMP) in (None, [1] * 100)
    assert kept(path, a=2).get("a", STAMP) == 2


def test_wherever_a_byte_is_wrong_nothing_wrong_is_believed(path: Path) -> None:
    kept(path, a="x" * 50, b=[1, 2, 3])
    data = path.read_bytes()
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        found = KeptFile(path, "me")
        assert found.get("a", STAMP) in (None, "x" * 50)
        assert found.get("b", STAMP) in (None, [1, 2, 3])


def test_values_are_not_gathered_after_they_were_saved(path: Path) -> None:
    file = KeptFile(path, "me")
    file.save()
    file.put("a", STAMP, 1)
    file.save()
    assert KeptFile(path, "me").get("a", STAMP) is None


def test_many_writers_at_once_leave_a_whole_file(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(path, number)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    file = KeptFile(path, "me")
    found = [file.get(f"v{number}", STAMP) for number in range(4)]
    assert any(found)
    assert all(value in (None, [number] * 1000) for number, value in enumerate(found))
    assert list(path.parent.iterdir()) == [path]


def _write(path: Path, number: int) -> None:
    for _ in range(10):
        file = KeptFile(path, "me")
        file.put(f"v{number}", STAMP, [number] * 1000)
        file.save()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="owners and modes are told as POSIX has them")
def test_a_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    assert KeptFolder(tmp_path / "kept").file("x") is not None
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="owners and modes are told as POSIX has them")
@pytest.mark.parametrize("mode", [0o770, 0o777, 0o1777])
def test_a_folder_that_others_may_write_to_is_not_used(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    assert KeptFolder(tmp_path).file("x") is None


def test_a_folder_that_cannot_be_made_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert KeptFolder(tmp_path / "file" / "kept").file("x") is None
    assert KeptFolder(None).file("x") is None


def test_what_nobody_asks_for_is_removed_in_time(tmp_path: Path) -> None:
    folder = KeptFolder(tmp_path)
    old, left, new = (tmp_path / name for name in ("old.kept", ".x.kept.1.2.partial", "new.kept"))
    for file in (old, left, new):
        file.write_bytes(b"")
    month = 30 * 24 * 60 * 60
    os.utime(old, (time.time() - 3 * month,) * 2)
    os.utime(left, (time.time() - month,) * 2)
    folder.prune()
    assert [path.name for path in tmp_path.iterdir()] == ["new.kept"]
    assert folder.clear() == 1


@pytest.fixture
def package(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "packages" / "a#1" / "package"
    folder.mkdir(parents=True)
    (folder / "package.json").write_bytes(b'{"name": "a", "version": "1"}')
    write(folder, "female")
    yield folder


def write(folder: Path, code: str) -> None:
    resource = {"resourceType": "CodeSystem", "url": "http://c", "title": code}
    (folder / "CodeSystem-c.json").write_bytes(serialize_json(resource))


def title(package: Path) -> str:
    """As a new process would find it."""
    cache = PackageCache(package.parents[1], kept=KeptFolder(package.parents[2] / "kept"))
    definitions = Definitions.load(["a@1"], cache=cache)
    found = definitions.require("http://c", asked_by="the test")
    assert [head["title"] for head in definitions.heads("CodeSystem", ("title",))] == [found["title"]]
    definitions.keep()
    return str(found["title"])


def test_a_package_is_read_once(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert title(package) == "female"
    monkeypatch.setattr("careloom.definitions.cache.parse_resource", None)
    assert title(package) == "female"


def test_a_file_that_was_changed_in_its_place_is_read_again(package: Path) -> None:
    assert title(package) == "female"
    times = (package / "CodeSystem-c.json").stat()
    write(package, "fe-ale")
    os.utime(package / "CodeSystem-c.json", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert title(package) == "fe-ale"


def test_a_file_that_is_new_is_found(package: Path) -> None:
    assert title(package) == "female"
    (package / "CodeSystem-d.json").write_bytes(b'{"resourceType": "CodeSystem", "url": "http://d", "title": "d"}')
    cache = PackageCache(package.parents[1], kept=KeptFolder(package.parents[2] / "kept"))
    assert cache.open(PackageId("a", "1")).index_of("CodeSystem").places.keys() == {"http://c", "http://d"}


ELEMENTS: list[dict[str, Any]] = [
    {"id": "Patient", "path": "Patient"},
    {"id": "Patient.name", "path": "Patient.name", "min": 1},
]


def structure(url: str, base: str, elements: list[dict[str, Any]]) -> bytes:
    told = {"resourceType": "StructureDefinition", "url": url, "name": "P", "status": "active", "kind": "resource"}
    made = {"abstract": False, "type": "Patient", "baseDefinition": base, "derivation": "constraint"}
    return serialize_json({**told, **made, "differential": {"element": elements}})


def least_names(packages: Path, kept: Path) -> int:
    """How many names the profile asks for, as a new process would find it."""
    cache = PackageCache(packages, kept=KeptFolder(kept))
    definitions = Definitions.load(["hl7.fhir.r4.core@4.0.1", "a@1"], cache=cache)
    elements = definitions.structure("http://p/upper")["snapshot"]["element"]
    definitions.keep()
    return next(int(element["min"]) for element in elements if element["path"] == "Patient.name")


@pytest.mark.usefixtures("definitions")
def test_a_snapshot_is_made_again_when_what_it_builds_on_changes(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = PackageId("hl7.fhir.r4.core", "4.0.1")
    packages = package.parents[1]
    (packages / core.folder).symlink_to(PackageCache().folder(core))
    upper, lower = package / "StructureDefinition-upper.json", package / "StructureDefinition-lower.json"
    upper.write_bytes(structure("http://p/upper", "http://p/lower", []))
    lower.write_bytes(structure("http://p/lower", "http://hl7.org/fhir/StructureDefinition/Patient", ELEMENTS))
    assert least_names(packages, tmp_path / "kept") == 1
    with monkeypatch.context() as patched:
        patched.setattr("careloom.definitions.registry.generate", None)
        assert least_names(packages, tmp_path / "kept") == 1
    more = [ELEMENTS[0], ELEMENTS[1] | {"min": 2}]
    lower.write_bytes(structure("http://p/lower", "http://hl7.org/fhir/StructureDefinition/Patient", more))
    assert least_names(packages, tmp_path / "kept") == 2


@pytest.mark.usefixtures("definitions")
def test_verdicts_do_not_depend_on_what_is_kept(tmp_path: Path) -> None:
    files = [tmp_path / "good.json", tmp_path / "bad.json"]
    files[0].write_bytes(b'{"resourceType": "Patient", "gender": "female", "birthDate": "2001-02-03"}')
    files[1].write_bytes(b'{"resourceType": "Observation", "status": "fine", "valueQuantity": {"unit": "mg"}}')
    place = tmp_path / "kept"
    cold, warm = validated(files, place), validated(files, place)
    for file in (place / "definitions").iterdir():
        data = bytearray(file.read_bytes())
        data[100::97] = bytes(byte ^ 0x55 for byte in data[100::97])
        file.write_bytes(data)
    corrupt, mended = validated(files, place), validated(files, place)
    foreign = tmp_path / "foreign"
    (foreign / "definitions").mkdir(parents=True, mode=0o700)
    for file in (place / "definitions").iterdir():
        (foreign / "definitions" / file.name).write_bytes(marshal.dumps(["not", "ours"]))
    assert cold == warm == corrupt == mended == validated(files, foreign) == validated(files, "off")
    assert "Observation.status" in cold


def validated(files: list[Path], place: Path | str) -> str:
    command = [sys.executable, "-m", "careloom", "validate", *map(str, files)]
    done = subprocess.run(
        command, env=os.environ | {"CARELOOM_CACHE": str(place)}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "")
    return done.stdout


def test_the_stamp_of_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    assert stamp_of(tmp_path / "nothing") == (0, 0, 0)
