"""The running service that sets are replayed against, as its HTTP API shows it."""

import asyncio
import json
import urllib.error
import urllib.request
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

ANSWER_TIMEOUT_S = 10.0
MOST_SESSIONS = 100  # a page of the list


class ServiceAnswer(NamedTuple):
    status: int
    body: dict[str, Any]


class RunningService:
    """Finishes workouts and reads what was saved. Its methods raise ValueError if refused."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def finish_workout(self, user_id: str, exercise: str) -> None:
        await self._ask("POST", "/workout/finish", {"user_id": user_id, "exercise_type": exercise})

    async def read_sessions(self, user_id: str) -> list[dict[str, Any]]:
        """Return an athlete's newest sessions, up to 100."""
        query = urlencode({"user_id": user_id, "page_size": MOST_SESSIONS})
        answer = await self._ask("GET", f"/workout/sessions/?{query}")
        rows: list[dict[str, Any]] = answer["results"]
        return rows

    async def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = await asyncio.to_thread(self._send, method, path, body)
        if answer.status != 200:
            raise ValueError(f"{path} answered {answer.status}: {answer.body.get('detail')}")
        return answer.body

    def _send(self, method: str, path: str, body: Any) -> ServiceAnswer:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310
            self._url + path, data=data, method=method, headers={"Content-Type": "application/json"}
        )
        try:
            # whoever runs the command names the address
            opened = urllib.request.urlopen(  # noqa: S310  # nosec B310
                request, timeout=ANSWER_TIMEOUT_S
            )
            with opened as response:
                return ServiceAnswer(response.status, json.load(response))
        except urllib.error.HTTPError as error:
            with error:
                return ServiceAnswer(error.code, json.load(error))


async def check_service_answers(url: str) -> None:
    """Raise ConnectionError if no service answers at an address, which a client would wait for."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            _, writer = await asyncio.open_connection(parts.hostname, port)
    except OSError as error:  # TimeoutError is one
        socket_url = f"ws{url.removeprefix('http').rstrip('/')}"
        raise ConnectionError(
            f"No service answers at {socket_url}. Start it with `python manage.py start`, "
            "or name another with --url."
        ) from error
    writer.close()


def check_service_url(url: str) -> str:
    """Return the address if it is a web service's. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"--url is {url!r}; it takes an address like http://127.0.0.1:8000")
    return url
