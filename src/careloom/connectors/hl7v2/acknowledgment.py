"""The answer to a message: accepted, in error, or rejected, with the reason.

AE says that the message was understood and its content does not stand; the sender has to change it. AR says that it
was not taken up at all: not a message, not for us, or not now; so it is also what a sender may send again later. In
enhanced mode, which MSH-15 asks for, CA, CE and CR say the same. Source: HL7 v2.5.1, 2.9 and tables 0008 and 0357.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Literal

from careloom.connectors.hl7v2.delimiters import USUAL, Delimiters
from careloom.connectors.hl7v2.escapes import escaped
from careloom.connectors.hl7v2.message import Message
from careloom.connectors.hl7v2.processing import ProcessingIdError
from careloom.model.errors import (
    CareloomError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    MalformedError,
    MultipleMatchesError,
    NotFoundError,
    NotSupportedError,
    UnavailableError,
)
from careloom.model.records import dataclass

Answer = Literal["A", "E", "R"]

_LONGEST_TEXT = 400
_LONGEST_REMEMBERED = 500
"""Characters that sender, receiver and version may have to be remembered."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a message is not accepted.

    Attributes:
        answer: E or R; A where it is accepted all the same.
        code: Of table 0357.
        meaning: The display of that code.
    """

    answer: Answer
    code: str
    meaning: str


_REASONS: Mapping[type[CareloomError], Reason] = {
    MalformedError: Reason("R", "100", "Segment sequence error"),
    ProcessingIdError: Reason("R", "202", "Unsupported processing id"),
    NotSupportedError: Reason("R", "201", "Unsupported event code"),
    ForbiddenError: Reason("R", "207", "Application internal error"),
    UnavailableError: Reason("R", "206", "Application record locked"),
    MultipleMatchesError: Reason("E", "205", "Duplicate key identifier"),
    ConflictError: Reason("E", "205", "Duplicate key identifier"),
    NotFoundError: Reason("E", "204", "Unknown key identifier"),
    InvalidError: Reason("E", "102", "Data type error"),
}

_DOUBTED = Reason("A", "102", "Data type error")
_FAILED = Reason("R", "207", "Application internal error")


def accepted(message: Message, *, warnings: Sequence[str] = (), now: datetime, new_id: Callable[[], str]) -> bytes:
    """The answer to a message whose changes are durable, with what its sender should see to all the same."""
    return _answer(message, "A", [_error(_DOUBTED, "W", each, message.delimiters) for each in warnings], now, new_id)


def refused(message: Message | None, error: Exception, *, now: datetime, new_id: Callable[[], str]) -> bytes:
    """The answer to a message that changed nothing; without a message, to what could not be read as one."""
    reason = _reason(error)
    told = _told(error) if isinstance(error, CareloomError) else "the receiving system failed; its log says why"
    delimiters = message.delimiters if message else USUAL
    return _answer(message, reason.answer, [_error(reason, "E", told, delimiters)], now, new_id)


def _reason(error: Exception) -> Reason:
    return next((_REASONS[kind] for kind in type(error).__mro__ if kind in _REASONS), _FAILED)


def _told(error: CareloomError) -> str:
    """The message, and what is wrong in detail; no value of the record is in it, only what the sender sent."""
    details = [issue.diagnostics for issue in error.issues if issue.diagnostics != str(error)]
    return "; ".join([str(error), *details])


def _error(reason: Reason, severity: Literal["E", "W"], told: str, delimiters: Delimiters) -> str:
    """ERR: what is wrong."""
    coded = delimiters.component.join([reason.code, reason.meaning, "HL70357"])
    fields = ["ERR", "", "", coded, severity, "", "", "", escaped(told[:_LONGEST_TEXT], delimiters)]
    return delimiters.field.join(fields)


def _answer(
    message: Message | None, answer: Answer, errors: Sequence[str], now: datetime, new_id: Callable[[], str]
) -> bytes:
    delimiters = message.delimiters if message else USUAL
    lines = [_header(message, delimiters, now, new_id), _verdict(message, answer, delimiters), *errors]
    return "".join(f"{line}\r" for line in lines).encode("utf-8")


def _header(message: Message | None, delimiters: Delimiters, now: datetime, new_id: Callable[[], str]) -> str:
    """MSH, with sender and receiver changed over."""
    known = tuple([message.header.raw(field) if message else "" for field in (5, 6, 3, 4, 11, 12)])
    event = message.event if message else ""
    around = _known_around if sum(map(len, known)) + len(event) <= _LONGEST_REMEMBERED else _around
    before, after = around(known, event, delimiters)
    return f"{before}{_stamp(now)}{after[0]}{new_id()[:20]}{after[1]}"


def _around(known: tuple[str, ...], event: str, delimiters: Delimiters) -> tuple[str, tuple[str, str]]:
    """What of MSH stands before its time, between that and its control id, and behind that."""
    repetition, divided = delimiters.repetition, delimiters.field.join
    receiver, facility, sender, sender_facility, processing, version = (each.partition(repetition)[0] for each in known)
    kind = delimiters.component.join(["ACK", event, "ACK"]) if event else "ACK"
    before = divided(["MSH", delimiters.encoding_characters, receiver, facility, sender, sender_facility, ""])
    behind = ["", processing or "P", version or "2.5.1", "", "", "", "", "", "UNICODE UTF-8"]
    return before, (divided(["", "", kind, ""]), divided(behind))


_known_around = lru_cache(maxsize=500)(_around)


def _verdict(message: Message | None, answer: Answer, delimiters: Delimiters) -> str:
    is_enhanced = message is not None and message.header.value(15).text in ("AL", "SU", "ER")
    code = ("C" if is_enhanced else "A") + answer
    control = message.header.value(10).raw if message else ""
    return delimiters.field.join(["MSA", code, control])


def _stamp(now: datetime) -> str:
    second, offset = _second(now.replace(microsecond=0))
    return f"{second}.{now.microsecond // 1000:03}{offset}"


@lru_cache(maxsize=16)
def _second(now: datetime) -> tuple[str, str]:
    """A moment to the second, and its offset from UTC."""
    return f"{now:%Y%m%d%H%M%S}", f"{now:%z}"
