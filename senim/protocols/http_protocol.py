"""uvicorn's HTTP protocol, with bounds on what a request may take before the application sees it.

httptools has none of its own. h11 has one, for the bytes of a head, but takes 29 us to parse a
request with ten headers, where httptools takes 2 us.
"""

import asyncio
from http import HTTPStatus
from typing import Any, NamedTuple

import httptools
from django.conf import settings
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from senim.protocols.reading_turns import get_reading_turns
from workouts.metrics import count_refusal_metric

MAX_PIPELINED = 8  # requests that wait for the one before them; hardly any client sends a second
# a chunked body's own framing: 5 bytes for each byte, in a body of 64 KiB sent byte by byte
MAX_FRAMING_BYTES = 5 * 65_536
STALL_S = 60.0  # after which a client that reads nothing of its answer is cut
# for how long, and how much, is still read from a client that was refused
LINGER_S = 1.0
LINGER_BYTES = 1_048_576
# connections over SENIM_MAX_CONNECTIONS that may still ask for the health answer, or be told 503
SPARE_CONNECTIONS = 100


class Refusal(NamedTuple):
    """The answer to a request that is not served, and the limit's name in docs/metrics.md."""

    limit: str
    status: HTTPStatus
    reason: str


UNREADABLE = Refusal("unreadable_request", HTTPStatus.BAD_REQUEST, "Invalid HTTP request received.")
HEAD_TOO_LARGE = Refusal(
    "request_head",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "The address and headers are too long, or the headers too many.",
)
TOO_MANY_PIPELINED = Refusal(
    "pipelined_requests", HTTPStatus.TOO_MANY_REQUESTS, "Wait for the answers before."
)
TOO_SLOW = Refusal(
    "request_seconds", HTTPStatus.REQUEST_TIMEOUT, "The request took too long to arrive."
)


class BoundedHttpProtocol(HttpToolsProtocol):
    """Gives a head and a body 10 s each to arrive, and bounds the size of the head.

    A connection that has not sent a whole head yet makes room for a new one if there are too many.
    A client that reads nothing of its answer for a minute is cut: closing would wait for it for
    ever.
    """

    stall_s = STALL_S

    def __init__(self, config: Any, server_state: Any, app_state: Any, _loop: Any = None) -> None:
        # for the application: how many connections are open, and who has not sent a head yet
        app_state.setdefault("connections", server_state.connections)
        self._silent: dict[BoundedHttpProtocol, None] = app_state.setdefault("silent", {})
        super().__init__(config, server_state, app_state, _loop)
        self._deadline: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._running: Any = None  # the request that is being answered; `cycle` is the newest
        self._framing_bytes = 0  # of the request, all that is not its body
        self._is_head = True
        self._head_bytes = self._trailers = 0
        self._refusal: Refusal | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_more()
        if len(self.connections) > settings.SENIM_MAX_CONNECTIONS and self._silent:
            oldest = next(iter(self._silent))
            del self._silent[oldest]
            count_refusal_metric("silent_connections")
            oldest.transport.abort()
        elif len(self.connections) > settings.SENIM_MAX_CONNECTIONS + SPARE_CONNECTIONS:
            count_refusal_metric("connections")
            transport.abort()
            return
        self._silent[self] = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._silent.pop(self, None)
        self._end_deadline()
        self._end_stall()
        self._unset_keepalive_if_required()
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
        self.pipeline.clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._framing_bytes += len(data)
        if self._refusal is not None:
            if self._framing_bytes > LINGER_BYTES:
                self.transport.close()
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            if not self._should_upgrade():
                return
            if self.cycle is None or self.cycle.response_complete:
                self.handle_websocket_upgrade()
            else:
                self._refuse(UNREADABLE)
        except httptools.HttpParserError:
            self._refuse(self._refusal or UNREADABLE)
        else:
            most = settings.SENIM_MAX_HEADER_BYTES if self._is_head else MAX_FRAMING_BYTES
            if self._framing_bytes > most:
                self._refuse(HEAD_TOO_LARGE)

    def handle_websocket_upgrade(self) -> None:
        """Have the handshake wait for its turn, so that a crowd of them holds up no socket."""
        self._silent.pop(self, None)
        self._end_deadline()
        self.transport.pause_reading()
        get_reading_turns(self.loop).join(self)

    def read_slice(self) -> bool:
        if not self.transport.is_closing():
            super().handle_websocket_upgrade()
            self.transport.resume_reading()
            # it refers to this protocol, and both would live as long as the socket
            self.parser = None  # type: ignore[assignment]
        return False

    def cut(self) -> None:
        self.transport.abort()

    # --- clients that do not read

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall = self.loop.call_later(self.stall_s, self._cut_reader)

    def resume_writing(self) -> None:
        self._end_stall()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._expect_close()

    def _expect_close(self) -> None:
        # closing waits until the client has read all; a lost connection has no parser
        if self._stall is None and self.parser is not None and self.transport.is_closing():
            self._stall = self.loop.call_later(self.stall_s, self._cut_reader)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._expect_close()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _cut_reader(self) -> None:
        count_refusal_metric("unread_answer")
        self.transport.abort()

    def _end_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    # --- the parser's callbacks

    def on_message_begin(self) -> None:
        self._unset_keepalive_if_required()
        super().on_message_begin()
        self._is_head, self._head_bytes, self._trailers = True, 0, 0
        self._expect_more()

    def on_url(self, url: bytes) -> None:
        self._head_bytes += len(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._is_head:
            self._trailers += 1
            if self._trailers > settings.SENIM_MAX_HEADERS:
                self._refusal = HEAD_TOO_LARGE
                raise httptools.HttpParserCallbackError
            return
        self._head_bytes += len(name) + len(value)
        if (
            len(self.headers) >= settings.SENIM_MAX_HEADERS
            or self._head_bytes > settings.SENIM_MAX_HEADER_BYTES
        ):
            self._refusal = HEAD_TOO_LARGE
            raise httptools.HttpParserCallbackError
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= MAX_PIPELINED:
            self._refusal = TOO_MANY_PIPELINED
            raise httptools.HttpParserCallbackError
        self._is_head = False
        self._silent.pop(self, None)
        self._expect_more()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._framing_bytes -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._framing_bytes = 0
        self._end_deadline()
        super().on_message_complete()

    # --- limits

    def _refuse(self, refusal: Refusal) -> None:
        """Answer a request that cannot be read or is over a limit, and close the connection."""
        self._refusal = refusal
        count_refusal_metric(refusal.limit)
        self._end_deadline()
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            self._answer(refusal)
        elif not cycle.more_body:
            # the requests before it are answered first; what follows is not read any more
            self.flow.pause_reading()
            cycle.keep_alive = False
        elif self.pipeline or cycle.response_started:
            self.transport.abort()
        else:
            # the application, which waits for the rest of the body, hears that the client is gone
            self._answer(refusal)

    def _answer(self, refusal: Refusal) -> None:
        status, body = refusal.status, refusal.reason.encode()
        self.transport.write(
            b"HTTP/1.1 %d %s\r\ncontent-type: text/plain; charset=utf-8\r\n"
            b"content-length: %d\r\nconnection: close\r\n\r\n%s"
            % (status, status.phrase.encode(), len(body), body)
        )
        # a connection that is closed with unread data is reset, and the client may lose the answer
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_S, self.transport.close)
        self._expect_close()

    def _expect_more(self) -> None:
        self._end_deadline()
        self._deadline = self.loop.call_later(settings.SENIM_REQUEST_SECONDS, self._time_out)

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _time_out(self) -> None:
        if self.flow.read_paused:  # the server has not read what is there
            self._expect_more()
            return
        self._refuse(TOO_SLOW)
