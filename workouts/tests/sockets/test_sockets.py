"""The base contract of /ws/workout, on uvicorn as `start` runs it, and on daphne."""

import asyncio
import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest
import websockets
from django.test import SimpleTestCase

from workouts.tests.support.cast import new_athlete
from workouts.tests.support.service import Service, fresh_folder

REP = '{"event": "rep_detected", "type": "squat"}'
LONG_REP = REP[:-1] + ', "x": "' + "x" * (4096 - len(REP) - 9) + '"}'
DAPHNE = ("manage.py", "runserver", "--noreload", "{port}")
# so that only the limit of unanswered messages stops a flood
NO_RATE_LIMIT = {"SENIM_MAX_MESSAGES_PER_SECOND": "1000000"}
ANSWER_S = 60.0
A_REP_LATER_S = 0.5


class SocketContract:
    """Tests for every server; the classes below run them."""

    service: Service

    def connect(self, user_id: str | None = None, **options: Any) -> websockets.connect:
        return websockets.connect(
            self.service.socket_url(user_id or new_athlete()),
            max_queue=None,
            open_timeout=ANSWER_S,
            **options,
        )

    async def ask(self, socket: websockets.ClientConnection, frame: str | bytes) -> dict[str, Any]:
        await socket.send(frame)
        return await self.hear(socket)

    async def hear(self, socket: websockets.ClientConnection) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), ANSWER_S))
        return answer

    async def close_of(self, socket: websockets.ClientConnection) -> tuple[int, str]:
        await asyncio.wait_for(socket.wait_closed(), ANSWER_S)
        assert socket.close_code is not None
        return socket.close_code, socket.close_reason or ""

    async def test_it_counts_reps(self) -> None:
        async with self.connect() as socket:
            assert await self.ask(socket, REP) == {
                "event": "rep_ack",
                "type": "squat",
                "status": "counted",
                "count": 1,
            }
            await asyncio.sleep(A_REP_LATER_S)
            assert await self.ask(socket, '{"event": "rep_detected"}') == {
                "event": "rep_ack",
                "type": "squat",
                "status": "counted",
                "count": 2,
            }

    async def test_it_debounces_a_rep_that_comes_too_soon(self) -> None:
        async with self.connect() as socket:
            await self.ask(socket, REP)
            answer = await self.ask(socket, REP)
        assert answer["status"] == "debounced"
        assert answer["count"] == 1
        assert 0 < answer["retry_after_ms"] <= 450

    async def test_it_says_nothing_unasked(self) -> None:
        async with self.connect() as socket:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(socket.recv(), 0.3)

    async def test_the_count_goes_on_over_connections(self) -> None:
        athlete = new_athlete()
        async with self.connect(athlete) as socket:
            await self.ask(socket, REP)
        await asyncio.sleep(A_REP_LATER_S)
        async with self.connect(athlete) as socket:
            assert (await self.ask(socket, REP))["count"] == 2

    async def test_it_answers_in_order(self) -> None:
        frames = [
            REP,
            "{",
            '{"event": "rep_detected", "type": "push_up"}',
            '{"event": "nonsense"}',
        ] * 4
        async with self.connect() as socket:
            for frame in frames:
                await socket.send(frame)
            answers = [await self.hear(socket) for _ in frames]
        assert [answer.get("type") or answer.get("code") for answer in answers] == [
            "squat",
            "invalid_json",
            "push_up",
            "unknown_event",
        ] * 4

    async def test_it_answers_each_of_thousands_that_come_at_once(self) -> None:
        async with self.connect() as socket:
            for _ in range(3000):
                await socket.send(REP)
            answers = [await self.hear(socket) for _ in range(3000)]
        counts = [answer["count"] for answer in answers]
        assert counts == sorted(counts)
        assert sum(answer["status"] == "counted" for answer in answers) == counts[-1]

    async def test_it_counts_a_rep_sent_on_ten_sockets_once(self) -> None:
        athlete = new_athlete()
        sockets = [await self.connect(athlete) for _ in range(10)]
        answers = await asyncio.gather(
            *(self.ask(socket, '{"event": "rep_detected", "type": "burpee"}') for socket in sockets)
        )
        for socket in sockets:
            await socket.close()
        assert [answer["count"] for answer in answers] == [1] * 10
        assert sum(answer["status"] == "counted" for answer in answers) == 1

    async def test_it_says_what_is_wrong_and_stays_open(self) -> None:
        bad = {
            "": "invalid_json",
            "{": "invalid_json",
            "7": "invalid_message",
            "[" * 3000: "invalid_message",
            '{"event": "x"}': "unknown_event",
        }
        async with self.connect() as socket:
            for frame, code in bad.items():
                answer = await self.ask(socket, frame)
                assert (answer["event"], answer["code"]) == ("error", code)
            assert (await self.ask(socket, b"\x00\xff"))["code"] == "invalid_message"
            assert (await self.ask(socket, REP))["count"] == 1

    async def test_it_lists_the_exercises_it_knows(self) -> None:
        async with self.connect() as socket:
            answer = await self.ask(socket, '{"event": "rep_detected", "type": "unicorn_ride"}')
        assert answer["code"] == "unknown_exercise"
        assert "battle_rope" in answer["detail"]

    async def test_it_closes_after_twenty_errors_in_a_row(self) -> None:
        async with self.connect() as socket:
            for _ in range(19):
                await self.ask(socket, "{")
            await self.ask(socket, REP)
            for _ in range(20):
                assert (await self.ask(socket, "{"))["code"] == "invalid_json"
            assert await self.close_of(socket) == (1008, "20 errors in a row")

    async def test_it_closes_on_a_message_that_is_too_big(self) -> None:
        for frame in ('{"x": "' + "я" * 2100 + '"}', "x" * 4097, "x" * 1_000_000):
            async with self.connect() as socket:
                await socket.send(frame)
                code, reason = await self.close_of(socket)
                assert code == 1009
                assert reason

    async def test_it_accepts_a_message_of_exactly_4_kib(self) -> None:
        assert len(LONG_REP) == 4096
        async with self.connect() as socket:
            assert (await self.ask(socket, LONG_REP))["status"] == "counted"

    async def test_it_refuses_a_malformed_user_id(self) -> None:
        for user_id in ("", "a%20b", "x" * 65, "a%00b", "%D1%8F", "ann&user_id=bob"):
            async with self.connect(user_id or "&") as socket:
                code, reason = await self.close_of(socket)
            assert code == 1008
            assert "user_id" in reason

    async def test_a_socket_that_names_no_athlete_is_the_guest(self) -> None:
        async with websockets.connect(
            self.service.socket_url("x").split("?")[0], open_timeout=ANSWER_S
        ) as socket:
            assert (await self.ask(socket, REP))["status"] in ("counted", "debounced")
        answer = self.service.ask("POST", "/workout/finish")
        assert answer.status == 200
        assert self.service.ask("GET", answer.headers["location"]).body["user_id"] == "guest"

    async def test_it_refuses_pages_of_other_origins(self) -> None:
        origins = {
            self.service.url: True,
            "http://evil.example": False,
            f"http://127.0.0.1:{self.service.port + 1}": False,
            "null": False,
        }
        for origin, allowed in origins.items():
            if allowed:
                async with self.connect(origin=origin) as socket:
                    assert (await self.ask(socket, REP))["status"] == "counted"
            else:
                with pytest.raises(websockets.InvalidStatus):
                    await self.connect(origin=origin)

    async def test_it_refuses_other_addresses(self) -> None:
        with pytest.raises(websockets.InvalidStatus) as caught:
            await websockets.connect(f"ws://127.0.0.1:{self.service.port}/ws/nothing")
        assert caught.value.response.status_code in (403, 404)


class UvicornTests(SocketContract, SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.folder = fresh_folder()
        cls.service = Service(SENIM_DATA=str(cls.folder), **NO_RATE_LIMIT).start()
        cls.addClassCleanup(cls.service.stop)

    async def test_an_edited_limit_applies_within_seconds(self) -> None:
        rep = '{"event": "rep_detected", "type": "double_under"}'
        async with self.connect() as socket:
            await self.ask(socket, rep)
            with closing(sqlite3.connect(self.folder / "senim.sqlite3")) as database, database:
                database.execute(
                    "UPDATE workouts_exercise SET min_interval_ms = 50000"
                    " WHERE slug = 'double_under'"
                )
            async with asyncio.timeout(10):
                while (await self.ask(socket, rep)).get("retry_after_ms", 0) < 1000:
                    await asyncio.sleep(0.1)

    async def test_an_exercise_that_is_switched_off_is_refused_within_seconds(self) -> None:
        rep = '{"event": "rep_detected", "type": "lunge"}'
        async with self.connect() as socket:
            await self.ask(socket, rep)
            with closing(sqlite3.connect(self.folder / "senim.sqlite3")) as database, database:
                database.execute("UPDATE workouts_exercise SET active = 0 WHERE slug = 'lunge'")
            async with asyncio.timeout(10):
                while (await self.ask(socket, rep)).get("code") != "unknown_exercise":
                    await asyncio.sleep(0.5)

    async def test_it_survives_text_that_is_not_utf8(self) -> None:
        async with self.connect() as socket:
            await socket.send(b"\xff\xfe", text=True)
            assert (await self.hear(socket))["code"] == "invalid_message"
            assert (await self.ask(socket, REP))["status"] == "counted"

    async def test_it_says_why_it_closes_to_a_client_that_is_still_sending(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.service.port)
        writer.write(
            b"GET /ws/workout HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), ANSWER_S)
        # the head of a frame of 1 MB, and then all of it before the answer is read
        writer.write(b"\x81\xff" + (1_000_000).to_bytes(8, "big") + b"\0\0\0\0")
        for _ in range(100):
            writer.write(b"x" * 10_000)
            await asyncio.wait_for(writer.drain(), ANSWER_S)
            await asyncio.sleep(0.002)
        answer = await asyncio.wait_for(reader.read(), ANSWER_S)
        assert answer[:1] == b"\x88"
        assert int.from_bytes(answer[2:4], "big") == 1009
        writer.close()


@pytest.mark.slow
class DaphneTests(SocketContract, SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        folder = str(fresh_folder())
        environment = {"LOG_LEVEL": "INFO", "SENIM_DATA": folder, **NO_RATE_LIMIT}
        cls.service = Service(*DAPHNE, ready="Listening on TCP", **environment).start()
        cls.addClassCleanup(cls.service.stop)
