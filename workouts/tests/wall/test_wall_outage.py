"""A live wall while processes, Redis or the database go away and come back."""

from asgiref.sync import sync_to_async

from workouts.tests.support.coaches import Browser, Wall
from workouts.tests.support.outage import OutageCase
from workouts.tests.support.service import Service, fresh_folder
from workouts.tests.support.walls import Shell, WallCase


class OnOwnServers(OutageCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.shell = Shell(cls.service)
        cls.addClassCleanup(cls.shell.close)


class WallOutageTests(WallCase, OnOwnServers):
    # servers end with the thread that started them, so it must be the one that outlives the test:
    # sync_to_async takes that, asyncio.to_thread doesn't

    @sync_to_async
    def start_second(self) -> Service:
        """Return another process on the same Redis and database."""
        second = Service(**self.service.environment | {"SENIM_DATA": str(fresh_folder())}).start()
        self.addCleanup(second.kill)
        return second

    async def test_it_shows_the_athletes_of_another_process_until_that_one_dies(self) -> None:
        second = await self.start_second()
        async with self.watching() as wall:
            async with self.training(self.athlete, 1, 2, 3, service=second):
                await wall.until(
                    lambda wall: (
                        wall.count(self.athlete) == 3 and wall.tiles[self.athlete]["online"]
                    )
                )
                second.kill()
            await wall.until(lambda wall: not wall.tiles[self.athlete]["online"])
            assert wall.count(self.athlete) == 3

    async def test_it_closes_with_1012_when_its_server_stops(self) -> None:
        second = await self.start_second()
        async with self.watching(service=second) as wall:
            assert second.stop() == 0
            assert await wall.close_code() == 1012

    async def test_it_goes_on_when_redis_comes_back(self) -> None:
        async with self.watching() as wall:
            await sync_to_async(self.redis.stop)()
            await sync_to_async(self.redis.start)()
            async with self.training(self.athlete, 1):
                await wall.until(
                    lambda wall: (
                        wall.count(self.athlete) == 1 and wall.tiles[self.athlete]["online"]
                    )
                )

    async def test_sets_are_shown_again_when_redis_comes_back(self) -> None:
        def is_known(wall: Wall) -> bool:
            sessions = wall.tiles[self.athlete]["sessions"]
            return bool(sessions) and (sessions[0]["set"], sessions[0]["rep"]) == (1, 3)

        async with self.training(self.athlete, 1, 2, 3), self.watching() as wall:
            assert is_known(wall)
            await sync_to_async(self.redis.stop)()
            while (await wall.hear())["event"] != "unavailable":
                pass
            wall.tiles[self.athlete]["sessions"].clear()
            await sync_to_async(self.redis.start)()
            await wall.until(is_known)

    async def test_it_says_while_the_database_is_unavailable_and_goes_on_after(self) -> None:
        async with self.watching() as wall:
            await sync_to_async(self.take_away)(self.database)
            while (await wall.hear())["event"] != "unavailable":
                pass
            await sync_to_async(self.bring_back)(self.database)
            while (await wall.hear())["event"] != "snapshot":
                pass

    async def test_without_a_database_a_new_wall_is_told_to_try_later(
        self,
    ) -> None:
        await sync_to_async(self.take_away)(self.database)
        closing = await (await Wall.open(self.browser)).closing()
        assert closing == (1013, "the database cannot be reached")
        stranger = await Wall.open(Browser(self.service))
        assert await stranger.closing() == (4401, "you are not logged in")
