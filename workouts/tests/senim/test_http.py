"""HTTP requests: one thread each, nothing left behind in it, and answers as Django's own."""

import threading
from typing import Any
from unittest.mock import patch

from django.contrib.staticfiles import finders
from django.core.signals import request_finished, request_started
from django.db import connection
from django.test import TransactionTestCase

from senim.protocols.http_protocol import BoundedHttpProtocol
from workouts.tests.support import http_views
from workouts.tests.support.http_cases import HttpCase, Reply
from workouts.tests.support.processes import wait_until

STATIC = "admin/js/vendor/jquery/jquery.js"


class RequestTests(HttpCase):
    def test_nothing_of_a_request_is_left_for_the_next_in_its_thread(self) -> None:
        own = "Accept-Language: ru\nCookie: time_zone=Asia/Almaty"
        for _ in range(4):
            viewer = self.ask(f"GET /show_viewer\n{own}").json
            assert (viewer["language"], viewer["zone"]) == ("ru", "Asia/Almaty")
        threads = set()
        for _ in range(4):
            viewer = self.ask("GET /show_viewer").json
            assert (viewer["language"], viewer["zone"]) == ("en", "UTC")
            threads.add(viewer["thread"])
        assert threads <= {"page_0", "page_1"}

    def test_the_signals_are_sent_in_the_threads_of_the_views(self) -> None:
        threads = []

        def note(**_: Any) -> None:
            threads.append(threading.current_thread().name)

        for signal in (request_started, request_finished):
            signal.connect(note)
            self.addCleanup(signal.disconnect, note)
        thread = self.ask("GET /show_viewer").json["thread"]
        assert threads == [thread, thread]

    def test_it_sends_every_cookie(self) -> None:
        reply = self.ask("GET /set_cookies")
        cookies = [value for name, value in reply.headers if name == "set-cookie"]
        assert [cookie.split(";")[0] for cookie in cookies] == ["one=1", "two=2"]

    def test_an_error_in_a_view_is_a_500_and_the_next_request_is_answered(self) -> None:
        with self.assertLogs("django.request", "ERROR") as logs:
            reply = self.ask("GET /fail")
        assert (reply.status, "as the test wants" in logs.output[0]) == (500, True)
        assert self.ask("GET /show_viewer").status == 200

    def test_it_sends_files_whole(self) -> None:
        path = finders.find(STATIC)
        assert path is not None
        with open(path, "rb") as file:
            content = file.read()
        assert len(content) > 4 * len(http_views.BLOCK)
        got, head = self.ask(f"GET /static/{STATIC}"), self.ask(f"HEAD /static/{STATIC}")
        assert (got.status, got.body) == (200, content)
        assert (head.status, head.body) == (200, b"")
        assert got["content-length"] == head["content-length"] == str(len(content))

    def test_a_client_that_goes_during_its_body_is_forgotten(self) -> None:
        self.server.send("POST /wait\nContent-Length: 10", b"12345").close()
        assert self.ask("GET /show_viewer").status == 200
        wait_until(lambda: not self.handler.bodies.held_bytes)
        assert http_views.called == []

    def test_a_view_goes_on_with_its_body_when_its_client_goes(self) -> None:
        client = self.server.send("POST /wait\nContent-Length: 5", b"12345")
        wait_until(lambda: http_views.called == ["began"])
        client.close()
        assert self.ask("GET /show_viewer").status == 200
        http_views.go_on.set()
        wait_until(lambda: http_views.called == ["began", "read 5"])
        wait_until(lambda: not self.handler.bodies.held_bytes)


class StreamTests(HttpCase):
    def test_an_iterator_is_read_in_threads_as_it_is_sent_in_the_viewers_language(self) -> None:
        with self.server.send("GET /send_blocks\nAccept-Language: ru") as client:
            received = b""
            # more than what is read ahead
            while len(received) < 50 * len(http_views.BLOCK):
                received += client.recv(1_000_000)
            assert http_views.called == []
        assert received.count(b"ru page ") > 40
        assert b"en " not in received
        wait_until(lambda: http_views.called == ["closed"])

    def test_a_reader_that_takes_nothing_is_cut(self) -> None:
        self.enterContext(patch.object(BoundedHttpProtocol, "stall_s", 0.2))
        for view in ("send_blocks", "send_text"):
            with self.subTest(view), self.server.send(f"GET /{view}"):
                wait_until(lambda: self.handler.places.pages.long_answers)
                wait_until(lambda: not self.handler.places.pages.long_answers)
                wait_until(lambda: not self.server.server.server_state.connections)
        wait_until(lambda: http_views.called == ["closed"])

    def test_only_so_many_long_answers_are_sent_at_once(self) -> None:
        self.handler.places.pages.max_long_answers = 1
        with self.server.send("GET /send_text") as client:
            wait_until(lambda: self.handler.places.pages.long_answers)
            refused = self.ask("GET /send_text")
            assert (refused.status, refused["retry-after"]) == (503, "5")
            assert self.ask("GET /show_viewer").status == 200
            received = b""
            while len(received) < 500 * len(http_views.BLOCK):
                received += client.recv(1_000_000)
            assert Reply(received).status == 200
        wait_until(lambda: not self.handler.places.pages.long_answers)


class ConnectionTests(HttpCase, TransactionTestCase):
    serialized_rollback = True

    def test_a_request_gives_its_database_connection_back(self) -> None:
        for _ in range(4):
            assert int(self.ask("GET /count_tables").body) > 5
        pages = self.handler.places.pages.executor
        kept = [pages.submit(lambda: connection.connection).result() for _ in range(4)]
        assert kept == [None] * 4
