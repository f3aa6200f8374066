"""Channels as its tutorial has it: a stock consumer on daphne, with redis.asyncio.

It debounces by SET NX and counts by INCR, as the FastAPI peer does, and has no finish.
"""

import os
from typing import Any
from urllib.parse import parse_qs

import django
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from daphne.server import Server
from django.conf import settings
from django.urls import path
from redis.asyncio import Redis

from bench.peers.listening import listen

DEBOUNCE_MS = 1  # the service's exercises have the same in a benchmark

redis = Redis(
    unix_socket_path=os.environ["PEER_REDIS_SOCKET"],
    protocol=2,
    decode_responses=True,
    max_connections=1000,  # by default an error from the 101st client on
)


class WorkoutConsumer(AsyncJsonWebsocketConsumer):
    async def connect(self) -> None:
        query = parse_qs(self.scope["query_string"].decode())
        self.user_id = query.get("user_id", ["guest"])[0]
        await self.accept()

    async def receive_json(self, content: dict[str, Any], **kwargs: Any) -> None:
        exercise = content.get("type", "squat")
        key = f"{self.user_id}:{exercise}"
        if await redis.set(f"debounce:{key}", 1, nx=True, px=DEBOUNCE_MS):
            status, count = "counted", await redis.incr(f"count:{key}")
        else:
            status, count = "debounced", int(await redis.get(f"count:{key}") or 0)
        await self.send_json(
            {"event": "rep_ack", "type": exercise, "status": status, "count": count}
        )


application = ProtocolTypeRouter(
    {"websocket": URLRouter([path("ws/workout", WorkoutConsumer.as_asgi())])}
)


def main() -> None:
    settings.configure()
    django.setup()
    listener = listen("Stock Channels")
    Server(application, endpoints=[f"fd:fileno={listener.fileno()}"], verbosity=0).run()


if __name__ == "__main__":
    main()
