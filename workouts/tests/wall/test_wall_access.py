"""Who may watch which athletes, and that a wall notices when that changes."""

import asyncio

import pytest

from workouts.tests.support.coaches import Browser, Wall
from workouts.tests.support.phones import make_set
from workouts.tests.support.walls import OnSharedService, WallCase


@pytest.mark.slow
class WallAccessTests(WallCase, OnSharedService):
    async def closing(self, browser: Browser, team: int | None = None) -> tuple[int, str]:
        return await (await Wall.open(browser, team)).closing()

    async def test_it_refuses_a_browser_that_is_not_logged_in(self) -> None:
        assert await self.closing(Browser(self.service)) == (4401, "you are not logged in")

    async def test_it_refuses_another_coachs_team_and_one_that_does_not_exist(self) -> None:
        team = await asyncio.to_thread(self.make_team, self.stranger + "-coach", self.stranger)
        for wrong in (team, 10**30):
            closing = await self.closing(self.browser, wrong)
            assert closing == (4403, "you may not watch these athletes")

    async def test_it_never_shows_another_teams_athletes(self) -> None:
        async with (
            self.watching() as wall,
            self.training(self.stranger, 1, 2) as other,
            self.training(self.athlete, 1),
        ):
            await other.finish()
            await wall.until(lambda wall: wall.count(self.athlete) == 1)
            assert self.stranger not in wall.tiles

    async def test_an_athlete_who_leaves_the_team_disappears_for_good(self) -> None:
        async with (
            self.training(self.athlete, 1) as phone,
            self.training(self.teammate, 1) as teammate,
            self.watching() as wall,
        ):
            assert wall.count(self.athlete) == 1
            await self.change(
                f"athlete = Athlete.objects.get(user_id={self.athlete!r});"
                f"Team.objects.get(pk={self.team}).athletes.remove(athlete)"
            )
            await phone.ask_all(make_set([2]))
            await wall.until(lambda wall: self.athlete not in wall.tiles)
            await phone.ask_all(make_set([3]))
            await teammate.ask_all(make_set([2]))
            await wall.until(lambda wall: wall.count(self.teammate) == 2)
            assert self.athlete not in wall.tiles

    async def test_an_athlete_who_joins_the_team_appears(self) -> None:
        async with self.training(self.stranger, 1, 2), self.watching() as wall:
            await self.change(
                f"ben = Athlete.objects.create(user_id={self.stranger!r}, display_name='Ben');"
                f"Team.objects.get(pk={self.team}).athletes.add(ben)"
            )
            await wall.until(
                lambda wall: wall.count(self.stranger) == 2 and wall.tiles[self.stranger]["online"]
            )
            assert wall.tiles[self.stranger]["name"] == "Ben"

    async def test_logging_out_closes_it(self) -> None:
        _, _, browser = await self.hire()
        async with self.watching(browser) as wall:
            await asyncio.to_thread(browser.log_out)
            assert await wall.close_code() == 4401

    async def test_losing_the_permission_closes_it(self) -> None:
        coach, _, browser = await self.hire()
        async with self.watching(browser) as wall:
            await self.change(f"User.objects.get(username={coach!r}).groups.clear()")
            assert await wall.close_code() == 4403

    async def test_disabling_the_account_closes_it_within_5_s(self) -> None:
        await self.check_taken_away(is_active=False)

    async def test_losing_the_staff_status_closes_it_within_5_s(self) -> None:
        await self.check_taken_away(is_staff=False)

    async def check_taken_away(self, **change: bool) -> None:
        coach, _, browser = await self.hire()
        async with self.watching(browser) as wall:
            await self.change(f"User.objects.filter(username={coach!r}).update(**{change!r})")
            async with asyncio.timeout(5):
                assert await wall.close_code() == 4403
        assert (await self.closing(browser))[0] == 4403
