from django.urls import re_path

from workouts.consumers import UnknownAddressConsumer, WorkoutConsumer

websocket_urlpatterns = [
    re_path(r"^ws/workout/?$", WorkoutConsumer.as_asgi()),
    re_path(r"", UnknownAddressConsumer.as_asgi()),
]
