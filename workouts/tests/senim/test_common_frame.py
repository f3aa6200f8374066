"""The common frame: read and written as websockets itself would."""

from itertools import pairwise
from typing import Any

from django.test import SimpleTestCase
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from senim.protocols.common_frame import (
    MAX_TEXT_BYTES,
    build_text_frame,
    is_between_messages,
    read_common_frame,
)
from workouts.simulation.raw_socket import build_simulated_frame
from workouts.sockets.frames import MAX_MESSAGE_BYTES

LENGTHS = (0, 1, 50, 124, 125, 126, 127, 300, MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES + 1)
frames = st.builds(
    lambda opcode, length, is_final, reserved_bits, mask: build_simulated_frame(
        opcode, b"x" * length, is_final=is_final, reserved_bits=reserved_bits, mask=mask
    ),
    st.sampled_from([Opcode.TEXT] * 6 + [*Opcode, 3]),
    st.sampled_from(LENGTHS),
    st.sampled_from([True] * 4 + [False]),
    st.sampled_from([0] * 9 + [4]),
    st.sampled_from([b"mask"] * 9 + [None]),
)
streams = st.lists(frames | st.binary(max_size=8), max_size=8).map(b"".join)


def open_connection() -> ServerProtocol:
    """Return a connection after its handshake."""
    server = ServerProtocol(max_size=MAX_MESSAGE_BYTES)
    client = ClientProtocol(parse_uri("ws://localhost/"))
    client.send_request(client.connect())
    server.receive_data(b"".join(client.data_to_send()))
    (request,) = server.events_received()
    server.send_response(server.accept(request))  # type: ignore[arg-type]
    server.data_to_send()
    return server


def read_short_way(connection: ServerProtocol, piece: bytes) -> bytes | None:
    return read_common_frame(piece) if is_between_messages(connection) else None


def read_pieces(pieces: list[bytes], *, is_short_way: bool) -> list[Any]:
    """Return what a connection makes of the pieces, and how it ends."""
    connection, seen = open_connection(), []
    for piece in pieces:
        text = read_short_way(connection, piece) if is_short_way else None
        if text is not None:
            seen.append((Opcode.TEXT, bytes(text), True))
            continue
        connection.receive_data(piece)
        seen += [
            (frame.opcode, bytes(frame.data), frame.fin)  # type: ignore[union-attr]
            for frame in connection.events_received()
        ]
    return [*seen, connection.state, connection.close_sent, connection.data_to_send()]


class CommonFrameTests(SimpleTestCase):
    @settings(max_examples=500, deadline=None)
    @given(streams, st.lists(st.integers(0, 400), max_size=6))
    def test_any_stream_cut_anywhere_reads_the_same(self, stream: bytes, cuts: list[int]) -> None:
        edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
        pieces = [stream[start:end] for start, end in pairwise(edges)]
        plainly = read_pieces(pieces, is_short_way=False)
        assert read_pieces(pieces, is_short_way=True) == plainly

    @settings(max_examples=300, deadline=None)
    @given(st.lists(frames, max_size=8))
    def test_whole_frames_read_the_same(self, pieces: list[bytes]) -> None:
        plainly = read_pieces(pieces, is_short_way=False)
        assert read_pieces(pieces, is_short_way=True) == plainly

    def test_the_common_frame_takes_the_short_way(self) -> None:
        connection = open_connection()
        for length in (0, 50, 125):
            piece = Frame(Opcode.TEXT, b"x" * length).serialize(mask=True)
            assert read_short_way(connection, piece) == b"x" * length

    def test_a_frame_in_the_middle_of_another_does_not(self) -> None:
        piece = Frame(Opcode.TEXT, b"x" * 20).serialize(mask=True)
        whole = Frame(Opcode.TEXT, piece).serialize(mask=True)
        for cut in (1, 2, 4, 6):
            connection = open_connection()
            connection.receive_data(whole[:cut])
            assert read_short_way(connection, piece) is None

    def test_a_closing_connection_does_not_take_it(self) -> None:
        connection = open_connection()
        connection.send_close()
        assert connection.state is State.CLOSING
        piece = Frame(Opcode.TEXT, b"x").serialize(mask=True)
        assert read_short_way(connection, piece) is None

    def test_an_answer_is_written_as_websockets_would(self) -> None:
        for length in (0, 1, 125, 126, 300, MAX_TEXT_BYTES):
            text = b"y" * length
            assert build_text_frame(text) == Frame(Opcode.TEXT, text).serialize(mask=False)
