"""session_update: who hears of a change, how often, and from where."""

import asyncio
from collections.abc import Callable

from django.test import SimpleTestCase

from workouts.events.subscription import Event
from workouts.events.updates import NOBODY, Hear, UpdatePublisher, get_feed, read_updates
from workouts.events.wall_reports import Changed
from workouts.live.clients import connect
from workouts.live.store import LiveStore
from workouts.tests.support.cast import new_athlete, train
from workouts.tests.support.outage import SWEEP_NEVER, OutageCase
from workouts.tests.support.phones import Phone, PhoneShop, make_rep, make_set
from workouts.tests.support.processes import run_manage, wait_until
from workouts.tests.support.service import Service, fresh_folder

HEARD_WITHIN_S = 5.0
TRAINED_S = 2.0
MAX_UPDATES = 10  # of these two seconds, at three a second, with room for a slow machine


class FeedTests(SimpleTestCase):
    def setUp(self) -> None:
        self.user_id = new_athlete()
        train(self.user_id, 3)
        self.heard: list[Event] = []

    async def until_heard(self, number: int) -> None:
        await self.until(lambda: len(self.heard) >= number)

    async def until(self, condition: Callable[[], object]) -> None:
        await asyncio.to_thread(wait_until, condition, deadline_s=HEARD_WITHIN_S)

    async def join(self, hear: Hear | None = None) -> None:
        await asyncio.wait_for(
            get_feed().join(self.user_id, hear or self.heard.append), HEARD_WITHIN_S
        )

    async def test_many_changes_are_one_event(self) -> None:
        await self.join()
        publisher = UpdatePublisher()
        for _ in range(100):
            publisher.note(Changed(self.user_id, "squat"), NOBODY)
        await self.until_heard(1)
        (event,) = self.heard
        assert (event["exercise_type"], event["reps"], event["workout_id"], event["origin"]) == (
            "squat",
            3,
            None,
            NOBODY,
        )

    async def test_changes_by_two_have_no_origin(self) -> None:
        await self.join()
        publisher = UpdatePublisher()
        for origin in ("one", "two", "one"):
            publisher.note(Changed(self.user_id, "squat"), origin)
        await self.until_heard(1)
        assert self.heard[0]["origin"] == NOBODY

    async def test_the_only_one_who_listens_is_not_told_of_itself(self) -> None:
        await self.join()
        publisher = UpdatePublisher()
        publisher.note(Changed(self.user_id, "squat"), "self")
        await asyncio.sleep(1)
        assert self.heard == []
        others: list[Event] = []
        await self.join(others.append)
        publisher.note(Changed(self.user_id, "squat"), "self")
        await self.until_heard(1)
        assert others == self.heard

    async def test_nothing_is_read_for_those_who_do_not_listen(self) -> None:
        changed = Changed(self.user_id, "squat")
        assert await asyncio.to_thread(read_updates, {changed: NOBODY}, set()) == []
        await self.join()
        assert len(await asyncio.to_thread(read_updates, {changed: NOBODY}, set())) == 1
        assert await asyncio.to_thread(read_updates, {changed: "self"}, {changed}) == []

    async def test_who_left_hears_nothing(self) -> None:
        stays: list[Event] = []
        await self.join()
        await self.join(stays.append)
        get_feed().leave(self.user_id, self.heard.append)
        publisher = UpdatePublisher()
        publisher.note(Changed(self.user_id, "squat"), NOBODY)
        await self.until(lambda: stays)
        get_feed().leave(self.user_id, stays.append)
        await self.until(lambda: not read_updates({Changed(self.user_id, "squat"): NOBODY}, set()))
        assert get_feed().count(self.user_id) == 0

    async def test_who_comes_back_at_once_hears_again(self) -> None:
        for _ in range(20):
            await self.join()
            get_feed().leave(self.user_id, self.heard.append)
        await self.join()
        UpdatePublisher().note(Changed(self.user_id, "squat"), NOBODY)
        await self.until_heard(1)


class TwoProcessesTests(PhoneShop, OutageCase):
    """Two processes of the service, on one Redis and one database."""

    second: Service

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.second = Service(**cls.places(), SENIM_DATA=str(fresh_folder())).start()
        cls.addClassCleanup(cls.second.stop)

    @classmethod
    def places(cls) -> dict[str, str]:
        return {
            "REDIS_URL": f"unix://{cls.redis.socket}",
            "DATABASE_URL": cls.database_url,
            "SENIM_SWEEP_SECONDS": SWEEP_NEVER,
        }

    def setUp(self) -> None:
        self.user_id = new_athlete()

    async def take_three(self) -> tuple[Phone, Phone, Phone]:
        """Return two devices of the first process, and one of the second."""
        return (
            await self.take_device(self.user_id, "phone"),
            await self.take_device(self.user_id, "watch"),
            await self.take_device(self.user_id, "tablet", self.second),
        )

    async def test_all_others_hear_of_reps_and_of_the_finish(self) -> None:
        phone, watch, tablet = await self.take_three()
        session_id = (await phone.ask_all(make_set(range(1, 101))))[-1]["session_id"]
        live = {
            "event": "session_update",
            "type": "squat",
            "count": 100,
            "session_id": session_id,
            "state": "live",
        }
        for other in (watch, tablet):
            assert await other.hear_update(count=100) == live
        finished = await phone.finish()
        for other in (watch, tablet):
            assert await other.hear() == {
                **live,
                "state": "finished",
                "workout_id": finished["workout_id"],
            }
        assert await phone.hears_nothing()
        for device in (phone, watch, tablet):
            await device.close()

    async def test_all_hear_of_plain_reps_and_of_a_finish_over_http(self) -> None:
        devices = await self.take_three()
        async with self.open_socket(self.user_id, self.second) as plain:
            await plain.send('{"event": "rep_detected"}')
            for device in devices:
                assert (await device.hear_update(state="live"))["count"] == 1
            workout_id = await asyncio.to_thread(self.finish_over_http, self.user_id)
            for device in devices:
                assert (await device.hear_update(state="finished"))["workout_id"] == workout_id
                await device.close()

    async def test_all_hear_of_what_the_sweeper_saves(self) -> None:
        phone, watch, tablet = await self.take_three()
        await phone.ask_all(make_set([1, 2]))
        store = LiveStore(connect(self.places()["REDIS_URL"]), "senim")
        assert store.seal(self.user_id, "squat")
        swept = await asyncio.to_thread(
            run_manage, "sweep", "--once", **self.places(), SENIM_DATA=str(fresh_folder())
        )
        assert "saved 1" in swept.stdout, swept.stderr
        for device in (phone, watch, tablet):
            assert (await device.hear_update(state="finished"))["count"] == 2
            await device.close()

    async def test_they_are_told_the_newest_state_some_times_a_second(self) -> None:
        phone, watch, tablet = await self.take_three()
        for seq in range(1, 81):
            await phone.ask_all(make_set([seq]))
            await asyncio.sleep(TRAINED_S / 80)
        for other in (watch, tablet):
            counts = [0]
            while counts[-1] < 80:
                counts.append((await other.hear_update())["count"])
            assert counts == sorted(counts)
            assert len(counts) <= MAX_UPDATES
        for device in (phone, watch, tablet):
            await device.close()

    async def test_others_hear_nothing(self) -> None:
        stranger = await self.take_device(new_athlete())
        phone = await self.take_device(self.user_id)
        await phone.ask_all([*make_set([1, 2]), make_rep(), {"event": "finish"}])
        assert await stranger.hears_nothing()
        assert await phone.hears_nothing()
        for device in (stranger, phone):
            await device.close()
