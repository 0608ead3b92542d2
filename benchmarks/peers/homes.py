"""Where the peers live: environments of their own in the user's cache folder, made when first asked for."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "careloom" / "peers"
JUDGE = HERE / "judges" / "judge.py"
MEDPLUM = HERE / "judges" / "medplum.mjs"
FHIRPATH_PY = HERE / "judges" / "fhirpath.py"
FHIRPATH_JS = HERE / "judges" / "fhirpath.mjs"
JAVA = HERE / "java"
CORE = "hl7.fhir.r4.core#4.0.1"
MEDPLUM_VERSION = "4.5.2"
FHIRPATH_PY_VERSION = "2.2.4"
FHIRPATH_JS_VERSION = "5.2.2"
PATIENCE = 600
"""Seconds that an installation may take."""


class AbsentError(Exception):
    """A peer cannot take part; the text says why."""


@dataclass(frozen=True, slots=True)
class Home:
    """How a peer is started: its command, and what its environment has besides."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


def own(name: str) -> Home:
    """The interpreter that runs this, which has Careloom and orjson."""
    return Home([sys.executable, str(JUDGE), name])


def python(name: str, *requirements: str, **environment: str) -> Home:
    """A virtual environment for these requirements alone."""
    folder = CACHE / "-".join(requirements).replace("==", "-")
    interpreter = folder / "bin" / "python"
    if not _is_ready(folder):
        _run([sys.executable, "-m", "venv", str(folder)], "a virtual environment could not be made")
        install = [str(interpreter), "-m", "pip", "install", "--quiet", *requirements]
        _run(install, f"{' '.join(requirements)} could not be installed")
        _make_ready(folder)
    return Home([str(interpreter), str(JUDGE), name], environment)


def fhirpathpy() -> Home:
    """The FHIRPath engine that Python programs use."""
    home = python("fhirpathpy", f"fhirpathpy=={FHIRPATH_PY_VERSION}")
    return replace(home, command=[home.command[0], str(FHIRPATH_PY)])


def pyrofile() -> Home:
    """Pyrofile, with the core package in the user's FHIR cache."""
    return python("pyrofile", "pyrofile-validator==0.3.0", "orjson==3.13.0", CORE=str(_core() / "package"))


def medplum() -> Home:
    """Medplum's validator, on Node."""
    return node("medplum", MEDPLUM, *(f"@medplum/{part}@{MEDPLUM_VERSION}" for part in ("core", "definitions")))


def fhirpath_js() -> Home:
    """HL7's FHIRPath engine for JavaScript, on Node."""
    return node("fhirpath", FHIRPATH_JS, f"fhirpath@{FHIRPATH_JS_VERSION}")


def java() -> Home:
    """The reference validator, built by Maven; the home folder it sees is one of its own, with a copy of core."""
    _need("java", "mvn")
    folder = CACHE / JAVA.name
    shutil.copytree(JAVA, folder, dirs_exist_ok=True)
    classpath = folder / "classpath.txt"
    goals = ["compile", "dependency:build-classpath", f"-Dmdep.outputFile={classpath}"]
    _run(["mvn", "--quiet", "--batch-mode", "--file", str(folder / "pom.xml"), *goals], "Maven could not build it")
    core = folder / "home" / ".fhir" / "packages" / CORE
    if not core.is_dir():
        shutil.copytree(_core(), core)
    classes = os.pathsep.join([str(folder / "target" / "classes"), classpath.read_text("utf-8").strip()])
    return Home(["java", f"-Duser.home={folder / 'home'}", "-cp", classes, "Reference", str(core)])


def node(name: str, script: Path, *packages: str) -> Home:
    """A folder of npm packages, and a script that runs among them; the first package's version names the folder."""
    _need("node", "npm")
    folder = CACHE / f"{name}-{packages[0].rpartition('@')[2]}"
    if not _is_ready(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _run(["npm", "install", "--silent", "--prefix", str(folder), *packages], "npm could not install it")
        _make_ready(folder)
    shutil.copy(script, folder)
    return Home(["node", str(folder / script.name)])


def _core() -> Path:
    root = Path(os.environ.get("CARELOOM_FHIR_PACKAGES", Path.home() / ".fhir" / "packages"))
    if not (root / CORE).is_dir():
        raise AbsentError(f"{CORE} is not in {root}")
    return root / CORE


def _need(*programs: str) -> None:
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        raise AbsentError(f"{' and '.join(missing)} not found on this machine")


def _run(command: Sequence[str], fault: str) -> None:
    """Run to the end, or say what could not be done with the last that was said."""
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired as error:
        raise AbsentError(f"{fault}: not done in {PATIENCE} s") from error
    if done.returncode:
        print((done.stdout + done.stderr).strip(), file=sys.stderr)
        raise AbsentError(f"{fault} (exit code {done.returncode})")


def _is_ready(folder: Path) -> bool:
    return (folder / "ready").exists()


def _make_ready(folder: Path) -> None:
    (folder / "ready").touch()
