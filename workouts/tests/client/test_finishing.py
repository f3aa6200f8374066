"""How the reference client finishes a workout, with a scripted server."""

import asyncio

import pytest
from django.test import SimpleTestCase

from workouts.client import Finished, WorkoutClientError
from workouts.tests.support.peer import Json, Peer, Phone, client_of, make, within


class FinishTests(SimpleTestCase):
    async def test_a_finish_waits_for_every_earlier_ack(self) -> None:
        async def script(phone: Phone) -> None:
            await phone.greet()
            await phone.count(1, 1)
            await phone.hear("rep_detected")
            await phone.hear_nothing()
            await phone.say("rep_ack", type="squat", status="counted", count=2, seq=2)
            await phone.save()
            await phone.stay()

        async with Peer(script) as peer, client_of(peer.url) as client:
            make(client, 2)
            await within(client.finish())

    async def test_a_finish_whose_answer_was_lost_is_repeated_before_later_reps(self) -> None:
        async def lose_the_answer(phone: Phone) -> None:
            await phone.greet()
            await phone.count(1, 2)
            await phone.hear("finish")
            await phone.hear_nothing()
            phone.vanish()

        async def carry_on(phone: Phone) -> None:
            await phone.greet(last_seq=2)
            await phone.save(7, 2)
            await phone.count(3, 4)
            await phone.stay()

        async with Peer(lose_the_answer, carry_on) as peer, client_of(peer.url) as client:
            make(client, 2)
            finishing = asyncio.create_task(client.finish())
            await asyncio.sleep(0)
            later = make(client, 1) + make(client, 1, "push_up")
            assert await within(finishing) == Finished(7, 2)
            await within(client.settled())
        assert client.held == later

    async def test_a_finish_that_was_unavailable_is_repeated(self) -> None:
        async def script(phone: Phone) -> None:
            await phone.greet()
            await phone.count(1, 1)
            for _ in range(2):
                await phone.hear("finish")
                await phone.be_unavailable()
                await phone.answer_hello(1)
            await phone.save(8, 1)
            await phone.stay()

        async with Peer(script) as peer, client_of(peer.url) as client:
            make(client, 1)
            assert await within(client.finish()) == Finished(8, 1)

    async def test_a_finish_without_a_workout_raises_nothing_to_finish(self) -> None:
        async def script(phone: Phone) -> None:
            await phone.greet()
            await phone.hear("finish")
            await phone.say("error", code="nothing_to_finish", detail="no workout")
            await phone.count(1, 1)
            await phone.stay()

        async with Peer(script) as peer, client_of(peer.url) as client:
            with pytest.raises(WorkoutClientError) as raised:
                await within(client.finish())
            make(client, 1)
            await within(client.settled())
        assert raised.value.code == "nothing_to_finish"

    async def test_a_finish_cancelled_while_offline_is_not_sent(self) -> None:
        async def script(phone: Phone) -> None:
            await phone.greet()
            await phone.count(1, 2)
            await phone.stay()

        peer = Peer(script)
        async with client_of(peer.url) as client:
            make(client, 1)
            with pytest.raises(TimeoutError):
                await within(client.finish(), 0.05)
            make(client, 1)
            async with peer:
                await within(client.settled())
                await within(client.close())


class LoadTests(SimpleTestCase):
    async def test_a_repeated_finish_brings_its_load_again(self) -> None:
        heard: list[Json] = []

        async def lose_the_answer(phone: Phone) -> None:
            await phone.greet()
            await phone.count(1, 2)
            heard.extend(await phone.hear("finish"))
            phone.vanish()

        async def carry_on(phone: Phone) -> None:
            await phone.greet(last_seq=2)
            heard.extend(await phone.hear("finish"))
            await phone.say("finished", type="squat", workout_id=7, count=2, load_kg=62.5)
            await phone.stay()

        async with Peer(lose_the_answer, carry_on) as peer, client_of(peer.url) as client:
            make(client, 2)
            assert await within(client.finish(load_kg=62.5)) == Finished(7, 2, 62.5)
        assert heard == [{"event": "finish", "type": "squat", "load_kg": 62.5}] * 2

    async def test_a_finish_without_a_load_is_sent_as_ever(self) -> None:
        heard: list[Json] = []

        async def script(phone: Phone) -> None:
            await phone.greet()
            heard.extend(await phone.hear("finish"))
            await phone.say("finished", type="squat", workout_id=7, count=2)
            await phone.stay()

        async with Peer(script) as peer, client_of(peer.url) as client:
            assert (await within(client.finish())).load_kg is None
        assert heard == [{"event": "finish", "type": "squat"}]

    async def test_a_load_that_no_server_takes_is_an_error_at_once(self) -> None:
        client = client_of("http://127.0.0.1:1")
        for load_kg in (0, -1, 1000.5, float("nan")):
            with pytest.raises(ValueError, match="load_kg"):
                await client.finish(load_kg=load_kg)
