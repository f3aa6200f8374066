"""What a connection to the wall's socket costs before it is known who is there."""

from typing import Any
from unittest.mock import patch

from channels.layers import get_channel_layer
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.db import connection, connections
from django.test import TestCase
from django.test.utils import CaptureQueriesContext

from workouts.events.groups import REPORTERS
from workouts.events.messages import Message, RollCall, encode_channel_message
from workouts.events.subscription import ChannelSubscription
from workouts.routing import websocket_urlpatterns
from workouts.tests.support.peer import until, within
from workouts.wall.audience import WallAudience, find_wall_audience

STRANGERS_COOKIE = f"{settings.SESSION_COOKIE_NAME}={'x' * 32}"


async def knock(cookie: str = "") -> dict[str, Any]:
    """Connect to the wall's socket, and return what closes it."""
    headers = [(b"cookie", cookie.encode())] if cookie else []
    visitor = WebsocketCommunicator(URLRouter(websocket_urlpatterns), "/ws/live", headers=headers)
    assert (await visitor.connect())[0]
    return dict(await visitor.receive_output(timeout=30))


class WallDoorTests(TestCase):
    def look_up(self, *asked: Any) -> WallAudience:
        """Find the audience in the consumer's thread, and note the queries."""
        try:
            with CaptureQueriesContext(connection) as queries:
                return find_wall_audience(*asked)
        finally:
            self.queries += [query["sql"] for query in queries]
            connections.close_all()

    async def test_a_stranger_costs_one_query_at_most_and_no_process_hears_of_it(self) -> None:
        heard: list[Message] = []
        await ChannelSubscription(heard.append).join(REPORTERS)
        for cookie, lookups in (("", 0), (STRANGERS_COOKIE, 1)):
            self.queries: list[str] = []
            with patch("workouts.wall.consumer.find_wall_audience", self.look_up):
                closing = await knock(cookie)
            assert (closing["code"], closing["reason"]) == (4401, "you are not logged in")
            assert len(self.queries) == lookups, self.queries
        await get_channel_layer().group_send(REPORTERS, encode_channel_message(RollCall()))
        await within(until(lambda: bool(heard)))
        assert heard == [RollCall()]
