"""A crew of processes that serve nothing: each is ready unless a file says that it cannot start.

``python -m tests.integration.crew FOLDER`` is the process that watches them.
"""

import os
import socket
import sys
import time
from multiprocessing.synchronize import Event
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from careloom.serving.workers import CANNOT_START, end_with_parent, serve_many


def work(file: Path, listener: socket.socket, number: int, ready: Event) -> None:
    """Be one of them: note the process, or end if there is a file ``broken``."""
    end_with_parent()
    if (file.parent / "broken").exists():
        with (file.parent / "refused").open("a") as tries:
            tries.write("x")
        sys.exit(CANNOT_START)
    note = file.parent / f"new-{number}"
    note.write_text(str(os.getpid()))
    note.replace(file.parent / f"worker-{number}")  # never read half written
    ready.set()
    time.sleep(600)


def main(folder: Path) -> int:
    """Watch two of them."""
    settings: Any = SimpleNamespace(file=folder / "settings", http=SimpleNamespace(grace=1.0))
    with socket.socket() as listener:
        return serve_many(settings, listener, 2, work, lambda: print("ready", flush=True))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
