"""``python -m benchmarks.peers``: measure Careloom beside its peers, print the page, and write it where asked."""

import argparse
import os
import platform
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.peers import corpus, measure, suite
from benchmarks.peers.conversation import Part
from benchmarks.peers.page import Setting, page
from benchmarks.peers.roster import CARELOOM, FLOOR, PEERS, Peer

BROKEN = 200


def main() -> None:
    """Measure and write."""
    arguments = _arguments()
    setting = Setting(
        date=datetime.now(tz=UTC).date().isoformat(),
        machine=_machine(),
        python=platform.python_version(),
        load=f"{os.getloadavg()[0]:.1f}",
        command="make peers",
        rounds=arguments.rounds,
    )
    with tempfile.TemporaryDirectory() as name:
        clean, broken = Path(name) / "clean.ndjson", Path(name) / "broken.ndjson"
        corpus.write_clean(clean, max(peer.count for peer in PEERS))
        corpus.write_broken(broken, BROKEN)
        present, absent = measure.invite(_wanted(arguments.only), Part(clean, 0, 1))
        measured = measure.run(present, clean, broken, arguments.rounds)
    text = page(measured, absent, setting)
    print(text)
    if arguments.write:
        arguments.write.write_text(text, "utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each has its turn (%(default)s)")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these peers, besides Careloom and orjson")
    parser.add_argument("--write", type=Path, metavar="FILE", help="where the page goes")
    return parser.parse_args()


def _wanted(names: Sequence[str] | None) -> list[Peer]:
    always = (FLOOR, CARELOOM)
    wanted = [peer for peer in PEERS if names is None or peer.name in (*always, *names)]
    return [replace(peer, suite=suite.agreement()) if peer.name == CARELOOM else peer for peer in wanted]


def _machine() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    known = cpuinfo.read_text("utf-8") if cpuinfo.exists() else ""
    models = [line.partition(":")[2].strip() for line in known.splitlines() if line.startswith("model name")]
    return f"{os.cpu_count()} cores of {next(iter(models), platform.processor())}, {platform.system()}"


if __name__ == "__main__":
    main()
