"""The application: HTTP by Django, WebSockets by Channels."""

import os

import django
from channels.routing import ProtocolTypeRouter, URLRouter

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "senim.settings")
django.setup(set_prefix=False)

# after Django's set-up, which views and consumers need
from senim.http.handler import OneHopAsgiHandler  # noqa: E402
from senim.middleware.admission import RequestAdmission, SocketAdmission  # noqa: E402
from senim.middleware.origins import AllowedOriginsMiddleware  # noqa: E402
from senim.middleware.request_ids import RequestIdMiddleware  # noqa: E402
from workouts.routing import websocket_urlpatterns  # noqa: E402

application = RequestIdMiddleware(
    ProtocolTypeRouter(
        {
            "http": RequestAdmission(OneHopAsgiHandler()),
            "websocket": SocketAdmission(
                AllowedOriginsMiddleware(URLRouter(websocket_urlpatterns))
            ),
        }
    )
)
