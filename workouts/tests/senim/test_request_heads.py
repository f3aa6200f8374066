"""What a request may take before the application sees it."""

import asyncio

import pytest
from django.test import SimpleTestCase

from senim.protocols.http_protocol import MAX_PIPELINED
from workouts.tests.support.raw_http import RawConnection
from workouts.tests.support.service import Service, shared_service

GET = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
POST = "POST /workout/finish HTTP/1.1\r\nHost: 127.0.0.1\r\n"
HANDSHAKE = (
    "GET /ws/workout HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)
MAX_HEADERS, MAX_HEADER_BYTES = 20, 4096


def limited_service() -> Service:
    return shared_service(
        SENIM_REQUEST_SECONDS="1",
        SENIM_MAX_HEADERS=str(MAX_HEADERS),
        SENIM_MAX_HEADER_BYTES=str(MAX_HEADER_BYTES),
    )


@pytest.mark.slow
class HttpLimitTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service = limited_service()

    async def answer(self, *parts: str) -> list[int]:
        """Send the parts of a request, and return the statuses until the connection closes."""
        async with await RawConnection.open(self.service) as connection:
            for part in parts:
                connection.send(part)
            return await connection.read_statuses()

    async def test_a_connection_that_says_nothing_is_closed(self) -> None:
        assert await self.answer() == [408]

    async def test_a_head_that_does_not_end_is_refused_in_time(self) -> None:
        assert await self.answer(GET) == [408]

    async def test_a_body_that_does_not_come_is_refused_in_time(self) -> None:
        assert await self.answer(POST + "Content-Length: 10\r\n\r\n{") == [408]

    async def test_a_request_that_is_made_bit_by_bit_in_time_is_answered(self) -> None:
        async with await RawConnection.open(self.service) as connection:
            for part in (*GET.splitlines(keepends=True), "\r", "\n"):
                connection.send(part)
                await asyncio.sleep(0.01)
            assert await connection.read_status() == 200

    async def test_the_next_request_on_a_connection_has_its_own_deadline(self) -> None:
        async with await RawConnection.open(self.service) as connection:
            connection.send(GET + "\r\n")
            assert await connection.read_status() == 200
            await asyncio.sleep(1.2)  # longer than a request may take
            connection.send(GET + "\r\n")
            assert await connection.read_status() == 200
            connection.send(GET)
            assert await connection.read_statuses() == [408]

    async def test_a_long_head_is_refused(self) -> None:
        long_value = "x" * MAX_HEADER_BYTES
        for request in (
            GET + f"X: {long_value}\r\n\r\n",
            GET + f"X: {long_value}",
            f"GET /?{long_value} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
            f"GET /?{long_value}",
            GET + "".join(f"X-{number}: {'x' * 500}\r\n" for number in range(9)) + "\r\n",
            GET + "X" * 2 * MAX_HEADER_BYTES,
        ):
            with self.subTest(request[:60]):
                assert await self.answer(request) == [431]

    async def test_many_headers_are_refused(self) -> None:
        assert await self.answer(GET + "X: 1\r\n" * MAX_HEADERS + "\r\n") == [431]
        async with await RawConnection.open(self.service) as connection:
            connection.send(GET + "X: 1\r\n" * (MAX_HEADERS - 1) + "\r\n")
            assert await connection.read_status() == 200

    async def test_endless_trailers_are_refused(self) -> None:
        body = "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
        assert await self.answer(POST + body + "X: 1\r\n" * 100) == [431]

    async def test_an_endless_chunk_extension_is_refused(self) -> None:
        body = "Transfer-Encoding: chunked\r\n\r\n2;"
        assert await self.answer(POST + body, *["x" * 65_536] * 8) == [431]

    async def test_a_request_that_cannot_be_read_is_refused(self) -> None:
        assert await self.answer("what?\r\n\r\n") == [400]

    async def test_pipelined_requests_are_answered_up_to_a_limit(self) -> None:
        statuses = await self.answer((GET + "\r\n") * 1000)
        assert statuses == [200] * (MAX_PIPELINED + 1)

    async def test_a_bad_request_after_a_good_one_does_not_overtake_its_answer(self) -> None:
        assert await self.answer(GET + "\r\nwhat?\r\n\r\n") == [200]

    async def test_empty_lines_do_not_keep_a_connection(self) -> None:
        async with await RawConnection.open(self.service) as connection:
            connection.send(GET + "\r\n")
            assert await connection.read_status() == 200
            closed = asyncio.create_task(connection.read_status())
            for _ in range(40):  # uvicorn keeps an idle connection for 5 s
                if closed.done():
                    break
                connection.send("\r\n")
                await asyncio.sleep(0.5)
            assert closed.done()
            assert closed.result() == 0

    async def test_a_handshake_that_cannot_be_read_is_refused(self) -> None:
        upgrade = HANDSHAKE + "Content-Length: 2\r\n\r\n{}"
        assert await self.answer(upgrade) == [400]

    async def test_a_handshake_behind_an_unfinished_answer_is_not_made(self) -> None:
        statuses = await self.answer(GET + "\r\n" + HANDSHAKE + "\r\n")
        assert 101 not in statuses

    async def test_a_malformed_origin_is_refused_like_a_foreign_one(self) -> None:
        for origin in ("http://[", "http://a:99999"):
            with self.subTest(origin):
                assert await self.answer(HANDSHAKE + f"Origin: {origin}\r\n\r\n") == [403]


@pytest.mark.slow
class LongCookieTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service = shared_service()

    async def test_a_browser_with_many_cookies_may_open_a_socket(self) -> None:
        async with await RawConnection.open(self.service) as connection:
            connection.send(HANDSHAKE + f"Cookie: x={'y' * 12_000}\r\n\r\n")
            assert await connection.read_status() == 101
