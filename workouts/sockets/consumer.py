"""The consumer of /ws/workout: who connects, and as what."""

from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import DatabaseError

from workouts.close_codes import CLOSE_ABNORMAL, CLOSE_POLICY, CLOSE_TRY_LATER
from workouts.events.messages import NOBODY
from workouts.events.wall_reports import get_channel_reporter
from workouts.exceptions import WorkoutError
from workouts.identity.athlete_ids import GUEST, identify_athlete
from workouts.live.counting.batching import get_rep_batcher
from workouts.live.keys import hash_tag_of_user
from workouts.metrics import count_outage_metric, count_refusal_metric
from workouts.request_ids import request_id_headers
from workouts.sockets.acks import SocketAcks
from workouts.sockets.catalogue import catalogue
from workouts.sockets.frames import SENIM_V1
from workouts.sockets.message_loop import SocketLoop
from workouts.sockets.plain import PlainSocketReps
from workouts.sockets.senim_v1 import DeviceSocket
from workouts.sockets.socket_record import SocketRecord

LAST_VERDICTS_S = 2.0  # the batcher gives each rep a result within 1.8 s
LOST_SOCKET_MS = 40_000  # the server's pings find a lost connection within this time


class WorkoutConsumer(AsyncWebsocketConsumer):
    """Accepts one athlete's socket, and serves it as a device's or as a plain one."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope, self.base_send = scope, send
        await receive()
        is_device = SENIM_V1 in scope.get("subprotocols", ())
        # accepted before it may be closed: a browser does not see why a handshake is refused
        await self.accept(SENIM_V1 if is_device else None, headers=request_id_headers())
        with SocketRecord("senim_v1" if is_device else "plain") as record:
            await self.serve(record, receive, is_device=is_device)

    async def serve(self, record: SocketRecord, receive: Any, *, is_device: bool) -> None:
        """Serve the accepted socket until it closes."""
        try:
            user_id = identify_athlete(self.scope)
            await catalogue.follow()
        except WorkoutError as error:
            await self.close(CLOSE_POLICY, error.message)
            record.note_end(CLOSE_POLICY, error.message)
            return
        except DatabaseError as error:
            count_outage_metric(error)
            await self.close(CLOSE_TRY_LATER, "the database cannot be reached")
            record.note_end(CLOSE_TRY_LATER, "the database cannot be reached", user_id=user_id)
            return
        message_loop, reporter = SocketLoop(self.base_send, self.close), get_channel_reporter()
        if (
            settings.SENIM_AUTH == "token"
            and user_id != GUEST
            and reporter.count_sockets(user_id) >= settings.SENIM_MAX_CONNECTIONS_PER_USER
        ):
            catalogue.unfollow()
            count_refusal_metric("sockets_a_user", user_id=user_id)
            reason = f"retry_after_ms={LOST_SOCKET_MS}"
            await self.close(CLOSE_TRY_LATER, reason)
            record.note_end(CLOSE_TRY_LATER, reason, user_id=user_id)
            return
        reporter.arrive(user_id)
        device_socket = DeviceSocket(user_id, message_loop) if is_device else None
        # reps from a plain socket are news to every device
        acks = device_socket.acks if device_socket else SocketAcks(user_id, origin=NOBODY)
        try:
            if device_socket:
                await device_socket.serve(receive)
            else:
                source = get_rep_batcher().open_source(hash_tag_of_user(user_id))
                reps = PlainSocketReps(user_id, message_loop.replies, acks, source)
                await message_loop.run(receive, reps.handle_message)
        finally:
            reporter.leave(user_id)
            message_loop.replies.close()
            catalogue.unfollow()
            closing = message_loop.closing
            record.note_end(
                closing.code if closing else CLOSE_ABNORMAL,
                closing.reason if closing else None,
                user_id=user_id,
                device=device_socket.device if device_socket else "",
                reps=acks.count_verdicts(),
            )
        # the last reps of a client that is gone may still be on their way to Redis
        await message_loop.replies.wait_for_all(LAST_VERDICTS_S)
        record.note_fields(reps=acks.count_verdicts())


class UnknownAddressConsumer(AsyncWebsocketConsumer):
    """Refuses the handshake at an address that no consumer has."""

    async def connect(self) -> None:
        await self.close()
