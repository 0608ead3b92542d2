"""A NATS server of our own, for tests that need a real one."""

import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from careloom.connectathon.ports import free_port

SERVER = shutil.which("nats-server", path=str(Path(sys.executable).parent)) or shutil.which("nats-server")
PATIENCE = 60


class Server:
    """A NATS server of our own, whose streams are on disk and synced at every write."""

    def __init__(self, folder: Path) -> None:
        assert SERVER is not None
        self.port = free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self._file = folder / "nats.conf"
        self._file.write_text(
            f'listen: "127.0.0.1:{self.port}"\n'
            f'jetstream {{ store_dir: "{folder / "store"}", sync_interval: always }}\n'
            "max_payload: 65536\n"
        )
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert SERVER is not None
        with self._file.with_suffix(".log").open("ab") as log:
            self.process = subprocess.Popen([SERVER, "-c", str(self._file)], stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("the server does not answer")

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(PATIENCE)
            self.process = None
