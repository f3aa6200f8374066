"""Views for tests of the HTTP application, beside all of our own addresses."""

import threading
from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import include, path
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt

BLOCK = b"x" * 65_536
# what the views did, and what they wait for
called: list[str] = []
go_on = threading.Event()


def show_viewer(request: HttpRequest) -> JsonResponse:
    """Answer with what belongs to a request, and with its thread."""
    return JsonResponse(
        {
            "language": translation.get_language(),
            "zone": timezone.get_current_timezone_name(),
            "thread": threading.current_thread().name,
        }
    )


def set_cookies(request: HttpRequest) -> HttpResponse:
    response = HttpResponse("two")
    response.set_cookie("one", "1")
    response.set_cookie("two", "2")
    return response


def fail(request: HttpRequest) -> HttpResponse:
    raise ValueError("as the test wants")


@csrf_exempt
def wait(request: HttpRequest) -> HttpResponse:
    """Wait for the test, then read the body."""
    called.append("began")
    go_on.wait()
    called.append(f"read {len(request.body)}")
    return HttpResponse("waited")


def count_tables(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(len(connection.introspection.table_names())))


def send_text(request: HttpRequest) -> HttpResponse:
    return HttpResponse(BLOCK * 500)


def send_blocks(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(make_blocks())


def make_blocks() -> Iterator[bytes]:
    """Yield blocks for ever, each with the language and the kind of thread it was made in."""
    try:
        while True:
            kind = threading.current_thread().name.partition("_")[0]
            yield f"{translation.get_language()} {kind}".encode().ljust(len(BLOCK))
    finally:
        called.append("closed")


views: list[Any] = [show_viewer, set_cookies, fail, wait, count_tables, send_text, send_blocks]
urlpatterns = [
    *(path(f"{folder}{view.__name__}", view) for view in views for folder in ("", "workout/")),
    path("", include("senim.urls")),
]
