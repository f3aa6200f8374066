from typing import Any

from channels.sessions import CookieMiddleware
from django.urls import re_path

from workouts.sockets.consumer import UnknownAddressConsumer, WorkoutConsumer
from workouts.wall.consumer import WallConsumer

websocket_urlpatterns: list[Any] = [
    re_path(r"^ws/workout/?$", WorkoutConsumer.as_asgi()),
    re_path(r"^ws/live/?$", CookieMiddleware(WallConsumer.as_asgi())),
    re_path(r"", UnknownAddressConsumer.as_asgi()),
]
