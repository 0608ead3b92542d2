"""Frames come out whole, whatever the pieces they come in."""

import socket

import pytest

from careloom.connectors.hl7v2.listener import keep_alive
from careloom.connectors.hl7v2.mllp import Fault, FrameReader, framed

FIRST, SECOND = b"MSH|one\r", b"MSH|two\r"


def _read(*pieces: bytes, limit: int = 1000) -> list[bytes | Fault]:
    frames = FrameReader(limit)
    return [frame for piece in pieces for frame in frames.feed(piece)]


@pytest.mark.parametrize("place", range(len(framed(FIRST) + framed(SECOND))))
def test_two_messages_cut_anywhere_are_two_messages(place: int) -> None:
    wire = framed(FIRST) + framed(SECOND)
    assert _read(wire[:place], wire[place:]) == [FIRST, SECOND]


def test_one_byte_at_a_time_is_enough() -> None:
    assert _read(*(bytes([byte]) for byte in framed(FIRST))) == [FIRST]


def test_a_carriage_return_within_is_not_the_end() -> None:
    assert _read(framed(b"MSH|\x1c|\r\x1c")) == [b"MSH|\x1c|\r\x1c"]


def test_white_space_between_messages_is_nothing() -> None:
    assert _read(b"\r\n" + framed(FIRST) + b"\r\n" + framed(SECOND)) == [FIRST, SECOND]


def test_a_missing_start_byte_is_told_once_and_the_next_message_is_read() -> None:
    found = _read(FIRST, b"more", b"\x1c\r", framed(SECOND))
    assert [type(frame) for frame in found] == [Fault, bytes]
    assert found[1] == SECOND


def test_a_missing_end_is_told_and_the_next_message_is_read() -> None:
    unfinished, message = _read(b"\x0b" + FIRST + framed(SECOND))
    assert isinstance(unfinished, Fault)
    assert "end bytes" in unfinished.reason
    assert message == SECOND


@pytest.mark.parametrize("pieces", [(b"\x0b" + b"x" * 2000, b"x" * 10), (framed(b"x" * 2000),)], ids=["open", "whole"])
def test_a_message_over_the_limit_is_refused_and_the_next_one_read(pieces: tuple[bytes, ...]) -> None:
    found = _read(*pieces, b"" if len(pieces) == 1 else b"\x1c\r", framed(SECOND))
    assert [type(frame) for frame in found] == [Fault, bytes]


def test_the_reader_knows_whether_a_message_has_begun() -> None:
    frames, states = FrameReader(1000), []
    for piece in (b"", b"\x0bMSH", b"\x1c\r"):
        list(frames.feed(piece))
        states.append(frames.is_within)
    assert states == [False, True, False]


def test_a_connection_whose_other_side_is_gone_without_a_word_ends() -> None:
    with socket.socket() as connection:
        keep_alive(connection)
        assert 1 == connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        if hasattr(socket, "TCP_KEEPIDLE"):
            assert 60 == connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
