"""Coaches on a real service: made in its shell, logged in over HTTP, with a live wall open."""

import asyncio
import json
import re
import urllib.parse
import urllib.request
from collections.abc import Callable
from http.cookiejar import CookieJar
from typing import Any

import websockets
from websockets.typing import Subprotocol

from workouts.tests.support.service import Service
from workouts.tests.support.shell import run_shell

PASSWORD = "a long one for tests"
SHOWN_S = 60.0
Frame = dict[str, Any]
MAKE_TEAM = """
from django.contrib.auth.models import Group, User
from workouts.models import Athlete, Team
user = User.objects.create_user({coach!r}, password={password!r}, is_staff=True)
user.groups.add(Group.objects.get(name={group!r}))
team = Team.objects.create(name={team!r})
team.coaches.add(user)
team.athletes.add(*(Athlete.objects.get_or_create(user_id=name)[0] for name in {athletes!r}))
print(team.pk)
"""


def team_code(coach: str, *athletes: str, group: str = "coaches") -> str:
    """Return code for run_shell() that makes a coach with a team, and prints the team's id."""
    return MAKE_TEAM.format(
        coach=coach, team=f"team of {coach}", athletes=athletes, group=group, password=PASSWORD
    )


def make_team(service: Service, coach: str, *athletes: str, group: str = "coaches") -> int:
    """Make a coach with a team of these athletes, and return its id."""
    return int(run_shell(service, team_code(coach, *athletes, group=group)))


class Browser:
    """A coach's cookies."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.jar = CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def open(self, path: str, **form: str) -> str:
        """Return a page; with a form, post it and return the page it leads to."""
        data = None
        if form:
            data = urllib.parse.urlencode(
                {"csrfmiddlewaretoken": self.cookies()["csrftoken"], **form}
            ).encode()
        with self.opener.open(self.service.url + path, data, timeout=SHOWN_S) as response:
            return str(response.read().decode())

    def cookies(self) -> dict[str, str]:
        return {cookie.name: cookie.value or "" for cookie in self.jar}

    def log_in(self, name: str) -> "Browser":
        self.open("/admin/login/")
        page = self.open("/admin/login/", username=name, password=PASSWORD, next="/admin/live/")
        assert re.search(r'id="live"', page), page[:2000]
        return self

    def log_out(self) -> None:
        self.open("/admin/live/")
        self.open("/admin/logout/", x="x")


class Wall:
    """A live wall's socket, and what the wall shows so far."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.socket = socket
        self.tiles: dict[str, Frame] = {}
        self.number = 0

    @classmethod
    async def open(
        cls, browser: Browser, team: int | None = None, service: Service | None = None
    ) -> "Wall":
        query = f"?team={team}" if team else ""
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies().items())
        address = (service or browser.service).url.replace("http", "ws") + f"/ws/live{query}"
        headers = {"Cookie": cookie}
        return cls(
            await websockets.connect(address, additional_headers=headers, open_timeout=SHOWN_S)
        )

    @classmethod
    async def open_display(cls, service: Service, *subprotocols: str) -> "Wall":
        """Open it as a screen does, without cookies."""
        address = service.url.replace("http", "ws") + "/ws/live"
        return cls(
            await websockets.connect(
                address, subprotocols=[*map(Subprotocol, subprotocols)], open_timeout=SHOWN_S
            )
        )

    async def hear(self) -> Frame:
        """Take in the next message that says something; an update must have the next number."""
        message = await self.hear_any()
        while message["event"] == "alive":
            message = await self.hear_any()
        if message["event"] == "snapshot":
            self.tiles.clear()
        elif message["event"] == "update":
            assert message["number"] == self.number + 1, message
        else:
            return message
        self.number = message["number"]
        self.tiles |= {tile.get("user_id") or tile["key"]: tile for tile in message["tiles"]}
        return message

    async def hear_any(self) -> Frame:
        message: Frame = json.loads(await asyncio.wait_for(self.socket.recv(), SHOWN_S))
        return message

    async def until(self, holds: Callable[["Wall"], Any]) -> None:
        """Listen until the condition holds."""
        try:
            async with asyncio.timeout(SHOWN_S):
                while not holds(self):
                    await self.hear()
        except TimeoutError:
            raise AssertionError(self.tiles) from None

    def count(self, user_id: str) -> int | None:
        """Return the number of reps in the athlete's newest live session."""
        sessions = self.tiles.get(user_id, {}).get("sessions")
        return sessions[0]["count"] if sessions else None

    async def closing(self) -> tuple[int | None, str | None]:
        """Wait until the server closes it, and return the close code and the reason."""
        async with asyncio.timeout(SHOWN_S):
            await self.socket.wait_closed()
        return self.socket.close_code, self.socket.close_reason

    async def close_code(self) -> int | None:
        return (await self.closing())[0]

    async def close(self) -> None:
        await self.socket.close()
