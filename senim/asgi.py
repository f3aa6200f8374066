"""The application: HTTP by Django, WebSockets by Channels."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "senim.settings")
django_application = get_asgi_application()

# after Django's set-up, which consumers need
from senim.middleware.origins import AllowedOrigins  # noqa: E402
from senim.middleware.request_ids import RequestIds  # noqa: E402
from workouts.routing import websocket_urlpatterns  # noqa: E402

application = RequestIds(
    ProtocolTypeRouter(
        {
            "http": django_application,
            "websocket": AllowedOrigins(URLRouter(websocket_urlpatterns)),
        }
    )
)
