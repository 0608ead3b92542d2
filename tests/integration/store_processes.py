"""Processes of their own that write to a store: loaded once, then forked for each task they are given."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]

FORKING = """
import asyncio, importlib, os, sys
from tests.contract.stores import BASE_URL, identified
from careloom.definitions import Definitions
from careloom.search import SearchParameters, index_values
from careloom.store.source import StoreSource

registry = SearchParameters(Definitions.load(), base_url=BASE_URL)
for warm in (identified("1"), {"resourceType": "AuditEvent"}):
    index_values(warm, registry)
for option in sys.argv[1:]:
    if option.startswith("--import="):
        importlib.import_module(option.partition("=")[2])
os.write(1, b"loaded\\n")

async def run(url, tenant, task, argument):
    repository = await StoreSource(url).open(tenant=tenant, parameters=registry)
    module, name = task.rsplit(".", 1)
    await getattr(importlib.import_module(module), name)(repository, registry, argument)
    await repository.close()

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        asyncio.run(run(*line.split()))
        os._exit(0)
    os.write(1, f"pid {child}\\n".encode())
    if "--wait" in sys.argv:
        os.waitpid(child, 0)
        os.write(1, b"ended\\n")
"""
"""Each line on its input is a task: URL, tenant, function, argument. The function is asynchronous and gets the
repository, the search parameters and the argument; what it writes to file descriptor 1 comes out here."""


class Forking:
    """The process; lines come from it and from its children."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def start(self, url: str, tenant: str, task: str, argument: object) -> None:
        """Fork a child for a task."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{url} {tenant} {task} {argument}\n")
        self._process.stdin.flush()

    def line(self) -> str:
        """The next line of any of them."""
        assert self._process.stdout is not None
        found = self._process.stdout.readline()
        assert found, "the process has ended"
        return found.strip()

    def pid(self) -> int:
        """The process id of the child just started, other lines passed over."""
        while not (found := self.line()).startswith("pid "):
            pass
        return int(found.split()[1])


@contextmanager
def forking(*options: str) -> Iterator[Forking]:
    """A process that is loaded, with the modules that ``--import=`` names.

    With ``--wait`` it does one task after the other and says ``ended`` behind each.
    """
    command = [sys.executable, "-c", FORKING, *options]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        found = Forking(process)
        assert found.line() == "loaded"
        yield found
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=60)
