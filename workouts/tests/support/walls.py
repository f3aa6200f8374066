"""Live walls of a real service: a coach's browser, athletes of the coach's team, and phones."""

import asyncio
import atexit
import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from django.test import SimpleTestCase

from workouts.tests.support.cast import new_athlete
from workouts.tests.support.coaches import MAKE_TEAM, PASSWORD, Browser, Wall
from workouts.tests.support.outage import SWEEP_NEVER
from workouts.tests.support.phones import Phone, PhoneShop, make_set
from workouts.tests.support.service import Service, shared_service
from workouts.tests.support.shell import Shell

MODELS = (
    "from workouts.models import Athlete, Team, WorkoutSession;"
    "from django.contrib.auth.models import User; "
)


@functools.cache
def shared_wall_service() -> tuple[Service, Shell]:
    """Return the service for all tests that neither stop it nor take its servers away."""
    service = shared_service(SENIM_SWEEP_SECONDS=SWEEP_NEVER)
    shell = Shell(service)
    atexit.register(shell.close)
    return service, shell


class OnSharedService(SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service, cls.shell = shared_wall_service()


class WallCase(PhoneShop):
    """A coach with a browser, and for each test an athlete of the coach's team and a stranger."""

    shell: Shell
    athletes: list[str]
    teammate: str
    team: int
    browser: Browser

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        coach, cls.teammate = new_athlete(), new_athlete()
        cls.athletes = [new_athlete() for _ in range(12)]
        cls.team = cls.make_team(coach, cls.teammate, *cls.athletes)
        cls.browser = Browser(cls.service).log_in(coach)

    def setUp(self) -> None:
        self.athlete, self.stranger = self.athletes.pop(), new_athlete()

    @classmethod
    def make_team(cls, coach: str, *athletes: str, group: str = "coaches") -> int:
        return int(
            cls.shell.run(
                MAKE_TEAM.format(
                    coach=coach,
                    team=f"team of {coach}",
                    athletes=athletes,
                    group=group,
                    password=PASSWORD,
                )
            )
        )

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
        team = await asyncio.to_thread(self.make_team, coach, *athletes, group=group)
        return coach, team, await asyncio.to_thread(Browser(self.service).log_in, coach)

    async def change(self, code: str) -> None:
        """Change the database by Python code."""
        await asyncio.to_thread(self.shell.run, MODELS + code)
