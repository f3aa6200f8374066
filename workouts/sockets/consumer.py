"""The consumer of /ws/workout: who connects, and as what."""

from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import DatabaseError

from workouts.close_codes import CLOSE_ABNORMAL, CLOSE_TRY_LATER
from workouts.events.messages import NOBODY
from workouts.events.wall_reports import get_channel_reporter
from workouts.exceptions import WorkoutError
from workouts.identity.access_tokens import AccessToken
from workouts.identity.athlete_ids import identify_athlete
from workouts.live.counting.batching import get_rep_batcher
from workouts.live.keys import hash_tag_of_user
from workouts.metrics import count_outage_metric, count_refusal_metric
from workouts.request_ids import request_id_headers
from workouts.sockets.acks import SocketAcks
from workouts.sockets.authentication import authenticate_socket, explain_socket_refusal
from workouts.sockets.catalogue import catalogue
from workouts.sockets.direct_messages import find_direct_messages
from workouts.sockets.frames import SENIM_V1
from workouts.sockets.handshake import choose_subprotocol, refuse_unknown_subprotocols
from workouts.sockets.message_loop import SocketLoop
from workouts.sockets.plain import PlainSocketReps
from workouts.sockets.senim_v1 import DeviceSocket
from workouts.sockets.socket_record import SocketRecord
from workouts.sockets.token_watch import get_token_watch

LAST_VERDICTS_S = 2.0  # the batcher gives each rep a result within 1.8 s
LOST_SOCKET_MS = 40_000  # the server's pings find a lost connection within this time


class WorkoutConsumer(AsyncWebsocketConsumer):
    """Accepts one athlete's socket, and serves it as a device's or as a plain one."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope, self.base_send = scope, send
        await receive()
        offered = scope.get("subprotocols", ())
        subprotocol = choose_subprotocol(offered)
        if offered and subprotocol is None:
            await refuse_unknown_subprotocols(scope, send)
            return
        # accepted before it may be closed: a browser does not see why a handshake is refused
        await self.accept(subprotocol, headers=request_id_headers())
        is_device = subprotocol == SENIM_V1
        with SocketRecord("senim_v1" if is_device else "plain") as self.record:
            await self.serve(receive, is_device=is_device)

    async def serve(self, receive: Any, *, is_device: bool) -> None:
        """Find out whose socket this is, and serve it until it closes."""
        token = None
        try:
            if settings.SENIM_AUTH == "token":
                token = await authenticate_socket(self.scope)
            user_id = token.user_id if token else identify_athlete(self.scope)
            await catalogue.follow()
        except WorkoutError as error:
            await self.refuse(*explain_socket_refusal(error))
            return
        except DatabaseError as error:
            count_outage_metric(error)
            await self.refuse(CLOSE_TRY_LATER, "the database cannot be reached", user_id=user_id)
            return
        try:
            await self.serve_athlete(user_id, token, receive, is_device=is_device)
        finally:
            catalogue.unfollow()

    async def refuse(self, code: int, reason: str, **fields: str) -> None:
        await self.close(code, reason)
        self.record.note_end(code, reason, **fields)

    async def serve_athlete(
        self, user_id: str, token: AccessToken | None, receive: Any, *, is_device: bool
    ) -> None:
        direct = find_direct_messages(self.scope)
        message_loop = SocketLoop(self.base_send, self.close, direct)
        reporter = get_channel_reporter()
        most = settings.SENIM_MAX_CONNECTIONS_PER_USER
        if token and reporter.count_sockets(user_id) >= most:
            count_refusal_metric("sockets_a_user", user_id=user_id)
            await self.refuse(CLOSE_TRY_LATER, f"retry_after_ms={LOST_SOCKET_MS}", user_id=user_id)
            return
        reporter.arrive(user_id)
        socket_token = get_token_watch().open(token, message_loop.end) if token else None
        device_socket = DeviceSocket(user_id, message_loop, socket_token) if is_device else None
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
            if socket_token:
                socket_token.close()
            message_loop.replies.close()
            closing = message_loop.closing
            self.record.note_end(
                closing.code if closing else CLOSE_ABNORMAL,
                closing.reason if closing else None,
                user_id=user_id,
                device=device_socket.device if device_socket else "",
                reps=acks.count_verdicts(),
            )
        # the last reps of a client that is gone may still be on their way to Redis
        await message_loop.replies.wait_for_all(LAST_VERDICTS_S)
        self.record.note_fields(reps=acks.count_verdicts())


class UnknownAddressConsumer(AsyncWebsocketConsumer):
    """Refuses the handshake at an address that no consumer has."""

    async def connect(self) -> None:
        await self.close()
