"""What the wall makes of what it is told: the tiles, the numbers of the reports, and when it looks again."""

import asyncio
from collections.abc import Callable, Collection
from typing import Any

from channels.layers import get_channel_layer
from django.test import SimpleTestCase

from workouts.events.subscription import Event, Subscription
from workouts.events.wall_reports import EVERYONE, REPORTERS, WALLS, Changed, Reporter
from workouts.live.sessions import Training
from workouts.tests.support.cast import new_athlete
from workouts.wall.hub import WallHub
from workouts.wall.tiles import Board, Finished, Tile

HEARD_S = 5.0


def report(*reps: list[Any], **more: Any) -> Event:
    return {"type": "wall.report", "source": "here", "number": 1, "reps": [*reps], **more}


def finished(user_id: str, reps: int, at: int, exercise_type: str = "squat") -> Event:
    return {
        "type": "wall.finished",
        "user_id": user_id,
        "exercise_type": exercise_type,
        "reps": reps,
        "at": at,
    }


class BoardTests(SimpleTestCase):
    def setUp(self) -> None:
        self.board = Board()

    def take(self, *events: Event, user_ids: Collection[str] = ("ana", "ben")) -> set[str]:
        for event in events:
            self.board.take(event, user_ids)
        return self.board.take_changed()

    def test_reps_of_those_who_are_watched(self) -> None:
        assert self.take(
            report(
                ["ana", "squat", 3, 1000],
                ["eve", "squat", 9, 1000],
                moves={"ben": True, "eve": False},
            )
        ) == {"ana", "ben"}
        assert self.board.tiles == {"ana": Tile({"squat": (3, 1000)})}
        assert self.take(finished("eve", 9, 2000)) == set()

    def test_everyone(self) -> None:
        assert self.take(report(["eve", "squat", 9, 1000]), user_ids=EVERYONE) == {"eve"}

    def test_the_newest_exercise_comes_first(self) -> None:
        self.take(report(["ana", "squat", 3, 1000], ["ana", "push_up", 1, 3000]))
        assert [each["type"] for each in self.board.tiles["ana"].describe()["sessions"]] == [
            "push_up",
            "squat",
        ]

    def test_a_finish(self) -> None:
        self.take(
            report(["ana", "squat", 3, 1000], ["ana", "push_up", 1, 3000]), finished("ana", 3, 4000)
        )
        assert self.board.tiles["ana"] == Tile({"push_up": (1, 3000)}, Finished("squat", 3, 4000))

    def test_reps_that_a_finish_overtook_do_not_bring_the_session_back(self) -> None:
        self.take(finished("ana", 3, 4000), report(["ana", "squat", 3, 3900]))
        assert self.board.tiles["ana"].live == {}
        self.take(report(["ana", "squat", 1, 4500]))
        assert self.board.tiles["ana"].live == {"squat": (1, 4500)}

    def test_the_session_after_it_is_shown(self) -> None:
        self.take(finished("ana", 3, 4000), report(["ana", "squat", 3, 60_000]))
        assert self.board.tiles["ana"].live == {"squat": (3, 60_000)}

    def test_what_is_read_anew_changes_only_what_differs(self) -> None:
        self.take(report(["ana", "squat", 3, 1000], ["ben", "squat", 5, 1000]))
        self.board.replace(
            [Training("ana", "squat", 3, 1000), Training("eve", "squat", 1, 1000)],
            [("eve", Finished("squat", 7, 900))],
        )
        assert self.board.take_changed() == {"ben", "eve"}
        assert "ben" not in self.board.tiles


class Screen:
    """A wall without a browser."""

    def __init__(self, *user_ids: str) -> None:
        self.user_ids: Collection[str] = frozenset(user_ids)
        self.heard: list[Event] = []
        self.looks = 0

    def hear(self, event: Event) -> None:
        self.heard.append(event)

    def look_again(self) -> None:
        self.looks += 1

    def counts(self) -> list[int]:
        return [reps for event in self.heard for _, _, reps, _ in event.get("reps", ())]


class ReportTests(SimpleTestCase):
    def setUp(self) -> None:
        self.athlete, self.other = new_athlete(), new_athlete()
        self.screen = Screen(self.athlete)

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(HEARD_S):
            while not holds():
                await asyncio.sleep(0.01)

    async def meet(self) -> tuple[WallHub, Reporter]:
        """Return a hub with the screen, and the reporter of a process that the athlete is connected to, which know each other."""
        hub, reporter = WallHub(), Reporter()
        reporter.arrive(self.athlete)
        hub.open(self.screen)
        await self.until(lambda: hub.is_online(self.athlete))
        return hub, reporter

    async def test_nothing_is_sent_where_nobody_watches(self) -> None:
        reporter, said = Reporter(), list[Event]()
        await Subscription(said.append).join(WALLS)
        reporter.arrive(self.athlete)
        await self.until(lambda: said)  # who watches?
        assert not reporter.watched
        reporter.note(Changed(self.athlete, "squat"), 1)
        reporter.leave(self.athlete)
        await asyncio.sleep(1)
        assert [event["type"] for event in said] == ["wall.roll_call"]

    async def test_it_hears_of_whom_it_watches_alone_the_newest_count(self) -> None:
        _, reporter = await self.meet()
        for reps in range(1, 101):
            reporter.note(Changed(self.other, "squat"), reps)
            reporter.note(Changed(self.athlete, "squat"), reps)
        await self.until(self.screen.counts)
        assert self.screen.counts() == [100]
        assert self.other not in str(self.screen.heard)

    async def test_a_wall_that_closes_ends_it(self) -> None:
        hub, reporter = await self.meet()
        hub.close(self.screen)
        await self.until(lambda: not reporter.watched)

    async def test_a_wall_that_vanishes_is_forgotten(self) -> None:
        reporter, channel = Reporter(), await get_channel_layer().new_channel()
        reporter.arrive(self.athlete)
        layer = get_channel_layer()
        await asyncio.sleep(0.2)
        await layer.group_send(
            REPORTERS,
            {"type": "wall.watch", "channel": channel, "user_ids": [self.athlete], "fresh": False},
        )
        await self.until(lambda: reporter.watched)
        for watch in reporter._watches.values():
            watch.heard_at -= 60
        reporter.note(Changed(self.athlete, "squat"), 1)
        await self.until(lambda: not reporter.watched)

    async def test_a_number_that_is_missing_has_it_look_again(self) -> None:
        hub, reporter = await self.meet()
        looks = self.screen.looks
        reporter.note(Changed(self.athlete, "squat"), 1)
        await self.until(self.screen.counts)
        assert self.screen.looks == looks
        for watch in reporter._watches.values():
            watch.reports += 1  # one that the layer lost
        reporter.note(Changed(self.athlete, "squat"), 2)
        await self.until(lambda: self.screen.looks > looks)
        assert hub.is_online(self.athlete)

    async def test_who_came_and_left_unheard_is_known_after_it(self) -> None:
        hub, reporter = await self.meet()
        self.screen.user_ids = frozenset([self.athlete, self.other])
        hub.announce()
        await self.until(lambda: self.other in reporter.watched)
        reporter._sockets.clear()
        reporter._sockets[self.other] = 1
        for watch in reporter._watches.values():
            watch.reports += 1
        reporter.note(Changed(self.athlete, "squat"), 2)
        await self.until(lambda: hub.is_online(self.other) and not hub.is_online(self.athlete))

    async def test_one_of_two_sockets_that_leaves_leaves_the_athlete_online(self) -> None:
        hub, reporter = await self.meet()
        reporter.arrive(self.athlete)
        reporter.leave(self.athlete)
        await asyncio.sleep(1)
        assert hub.is_online(self.athlete)
        reporter.leave(self.athlete)
        await self.until(lambda: not hub.is_online(self.athlete))
