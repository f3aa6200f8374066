"""What a live wall shows over its socket, and that it ends up right whatever it missed."""

import asyncio
import time

import pytest

from workouts.tests.support.cast import new_athlete
from workouts.tests.support.coaches import Wall
from workouts.tests.support.phones import make_rep, make_set
from workouts.tests.support.walls import OnSharedService, WallCase
from workouts.wall.audience import MAX_ATHLETES
from workouts.wall.consumer import UPDATE_EVERY_S

SAVE_MANY = """
import uuid
import pytest
from django.utils import timezone
athlete, now = Athlete.objects.create(user_id={user_id!r}), timezone.now()
WorkoutSession.objects.bulk_create(
    WorkoutSession(session_id=uuid.uuid4(), athlete=athlete, exercise_id="squat", total_reps=1,
        started_at=now, finished_at=now, timeline_ms=[0])
    for _ in range({count})
)
"""


@pytest.mark.slow
class WallTests(WallCase, OnSharedService):
    async def test_it_sends_a_snapshot_and_then_numbered_updates_of_what_changed(self) -> None:
        async with self.training(self.athlete, 1, 2, 3) as phone, self.watching() as wall:
            assert wall.number == 1
            tile = wall.tiles[self.athlete]
            (session,) = tile["sessions"]
            assert (tile["online"], session["type"], session["count"]) == (True, "squat", 3)
            idle = {
                "user_id": self.teammate,
                "athlete": wall.tiles[self.teammate]["athlete"],
                "name": self.teammate,
                "sort_name": self.teammate,
                "online": False,
                "sessions": [],
                "finished": None,
            }
            assert wall.tiles[self.teammate] == idle
            assert wall.tiles.keys() >= {*self.athletes, self.athlete}
            seq, message = 3, {"event": "snapshot"}
            while message["event"] == "snapshot":  # a second one if the first report came late
                seq += 1
                await phone.ask_all(make_set([seq]))
                message = await wall.hear()
            assert message["event"] == "update"
            assert [tile["user_id"] for tile in message["tiles"]] == [self.athlete]
            await wall.until(lambda wall: wall.count(self.athlete) == seq)

    async def test_many_reps_become_at_most_two_updates_a_second(self) -> None:
        async with self.training(self.athlete, 1) as phone, self.watching() as wall:
            began = time.monotonic()
            for seq in range(2, 201):
                await phone.ask_all(make_set([seq]))
            await wall.until(lambda wall: wall.count(self.athlete) == 200)
            most = (time.monotonic() - began) / UPDATE_EVERY_S + 2
            assert 1 < wall.number <= most

    @pytest.mark.slow
    async def test_a_flood_of_messages_makes_at_most_two_snapshots_a_second(self) -> None:
        async with self.watching() as wall:

            async def flood() -> None:
                while True:
                    await wall.socket.send("x")
                    await asyncio.sleep(0)  # sending alone yields to nobody

            flooding, heard = asyncio.create_task(flood()), 0
            while not heard:
                heard += (await wall.hear())["event"] == "snapshot"
            began = time.monotonic()
            while heard < 4:
                heard += (await wall.hear())["event"] == "snapshot"
            flooding.cancel()
            # sent at least so far apart, but the first may have been under way for a while
            assert time.monotonic() - began > 2 * UPDATE_EVERY_S

    async def test_it_shows_an_athlete_arrive_finish_and_leave(self) -> None:
        async with self.watching() as wall:
            assert not wall.tiles[self.athlete]["online"]
            async with self.training(self.athlete, 1, 2, 3) as phone:
                await phone.ask(make_rep(exercise="push_up"))
                await wall.until(
                    lambda wall: (
                        {each["type"] for each in wall.tiles[self.athlete]["sessions"]}
                        == {"squat", "push_up"}
                    )
                )
                assert wall.tiles[self.athlete]["online"]
                await phone.finish()
                await wall.until(lambda wall: wall.tiles[self.athlete]["finished"])
                tile = wall.tiles[self.athlete]
                assert [each["type"] for each in tile["sessions"]] == ["push_up"]
                assert (tile["finished"]["type"], tile["finished"]["count"]) == ("squat", 3)
            await wall.until(lambda wall: not wall.tiles[self.athlete]["online"])

    async def test_an_alias_has_a_tile_only_while_something_happens_under_it(self) -> None:
        alias = new_athlete()
        await self.change(
            "from workouts.services.merging import merge_athletes;"
            f"kept = Athlete.objects.get(user_id={self.athlete!r});"
            f"merged = Athlete.objects.create(user_id={alias!r});"
            "merge_athletes(kept_id=kept.pk, merged_id=merged.pk)"
        )
        async with self.watching() as wall:
            assert self.athlete in wall.tiles
            assert alias not in wall.tiles
            async with self.training(alias, 1, 2):
                await wall.until(lambda wall: alias in wall.tiles and wall.count(alias) == 2)
                assert wall.tiles[alias]["name"] == self.athlete
                async with self.watching() as second:
                    assert alias in second.tiles

    async def test_it_shows_an_athlete_on_a_plain_socket(self) -> None:
        async with self.watching() as wall:
            async with self.open_socket(self.athlete) as socket:
                await socket.send('{"event": "rep_detected"}')
                await wall.until(
                    lambda wall: (
                        wall.count(self.athlete) == 1 and wall.tiles[self.athlete]["online"]
                    )
                )
            await wall.until(lambda wall: not wall.tiles[self.athlete]["online"])

    async def test_it_shows_a_finish_over_http(self) -> None:
        async with self.watching() as wall, self.training(self.athlete, 1, 2, 3):
            await asyncio.to_thread(self.finish_over_http, self.athlete)
            await wall.until(
                lambda wall: (
                    wall.tiles[self.athlete]["finished"]
                    and not wall.tiles[self.athlete]["sessions"]
                )
            )

    async def test_any_message_is_answered_with_a_snapshot(self) -> None:
        async with self.watching() as wall:
            for text in ('{"event": "snapshot"}', "whatever"):
                await wall.socket.send(text)
                message = await wall.hear()
                assert (message["event"], message["number"]) == ("snapshot", 1)

    async def test_a_head_coach_sees_athletes_without_a_row_in_the_database(self) -> None:
        _, _, browser = await self.hire(group="head coaches")
        async with self.watching(browser) as wall, self.training(self.stranger, 1, 2):
            await wall.until(lambda wall: wall.count(self.stranger) == 2)

    async def test_each_snapshot_for_a_head_coach_has_the_names(self) -> None:
        _, _, browser = await self.hire(group="head coaches")
        await self.change(f"Athlete.objects.create(user_id={self.stranger!r}, display_name='Dana')")
        async with self.training(self.stranger, 1, 2), self.watching(browser) as wall:
            await wall.until(lambda wall: wall.count(self.stranger) == 2)
            for _ in range(3):  # the first may answer what the phone's process reported
                await wall.socket.send("again")
                assert (await wall.hear())["event"] == "snapshot"
                assert wall.tiles[self.stranger]["name"] == "Dana"

    @pytest.mark.slow
    async def test_a_wall_of_everyone_says_when_it_cannot_show_all_sessions(
        self,
    ) -> None:
        _, _, browser = await self.hire(group="head coaches")
        await self.change(SAVE_MANY.format(user_id=self.stranger, count=MAX_ATHLETES + 1))
        wall = await Wall.open(browser)
        assert (await wall.hear())["is_cut"]
        await self.change(f"WorkoutSession.objects.filter(athlete_id={self.stranger!r}).delete()")
        message = {"event": "update"}
        while message["event"] != "snapshot":
            message = await wall.hear()
        assert not message["is_cut"]
        await wall.close()
