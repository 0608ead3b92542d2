"""The Minimal Lower Layer Protocol: messages between a start byte and two end bytes.

Source: HL7 v2 Transport Specification, MLLP Release 1.
"""

from collections.abc import Iterator

from careloom.model.records import dataclass

START = b"\x0b"
END = b"\x1c\r"


@dataclass(frozen=True, slots=True)
class Fault:
    """Bytes that are no message, and why."""

    reason: str
    data: bytes = b""


def framed(message: bytes) -> bytes:
    """A message as it goes over the wire."""
    return START + message + END


class FrameReader:
    """Takes bytes as they come, in any pieces, and gives the messages in them.

    Args:
        limit: Bytes that one message may have.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._searched = 0
        self._is_skipping = False

    @property
    def is_within(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> Iterator[bytes | Fault]:
        """The messages that end in what came, and what stands where none should."""
        self._buffer += data
        while self._buffer:
            if self._is_skipping or self._buffer[:1] != START:
                yield from self._skip()
                if self._is_skipping:
                    return
                continue
            end = self._buffer.find(END, self._searched)
            if end < 0:
                self._searched = max(1, len(self._buffer) - 1)
                if len(self._buffer) > self._limit:
                    yield self._too_long()
                return
            *unfinished, message = bytes(self._buffer[1:end]).split(START)
            self._drop(end + len(END))
            yield from (Fault("end bytes (1C 0D) expected after a message", began[:1000]) for began in unfinished)
            yield self._checked(message)

    def _checked(self, message: bytes) -> bytes | Fault:
        if len(message) > self._limit:
            return Fault(f"a message of at most {self._limit} bytes expected, {len(message)} found", message[:1000])
        return message

    def _skip(self) -> Iterator[Fault]:
        """Drop everything before the next start byte; told once, unless it is white space."""
        start = self._buffer.find(START)
        noise = bytes(self._buffer if start < 0 else self._buffer[:start])
        was_told, self._is_skipping = self._is_skipping, start < 0 and bool(noise.strip())
        self._drop(len(noise))
        if noise.strip() and not was_told:
            yield Fault("a start byte (0B) expected before a message", noise[:1000])

    def _too_long(self) -> Fault:
        began = bytes(self._buffer[1:1001])
        self._drop(len(self._buffer))
        self._is_skipping = True
        return Fault(f"a message of at most {self._limit} bytes expected, it goes on", began)

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self._searched = 0
