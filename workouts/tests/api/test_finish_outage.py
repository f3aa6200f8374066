"""POST /workout/finish of a real service whose database and Redis come and go."""

import asyncio
import http.client
import json
import signal
import time
from multiprocessing.pool import ThreadPool
from typing import Any

import psycopg
from websockets.asyncio.client import connect

from workouts.api.problems import CONTENT_TYPE
from workouts.tests.support.cast import new_athlete
from workouts.tests.support.outage import OutageCase
from workouts.tests.support.processes import wait_until
from workouts.tests.support.service import Answer

FINISH = "/workout/finish"
REP = '{"event": "rep_detected", "type": "%s"}'
EXERCISES = ("squat", "lunge", "dip")
RECOVERY_S = 30.0


class FinishOutageTests(OutageCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        # from here on the service knows the exercises
        assert cls.service.ask("POST", FINISH, {"user_id": new_athlete()}).status == 409

    def setUp(self) -> None:
        self.user_id = new_athlete()

    def train(self, exercises: tuple[str, ...] = EXERCISES) -> list[Any]:
        """Send a rep of each exercise over a WebSocket and return the answers."""
        return asyncio.run(self.train_async(exercises))

    async def train_async(self, exercises: tuple[str, ...]) -> list[Any]:
        async with connect(self.service.socket_url(self.user_id)) as socket:
            for exercise in exercises:
                await socket.send(REP % exercise)
            return [json.loads(await socket.recv()) for _ in exercises]

    def finish(self, exercise: str = "squat") -> Answer:
        return self.service.ask(
            "POST", FINISH, {"user_id": self.user_id, "exercise_type": exercise}
        )

    def finish_again(self, exercise: str = "squat") -> Answer:
        """Finish again until the answer is no longer 503."""
        asked_till = time.monotonic() + RECOVERY_S
        while (answer := self.finish(exercise)).status == 503:
            assert time.monotonic() < asked_till, answer
        return answer

    def rows(self) -> list[tuple[int, str, int]]:
        """Return the id, exercise and count of the athlete's rows, in the order they were saved."""
        query = (
            "SELECT id, exercise_type, total_reps FROM workout_sessions "
            "WHERE user_id = %s ORDER BY id"
        )
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(query, [self.user_id]).fetchall()

    def check_unavailable(self, answer: Answer) -> None:
        assert (answer.status, answer.headers["content-type"]) == (503, CONTENT_TYPE)
        assert answer.body["code"] == "unavailable"
        assert int(answer.headers["retry-after"]) > 0

    def test_it_saves_once_what_a_stopped_database_delayed(self) -> None:
        for signal_number in (signal.SIGINT, signal.SIGKILL):
            with self.subTest(signal=signal_number):
                self.user_id = new_athlete()
                assert [ack["count"] for ack in self.train()] == [1, 1, 1]
                self.database.stop(signal_number)
                self.addCleanup(self.bring_back, self.database)
                self.check_unavailable(self.finish())
                self.bring_back(self.database)
                answers = [self.finish_again(), self.finish()]
                assert [answer.status for answer in answers] == [200, 200]
                assert self.rows() == [(answers[0].body["workout_id"], "squat", 1)]
                assert answers[0].body == answers[1].body

    def test_it_counts_on_without_a_database_and_keeps_sessions_apart(self) -> None:
        self.take_away(self.database)
        for _ in range(2):
            assert [(ack["status"], ack["count"]) for ack in self.train(("lunge",))] == [
                ("counted", 1)
            ]
            self.check_unavailable(self.finish("lunge"))
        self.bring_back(self.database)
        newest = self.finish_again("lunge").body["workout_id"]
        assert [(exercise, count) for _, exercise, count in self.rows()] == [
            ("lunge", 1),
            ("lunge", 1),
        ]
        assert self.rows()[-1][0] == newest

    def test_it_is_unavailable_without_a_database_even_for_a_saved_session(self) -> None:
        self.train(("squat",))
        saved = self.finish().body
        self.take_away(self.database)
        with ThreadPool(2) as pool:
            listed = pool.apply_async(self.service.ask, ("GET", "/workout/sessions/"))
            self.check_unavailable(self.finish())
            self.check_unavailable(listed.get())
        self.bring_back(self.database)
        assert self.finish_again().body == saved

    def test_it_saves_once_what_a_stopped_redis_delayed(self) -> None:
        self.train(("squat",))
        self.take_away(self.redis)
        self.check_unavailable(self.finish())
        assert self.rows() == []
        self.bring_back(self.redis)
        answers = [self.finish_again(), self.finish()]
        assert [answer.body for answer in answers] == [
            {"status": "success", "workout_id": self.rows()[0][0]}
        ] * 2
        assert len(self.rows()) == 1
        # the first rep after the outage may still meet the lost connection
        wait_until(lambda: self.train(("squat",))[0]["event"] == "rep_ack")

    def test_its_location_is_the_session_counted_over_the_socket(self) -> None:
        self.train()
        answer = self.finish("dip")
        session = self.service.ask("GET", answer.headers["location"]).body
        assert (session["user_id"], session["exercise_type"], session["total_reps"]) == (
            self.user_id,
            "dip",
            1,
        )

    def test_it_reads_a_chunked_body(self) -> None:
        self.train(("squat",))
        connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=30)
        self.addCleanup(connection.close)
        chunks = iter((b'{"user_id": ', json.dumps(self.user_id).encode(), b"}"))
        connection.request(
            "POST", FINISH, chunks, {"Content-Type": "application/json"}, encode_chunked=True
        )
        with connection.getresponse() as response:
            assert (response.status, json.loads(response.read())["workout_id"]) == (
                200,
                self.rows()[0][0],
            )

    def test_it_saves_one_row_for_20_callers(self) -> None:
        self.train(("squat",))
        with ThreadPool(20) as pool:
            answers = pool.map(lambda _: self.finish(), range(20))
        assert [answer.body["workout_id"] for answer in answers] == [self.rows()[0][0]] * 20
        assert len(self.rows()) == 1
