"""senim.v1 while Redis hangs, dies, forgets and comes back."""

import contextlib

from workouts.tests.support.device_outages import DeviceOutageCase
from workouts.tests.support.phones import (
    Phone,
    column,
    make_rep,
    make_set,
    verdicts,
)

ANSWER_WITHIN_S = 2.0
SOON_S = 0.5  # without waiting for Redis
UNAVAILABLE = "unavailable"


class RedisAwayTests(DeviceOutageCase):
    async def test_nothing_is_settled_past_a_seq_that_was_not(self) -> None:
        phone = await self.take_device(self.user_id)
        reps = [{}, *make_set(range(1, 12))]
        await phone.ask_all(reps[1:3])
        with self.redis_stopped():
            answers = await self.ask_within(phone, reps[3:6], ANSWER_WITHIN_S)
            assert verdicts(answers) == [UNAVAILABLE] * 3
            assert list(column(answers, "seq")) == [3, 4, 5]
            assert verdicts(await self.ask_within(phone, [reps[6]], SOON_S)) == [UNAVAILABLE]
        assert verdicts(await phone.ask_all([reps[7], reps[4]])) == [UNAVAILABLE] * 2
        # sent again, it is settled, whether or not Redis counted it when it resumed
        answers = await phone.ask_all([reps[3], reps[8], reps[4], reps[9], reps[2], reps[5]])
        assert [verdict == UNAVAILABLE for verdict in verdicts(answers)] == [
            False,
            True,
            False,
            True,
            False,
            False,
        ]
        assert (
            verdicts(await phone.ask_all([reps[10], reps[6], reps[7], reps[8], reps[9]]))
            == [UNAVAILABLE] + ["counted"] * 4
        )
        answers = await phone.ask_all([reps[11], reps[10], reps[11]])
        assert verdicts(answers) == [UNAVAILABLE, "counted", "counted"]
        assert answers[-1]["count"] == 11
        assert (await phone.finish())["count"] == 11
        await phone.close()
        assert self.rows() == [(11, {"phone": 11})]

    async def test_a_hello_tells_from_where_to_send_again(self) -> None:
        phone = await self.take_device(self.user_id)
        reps = make_set(range(1, 8))
        await phone.ask_all(reps[:2])
        with self.redis_stopped():
            assert (
                verdicts(await self.ask_within(phone, reps[2:5], ANSWER_WITHIN_S))
                == [UNAVAILABLE] * 3
            )
            assert (await phone.finish())["code"] == UNAVAILABLE
            assert (await phone.say_hello())["code"] == UNAVAILABLE
            assert verdicts(await self.ask_within(phone, reps[5:6], SOON_S)) == [UNAVAILABLE]
        last_seq = (await phone.say_hello())["last_seq"]
        assert 2 <= last_seq <= 5  # Redis may have counted the reps it was sent when it resumed
        answers = await phone.ask_all(reps[last_seq:])
        assert answers[-1]["count"] == 7
        await phone.close()

    async def test_after_a_hello_no_seq_passes_one_that_has_to_come_again(self) -> None:
        phone = await self.take_device(self.user_id)
        reps = make_set([1, 2, 3])
        await phone.ask_all(reps[:1])
        self.take_away(self.redis)
        assert verdicts(await phone.ask_all(reps[1:2])) == [UNAVAILABLE]
        await self.bring_back_async(self.redis)
        assert (await phone.say_hello())["last_seq"] == 1
        assert verdicts(await phone.ask_all([reps[2], reps[1], reps[2]])) == [
            UNAVAILABLE,
            "counted",
            "counted",
        ]
        await phone.close()

    async def test_a_finish_is_refused_while_a_rep_is_not_settled(self) -> None:
        phone = await self.take_device(self.user_id)
        reps = make_set([1, 2])
        await phone.ask_all(reps[:1])
        with self.redis_stopped():
            assert (
                verdicts(await phone.ask_all([reps[1], {"event": "finish"}])) == [UNAVAILABLE] * 2
            )
        answer = await phone.finish()
        assert answer["code"] == UNAVAILABLE
        assert "seq 2" in answer["detail"]
        assert verdicts(await phone.ask_all([reps[1], {"event": "finish"}]))[1] == "finished"
        await phone.close()
        assert self.rows() == [(2, {"phone": 2})]

    async def test_it_welcomes_without_redis_and_goes_on_once_it_is_back(self) -> None:
        watch = await self.take_device(self.user_id, "watch")
        self.take_away(self.redis)
        phone = Phone(await self.open_socket(self.user_id, subprotocols=["senim.v1"]))
        welcome = await phone.hear()
        assert welcome["event"] == "welcome"
        assert welcome["user_id"] == self.user_id
        assert "squat" in welcome["exercises"]
        assert "sessions" not in welcome
        assert (await phone.say_hello())["code"] == UNAVAILABLE
        await self.bring_back_async(self.redis)
        assert (await phone.say_hello())["last_seq"] == 0
        assert (await phone.ask({"event": "status"}))["sessions"] == []
        for seq in range(1, 20):  # the channel layer connects again within seconds
            await watch.ask_all(make_set(range(1, seq + 1)))
            with contextlib.suppress(TimeoutError):
                assert (await phone.hear_update_soon())["count"] <= seq
                break
        else:
            raise AssertionError(self.service.output())
        for device in (watch, phone):
            await device.close()


class RedisForgetsTests(DeviceOutageCase):
    async def test_it_has_the_client_send_again_what_redis_lost(self) -> None:
        phone = await self.take_device(self.user_id)
        reps = make_set(range(1, 11))
        await phone.ask_all(reps[:3])
        state = self.dump()
        await phone.ask_all(reps[3:7])
        self.restore(state)
        # the server may close before it has read them all: those get no answer
        answers = await phone.ask_until_closed(reps[7:])
        assert set(verdicts(answers)) == {UNAVAILABLE}
        assert list(column(answers, "seq")) == [8, 9, 10][: len(answers)]
        assert await phone.close_code() == 1012
        phone = await self.take_phone(self.user_id)
        assert (await phone.say_hello())["last_seq"] == 3
        answers = await phone.ask_all(reps[3:])
        assert list(column(answers, "count")) == list(range(4, 11))
        assert (await phone.finish())["count"] == 10
        await phone.close()
        assert self.rows() == [(10, {"phone": 10})]

    async def test_a_finish_is_refused_after_redis_lost_reps(self) -> None:
        phone = await self.take_device(self.user_id)
        reps = make_set(range(1, 6))
        await phone.ask_all(reps[:2])
        state = self.dump()
        await phone.ask_all(reps[2:])
        self.restore(state)
        assert (await phone.finish())["code"] == UNAVAILABLE
        assert await phone.close_code() == 1012
        phone = await self.take_phone(self.user_id)
        last_seq = (await phone.say_hello())["last_seq"]
        assert last_seq == 2
        assert (await phone.ask_all([*reps[last_seq:], {"event": "finish"}]))[-1]["count"] == 5
        await phone.close()
        assert self.rows() == [(5, {"phone": 5})]

    async def test_the_database_knows_the_last_seq_that_redis_lost(self) -> None:
        phone = await self.take_device(self.user_id)
        reps = make_set(range(1, 7))
        await phone.ask_all([*reps[:4], {"event": "finish"}])
        self.forget_all()
        answers = await phone.ask_all(reps[4:5])
        assert verdicts(answers) == [UNAVAILABLE]
        assert await phone.close_code() == 1012
        phone = await self.take_phone(self.user_id)
        assert (await phone.say_hello())["last_seq"] == 4
        assert verdicts(await phone.ask_all(reps)) == ["duplicate"] * 4 + ["counted"] * 2
        assert (await phone.finish())["count"] == 2
        await phone.close()
        assert self.rows() == [(4, {"phone": 4}), (2, {"phone": 6})]

    async def test_a_session_that_a_failover_brings_back_is_not_saved_twice(self) -> None:
        phone = await self.take_device(self.user_id)
        reps = make_set(range(1, 13))
        await phone.ask_all(reps[:4])
        state = self.dump()
        await phone.ask_all([*reps[4:8], {"event": "finish"}])
        await phone.close()
        self.restore(state)
        phone = await self.take_phone(self.user_id)
        assert (await phone.say_hello())["last_seq"] == 8
        assert verdicts(await phone.ask_all(reps)) == ["duplicate"] * 8 + ["counted"] * 4
        offline = make_set([1, 2, 3], ago_ms=10_000_000)
        watch = await self.take_device(self.user_id, "watch")
        await watch.ask_all([make_rep(), *offline])
        await watch.close()
        finished = await phone.finish()
        assert finished["count"] == sum(count for count, _ in self.rows()[1:])
        assert await phone.finish() == finished
        await phone.close()
        assert len(self.rows()) == 2
        assert self.rows()[0] == (8, {"phone": 8})
        assert self.rows()[1][1] == {"phone": 12, "watch": 3}

    async def test_a_session_that_a_failover_brings_back_unchanged_makes_no_row(self) -> None:
        phone = await self.take_device(self.user_id)
        await phone.ask_all(make_set(range(1, 5)))
        state = self.dump()
        finished = await phone.finish()
        self.restore(state)
        assert await phone.finish() == finished
        await phone.close()
        assert self.rows() == [(4, {"phone": 4})]
