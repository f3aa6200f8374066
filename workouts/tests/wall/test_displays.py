"""A screen's socket: what a display link shows, and when it ends."""

import asyncio

import pytest
from django.test import SimpleTestCase

from workouts.sockets.handshake import SENIM_DISPLAY_V1
from workouts.tests.support.coaches import Wall
from workouts.tests.support.processes import wait_until
from workouts.tests.support.shell import run_shell
from workouts.tests.support.token_services import shared_token_service
from workouts.tests.support.walls import MODELS, OnSharedService, WallCase

MAKE_LINK = (
    "from workouts.services.display_links import make_display_link;"
    "made = make_display_link("
    "team=Team.objects.get(pk={team}), name='Hall', by=User.objects.order_by('-pk').first());"
    "print(made.display_link.pk, made.token)"
)
REVOKE = (
    "from workouts.services.display_links import revoke_display_link;"
    "revoke_display_link({pk}, by=User.objects.order_by('-pk').first())"
)
MAKE_TEAM_OF_DANA = """
from django.contrib.auth.models import User
from workouts.models import Athlete, Team
User.objects.get_or_create(username="maker", is_staff=True)
team = Team.objects.create(name="of Dana")
team.athletes.create(user_id="dana-on-a-screen")
print(team.pk)
"""


@pytest.mark.slow
class DisplayTests(WallCase, OnSharedService):
    async def make_link(self, team: int | None = None) -> tuple[int, str]:
        code = MODELS + MAKE_LINK.format(team=team or self.team)
        pk, token = (await asyncio.to_thread(self.shell.run, code)).split()
        return int(pk), token

    async def open(self, *subprotocols: str) -> Wall:
        return await Wall.open_display(self.service, *subprotocols)

    async def watch_as_screen(self, token: str) -> Wall:
        wall = await self.open(SENIM_DISPLAY_V1, token)
        assert wall.socket.subprotocol == SENIM_DISPLAY_V1
        return wall

    async def test_it_shows_names_and_counts_of_the_team_and_no_user_ids(self) -> None:
        _, token = await self.make_link()
        await self.change(
            f"Athlete.objects.filter(user_id={self.athlete!r}).update(display_name='Dana')"
        )
        async with self.training(self.athlete, 1, 2), self.training(self.stranger, 1):
            wall = await self.watch_as_screen(token)
            message = await wall.hear()
            assert message["team"].startswith("team of ")
            (dana,) = [tile for tile in message["tiles"] if tile["name"] == "Dana"]
            assert dana["sessions"][0]["count"] == 2
            assert not dana.keys() & {"user_id", "athlete"}
            assert self.athlete not in str(message)
            assert self.stranger not in str(message)
            await wall.close()

    async def test_keys_of_tiles_differ_between_links(self) -> None:
        keys = []
        for _ in range(2):
            wall = await self.watch_as_screen((await self.make_link())[1])
            await wall.hear()
            keys.append(set(wall.tiles))
            await wall.close()
        assert keys[0]
        assert not keys[0] & keys[1]

    async def test_revoking_the_link_closes_it(self) -> None:
        pk, token = await self.make_link()
        wall = await self.watch_as_screen(token)
        await wall.hear()
        await self.change(REVOKE.format(pk=pk))
        async with asyncio.timeout(5):
            assert await wall.closing() == (4403, "this display link was revoked")
        again = await self.watch_as_screen(token)
        assert await again.closing() == (4403, "this display link was revoked")

    async def test_deleting_the_team_closes_it(self) -> None:
        _, team, _ = await self.hire(self.stranger)
        _, token = await self.make_link(team)
        wall = await self.watch_as_screen(token)
        await wall.hear()
        await self.change(f"Team.objects.get(pk={team}).delete()")
        assert await wall.closing() == (4401, "there is no such display link")

    async def test_it_follows_the_teams_name(self) -> None:
        _, team, _ = await self.hire(self.stranger)
        wall = await self.watch_as_screen((await self.make_link(team))[1])
        assert (await wall.hear())["team"].startswith("team of ")
        await self.change(f"Team.objects.filter(pk={team}).update(name='Juniors')")
        assert (await wall.hear())["team"] == "Juniors"
        await wall.close()

    async def test_a_wrong_token_or_none_is_refused(self) -> None:
        for offered in ([SENIM_DISPLAY_V1, "x" * 43], [SENIM_DISPLAY_V1]):
            wall = await self.open(*offered)
            assert await wall.closing() == (4401, "there is no such display link")

    async def test_a_link_is_no_way_around_the_log_in_of_a_coach(self) -> None:
        _, token = await self.make_link()
        wall = await self.open("senim.bearer", token)
        assert (await wall.closing())[0] == 4401

    async def test_a_wall_with_nothing_to_say_says_that_it_is_alive(self) -> None:
        _, team, _ = await self.hire(self.stranger)
        wall = await self.watch_as_screen((await self.make_link(team))[1])
        events = [(await wall.hear_any())["event"] for _ in range(4)]
        await wall.close()
        assert events[0] == "snapshot"
        assert "alive" in events


@pytest.mark.slow
class TokenModeTests(SimpleTestCase):
    """In token mode, on a service that logs all it can."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service = shared_token_service()

    async def test_a_link_works_there_too_and_its_token_is_not_logged(self) -> None:
        def make() -> str:
            team = run_shell(self.service, MAKE_TEAM_OF_DANA)
            return run_shell(self.service, MODELS + MAKE_LINK.format(team=team)).split()[1]

        token = await asyncio.to_thread(make)
        wall = await Wall.open_display(self.service, SENIM_DISPLAY_V1, token)
        message = await wall.hear()
        assert message["team"] == "of Dana"
        await wall.close()
        refused = await Wall.open_display(self.service, SENIM_DISPLAY_V1, token[::-1])
        assert (await refused.closing())[0] == 4401
        await asyncio.to_thread(
            wait_until, lambda: self.service.output().count("no such display link")
        )
        assert token not in self.service.output()
        assert token[::-1] not in self.service.output()
