"""Whatever comes over MLLP is answered, and answered rightly: what is refused has left nothing behind."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import hl7
import pytest
from benchmarks.notifying.hospital import Hospital
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.integration.hl7v2.conftest import agreement

from careloom.connectors.hl7v2 import Hl7v2Source, load_tables, parse
from careloom.connectors.hl7v2.mllp import Fault, FrameReader, framed
from careloom.connectors.intake import Intake
from careloom.definitions import Definitions
from careloom.governance import AuditSource, Client, Organisation, Registry, parse_scopes
from careloom.search import SearchParameters
from careloom.store import MemoryRepository
from careloom.store.ids import new_id
from careloom.validation import Validator

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HEADER = r"MSH|^~\&|A|B|C|D|20261122101500||ADT^A08|1|P|2.5.1"
DAY = list(Hospital(1, 20, seed=1).messages(60))

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n|^~\\&\x0b\x1c", exclude_categories=["C", "Z"]))
NAMES = st.from_regex(r"[A-Z][A-Z0-9]{2}", fullmatch=True).filter(lambda name: name not in ("MSH", "BHS", "FHS"))
ODD = st.one_of(
    st.sampled_from(
        ['""', "", "~", "^", "&", "\\", "~~", "^^^^^^^^^", "\\X0D\\", "\\.br\\", "\\F\\", "\x00", "20261399", "é"]
    ),
    TEXTS,
)


def divided(by: str, parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Some parts with a delimiter between them."""
    return st.lists(parts, min_size=1, max_size=4).map(by.join)


SEGMENTS = st.tuples(NAMES, divided("|", divided("~", divided("^", divided("&", TEXTS)))))


@given(segments=st.lists(SEGMENTS, max_size=4))
def test_messages_are_divided_as_another_reader_divides_them(segments: list[tuple[str, str]]) -> None:
    text = "".join(f"{line}\r" for line in [HEADER, *(f"{name}|{fields}" for name, fields in segments)])
    ours, theirs = parse(text.encode()), hl7.parse(text)
    assert str(ours) == text
    for mine, other in zip(ours.segments[1:], theirs[1:], strict=True):
        for number in range(1, len(mine.fields)):
            found = [
                [value.raw.split("^")[place] for place in range(value.raw.count("^") + 1)]
                for value in mine.repetitions(number)
            ]
            expected = [str(each).split("^") for each in str(other[number]).split("~") if str(each)]
            assert found == expected


@given(
    messages=st.lists(st.binary(max_size=50).filter(lambda data: not set(data) & {0x0B, 0x1C}), max_size=5),
    data=st.data(),
)
def test_frames_come_out_whole_whatever_the_pieces(messages: list[bytes], data: st.DataObject) -> None:
    wire = b"".join(map(framed, messages))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=6)))
    reader = FrameReader(1000)
    pieces = [wire[start:end] for start, end in zip([0, *cuts], [*cuts, len(wire)], strict=True)]
    assert [frame for piece in pieces for frame in reader.feed(piece)] == messages


@given(
    pieces=st.lists(
        st.binary(max_size=60).map(lambda data: data.replace(b"x", b"\x0b").replace(b"y", b"\x1c\r")), max_size=8
    )
)
def test_any_bytes_are_frames_or_faults_and_the_next_message_is_read(pieces: list[bytes]) -> None:
    reader = FrameReader(100)
    for piece in pieces:
        assert all(isinstance(frame, bytes | Fault) for frame in reader.feed(piece))
    *_, last = reader.feed(b"\x1c\r" + framed(b"MSH|"))
    assert last == b"MSH|"


@dataclass(frozen=True, slots=True)
class Desk:
    """A source and the record behind it."""

    source: Hl7v2Source
    repository: MemoryRepository

    async def judged(self, data: bytes) -> tuple[str, int]:
        """The code of the answer, and how many versions were written for it."""
        before = len(await self.repository.changes(0, 1_000_000))
        answer = parse(await self.source.take(data)).first("MSA").value(1).text
        return answer, len(await self.repository.changes(0, 1_000_000)) - before


@pytest.fixture(scope="module")
def make(definitions: Definitions) -> Callable[[], Desk]:
    """Makes a source on an empty record."""
    parameters, check = SearchParameters(definitions), Validator(definitions).validate
    client = Client("epr", "acute", scopes=parse_scopes("system/*.cruds"))
    registry = Registry((Organisation("acute", "Acute"),), (client,), (agreement(),))

    def made() -> Desk:
        repository = MemoryRepository(tenant="t", parameters=parameters, clock=lambda: NOW)
        source = AuditSource("https://hub.example/fhir")
        intake = Intake("epr", "TREAT", repository, lambda: registry, source, lambda: NOW, new_id)
        return Desk(Hl7v2Source(intake, load_tables(), check), repository)

    return made


@settings(deadline=None, max_examples=60)  # the first one compiles the schemas
@given(data=st.data(), odd=ODD, number=st.integers(0, len(DAY) - 1))
def test_a_message_with_something_odd_in_it_is_taken_whole_or_not_at_all(
    data: st.DataObject, odd: str, number: int, make: Callable[[], Desk]
) -> None:
    lines = DAY[number].decode().split("\r")
    line = data.draw(st.integers(0, len(lines) - 1))
    fields = lines[line].split("|")
    fields[data.draw(st.integers(0, len(fields) - 1))] = odd
    lines[line] = "|".join(fields)
    answer, written = asyncio.run(make().judged("\r".join(lines).encode("utf-8", "replace")))
    assert answer in (("AA", "CA") if written else ("AA", "AE", "AR", "CA", "CE", "CR"))


@settings(deadline=None)
@given(data=st.binary(max_size=300), is_message=st.booleans())
def test_any_bytes_are_answered(data: bytes, is_message: bool, make: Callable[[], Desk]) -> None:
    answer, written = asyncio.run(make().judged(HEADER.encode() + b"\r" + data if is_message else data))
    assert answer in ("AA", "AE", "AR")
    assert answer == "AA" or not written


@settings(deadline=None, max_examples=30)
@given(order=st.permutations(range(30)), size=st.integers(1, 30))
def test_messages_together_come_to_the_same_as_one_by_one(
    order: list[int], size: int, make: Callable[[], Desk]
) -> None:
    """Whatever the order, and however many of them share a turn."""
    messages = [DAY[number] for number in order]

    async def together() -> tuple[list[str], Any]:
        desk, answers = make(), []
        for start in range(0, len(messages), size):
            answers += await asyncio.gather(*map(desk.source.take, messages[start : start + size]))
        return [parse(answer).first("MSA").value(1).text for answer in answers], await _state(desk.repository)

    async def one_by_one() -> tuple[list[str], Any]:
        desk = make()
        answers = [await desk.source.take(message) for message in messages]
        return [parse(answer).first("MSA").value(1).text for answer in answers], await _state(desk.repository)

    assert asyncio.run(together()) == asyncio.run(one_by_one())


async def _state(repository: MemoryRepository) -> list[tuple[str, str, str]]:
    """What was recorded, in its order, ids left out: they are numbered as they are met."""
    numbers: dict[str, str] = {}
    state = []
    for change in await repository.changes(0, 1_000_000):
        version = await repository.vread(change.type, change.id, change.version_id)
        assert version is not None
        numbers.setdefault(change.id, f"#{len(numbers)}")
        content = {key: value for key, value in (version.resource or {}).items() if key not in ("id", "meta")}
        state.append((change.type, change.version_id, str(content)))
    return [(type, id, _renamed(content, numbers)) for type, id, content in state]


def _renamed(content: str, numbers: dict[str, str]) -> str:
    for id, number in numbers.items():
        content = content.replace(id, number)
    return content
