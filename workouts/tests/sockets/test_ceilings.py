"""The ceilings as a client sees them: what is rejected, why, and when to try again."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis
import websockets
from django.test import SimpleTestCase

from workouts.live.keys import RedisKeySpace
from workouts.tests.support.cast import new_athlete
from workouts.tests.support.databases import copy_sqlite
from workouts.tests.support.phones import (
    Phone,
    PhoneShop,
    column,
    make_rep,
    make_set,
    now_ms,
    verdicts,
)
from workouts.tests.support.processes import wait_until
from workouts.tests.support.service import Service, fresh_folder

RATE = 50
BURST = 2 * RATE
ANSWER_S = 20.0
REP = json.dumps(make_rep())


class CeilingCase(PhoneShop, SimpleTestCase):
    options: dict[str, str] = {}
    limits = ""
    folder: Path

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        folder = cls.folder = fresh_folder()
        copy_sqlite(folder)
        if cls.limits:
            with closing(sqlite3.connect(folder / "senim.sqlite3")) as database, database:
                database.execute(f"UPDATE workouts_exercise SET {cls.limits} WHERE slug = 'squat'")  # noqa: S608
        cls.service = Service(SENIM_DATA=str(folder), **cls.options).start()
        cls.addClassCleanup(cls.service.stop)

    async def ask(self, socket: websockets.ClientConnection, *frames: str) -> list[dict[str, Any]]:
        for frame in frames:
            await socket.send(frame)
        return [json.loads(await asyncio.wait_for(socket.recv(), ANSWER_S)) for _ in frames]


@pytest.mark.slow
class PaceTests(CeilingCase):
    limits = "min_interval_ms = 1, max_per_minute = 60"

    async def test_it_rejects_a_rep_over_the_ceiling(self) -> None:
        async with self.open_socket(new_athlete()) as socket:
            answers = []
            for _ in range(12):
                answers += await self.ask(socket, REP)
                await asyncio.sleep(0.005)
        assert [answer["status"] for answer in answers[:7]] == ["counted"] * 7
        rejected = answers[-1]
        assert 0 < rejected.pop("retry_after_ms") <= 1000
        assert rejected == {
            "event": "rep_ack",
            "type": "squat",
            "status": "rejected",
            "count": 7,
            "reason": "pace",
        }

    async def test_a_rejected_seq_is_settled(self) -> None:
        phone = await self.take_device(new_athlete())
        now = now_ms()
        answers = await phone.ask_all(
            [make_rep(seq, now - 2000 + seq * 10) for seq in range(1, 21)]
        )
        assert [answer.get("reason") for answer in answers] == [None] * 7 + ["pace"] * 13
        assert list(column(answers, "seq")) == list(range(1, 21))
        assert len({answer["session_id"] for answer in answers}) == 1
        assert verdicts(await phone.ask_all([make_rep(20, now)])) == ["duplicate"]
        await phone.close()


@pytest.mark.slow
class SessionFullTests(CeilingCase):
    limits = "max_per_session = 3"

    async def test_it_rejects_reps_over_a_sessions_maximum_until_it_is_finished(self) -> None:
        phone = await self.take_device(new_athlete())
        answers = await phone.ask_all(make_set(range(1, 6)))
        assert [answer.get("reason") for answer in answers] == [None] * 3 + ["session_full"] * 2
        assert answers[-1]["count"] == 3
        assert answers[-1]["retry_after_ms"] == 30 * 60_000
        finished = await phone.finish()
        assert finished["count"] == 3
        row = self.service.ask("GET", f"/workout/sessions/{finished['workout_id']}/").body
        assert row["refused"] == {"session_full": 2}
        assert verdicts(await phone.ask_all(make_set([6]))) == ["counted"]
        await phone.close()


@pytest.mark.slow
class TooFastTests(CeilingCase):
    options = {"SENIM_MAX_MESSAGES_PER_SECOND": str(RATE)}

    async def test_it_rejects_what_comes_too_fast_and_answers_each(self) -> None:
        async with self.open_socket(new_athlete()) as socket:
            answers = await self.ask(socket, *[REP] * 400)
            reasons = [answer.get("reason") for answer in answers]
            assert reasons[:BURST] == [None] * BURST
            assert reasons.count("too_fast") > 200
            last = next(answer for answer in reversed(answers) if answer.get("reason"))
            assert (last["status"], last["count"], last["retry_after_ms"]) == (
                "rejected",
                1,
                1000 // RATE,
            )
            await asyncio.sleep(0.2)
            assert (await self.ask(socket, REP))[0].get("reason") is None

    async def test_it_closes_a_socket_that_goes_on(self) -> None:
        async with self.open_socket(new_athlete()) as socket:
            try:
                for _ in range(10_000):
                    await socket.send(REP)
            except websockets.ConnectionClosed:
                pass
            await asyncio.wait_for(socket.wait_closed(), ANSWER_S)
            assert (socket.close_code, socket.close_reason) == (1008, "too many messages")

    async def test_refusals_are_counted_with_the_session(self) -> None:
        athlete = new_athlete()
        async with self.open_socket(athlete) as socket:
            answers = await self.ask(socket, *[REP] * 400)
        too_fast = sum(answer.get("reason") == "too_fast" for answer in answers)
        await asyncio.to_thread(wait_until, lambda: self.noted(athlete) >= too_fast)
        workout_id = await asyncio.to_thread(self.finish_over_http, athlete)
        row = self.service.ask("GET", f"/workout/sessions/{workout_id}/").body
        assert row["refused"]["too_fast"] == too_fast
        assert "many_refused" in {flag["flag"] for flag in row["flags"]}

    def noted(self, athlete: str) -> int:
        """Return how many refusals Redis has noted with the live session."""
        session = RedisKeySpace("senim").live(athlete, "squat").session
        with redis.Redis(unix_socket_path=str(self.folder / "valkey.sock"), protocol=2) as client:
            return int(client.hget(session, "refused:too_fast") or 0)

    async def test_a_device_may_send_as_many_at_once_as_it_likes(self) -> None:
        phone = await self.take_device(new_athlete())
        answers = await phone.ask_all(make_set(range(1, 1001)))
        assert set(verdicts(answers)) == {"counted"}
        await phone.close()

    async def test_reps_without_a_seq_are_limited_on_a_device_too(self) -> None:
        phone = Phone(await self.open_socket(new_athlete(), subprotocols=["senim.v1"]))
        await phone.hear()
        answers = await phone.ask_all([make_rep()] * 300)
        assert "too_fast" in {answer.get("reason") for answer in answers}
        await phone.close()
