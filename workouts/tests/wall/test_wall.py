"""The live wall over its socket: who sees whom, what it shows, and that it ends in the truth whatever was missed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from workouts.tests.support.cast import new_athlete
from workouts.tests.support.coaches import Browser, Wall, make_team, run_shell
from workouts.tests.support.outage import OutageCase
from workouts.tests.support.phones import Phone, PhoneShop, make_rep, make_set
from workouts.tests.support.service import Service, fresh_folder

MODELS = "from workouts.models import Athlete, Team; from django.contrib.auth.models import User; "


class WallCase(PhoneShop, OutageCase):
    """A coach, their browser, and an athlete of their team for each test."""

    athletes: list[str]
    team: int
    browser: Browser

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        coach, cls.athletes = new_athlete(), [new_athlete() for _ in range(10)]
        cls.team = make_team(cls.service, coach, "resting-one", *cls.athletes)
        cls.browser = Browser(cls.service).log_in(coach)

    def setUp(self) -> None:
        self.athlete, self.stranger = self.athletes.pop(), new_athlete()

    @asynccontextmanager
    async def watching(
        self, browser: Browser | None = None, *, service: Service | None = None
    ) -> AsyncIterator[Wall]:
        """Yield a wall that has shown its first snapshot."""
        wall = await Wall.open(browser or self.browser, service=service)
        try:
            await wall.hear()
            yield wall
        finally:
            await wall.close()

    @asynccontextmanager
    async def training(
        self, user_id: str, *seqs: int, service: Service | None = None
    ) -> AsyncIterator[Phone]:
        """Yield a device that has sent these reps."""
        phone = await self.take_device(user_id, service=service)
        try:
            await phone.ask_all(make_set(seqs))
            yield phone
        finally:
            await phone.close()

    async def hire(self, *athletes: str, group: str = "coaches") -> tuple[str, int, Browser]:
        """Return another coach, their team, and their browser."""
        coach = new_athlete()
        team = await asyncio.to_thread(make_team, self.service, coach, *athletes, group=group)
        return coach, team, await asyncio.to_thread(Browser(self.service).log_in, coach)

    async def change(self, code: str) -> None:
        await asyncio.to_thread(run_shell, self.service, MODELS + code)

    def start_second(self) -> Service:
        second = Service(**self.service.environment | {"SENIM_DATA": str(fresh_folder())}).start()
        self.addCleanup(second.kill)
        return second


class WhatItShowsTests(WallCase):
    async def test_a_snapshot_then_numbered_updates(self) -> None:
        async with self.training(self.athlete, 1, 2, 3) as phone, self.watching() as wall:
            assert wall.number == 1
            tile = wall.tiles[self.athlete]
            assert (tile["online"], tile["sessions"][0]["type"], tile["sessions"][0]["count"]) == (
                True,
                "squat",
                3,
            )
            idle = {
                "user_id": "resting-one",
                "name": "resting-one",
                "online": False,
                "sessions": [],
                "finished": None,
            }
            assert (wall.tiles["resting-one"], len(wall.tiles)) == (idle, 11)
            await phone.ask_all(make_set([4, 5]))
            message = await wall.hear()
            assert (message["event"], [tile["user_id"] for tile in message["tiles"]]) == (
                "update",
                [self.athlete],
            )
            assert wall.count(self.athlete) == 5

    async def test_a_burst_is_a_few_updates(self) -> None:
        async with self.training(self.athlete, 1) as phone, self.watching() as wall:
            for seq in range(2, 201):
                await phone.ask_all(make_set([seq]))
            await wall.until(lambda wall: wall.count(self.athlete) == 200)
            assert wall.number < 20

    async def test_coming_finishing_and_leaving(self) -> None:
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

    async def test_an_alias_has_a_tile_while_it_does_something(self) -> None:
        alias = new_athlete()
        await self.change(
            f"from workouts.services.merging import merge_athletes; kept = Athlete.objects.get(user_id={self.athlete!r});"
            f"merge_athletes(kept_id=kept.pk, merged_id=Athlete.objects.create(user_id={alias!r}).pk)"
        )
        async with self.watching() as wall:
            assert self.athlete in wall.tiles
            assert alias not in wall.tiles
            async with self.training(alias, 1, 2):
                await wall.until(lambda wall: alias in wall.tiles and wall.count(alias) == 2)
                assert wall.tiles[alias]["name"] == self.athlete
                async with self.watching() as second:
                    assert alias in second.tiles

    async def test_a_plain_phone(self) -> None:
        async with self.watching() as wall:
            async with self.open_socket(self.athlete) as socket:
                await socket.send('{"event": "rep_detected"}')
                await wall.until(
                    lambda wall: (
                        wall.count(self.athlete) == 1 and wall.tiles[self.athlete]["online"]
                    )
                )
            await wall.until(lambda wall: not wall.tiles[self.athlete]["online"])

    async def test_a_finish_over_http(self) -> None:
        async with self.watching() as wall, self.training(self.athlete, 1, 2, 3):
            await asyncio.to_thread(self.finish_over_http, self.athlete)
            await wall.until(
                lambda wall: (
                    wall.tiles[self.athlete]["finished"]
                    and not wall.tiles[self.athlete]["sessions"]
                )
            )

    async def test_who_asks_gets_a_snapshot(self) -> None:
        async with self.watching() as wall:
            for text in ('{"event": "snapshot"}', "whatever"):
                await wall.socket.send(text)
                message = await wall.hear()
                assert (message["event"], message["number"]) == ("snapshot", 1)

    async def test_a_head_coach_sees_also_whom_nobody_has_met(self) -> None:
        _, _, browser = await self.hire(group="head coaches")
        async with self.watching(browser) as wall, self.training(self.stranger, 1, 2):
            await wall.until(lambda wall: wall.count(self.stranger) == 2)

    async def test_a_head_coach_who_missed_something_sees_everybodys_name_again(self) -> None:
        _, _, browser = await self.hire(group="head coaches")
        await self.change(f"Athlete.objects.create(user_id={self.stranger!r}, display_name='Dana')")
        async with self.training(self.stranger, 1, 2), self.watching(browser) as wall:
            await wall.until(lambda wall: wall.count(self.stranger) == 2)
            for _ in range(3):  # the first may answer what the phone's process reported
                await wall.socket.send("again")
                assert (await wall.hear())["event"] == "snapshot"
                assert wall.tiles[self.stranger]["name"] == "Dana"

    async def test_a_phone_of_another_process(self) -> None:
        second = await asyncio.to_thread(self.start_second)
        async with self.watching() as wall:
            async with self.training(self.athlete, 1, 2, 3, service=second):
                await wall.until(
                    lambda wall: (
                        wall.count(self.athlete) == 3 and wall.tiles[self.athlete]["online"]
                    )
                )
                await asyncio.to_thread(second.kill)
            await wall.until(lambda wall: not wall.tiles[self.athlete]["online"])
            assert wall.count(self.athlete) == 3


class WhoSeesTests(WallCase):
    async def close_code(self, browser: Browser, team: int | None = None) -> int | None:
        return await (await Wall.open(browser, team)).close_code()

    async def test_nobody(self) -> None:
        assert await self.close_code(Browser(self.service)) == 4401

    async def test_another_team(self) -> None:
        _, team, _ = await self.hire(self.stranger)
        for wrong in (team, 10**30):
            assert await self.close_code(self.browser, wrong) == 4403
        async with (
            self.watching() as wall,
            self.training(self.stranger, 1, 2) as other,
            self.training(self.athlete, 1),
        ):
            await other.finish()
            await wall.until(lambda wall: wall.count(self.athlete) == 1)
            assert self.stranger not in wall.tiles

    async def test_leaving_the_team_ends_it(self) -> None:
        async with self.training(self.athlete, 1) as phone, self.watching() as wall:
            assert wall.count(self.athlete) == 1
            await self.change(
                f"Team.objects.get(pk={self.team}).athletes.remove(Athlete.objects.get(user_id={self.athlete!r}))"
            )
            await phone.ask_all(make_set([2]))
            await wall.until(lambda wall: self.athlete not in wall.tiles)
            await phone.ask_all(make_set([3]))
            await asyncio.sleep(1.5)
            await wall.socket.send("again")
            await wall.hear()
            assert self.athlete not in wall.tiles

    async def test_joining_the_team_shows_it(self) -> None:
        async with self.training(self.stranger, 1, 2), self.watching() as wall:
            await self.change(
                f"Team.objects.get(pk={self.team}).athletes.add(Athlete.objects.create(user_id={self.stranger!r}, display_name='Ben'))"
            )
            await wall.until(
                lambda wall: wall.count(self.stranger) == 2 and wall.tiles[self.stranger]["online"]
            )
            assert wall.tiles[self.stranger]["name"] == "Ben"

    async def test_logging_out_ends_it(self) -> None:
        _, _, browser = await self.hire()
        async with self.watching(browser) as wall:
            await asyncio.to_thread(browser.log_out)
            assert await wall.close_code() == 4401

    async def test_losing_the_right_ends_it(self) -> None:
        for change, code in (
            ("user.groups.clear()", 4403),
            ("user.is_active = False; user.save()", 4401),
        ):
            coach, _, browser = await self.hire()
            async with self.watching(browser) as wall:
                await self.change(f"user = User.objects.get(username={coach!r}); {change}")
                assert await wall.close_code() == code


class OutageTests(WallCase):
    async def test_it_goes_on_when_redis_comes_back(self) -> None:
        async with self.watching() as wall:
            await asyncio.to_thread(self.redis.stop)
            await asyncio.to_thread(self.redis.start)
            async with self.training(self.athlete, 1):
                await wall.until(
                    lambda wall: (
                        wall.count(self.athlete) == 1 and wall.tiles[self.athlete]["online"]
                    )
                )

    async def test_it_says_that_the_database_is_away(self) -> None:
        async with self.watching() as wall:
            self.take_away(self.database)
            while (await wall.hear())["event"] != "unavailable":
                pass
            self.bring_back(self.database)
            while (await wall.hear())["event"] != "snapshot":
                pass

    async def test_a_server_that_stops_says_so(self) -> None:
        second = await asyncio.to_thread(self.start_second)
        async with self.watching(service=second) as wall:
            assert await asyncio.to_thread(second.stop) == 0
            assert await wall.close_code() == 1012
