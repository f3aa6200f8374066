"""Tests of the HTTP application on a server in this process."""

import json
from typing import Any

from django.test import SimpleTestCase, override_settings

from senim.http.handler import OneHopAsgiHandler
from workouts.tests.support import http_views
from workouts.tests.support.http_servers import HttpServer


@override_settings(ROOT_URLCONF="workouts.tests.support.http_views", ALLOWED_HOSTS=["*"])
class HttpCase(SimpleTestCase):
    def setUp(self) -> None:
        super().setUp()
        http_views.called.clear()
        http_views.go_on.clear()
        self.handler = OneHopAsgiHandler()
        self.server = self.enterContext(HttpServer(self.handler))
        self.addCleanup(self.shut_down)

    def shut_down(self) -> None:
        http_views.go_on.set()
        for place in self.handler.places:
            place.executor.shutdown()

    def ask(self, head: str, body: bytes = b"") -> "Reply":
        return Reply(self.server.ask(head, body))


class Reply:
    """An answer's status, headers and body."""

    def __init__(self, data: bytes) -> None:
        head, _, self.body = data.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        self.status = int(status.split()[1])
        self.headers = [tuple(line.lower().split(": ", 1)) for line in lines]

    def __getitem__(self, name: str) -> str | None:
        return dict(self.headers).get(name)

    @property
    def json(self) -> Any:
        return json.loads(self.body)
