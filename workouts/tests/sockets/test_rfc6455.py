"""The rules of RFC 6455: which frames close a socket, with which code, and which do not."""

import asyncio
import random
import struct
from collections.abc import Mapping

from django.test import SimpleTestCase

from workouts.simulation.raw_socket import (
    NO_CLOSE_CODE,
    Opcode,
    SimulatedRawSocket,
    build_simulated_close,
    build_simulated_frame,
)
from workouts.sockets.frames import MAX_MESSAGE_BYTES
from workouts.tests.support.cast import new_athlete
from workouts.tests.support.service import Service, shared_service

REP = b'{"event": "rep_detected", "type": "squat"}'
TEXT, CONTINUATION, PING, PONG = Opcode.TEXT, Opcode.CONTINUATION, Opcode.PING, Opcode.PONG
NORMAL, PROTOCOL_ERROR, NOT_UTF8, TOO_BIG = 1000, 1002, 1007, 1009
RESERVED_OPCODES = (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
# reserved, unassigned, or never sent in a frame (7.4)
BAD_CLOSE_CODES = (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)
GOOD_CLOSE_CODES = (1000, 1001, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 3000, 4999)


def build_long_rep(size: int) -> bytes:
    """Return a valid rep of exactly `size` bytes."""
    start = REP[:-1] + b', "x": "'
    return start + b"x" * (size - len(start) - 2) + b'"}'


class RawCase(SimpleTestCase):
    service: Service

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service = shared_service()

    async def connect(self) -> SimulatedRawSocket:
        path = f"/ws/workout?user_id={new_athlete()}"
        return await SimulatedRawSocket.connect(self.service.url, path)


class BrokenRuleTests(RawCase):
    async def check_codes(self, frames: Mapping[object, bytes], *expected: int) -> None:
        """Send each case on a socket of its own: the server closes it with an expected code."""
        codes = await asyncio.gather(*(self.find_close_code(data) for data in frames.values()))
        wrong = {
            case: code for case, code in zip(frames, codes, strict=True) if code not in expected
        }
        assert wrong == {}

    async def find_close_code(self, data: bytes) -> int:
        async with await self.connect() as socket:
            socket.send(data)
            return (await socket.hear_close()).code

    async def test_a_reserved_bit_is_a_protocol_error(self) -> None:
        await self.check_codes(
            {
                (opcode.name, bits): build_simulated_frame(opcode, REP, reserved_bits=bits)
                for opcode in (TEXT, PING)
                for bits in range(1, 8)
            },
            PROTOCOL_ERROR,
        )

    async def test_a_reserved_opcode_is_a_protocol_error(self) -> None:
        await self.check_codes(
            {opcode: build_simulated_frame(opcode, REP) for opcode in RESERVED_OPCODES},
            PROTOCOL_ERROR,
        )

    async def test_a_frame_without_a_mask_is_a_protocol_error(self) -> None:
        await self.check_codes(
            {opcode.name: build_simulated_frame(opcode, REP, mask=None) for opcode in (TEXT, PING)},
            PROTOCOL_ERROR,
        )

    async def test_a_long_or_fragmented_control_frame_is_a_protocol_error(self) -> None:
        await self.check_codes(
            {
                "ping of 126 bytes": build_simulated_frame(PING, b"a" * 126),
                "pong of 126 bytes": build_simulated_frame(PONG, b"a" * 126),
                "close of 126 bytes": build_simulated_close(NORMAL, b"a" * 124),
                "fragmented ping": build_simulated_frame(PING, b"a", is_final=False),
                "fragmented close": build_simulated_frame(Opcode.CLOSE, is_final=False),
            },
            PROTOCOL_ERROR,
        )

    async def test_a_fragment_out_of_place_is_a_protocol_error(self) -> None:
        await self.check_codes(
            {
                "continuation first": build_simulated_frame(CONTINUATION, REP),
                "message inside another": build_simulated_frame(TEXT, b"{", is_final=False)
                + build_simulated_frame(TEXT, REP),
            },
            PROTOCOL_ERROR,
        )

    async def test_a_bad_close_code_is_a_protocol_error(self) -> None:
        await self.check_codes(
            {
                "one byte": build_simulated_frame(Opcode.CLOSE, b"x"),
                **{code: build_simulated_close(code) for code in BAD_CLOSE_CODES},
            },
            PROTOCOL_ERROR,
        )

    async def test_a_close_reason_that_is_not_utf8_is_named(self) -> None:
        await self.check_codes({"reason": build_simulated_close(NORMAL, b"\xff\xfe")}, NOT_UTF8)

    async def test_a_good_close_code_is_given_back(self) -> None:
        for code in GOOD_CLOSE_CODES:
            await self.check_codes({code: build_simulated_close(code)}, code)
        await self.check_codes(
            {"no code": build_simulated_frame(Opcode.CLOSE)}, NO_CLOSE_CODE, NORMAL
        )

    async def test_a_message_over_the_limit_is_too_big(self) -> None:
        half = b"x" * (MAX_MESSAGE_BYTES // 2)
        await self.check_codes(
            {
                "one byte over": build_simulated_frame(TEXT, b"x" * (MAX_MESSAGE_BYTES + 1)),
                "64 KiB": build_simulated_frame(TEXT, b"x" * 2**16),
                "1 MiB": build_simulated_frame(TEXT, b"x" * 2**20),
                "fragments": build_simulated_frame(TEXT, half, is_final=False)
                + build_simulated_frame(CONTINUATION, half, is_final=False)
                + build_simulated_frame(CONTINUATION, b"x"),
            },
            TOO_BIG,
        )

    async def test_a_length_that_no_message_has_is_refused_at_once(self) -> None:
        await self.check_codes(
            {
                length: build_simulated_frame(TEXT, b"x", length=length, length_bytes=8)
                for length in (2**32, 2**63 - 1, 2**63, 2**64 - 1)
            },
            TOO_BIG,
            PROTOCOL_ERROR,
        )

    async def test_a_length_in_too_many_bytes_is_read_or_a_protocol_error(self) -> None:
        close = build_simulated_close(NORMAL)
        await self.check_codes(
            {size: build_simulated_frame(TEXT, REP, length_bytes=size) + close for size in (2, 8)},
            NORMAL,
            PROTOCOL_ERROR,
        )

    async def test_what_follows_a_close_is_ignored(self) -> None:
        await self.check_codes(
            {"reps": build_simulated_close(NORMAL) + build_simulated_frame(TEXT, REP) * 50}, NORMAL
        )

    async def test_random_bytes_close_the_socket(self) -> None:
        chance = random.Random(3)  # noqa: S311
        await self.check_codes(
            # the first byte has reserved bits: no beginning of this is a frame
            {number: b"\xff" + chance.randbytes(5000) for number in range(10)},
            PROTOCOL_ERROR,
        )

    async def test_another_athlete_notices_nothing(self) -> None:
        broken = {"bits": build_simulated_frame(TEXT, REP, reserved_bits=7)}
        async with await self.connect() as socket:
            await self.check_codes(broken, PROTOCOL_ERROR)
            socket.send(build_simulated_frame(TEXT, REP))
            assert (await socket.hear_answer())["status"] == "counted"


class KeptRuleTests(RawCase):
    async def check_status(self, data: bytes, status: str = "counted") -> int:
        """Send one message in any number of frames: it is answered with the status or code.

        Returns how many pongs came before the answer.
        """
        async with await self.connect() as socket:
            socket.send(data)
            answer = await socket.hear_answer()
        assert status in (answer.get("status"), answer.get("code")), answer
        return socket.pongs

    async def test_a_message_of_the_largest_size_counts_whole_and_in_fragments(self) -> None:
        message = build_long_rep(MAX_MESSAGE_BYTES)
        await self.check_status(build_simulated_frame(TEXT, message))
        await self.check_status(
            build_simulated_frame(TEXT, message[:4090], is_final=False)
            + build_simulated_frame(CONTINUATION, message[4090:])
        )

    async def test_a_ping_between_two_fragments_does_not_make_the_message_larger(self) -> None:
        message = build_long_rep(MAX_MESSAGE_BYTES)
        pongs = await self.check_status(
            build_simulated_frame(TEXT, message[:4090], is_final=False)
            + build_simulated_frame(PING, b"p" * 48)
            + build_simulated_frame(CONTINUATION, message[4090:])
        )
        assert pongs == 1

    async def test_control_frames_may_come_between_all_fragments(self) -> None:
        pieces = [bytes([byte]) for byte in REP]
        frames = [build_simulated_frame(TEXT, pieces[0], is_final=False)]
        for piece in pieces[1:-1]:
            frames += [
                build_simulated_frame(PING, b"p"),
                build_simulated_frame(CONTINUATION, piece, is_final=False),
            ]
        frames += [
            build_simulated_frame(PONG, b"p"),
            build_simulated_frame(CONTINUATION, pieces[-1]),
        ]
        await self.check_status(b"".join(frames))

    async def test_a_character_may_be_cut_by_fragments(self) -> None:
        message = '{"event": "rep_detected", "type": "приседание"}'.encode()
        cut = message.index("ри".encode()) + 1
        await self.check_status(
            build_simulated_frame(TEXT, message[:cut], is_final=False)
            + build_simulated_frame(CONTINUATION, message[cut:]),
            "unknown_exercise",
        )

    async def test_empty_fragments_change_nothing(self) -> None:
        empty = build_simulated_frame(CONTINUATION, is_final=False)
        await self.check_status(
            build_simulated_frame(TEXT, is_final=False)
            + empty * 10
            + build_simulated_frame(CONTINUATION, REP)
        )

    async def test_a_mask_is_taken_off(self) -> None:
        await self.check_status(build_simulated_frame(TEXT, REP, mask=b"\x01\xfe\x80\x7f"))

    async def test_a_message_that_is_empty_or_not_utf8_is_an_ordinary_error(self) -> None:
        await self.check_status(build_simulated_frame(TEXT), "invalid_json")
        await self.check_status(build_simulated_frame(TEXT, b"\xff\xfe"), "invalid_message")

    async def test_a_ping_is_answered_with_its_payload_and_a_pong_is_not(self) -> None:
        payload = b"z" * 125
        expected = struct.pack("!BB", 0x80 | PONG, len(payload)) + payload
        async with await self.connect() as socket, asyncio.timeout(30):
            socket.send(
                build_simulated_frame(PONG, b"unasked") + build_simulated_frame(PING, payload)
            )
            assert await socket.reader.readexactly(len(expected)) == expected
