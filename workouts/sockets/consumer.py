"""The consumer of /ws/workout: who connects, and as what."""

from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import DatabaseError

from workouts.close_codes import CLOSE_POLICY, CLOSE_TRY_LATER
from workouts.events.messages import NOBODY
from workouts.events.wall_reports import get_reporter
from workouts.exceptions import WorkoutError
from workouts.identity import GUEST, identify_socket
from workouts.live.counting.batching import get_batcher
from workouts.live.keys import tag_of
from workouts.sockets.acks import Acks
from workouts.sockets.catalogue import catalogue
from workouts.sockets.frames import SENIM_V1
from workouts.sockets.message_loop import MessageLoop
from workouts.sockets.plain import PlainReps
from workouts.sockets.senim_v1 import DeviceSocket

LOST_SOCKET_MS = 40_000  # the server's pings find a lost connection within this time


class WorkoutConsumer(AsyncWebsocketConsumer):
    """Accepts one athlete's socket, and serves it as a device's or as a plain one."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope, self.base_send = scope, send
        await receive()
        is_device = SENIM_V1 in scope.get("subprotocols", ())
        # accepted before it may be closed: a browser does not see why a handshake is refused
        await self.accept(SENIM_V1 if is_device else None)
        try:
            user_id = identify_socket(scope)
            await catalogue.follow()
        except WorkoutError as error:
            await self.close(CLOSE_POLICY, error.message)
            return
        except DatabaseError:
            await self.close(CLOSE_TRY_LATER, "the database cannot be reached")
            return
        message_loop, reporter = MessageLoop(send, self.close), get_reporter()
        if (
            settings.SENIM_AUTH == "token"
            and user_id != GUEST
            and reporter.count_sockets(user_id) >= settings.SENIM_MAX_CONNECTIONS_PER_USER
        ):
            catalogue.unfollow()
            await self.close(CLOSE_TRY_LATER, f"retry_after_ms={LOST_SOCKET_MS}")
            return
        reporter.arrive(user_id)
        try:
            if is_device:
                await DeviceSocket(user_id, message_loop).serve(receive)
            else:
                source = get_batcher().open_source(tag_of(user_id))
                # reps from a plain socket are news to every device
                acks = Acks(user_id, origin=NOBODY)
                reps = PlainReps(user_id, message_loop.replies, acks, source)
                await message_loop.run(receive, reps.handle_message)
        finally:
            reporter.leave(user_id)
            message_loop.replies.close()
            catalogue.unfollow()


class UnknownAddressConsumer(AsyncWebsocketConsumer):
    """Refuses the handshake at an address that no consumer has."""

    async def connect(self) -> None:
        await self.close()
