"""The run: every peer in turn, round by round, so that whatever else the machine does strikes all alike."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.peers.conversation import Conversation, FaultyError, Part, cold_seconds, talking
from benchmarks.peers.homes import AbsentError, Home
from benchmarks.peers.roster import Peer

JUDGED = 200
"""Valid records whose verdicts are counted."""


@dataclass(frozen=True, slots=True)
class Present:
    """A peer that can take part, and the processor's seconds of its cold start."""

    peer: Peer
    home: Home
    cold_seconds: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What one peer did.

    Attributes:
        peer: Whom it is about.
        version: As it says itself.
        bytes: Of the resources of one round.
        seconds: Of the processor for them, warm, parsing included; the median of the rounds.
        cold_seconds: Of the processor, for a whole process that judges one resource.
        megabytes: The most memory it had; None where the system does not tell.
        clean: Verdicts on records that are valid.
        broken: Verdicts on records with one thing wrong.
    """

    peer: Peer
    version: str
    bytes: int
    seconds: float
    cold_seconds: float
    megabytes: float | None
    clean: str
    broken: str

    @property
    def seconds_a_byte(self) -> float:
        """What ratios are made of, since not all are given equally much."""
        return self.seconds / self.bytes

    @property
    def resources_a_second(self) -> float:
        """The rate."""
        return self.peer.count / self.seconds


def invite(peers: Sequence[Peer], sample: Part) -> tuple[list[Present], dict[str, str]]:
    """Those who can take part, and why the others cannot; each is started once to see, which is its cold start."""
    present, absent = [], {}
    for peer in peers:
        try:
            home = peer.home()
            present.append(Present(peer, home, cold_seconds(home, sample)))
        except (AbsentError, FaultyError) as error:
            absent[peer.name] = str(error)
    return present, absent


def run(present: Sequence[Present], clean: Path, broken: Path, rounds: int) -> list[Measured]:
    """Measure all of them.

    Args:
        present: Who takes part.
        clean: NDJSON of at least as many resources as the fastest is given.
        broken: NDJSON, of which each is given all.
        rounds: How often each has its turn.
    """
    cold = {each.peer: each.cold_seconds for each in present}
    with ExitStack() as stack:
        talks = {each.peer: stack.enter_context(talking(each.home)) for each in present}
        for peer, talk in talks.items():
            talk.ask(Part(clean, 0, peer.warm_up))
        seconds = _rounds(talks, clean, rounds)
        return [
            Measured(
                peer=peer,
                version=talk.version,
                bytes=_size(Part(clean, 0, peer.count)),
                seconds=median(seconds[peer]),
                cold_seconds=cold[peer],
                megabytes=talk.peak_megabytes(),
                clean=talk.ask(Part(clean, 0, min(peer.count, JUDGED))).verdicts,
                broken=talk.ask(Part(broken, 0, _lines(broken))).verdicts,
            )
            for peer, talk in talks.items()
        ]


def _rounds(talks: Mapping[Peer, Conversation], clean: Path, rounds: int) -> dict[Peer, list[float]]:
    seconds: dict[Peer, list[float]] = {peer: [] for peer in talks}
    for _ in range(rounds):
        for peer, talk in talks.items():
            seconds[peer].append(talk.ask(Part(clean, 0, peer.count)).seconds)
    return seconds


def _size(part: Part) -> int:
    """Bytes of a part."""
    return sum(map(len, part.file.read_bytes().splitlines()[part.first : part.last]))


def _lines(file: Path) -> int:
    """Resources in a file."""
    return len(file.read_bytes().splitlines())
