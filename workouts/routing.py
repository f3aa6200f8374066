from typing import Any, cast

from django.urls import re_path

from workouts.consumers import UnknownAddressConsumer
from workouts.devices import workout_socket

websocket_urlpatterns: list[Any] = [
    re_path(r"^ws/workout/?$", cast(Any, workout_socket)),
    re_path(r"", UnknownAddressConsumer.as_asgi()),
]
