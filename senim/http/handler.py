"""Django's handler, with one hop into a thread for each request.

Django's own hops between the event loop and a thread at each middleware, and each request has a
thread of its own. Here a request's middleware and view run in one thread of its place, signals and
all, and a short answer gives its thread and its database connection back before it is sent.
"""

import asyncio
from contextlib import nullcontext
from functools import partial
from typing import IO, Any

from django.conf import settings
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.db import close_old_connections
from django.http import FileResponse
from django.urls import set_script_prefix

from senim.http.answers import is_long_asgi_answer, read_asgi_answer_ahead
from senim.http.bodies import (
    AsgiBodies,
    AsgiBody,
    Receive,
    drain_asgi_body,
)
from senim.http.places import ServerPlace, ServerPlaceSorter, make_server_places
from senim.http.refusals import RefusedError, Send, send_asgi_refusal


class OneHopAsgiHandler(ASGIHandler):
    """The HTTP application."""

    def __init__(self) -> None:
        # not Django's __init__, which would load the middleware for the event loop
        self.load_middleware(is_async=False)
        self.places = make_server_places()
        self.sorter = ServerPlaceSorter(self.places)
        self.bodies = AsgiBodies()

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise ValueError(f"This application takes HTTP alone, not {scope['type']}.")
        await self.handle(scope, receive, send)

    async def handle(self, scope: Any, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(get_script_prefix(scope)) or "/"
        place = self.sorter.find_place(scope["method"], path)
        is_admin = path.startswith(self.sorter.admin)
        max_bytes = (
            settings.SENIM_MAX_ADMIN_BODY_BYTES if is_admin else settings.SENIM_MAX_BODY_BYTES
        )
        try:
            body = await self.bodies.read(scope, receive, max_bytes=max_bytes)
        except RequestAborted:
            return
        except RefusedError as refusal:
            await send_asgi_refusal(send, refusal, as_problem=True, is_last=False)
            await drain_asgi_body(receive)
            await send({"type": "http.response.body"})
            return
        await self.answer_while_connected(place, scope, body, receive, send)

    async def answer_while_connected(
        self, place: ServerPlace, scope: Any, body: AsgiBody, receive: Receive, send: Send
    ) -> None:
        """Answer, and stop as soon as the client goes; a view that has begun runs to its end."""
        answering = asyncio.create_task(self.answer(place, scope, body, send))
        leaving = asyncio.ensure_future(receive())
        try:
            await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            answering.cancel()
            leaving.cancel()
        await asyncio.wait((answering, leaving))
        if not answering.cancelled():
            answering.result()

    async def answer(self, place: ServerPlace, scope: Any, body: AsgiBody, send: Send) -> None:
        try:
            respond = partial(self.respond, place, scope, body.file)
            response = await place.run(respond, then=body.close)
            try:
                with (
                    place.sending_long_answer() if is_long_asgi_answer(response) else nullcontext()
                ):
                    await self.send_response(response, send)
            finally:
                if not response.closed:
                    # not awaited: this task may itself have been cancelled
                    place.executor.submit(response.close)
        except RefusedError as refusal:
            await send_asgi_refusal(send, refusal, as_problem=place.answers_problems)
        except RequestAborted:
            pass

    def respond(self, place: ServerPlace, scope: Any, body_file: IO[bytes]) -> Any:
        """Return Django's response. All of this runs in one thread."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        try:
            request, error_response = self.create_request(scope, body_file)
            response: Any = error_response if request is None else self.get_response(request)
            response._handler_class = self.__class__
            if isinstance(response, FileResponse):
                response.block_size = self.chunk_size
            if not response.streaming:
                response.close()
            elif not response.is_async:
                read_asgi_answer_ahead(response, place.executor)
            return response
        finally:
            # a streaming response is closed only when it has been sent
            close_old_connections()
