"""A socket that sends more than its share is read more slowly, and only nonsense closes it."""

import asyncio
import json

from django.test import SimpleTestCase

from senim.protocols.frame_budget import MAX_IDLE_FRAMES
from workouts.simulation.raw_socket import (
    Opcode,
    SimulatedRawSocket,
    build_simulated_close,
    build_simulated_frame,
    build_simulated_text,
)
from workouts.tests.support.cast import new_athlete
from workouts.tests.support.phones import make_set
from workouts.tests.support.service import Service, shared_service

REP = {"event": "rep_detected", "type": "squat"}
PING = build_simulated_frame(Opcode.PING, b"p" * 125)
EMPTY = build_simulated_frame(Opcode.CONTINUATION, is_final=False)
FIRST = build_simulated_frame(Opcode.TEXT, is_final=False)
LAST = build_simulated_frame(Opcode.CONTINUATION, json.dumps(REP).encode())
DEVICE_REPS = 3000
ENOUGH = 20_000  # frames of a flood, far more than any budget


class FairReadingTests(SimpleTestCase):
    service: Service

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service = shared_service()

    async def connect(self, user_id: str = "", subprotocol: str = "") -> SimulatedRawSocket:
        path = f"/ws/workout?user_id={user_id or new_athlete()}"
        return await SimulatedRawSocket.connect(self.service.url, path, subprotocol=subprotocol)

    async def test_floods_of_frames_that_carry_nothing_are_closed_with_a_reason(self) -> None:
        pong = build_simulated_frame(Opcode.PONG)
        floods = {
            "too many control frames": (PING, pong, build_simulated_frame(Opcode.PING)),
            "too many empty frames": (EMPTY,),
        }
        for reason, frames in floods.items():
            for frame in frames:
                with self.subTest(reason, frame=frame[:9]):
                    async with await self.connect() as socket:
                        socket.send((FIRST if frame == EMPTY else b"") + frame * ENOUGH)
                        closed = await socket.hear_close()
                        assert (closed.code, closed.reason) == (1008, reason)

    async def test_a_message_may_come_among_many_frames_that_carry_nothing(self) -> None:
        some = MAX_IDLE_FRAMES // 4
        async with await self.connect() as socket:
            for _ in range(6):
                socket.send(PING * some + FIRST + EMPTY * some + LAST)
                assert (await socket.hear_answer())["event"] == "rep_ack"

    async def test_a_ping_between_two_fragments_does_not_count_towards_the_message(self) -> None:
        rep = json.dumps(REP).encode()
        message = rep[:-1] + b" " * (4096 - len(rep)) + b"}"
        async with await self.connect() as socket:
            start = build_simulated_frame(Opcode.TEXT, message[:4090], is_final=False)
            socket.send(start + PING + build_simulated_frame(Opcode.CONTINUATION, message[4090:]))
            assert (await socket.hear_answer())["event"] == "rep_ack"

    async def test_fragments_over_the_limit_are_closed_for_their_size(self) -> None:
        start = build_simulated_frame(Opcode.TEXT, b"x" * 4096, is_final=False)
        for is_final in (True, False):
            with self.subTest(is_final=is_final):
                end = build_simulated_frame(Opcode.CONTINUATION, b"x", is_final=is_final)
                async with await self.connect() as socket:
                    socket.send(start + end)
                    assert (await socket.hear_close()).code == 1009

    async def test_frames_behind_a_broken_message_end_nobody_elses_turns(self) -> None:
        start = build_simulated_frame(Opcode.TEXT, b"x" * 4000, is_final=False)
        rest = build_simulated_frame(Opcode.CONTINUATION, b"x" * 100, is_final=False)
        async with await self.connect() as socket:
            socket.send(start + rest + PING + PING)
            assert (await socket.hear_close()).code == 1009
            async with await self.connect() as other:
                other.send(build_simulated_text(REP))
                assert (await other.hear_answer())["status"] == "counted"

    async def test_a_device_may_send_all_its_reps_at_once(self) -> None:
        async with await self.connect(subprotocol="senim.v1") as socket:
            socket.send(build_simulated_text({"event": "hello", "device": "d", "now": 1}))
            assert (await socket.hear_answer())["event"] == "hello"
            reps = make_set(range(1, DEVICE_REPS + 1))
            socket.send(b"".join(build_simulated_text({**rep, "at": None} | rep) for rep in reps))
            seqs = [(await socket.hear_answer())["seq"] for _ in reps]
            assert seqs == [rep["seq"] for rep in reps]

    async def test_reps_sent_just_before_the_client_went_count(self) -> None:
        user_id = new_athlete()
        async with await self.connect(user_id, "senim.v1") as socket:
            socket.send(build_simulated_text({"event": "hello", "device": "d", "now": 1}))
            await socket.hear_answer()
            reps = make_set(range(1, 201))
            socket.send(b"".join(map(build_simulated_text, reps)) + build_simulated_close(1000))
            await socket.writer.drain()
        assert await self.wait_for_seq(user_id, 200) == 200

    async def test_frames_that_arrived_before_a_broken_one_are_answered_in_the_same_piece(
        self,
    ) -> None:
        user_id = new_athlete()
        async with await self.connect(user_id, "senim.v1") as socket:
            socket.send(build_simulated_text({"event": "hello", "device": "d", "now": 1}))
            await socket.hear_answer()
            broken = build_simulated_frame(3)
            socket.send(b"".join(map(build_simulated_text, make_set([1, 2]))) + broken)
            assert (await socket.hear_close()).code == 1002
        assert await self.wait_for_seq(user_id, 2) == 2

    async def wait_for_seq(self, user_id: str, seq: int) -> int:
        """Return the device's last seq once it is that high, or what it is after a while."""
        last_seq = 0
        for _ in range(200):
            async with await self.connect(user_id, "senim.v1") as socket:
                socket.send(build_simulated_text({"event": "hello", "device": "d", "now": 1}))
                last_seq = (await socket.hear_answer())["last_seq"]
            if last_seq >= seq:
                break
            await asyncio.sleep(0.05)
        return last_seq
