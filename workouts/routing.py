from typing import Any, cast

from channels.sessions import CookieMiddleware
from django.urls import re_path

from workouts.sockets.plain import UnknownAddressConsumer
from workouts.sockets.senim_v1 import workout_socket
from workouts.wall.consumer import WallConsumer

websocket_urlpatterns: list[Any] = [
    re_path(r"^ws/workout/?$", cast(Any, workout_socket)),
    re_path(r"^ws/live/?$", CookieMiddleware(WallConsumer.as_asgi())),
    re_path(r"", UnknownAddressConsumer.as_asgi()),
]
