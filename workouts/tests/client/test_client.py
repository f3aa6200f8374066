"""What the reference client sends, sends again and keeps, with a scripted server."""

import asyncio

from django.test import SimpleTestCase

from workouts.client import Finished, Frame
from workouts.tests.support.peer import Peer, Phone, client_of, make, statuses, until, within


class TalkTests(SimpleTestCase):
    async def test_it_counts_and_finishes(self) -> None:
        async def script(phone: Phone) -> None:
            hello = await phone.greet()
            assert hello == {"event": "hello", "device": "f3a9c1", "now": 1234}
            (rep,) = await phone.hear("rep_detected")
            assert rep == {"event": "rep_detected", "type": "squat", "seq": 1, "at": 1234}
            await phone.say("rep_ack", type="squat", status="counted", count=1, seq=1)
            await phone.count(2, 3)
            await phone.save(7, 3)
            await phone.stay()

        acks: list[tuple[int, str | None, int]] = []
        options = {
            "device": "f3a9c1",
            "now_ms": lambda: 1234,
            "on_ack": lambda rep, count: acks.append((rep.seq, rep.status, count)),
        }
        async with Peer(script) as peer, client_of(peer.url, **options) as client:
            reps = make(client, 3)
            assert await within(client.finish()) == Finished(workout_id=7, count=3)
        assert all(rep.counted for rep in reps)
        assert acks == [(1, "counted", 1), (2, "counted", 2), (3, "counted", 3)]
        assert client.held == []
        assert client.counts == {"squat": 0}

    async def test_it_passes_on_frames_it_did_not_ask_for(self) -> None:
        async def script(phone: Phone) -> None:
            await phone.greet()
            await phone.say(
                "session_update",
                type="squat",
                count=9,
                session_id="s",
                state="finished",
                workout_id=4,
            )
            await phone.say("weather", count="sunny", type=["rain"])
            await phone.socket.send("{")
            await phone.count(1, 1)
            await phone.stay()

        frames: list[Frame] = []
        async with Peer(script) as peer, client_of(peer.url, on_frame=frames.append) as client:
            (rep,) = make(client, 1)
            await within(client.settled())
        assert rep.status == "counted"
        assert [frame.event for frame in frames] == [
            "welcome",
            "hello",
            "session_update",
            "rep_ack",
        ]
        assert (frames[2].type, frames[2].count, frames[2].state, frames[2].workout_id) == (
            "squat",
            9,
            "finished",
            4,
        )

    async def test_it_has_at_most_200_unanswered_reps(self) -> None:
        async def script(phone: Phone) -> None:
            await phone.greet()
            await phone.count(1, 1)
            first = await phone.hear("rep_detected", 200)
            await phone.hear_nothing()
            for rep in first:
                await phone.say("rep_ack", type="squat", status="counted", count=1, seq=rep["seq"])
            await phone.count(202, 250)
            await phone.stay()

        async with Peer(script) as peer, client_of(peer.url) as client:
            make(client, 250)
            await within(client.settled())

    async def test_any_verdict_settles_a_rep(self) -> None:
        async def script(phone: Phone) -> None:
            await phone.greet()
            for seq, status in enumerate(
                ("debounced", "rejected", "duplicate", "counted"), start=1
            ):
                await phone.count(seq, seq, status=status)
            await phone.stay()

        async with Peer(script) as peer, client_of(peer.url) as client:
            reps = make(client, 4)
            await within(client.settled())
        assert statuses(reps) == ["debounced", "rejected", "duplicate", "counted"]
        assert [rep.counted for rep in reps] == [False, False, False, True]


class ResendTests(SimpleTestCase):
    async def test_after_a_lost_ack_it_sends_only_reps_above_last_seq_again(self) -> None:
        async def lose_acks(phone: Phone) -> None:
            await phone.greet()
            await phone.count(1, 2)
            await phone.hear("rep_detected", 3)
            phone.vanish()

        async def carry_on(phone: Phone) -> None:
            await phone.greet(last_seq=3)
            await phone.count(4, 5)
            await phone.stay()

        async with Peer(lose_acks, carry_on) as peer, client_of(peer.url) as client:
            reps = make(client, 5)
            await within(client.settled())
        assert statuses(reps) == ["counted", "counted", "settled", "counted", "counted"]

    async def test_it_sends_acknowledged_reps_again_if_the_server_forgot_them(self) -> None:
        async def count_all(phone: Phone) -> None:
            await phone.greet()
            await phone.count(1, 3)
            phone.vanish()

        async def remember_less(phone: Phone) -> None:
            await phone.greet(last_seq=1)
            await phone.count(2, 3)
            await phone.save()
            await phone.stay()

        async with Peer(count_all, remember_less) as peer, client_of(peer.url) as client:
            make(client, 3)
            await within(client.settled())
            await within(client.finish())

    async def test_it_forgets_the_reps_of_a_workout_that_someone_else_finished(self) -> None:
        async def script(phone: Phone) -> None:
            await phone.greet()
            await phone.count(1, 3)
            await phone.say(
                "session_update",
                type="squat",
                count=3,
                session_id="s",
                state="finished",
                workout_id=4,
            )
            await phone.count(4, 4)
            await phone.stay()

        async with Peer(script) as peer, client_of(peer.url) as client:
            make(client, 3)
            await within(client.settled())
            await within(until(lambda: not client.held))
            (fourth,) = make(client, 1)
            await within(client.settled())
            assert client.held == [fourth]

    async def test_it_sends_no_reps_of_a_finished_workout_again(self) -> None:
        async def save_squats(phone: Phone) -> None:
            await phone.greet()
            await phone.count(1, 3)
            await phone.save()
            phone.vanish()

        async def hear_the_rest(phone: Phone) -> None:
            await phone.greet(last_seq=0)
            (rep,) = await phone.hear("rep_detected")
            assert (rep["seq"], rep["type"]) == (2, "push_up")
            heard.set()
            await phone.stay()

        heard = asyncio.Event()
        async with Peer(save_squats, hear_the_rest) as peer, client_of(peer.url) as client:
            make(client, 1)
            (push_up,) = make(client, 1, "push_up")
            make(client, 1)
            await within(client.finish("squat"))
            assert client.held == [push_up]
            await within(heard.wait())

    async def test_after_unavailable_it_says_hello_and_sends_the_rest_again(self) -> None:
        async def script(phone: Phone) -> None:
            await phone.greet()
            await phone.count(1, 1)
            await phone.hear("rep_detected", 3)
            for seq in (2, 3, 4):
                await phone.be_unavailable(seq)
            await phone.answer_hello(last_seq=2)
            await phone.count(3, 4)
            await phone.stay()

        waits: list[int] = []
        async with (
            Peer(script) as peer,
            client_of(peer.url, backoff=lambda failures: waits.append(failures) or 0.0) as client,
        ):
            reps = make(client, 4)
            await within(client.settled())
        assert statuses(reps) == ["counted", "settled", "counted", "counted"]
        assert (peer.connections, waits) == (1, [1])

    async def test_it_repeats_a_hello_that_was_unavailable(self) -> None:
        async def script(phone: Phone) -> None:
            await phone.be_unavailable()  # the welcome
            for _ in range(2):
                await phone.hear("hello")
                await phone.be_unavailable()
            await phone.answer_hello(0)
            await phone.count(1, 1)
            await phone.stay()

        waits: list[int] = []
        async with (
            Peer(script) as peer,
            client_of(peer.url, backoff=lambda failures: waits.append(failures) or 0.0) as client,
        ):
            make(client, 1)
            await within(client.settled())
        assert waits == [1, 2, 3]

    async def test_it_sends_nothing_until_a_hello_is_answered(self) -> None:
        said_hello = asyncio.Event()

        async def script(phone: Phone) -> None:
            await phone.greet()
            await phone.count(1, 1)
            await phone.hear("rep_detected")
            await phone.be_unavailable(seq=2)
            await phone.hear("hello")
            said_hello.set()
            await phone.hear_nothing()
            await phone.say("hello", device="phone", last_seq=1, server_time=1)
            await phone.count(2, 4)
            await phone.stay()

        async with Peer(script) as peer, client_of(peer.url) as client:
            make(client, 2)
            await within(said_hello.wait())
            make(client, 2)
            await within(client.settled())

    async def test_it_reconnects_after_an_answer_to_another_rep(self) -> None:
        async def skip_one(phone: Phone) -> None:
            await phone.greet()
            await phone.count(1, 1)
            await phone.hear("rep_detected", 2)
            await phone.say("rep_ack", type="squat", status="counted", count=2, seq=3)
            await phone.stay()

        async def carry_on(phone: Phone) -> None:
            await phone.greet(last_seq=1)
            await phone.count(2, 3)
            await phone.stay()

        async with Peer(skip_one, carry_on) as peer, client_of(peer.url) as client:
            make(client, 3)
            await within(client.settled())

    async def test_it_numbers_above_what_an_earlier_run_of_the_device_used(self) -> None:
        async def script(phone: Phone) -> None:
            await phone.greet(last_seq=10)
            await phone.count(11, 14)
            await phone.stay()

        async with Peer(script) as peer, client_of(peer.url) as client:
            reps = make(client, 3)
            await within(client.settled())
            reps += make(client, 1)
            await within(client.settled())
        assert [rep.seq for rep in reps] == [11, 12, 13, 14]

    async def test_seqs_start_at_the_time_in_ms(self) -> None:
        client = client_of("http://127.0.0.1:1", first_seq=None, now_ms=lambda: 1_763_839_190_000)
        assert [rep.seq for rep in make(client, 2)] == [1_763_839_190_000, 1_763_839_190_001]
