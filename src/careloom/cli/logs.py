"""The log of a hub: one line of JSON for each event, on standard error, and nothing of patients in it.

An exception's message may quote what a client has sent, and a library's message may quote an exception. So of an
exception the log keeps its kind and where it came from, and of a library's message the words its author wrote, without
the values put into them.

A log that cannot be written, since its disk is full or its reader has gone, keeps no answer back: what was to be
answered is done by then. The lines are given up, and how many they were is told before the next that can be written.
"""

import json
import logging
import sys
from typing import Any, TextIO

import orjson
import structlog
from structlog.types import EventDict, WrappedLogger

from careloom.rest.perform import trace


def log_to_stderr() -> None:
    """Write the log of this process, that of the libraries in it included, to standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_messages,
            _as_json,
        ],
        logger_factory=structlog.WriteLoggerFactory(_Lines(sys.stderr)),  # type: ignore[arg-type]  # it only writes
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_Handler()], level=logging.WARNING, force=True)
    logging.captureWarnings(True)


class _Lines:
    """Where lines go, as far as they can be written.

    Args:
        out: Standard error.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lost = 0

    def write(self, line: str) -> int:
        """Write a line; nothing but the count is kept of one that cannot be."""
        told = {"event": "lines of the log were lost", "level": "error", "lines": self._lost}
        before = f"\n{json.dumps(told)}\n" if self._lost else ""  # what was lost may have ended in the middle
        try:
            self._out.write(before + line)
            self._out.flush()
        except OSError:
            self._lost += 1
        else:
            self._lost = 0
        return len(line)

    def flush(self) -> None:
        """Nothing is waiting."""


def without_messages(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Put in place of an exception its kind and the frames it came through."""
    raised = event.pop("exc_info", None)
    error = sys.exc_info()[1] if raised is True else raised[1] if isinstance(raised, tuple) else raised
    if isinstance(error, BaseException):
        event.update(trace(error))
    return event


def _as_json(logger: WrappedLogger, method: str, event: EventDict) -> str:
    """The line; what is no JSON by itself is told as text."""
    try:
        return orjson.dumps(event, default=repr).decode()
    except TypeError:  # half a character, or a number without end
        return json.dumps(event, default=repr)


class _Handler(logging.Handler):
    """Hands on what libraries log."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log the words of a record without the values put into them."""
        told: dict[str, Any] = {"logger": record.name, "words": record.msg if isinstance(record.msg, str) else ""}
        if record.exc_info and record.exc_info[1]:
            told |= trace(record.exc_info[1])
        structlog.get_logger(__name__).log(record.levelno, "library", **told)
