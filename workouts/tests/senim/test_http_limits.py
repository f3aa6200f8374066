"""What HTTP refuses before Django sees it: requests over a queue's bound, and long bodies."""

import pytest
from django.conf import settings
from django.test import SimpleTestCase

from senim.http.places import ServerPlaceSorter, make_server_places
from workouts.tests.support import http_views
from workouts.tests.support.http_cases import HttpCase, Reply
from workouts.tests.support.http_servers import read_to_end, write_head
from workouts.tests.support.processes import wait_until

MAX_BODY_BYTES = settings.SENIM_MAX_BODY_BYTES
MAX_ADMIN_BODY_BYTES = settings.SENIM_MAX_ADMIN_BODY_BYTES
PROBLEM = "application/problem+json"


class SorterTests(SimpleTestCase):
    def test_it_finds_the_place_of_each_kind_of_request(self) -> None:
        sorter = ServerPlaceSorter(make_server_places())
        for method, path, name in (
            ("GET", "/", "health"),
            ("POST", "/admin/login/", "log-in"),
            ("GET", "/admin/login/", "page"),
            ("POST", "/admin/password_change/", "log-in"),
            ("POST", "/admin/auth/user/7/password/", "log-in"),
            ("POST", "/workout/finish", "finish"),
            ("POST", "/workout/finish/", "finish"),
            ("GET", "/workout/finish", "api"),
            ("GET", "/workout/sessions/", "api"),
            ("POST", "/workout/sessions/1/appeal", "api"),
            ("GET", "/admin/workouts/workoutsession/export/file/", "export"),
            ("GET", "/admin/workouts/workoutsession/export/progress/", "page"),
            ("GET", "/admin/", "page"),
            ("GET", "/static/admin/css/base.css", "page"),
            ("GET", "/nowhere", "page"),
        ):
            with self.subTest(f"{method} {path}"):
                assert sorter.find_place(method, path).name == name


class FullPlaceTests(HttpCase):
    def fill(self, path: str, number: int) -> None:
        for _ in range(number):
            client = self.server.send(f"GET {path}")
            self.addCleanup(client.close)

    def test_a_flood_of_one_kind_waits_behind_itself(self) -> None:
        pages = self.handler.places.pages
        self.fill("/wait", 2 + pages.max_waiting)
        wait_until(lambda: pages.waiting == pages.max_waiting)
        refused = self.ask("GET /show_viewer")
        assert (refused.status, refused["retry-after"]) == (503, "5")
        assert refused["content-type"] == "text/plain; charset=utf-8"
        assert self.ask("GET /workout/show_viewer").json["thread"].startswith("api")
        assert len(http_views.called) == 2
        http_views.go_on.set()
        wait_until(lambda: not pages.waiting)
        assert self.ask("GET /show_viewer").status == 200

    def test_the_api_refuses_with_problem_details(self) -> None:
        self.handler.places.api.max_waiting = 0
        self.fill("/workout/wait", 2)
        wait_until(lambda: len(http_views.called) == 2)
        refused = self.ask("GET /workout/show_viewer")
        assert (refused["content-type"], refused.json["status"]) == (PROBLEM, 503)

    def test_what_waits_too_long_is_refused_and_never_done(self) -> None:
        self.handler.places.api.wait_s = 0.1
        self.fill("/workout/wait", 2)
        wait_until(lambda: len(http_views.called) == 2)
        assert self.ask("GET /workout/wait").status == 503
        http_views.go_on.set()
        wait_until(lambda: len(http_views.called) == 4)
        assert self.ask("GET /workout/show_viewer").status == 200
        assert http_views.called.count("began") == 2

    def test_what_waits_for_a_client_that_goes_is_never_done(self) -> None:
        api = self.handler.places.api
        self.fill("/workout/wait", 2)
        wait_until(lambda: len(http_views.called) == 2)
        client = self.server.send("GET /workout/wait")
        wait_until(lambda: api.waiting == 1)
        client.close()
        wait_until(lambda: api.waiting == 0)
        http_views.go_on.set()
        assert self.ask("GET /workout/show_viewer").status == 200
        assert http_views.called.count("began") == 2


@pytest.mark.slow
class BodyTests(HttpCase):
    def setUp(self) -> None:
        super().setUp()
        http_views.go_on.set()

    def check_refused(self, reply: Reply, limit: int) -> None:
        assert (reply.status, reply["content-type"], reply["connection"]) == (413, PROBLEM, "close")
        assert reply.json["detail"] == f"The body is longer than {limit // 1024} KiB."
        assert http_views.called == []
        assert self.handler.bodies.held_bytes == 0

    def test_a_body_up_to_the_limit_is_read(self) -> None:
        body = b"a" * MAX_BODY_BYTES
        assert self.ask(f"POST /wait\nContent-Length: {len(body)}", body).body == b"waited"
        assert http_views.called[-1] == f"read {len(body)}"
        wait_until(lambda: self.handler.bodies.held_bytes == 0)

    def test_a_longer_one_is_refused_by_its_length_at_once(self) -> None:
        for method in ("POST", "GET", "HEAD"):
            with self.subTest(method):
                reply = self.ask(f"{method} /wait\nContent-Length: {MAX_BODY_BYTES + 1}")
                if method == "HEAD":
                    assert (reply.status, reply.body) == (413, b"")
                else:
                    self.check_refused(reply, MAX_BODY_BYTES)

    def test_an_endless_one_is_refused_when_it_is_too_long(self) -> None:
        for method in ("POST", "GET"):
            with self.subTest(method), self.server.connect() as client:
                client.sendall(write_head(f"{method} /wait\nTransfer-Encoding: chunked"))
                for _ in range(MAX_BODY_BYTES // 4096 + 1):
                    client.sendall(b"1000\r\n" + b"a" * 4096 + b"\r\n")
                # without its end, it is drained for a while
                client.sendall(b"0\r\n\r\n")
                self.check_refused(Reply(read_to_end(client)), MAX_BODY_BYTES)

    def test_the_admin_takes_longer_bodies(self) -> None:
        body = b"a" * (MAX_BODY_BYTES + 1)
        reply = self.ask(f"POST /admin/login/\nContent-Length: {len(body)}", body)
        assert reply.status == 403  # Django's, for want of a CSRF token
        reply = self.ask(f"POST /admin/login/\nContent-Length: {MAX_ADMIN_BODY_BYTES + 1}")
        self.check_refused(reply, MAX_ADMIN_BODY_BYTES)

    def test_only_so_much_is_held_at_once_but_short_bodies_are_always_read(self) -> None:
        self.handler.bodies.max_held_bytes = 10_000
        refused = self.ask("POST /wait\nContent-Length: 20000", b"a" * 20_000)
        assert (refused.status, refused["retry-after"]) == (503, "5")
        self.handler.bodies.max_held_bytes = 0
        assert self.ask("POST /wait\nContent-Length: 60", b"a" * 60).body == b"waited"
