"""Session news: who is told of a change, how often, and by which process."""

import asyncio
import os
import time
import uuid
from collections.abc import Callable
from unittest import mock

import pytest
from channels.layers import get_channel_layer
from django.test import SimpleTestCase

from workouts.events import updates
from workouts.events.groups import channel_group_of_athlete
from workouts.events.messages import NOBODY, SessionNews
from workouts.events.updates import (
    PUBLISH_EVERY_S,
    ChannelUpdatePublisher,
    Listener,
    count_listening_processes,
    get_channel_update_feed,
    read_news_to_broadcast,
)
from workouts.events.wall_reports import Changed
from workouts.live.clients import connect_to_redis
from workouts.live.store import LiveStore
from workouts.tests.support.cast import new_athlete, train
from workouts.tests.support.outage import SWEEP_NEVER
from workouts.tests.support.phones import Phone, PhoneShop, make_rep, make_set
from workouts.tests.support.processes import run_manage, wait_until
from workouts.tests.support.service import Service, fresh_folder, migrated_database

DEADLINE_S = 10.0
TRAINED_S = 2.0
MAX_UPDATES = 10  # in these two seconds, at three a second, with room for a slow machine


class FeedTests(SimpleTestCase):
    def setUp(self) -> None:
        self.user_id = new_athlete()
        self.squat = Changed(self.user_id, "squat")
        train(self.user_id, 3)
        train(self.user_id, 1, exercise="push_up")
        self.heard: list[SessionNews] = []

    async def until_heard(self, number: int) -> None:
        await self.until(lambda: len(self.heard) >= number)

    async def until(self, condition: Callable[[], object]) -> None:
        await asyncio.to_thread(wait_until, condition, deadline_s=DEADLINE_S)

    async def join(self, listener: Listener | None = None) -> None:
        await asyncio.wait_for(
            get_channel_update_feed().join(self.user_id, listener or self.heard.append), DEADLINE_S
        )

    async def test_many_changes_become_one_message(self) -> None:
        await self.join()
        publisher = ChannelUpdatePublisher()
        for _ in range(100):
            publisher.note(self.squat, NOBODY)
        await self.until_heard(1)
        (news,) = self.heard
        assert (news.exercise_type, news.reps, news.workout_id, news.origin) == (
            "squat",
            3,
            None,
            NOBODY,
        )

    async def test_changes_by_two_sockets_have_no_origin(self) -> None:
        await self.join()
        publisher = ChannelUpdatePublisher()
        for origin in ("one", "two", "one"):
            publisher.note(self.squat, origin)
        await self.until_heard(1)
        assert self.heard[0].origin == NOBODY

    async def test_the_only_listener_is_not_told_of_its_own_changes(self) -> None:
        await self.join()
        publisher = ChannelUpdatePublisher()
        publisher.note(self.squat, "self")
        publisher.note(Changed(self.user_id, "push_up"), NOBODY)
        await self.until_heard(1)
        assert [news.exercise_type for news in self.heard] == ["push_up"]

    async def test_with_a_second_listener_a_change_is_told_to_both(self) -> None:
        others: list[SessionNews] = []
        await self.join()
        await self.join(others.append)
        ChannelUpdatePublisher().note(self.squat, "self")
        await self.until_heard(1)
        assert others == self.heard

    async def test_nothing_is_read_while_nobody_listens(self) -> None:
        assert await asyncio.to_thread(read_news_to_broadcast, {self.squat: NOBODY}, set()) == []
        await self.join()
        assert (
            len(await asyncio.to_thread(read_news_to_broadcast, {self.squat: NOBODY}, set())) == 1
        )
        assert (
            await asyncio.to_thread(read_news_to_broadcast, {self.squat: "self"}, {self.squat})
            == []
        )

    async def test_a_listener_that_left_hears_nothing(self) -> None:
        stays: list[SessionNews] = []
        await self.join()
        await self.join(stays.append)
        get_channel_update_feed().leave(self.user_id, self.heard.append)
        ChannelUpdatePublisher().note(self.squat, NOBODY)
        await self.until(lambda: stays)
        assert self.heard == []
        get_channel_update_feed().leave(self.user_id, stays.append)
        await self.until(lambda: not read_news_to_broadcast({self.squat: NOBODY}, set()))
        assert get_channel_update_feed().count(self.user_id) == 0

    async def test_a_listener_that_comes_back_at_once_hears_again(self) -> None:
        for _ in range(20):
            await self.join()
            get_channel_update_feed().leave(self.user_id, self.heard.append)
        await self.join()
        ChannelUpdatePublisher().note(self.squat, NOBODY)
        await self.until_heard(1)

    async def test_all_sockets_of_an_athlete_join_once(self) -> None:
        feed = get_channel_update_feed()
        joins = [feed.join(self.user_id, lambda news: None) for _ in range(3)]
        assert joins[0] is joins[1] is joins[2]
        await joins[0]
        assert feed.join(self.user_id, self.heard.append).done()
        assert not feed.join(new_athlete(), self.heard.append).done()

    async def test_the_group_is_left_a_while_after_the_last_listener(self) -> None:
        feed = get_channel_update_feed()
        with mock.patch.object(updates, "LINGER_S", 0.5):
            await self.join()
            feed.leave(self.user_id, self.heard.append)
        assert self.count_processes() == 1
        await self.until(lambda: self.count_processes() == 0)
        await self.join()
        assert self.count_processes() == 1
        ChannelUpdatePublisher().note(self.squat, NOBODY)
        await self.until_heard(1)

    async def test_nothing_is_read_for_a_listener_that_left_a_moment_ago(self) -> None:
        feed = get_channel_update_feed()
        await self.join()
        feed.leave(self.user_id, self.heard.append)
        for origin in ("self", NOBODY):
            assert feed.is_alone(self.user_id, origin)
            ChannelUpdatePublisher().note(self.squat, origin)
        await asyncio.sleep(2 * PUBLISH_EVERY_S)
        await self.join()
        ChannelUpdatePublisher().note(Changed(self.user_id, "push_up"), NOBODY)
        await self.until_heard(1)
        assert [news.exercise_type for news in self.heard] == ["push_up"]

    async def test_a_thousand_that_come_back_at_once_leave_no_group(self) -> None:
        feed, athletes = get_channel_update_feed(), [new_athlete() for _ in range(1000)]
        joins = [feed.join(athlete, self.heard.append) for athlete in athletes]
        await asyncio.wait_for(asyncio.gather(*joins), DEADLINE_S)
        with mock.patch.object(updates, "LINGER_S", 0.5):
            for athlete in athletes:
                feed.leave(athlete, self.heard.append)
        assert all(feed.join(athlete, self.heard.append).done() for athlete in athletes)
        await asyncio.sleep(0.6)
        assert set(count_listening_processes(athletes).values()) == {1}

    def count_processes(self) -> int:
        return count_listening_processes([self.user_id])[self.user_id]

    async def test_a_message_of_a_later_version_is_skipped(self) -> None:
        await self.join()
        group = channel_group_of_athlete(self.user_id)
        await get_channel_layer().group_send(group, {"type": "weather", "user_id": self.user_id})
        ChannelUpdatePublisher().note(self.squat, NOBODY)
        await self.until_heard(1)
        assert self.heard[0].reps == 3


@pytest.mark.slow
class TwoProcessesTests(PhoneShop, SimpleTestCase):
    """Two processes of the service, on one Redis and one database."""

    places: dict[str, str]
    second: Service

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.places = {
            "REDIS_URL": os.environ["REDIS_URL"],
            "SENIM_REDIS_PREFIX": f"events-{uuid.uuid4().hex[:8]}",
            "DATABASE_URL": migrated_database(),
            "SENIM_SWEEP_SECONDS": SWEEP_NEVER,
        }
        for name in ("service", "second"):
            service = Service(**cls.places, SENIM_DATA=str(fresh_folder())).start()
            cls.addClassCleanup(service.stop)
            setattr(cls, name, service)

    def setUp(self) -> None:
        self.user_id = new_athlete()

    async def take_three(self) -> tuple[Phone, Phone, Phone]:
        """Return two devices of the first process, and one of the second."""
        return (
            await self.take_device(self.user_id, "phone"),
            await self.take_device(self.user_id, "watch"),
            await self.take_device(self.user_id, "tablet", self.second),
        )

    async def assert_heard_nothing(self, phone: Phone) -> None:
        """Check that the next frame answers a question, once another device heard of a change."""
        await phone.send({"event": "status"})
        assert (await phone.hear())["event"] == "sessions"

    async def test_all_other_devices_hear_of_reps_and_the_finish(self) -> None:
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
        await self.assert_heard_nothing(phone)
        for device in (phone, watch, tablet):
            await device.close()

    async def test_all_devices_hear_of_plain_reps_and_a_finish_over_http(self) -> None:
        devices = await self.take_three()
        async with self.open_socket(self.user_id, self.second) as plain:
            await plain.send('{"event": "rep_detected"}')
            for device in devices:
                assert (await device.hear_update(state="live"))["count"] == 1
            workout_id = await asyncio.to_thread(self.finish_over_http, self.user_id)
            for device in devices:
                assert (await device.hear_update(state="finished"))["workout_id"] == workout_id
                await device.close()

    async def test_all_devices_hear_of_a_session_that_the_sweeper_saved(self) -> None:
        phone, watch, tablet = await self.take_three()
        await phone.ask_all(make_set([1, 2]))
        store = LiveStore(
            connect_to_redis(self.places["REDIS_URL"]), self.places["SENIM_REDIS_PREFIX"]
        )
        assert store.seal(self.user_id, "squat")
        swept = await asyncio.to_thread(
            run_manage, "sweep", "--once", **self.places, SENIM_DATA=str(fresh_folder())
        )
        assert "saved 1" in swept.stdout, swept.stderr
        for device in (phone, watch, tablet):
            assert (await device.hear_update(state="finished"))["count"] == 2
            await device.close()

    async def test_the_newest_state_is_told_a_few_times_a_second(self) -> None:
        phone, watch, tablet = await self.take_three()
        seq, ends = 0, time.monotonic() + TRAINED_S
        while time.monotonic() < ends:
            seq += 1
            await phone.ask_all(make_set([seq]))
        for other in (watch, tablet):
            counts = [0]
            while counts[-1] < seq:
                counts.append((await other.hear_update())["count"])
            assert counts == sorted(counts)
            assert len(counts) <= MAX_UPDATES
        for device in (phone, watch, tablet):
            await device.close()

    async def test_another_athletes_devices_hear_nothing(self) -> None:
        phone, watch, tablet = await self.take_three()
        stranger = await self.take_device(new_athlete())
        await phone.ask_all([*make_set([1, 2]), make_rep(), {"event": "finish"}])
        await watch.hear_update(state="finished")
        await self.assert_heard_nothing(stranger)
        for device in (phone, watch, tablet, stranger):
            await device.close()
