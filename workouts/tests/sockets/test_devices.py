"""senim.v1 on /ws/workout: devices, seq, finish and status, on uvicorn and on daphne."""

import asyncio
import json
import uuid
from typing import Any

import pytest
from django.test import SimpleTestCase

from workouts.sockets.frames import MAX_WHOLE
from workouts.tests.support.cast import new_athlete
from workouts.tests.support.phones import (
    PACE_MS,
    Frame,
    PhoneShop,
    column,
    make_rep,
    make_set,
    now_ms,
    verdicts,
)
from workouts.tests.support.service import Service, fresh_folder, shared_service

DAPHNE = ("manage.py", "runserver", "--noreload", "{port}")
CLOSE_ENOUGH_MS = 5000


class DeviceContract(PhoneShop):
    """Tests for every server; the classes below run them."""

    def setUp(self) -> None:
        self.user_id = new_athlete()

    async def test_it_welcomes_a_device(self) -> None:
        socket = await self.open_socket(self.user_id, subprotocols=["other", "senim.v1"])
        welcome = json.loads(await asyncio.wait_for(socket.recv(), 20))
        await socket.close()
        assert socket.subprotocol == "senim.v1"
        assert abs(welcome.pop("server_time") - now_ms()) < CLOSE_ENOUGH_MS
        exercises = welcome.pop("exercises")
        assert welcome == {
            "event": "welcome",
            "protocol": 1,
            "user_id": self.user_id,
            "sessions": [],
        }
        assert {"squat", "battle_rope"} <= set(exercises)

    async def test_it_counts_a_numbered_rep(self) -> None:
        phone = await self.take_device(self.user_id)
        first, second = await phone.ask_all(make_set([40, 41]))
        assert uuid.UUID(first["session_id"])
        assert first == {
            "event": "rep_ack",
            "type": "squat",
            "status": "counted",
            "count": 1,
            "seq": 40,
            "session_id": first["session_id"],
        }
        assert second == {**first, "count": 2, "seq": 41}
        await phone.close()

    async def test_it_counts_no_seq_twice(self) -> None:
        phone = await self.take_device(self.user_id)
        reps = make_set([1, 2, 3])
        await phone.ask_all(reps)
        again = await phone.ask_all([*reps, *reps])
        await phone.close()
        assert verdicts(again) == ["duplicate"] * 6
        assert set(column(again, "count")) == {3}
        phone = await self.take_phone(self.user_id)
        answer = await phone.say_hello()
        assert abs(answer.pop("server_time") - now_ms()) < CLOSE_ENOUGH_MS
        assert answer == {"event": "hello", "device": "phone", "last_seq": 3}
        assert verdicts(await phone.ask_all([*reps, *make_set([3, 4])])) == ["duplicate"] * 4 + [
            "counted"
        ]
        await phone.close()

    async def test_it_counts_no_seq_twice_after_a_finish(self) -> None:
        phone = await self.take_device(self.user_id)
        reps = make_set([1, 2, 3])
        await phone.ask_all(reps)
        finished = await phone.finish()
        assert finished == {
            "event": "finished",
            "type": "squat",
            "workout_id": finished["workout_id"],
            "count": 3,
        }
        again = await phone.ask_all(reps)
        assert verdicts(again) == ["duplicate"] * 3
        assert set(column(again, "count")) == {0}
        assert await phone.finish() == finished
        await phone.close()
        assert self.finish_over_http(self.user_id) == finished["workout_id"]

    async def test_it_tells_other_devices_about_reps_and_a_finish(self) -> None:
        watch, phone = (
            await self.take_device(self.user_id, "watch"),
            await self.take_device(self.user_id, "phone"),
        )
        ack = (await phone.ask_all(make_set([1, 2, 3])))[-1]
        update = {
            "event": "session_update",
            "type": "squat",
            "count": 3,
            "session_id": ack["session_id"],
            "state": "live",
        }
        assert await watch.hear_update(count=3) == update
        finished = await phone.finish()
        assert await watch.hear() == {
            **update,
            "state": "finished",
            "workout_id": finished["workout_id"],
        }
        assert await phone.hears_nothing()
        for device in (watch, phone):
            await device.close()

    async def test_it_answers_a_status_with_the_live_sessions(self) -> None:
        phone = await self.take_device(self.user_id)
        squats = await phone.ask_all(make_set([1, 2]))
        lunges = await phone.ask_all(make_set([3], exercise="lunge"))
        answer = await phone.ask({"event": "status"})
        assert abs(answer.pop("server_time") - now_ms()) < CLOSE_ENOUGH_MS
        sessions = [
            {"type": "lunge", "count": 1, "session_id": lunges[0]["session_id"]},
            {"type": "squat", "count": 2, "session_id": squats[0]["session_id"]},
        ]
        assert answer == {"event": "sessions", "sessions": sessions}
        other = await self.open_socket(self.user_id, subprotocols=["senim.v1"])
        assert json.loads(await asyncio.wait_for(other.recv(), 20))["sessions"] == sessions
        await other.close()
        await phone.close()

    async def test_a_plain_socket_hears_nothing_of_what_devices_do(self) -> None:
        socket = await self.open_socket(self.user_id)
        phone = await self.take_device(self.user_id)
        await phone.ask_all(make_set([1, 2]))
        await phone.finish()
        self.finish_over_http(self.user_id)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), 0.8)
        assert socket.subprotocol is None
        await socket.close()
        await phone.close()

    async def test_a_plain_socket_takes_no_frame_or_field_of_senim_v1(self) -> None:
        unknown: list[Frame] = [
            {"event": "hello", "device": "phone", "now": 1},
            {"event": "finish"},
            {"event": "status"},
        ]
        socket = await self.open_socket(self.user_id)
        for frame in unknown:
            await socket.send(json.dumps(frame))
            answer = json.loads(await asyncio.wait_for(socket.recv(), 20))
            assert set(answer) == {"event", "code", "detail"}
            assert answer["code"] == "unknown_event"
            assert answer["detail"].endswith("known: rep_detected")
        numbered: list[Any] = [7, "text", -1, 2**63, None]
        answers = []
        for seq in numbered:
            await socket.send(json.dumps({**make_rep(), "seq": seq, "at": "text"}))
            answers.append(json.loads(await asyncio.wait_for(socket.recv(), 20)))
        await socket.close()
        assert verdicts(answers) == ["counted"] + ["debounced"] * 4
        assert answers[0] == {"event": "rep_ack", "type": "squat", "status": "counted", "count": 1}


class UvicornTests(DeviceContract, SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service = shared_service()

    async def test_it_answers_each_of_5000_reps_that_come_at_once(self) -> None:
        phone = await self.take_device(self.user_id)
        reps = make_set(range(1, 5001))
        finish: Frame = {"event": "finish", "type": "squat"}
        answers = await phone.ask_all([*reps[:2500], finish, *reps[2500:]])
        await phone.close()
        assert verdicts(answers) == ["counted"] * 2500 + ["finished"] + ["counted"] * 2500
        assert list(column(answers, "count")) == [*range(1, 2501), 2500, *range(1, 2501)]
        assert list(column(answers, "seq")) == [*range(1, 2501), None, *range(2501, 5001)]
        assert len(set(column(answers, "session_id"))) == 3
        session = self.service.ask(
            "GET", f"/workout/sessions/{self.finish_over_http(self.user_id)}/"
        ).body
        assert session["total_reps"] == 2500
        assert session["timeline_ms"] == [PACE_MS * index for index in range(2500)]

    async def test_it_counts_each_seq_once_over_gaps_and_repeats(self) -> None:
        phone = await self.take_device(self.user_id)
        seqs = [2, 2, 7, 3, 7, 1000, 999, MAX_WHOLE - 1, 1001, MAX_WHOLE, MAX_WHOLE]
        reps = [
            {**rep, "seq": seq} for rep, seq in zip(make_set(range(len(seqs))), seqs, strict=True)
        ]
        answers = await phone.ask_all(reps)
        known = [2, 7, 1000, MAX_WHOLE - 1, MAX_WHOLE]
        assert [answer["seq"] for answer in answers if answer["status"] == "counted"] == known
        assert verdicts(answers).count("duplicate") == len(seqs) - len(known)
        assert answers[-1]["count"] == len(known)
        assert (await phone.say_hello())["last_seq"] == MAX_WHOLE
        await phone.close()

    async def test_it_counts_a_rep_sent_on_two_sockets_once(self) -> None:
        phones = [await self.take_device(self.user_id) for _ in range(5)]
        reps = make_set(range(1, 201))
        answers = await asyncio.gather(*(phone.ask_all(reps) for phone in phones))
        for phone in phones:
            await phone.close()
        counted = [
            answer["seq"] for many in answers for answer in many if answer["status"] == "counted"
        ]
        assert sorted(counted) == list(range(1, 201))
        assert max(answer["count"] for many in answers for answer in many) == 200

    async def test_each_device_has_its_own_numbering(self) -> None:
        phone, watch = (
            await self.take_device(self.user_id, "phone"),
            await self.take_device(self.user_id, "watch"),
        )
        assert verdicts(await phone.ask_all(make_set([1, 2], exercise="squat"))) == ["counted"] * 2
        assert verdicts(await watch.ask_all(make_set([1, 2], exercise="lunge"))) == ["counted"] * 2
        other = await self.take_phone(new_athlete())
        assert (await other.say_hello("phone"))["last_seq"] == 0
        for device in (phone, watch, other):
            await device.close()

    async def test_it_accepts_a_second_hello_from_the_same_device_only(self) -> None:
        phone = await self.take_device(self.user_id)
        hello = {"event": "hello", "device": "phone", "now": now_ms()}
        answers = await phone.ask_all([*make_set([1, 2]), hello, *make_set([3])])
        assert answers[2]["last_seq"] == 2
        assert answers[3]["count"] == 3
        for _ in range(20):
            assert (await phone.say_hello("watch"))["code"] == "invalid_message"
        assert await phone.close_code() == 1008

    async def test_it_counts_reps_without_a_seq_too(self) -> None:
        phone = await self.take_phone(self.user_id)
        assert await phone.ask(make_rep()) == {
            "event": "rep_ack",
            "type": "squat",
            "status": "counted",
            "count": 1,
        }
        answers = await phone.ask_all([make_rep(), {"event": "finish"}])
        assert (answers[0]["status"], answers[1]["count"]) == ("debounced", 1)
        assert await phone.hears_nothing()
        await phone.close()

    async def test_a_finish_waits_for_the_reps_before_it(self) -> None:
        exercises = ["squat", "lunge", "push_up", "burpee", "dip"]
        phone = await self.take_phone(self.user_id)
        frames = [
            frame
            for slug in exercises
            for frame in (make_rep(exercise=slug), {"event": "finish", "type": slug})
        ]
        answers = await phone.ask_all(frames)
        await phone.close()
        assert verdicts(answers) == ["counted", "finished"] * len(exercises)
        assert set(column(answers, "count")) == {1}

    async def test_a_hundred_sockets_that_never_say_hello_are_served(self) -> None:
        phones = await asyncio.gather(*(self.take_phone(new_athlete()) for _ in range(100)))
        assert (
            verdicts(await asyncio.gather(*(phone.ask({"event": "status"}) for phone in phones)))
            == ["sessions"] * 100
        )
        phone = await self.take_device(self.user_id)
        assert verdicts(await phone.ask_all(make_set([1]))) == ["counted"]
        await asyncio.gather(*(quiet.close() for quiet in (*phones, phone)))


@pytest.mark.slow
class DaphneTests(DeviceContract, SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        folder = str(fresh_folder())
        cls.service = Service(
            *DAPHNE, ready="Listening on TCP", LOG_LEVEL="INFO", SENIM_DATA=folder
        ).start()
        cls.addClassCleanup(cls.service.stop)

    async def test_it_answers_each_of_1000_reps_that_come_at_once(self) -> None:
        phone = await self.take_device(self.user_id)
        answers = await phone.ask_all(make_set(range(1, 1001)))
        await phone.close()
        assert list(column(answers, "count")) == list(range(1, 1001))
