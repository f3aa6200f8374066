"""Reports to the walls: what is sent, and what happens after a gap."""

import asyncio
from collections.abc import Callable

import pytest
from channels.layers import get_channel_layer
from django.test import SimpleTestCase

from workouts.events.groups import REPORTERS, WALLS
from workouts.events.messages import (
    Message,
    RollCall,
    WallFinished,
    WallReport,
    WallWatch,
    encode_channel_message,
)
from workouts.events.subscription import ChannelSubscription
from workouts.events.wall_reports import Changed, ChannelReporter
from workouts.events.watched import EVERYONE, WatchedAthletes
from workouts.live.sessions import SessionName
from workouts.tests.support.cast import new_athlete
from workouts.wall.hub import WallHub

DEADLINE_S = 10.0


class Screen:
    """A wall without a browser."""

    def __init__(self, *user_ids: str) -> None:
        self.watched = WatchedAthletes(frozenset(user_ids))
        self.applied: list[WallReport | WallFinished] = []
        self.invalidations = 0

    def apply(self, message: WallReport | WallFinished) -> None:
        self.applied.append(message)

    def list_live(self) -> list[SessionName]:
        return []

    def invalidate(self) -> None:
        self.invalidations += 1

    def counts(self) -> list[int]:
        reports = [each for each in self.applied if isinstance(each, WallReport)]
        return [rep.reps for report in reports for rep in report.reps]


@pytest.mark.slow
class HubTests(SimpleTestCase):
    def setUp(self) -> None:
        self.athlete, self.other = new_athlete(), new_athlete()
        self.screen = Screen(self.athlete)

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not holds():
                await asyncio.sleep(0.01)

    async def meet(self) -> tuple[WallHub, ChannelReporter]:
        """Return a hub and the reporter of a process that the athlete is connected to, which know
        each other.
        """
        hub, reporter = WallHub(), ChannelReporter()
        reporter.arrive(self.athlete)
        hub.open(self.screen)
        await self.until(lambda: hub.is_online(self.athlete))
        return hub, reporter

    async def arrive_heard(self, reporter: ChannelReporter) -> list[Message]:
        """Connect the athlete, wait until the reporter asked who watches, and return a list that
        goes on growing by what it tells the walls.
        """
        told: list[Message] = []
        await ChannelSubscription(told.append).join(WALLS)
        reporter.arrive(self.athlete)
        await self.until(lambda: told)
        return told

    async def test_nothing_is_kept_or_sent_while_no_wall_is_open(self) -> None:
        reporter, hub = ChannelReporter(), WallHub()
        told = await self.arrive_heard(reporter)
        assert not reporter.watched
        reporter.note(Changed(self.athlete, "squat"), 1)
        hub.open(self.screen)
        await self.until(lambda: hub.is_online(self.athlete))
        reporter.note(Changed(self.athlete, "push_up"), 2)
        await self.until(self.screen.counts)
        assert self.screen.counts() == [2]
        assert told == [RollCall()]

    async def test_it_reports_the_newest_count_of_watched_athletes_only(self) -> None:
        _, reporter = await self.meet()
        for reps in range(1, 101):
            reporter.note(Changed(self.other, "squat"), reps)
            reporter.note(Changed(self.athlete, "squat"), reps)
        await self.until(self.screen.counts)
        assert self.screen.counts() == [100]
        assert self.other not in str(self.screen.applied)

    async def test_a_wall_of_everyone_is_told_of_athletes_nobody_has_heard_of(self) -> None:
        hub, reporter = await self.meet()
        self.screen.watched = EVERYONE
        hub.announce()
        await self.until(lambda: reporter.watched == EVERYONE)
        reporter.note(Changed(self.other, "squat"), 4)
        await self.until(self.screen.counts)
        assert self.screen.counts() == [4]

    async def test_reports_end_when_the_last_wall_closes(self) -> None:
        hub, reporter = await self.meet()
        hub.close(self.screen)
        await self.until(lambda: not reporter.watched)

    async def test_a_process_that_stops_announcing_is_forgotten(self) -> None:
        reporter, channel = ChannelReporter(), await get_channel_layer().new_channel()
        await self.arrive_heard(reporter)
        watch = WallWatch(channel, frozenset([self.athlete]))
        await get_channel_layer().group_send(REPORTERS, encode_channel_message(watch))
        await self.until(lambda: reporter.watched)
        for kept in reporter._watches.values():
            kept.heard_at -= 60
        reporter.note(Changed(self.athlete, "squat"), 1)
        await self.until(lambda: not reporter.watched)

    async def test_a_missing_number_invalidates_the_walls(self) -> None:
        hub, reporter = await self.meet()
        before = self.screen.invalidations
        reporter.note(Changed(self.athlete, "squat"), 1)
        await self.until(self.screen.counts)
        assert self.screen.invalidations == before
        for watch in reporter._watches.values():
            watch.reports += 1  # one that the layer lost
        reporter.note(Changed(self.athlete, "squat"), 2)
        await self.until(lambda: self.screen.invalidations > before)
        assert hub.is_online(self.athlete)

    async def test_arrivals_and_departures_in_a_lost_report_are_made_up_for(self) -> None:
        hub, reporter = await self.meet()
        self.screen.watched = WatchedAthletes(frozenset([self.athlete, self.other]))
        hub.announce()
        await self.until(lambda: reporter.watched and reporter.watched.includes(self.other))
        reporter._sockets.clear()
        reporter._sockets[self.other] = 1
        for watch in reporter._watches.values():
            watch.reports += 1
        reporter.note(Changed(self.athlete, "squat"), 2)
        await self.until(lambda: hub.is_online(self.other) and not hub.is_online(self.athlete))

    async def test_an_athlete_stays_online_until_the_last_of_two_sockets_closes(self) -> None:
        hub, reporter = await self.meet()
        reporter.arrive(self.athlete)
        reporter.leave(self.athlete)
        reporter.note(Changed(self.athlete, "squat"), 1)
        await self.until(self.screen.counts)  # the same report says who came and left
        assert hub.is_online(self.athlete)
        reporter.leave(self.athlete)
        await self.until(lambda: not hub.is_online(self.athlete))
