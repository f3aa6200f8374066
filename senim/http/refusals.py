"""Requests that are refused without asking Django."""

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from workouts.api.problems import CONTENT_TYPE, RETRY_AFTER_S, describe_problem
from workouts.metrics import count_refusal_metric

Send = Callable[[Any], Awaitable[None]]


class RefusedError(Exception):
    """A request that Django never sees; `closes` if the connection has to end with it.

    `limit` is the limit's name in docs/metrics.md.
    """

    def __init__(self, limit: str, status: HTTPStatus, detail: str, *, closes: bool) -> None:
        super().__init__(detail)
        self.limit, self.status, self.detail, self.closes = limit, status, detail, closes


def refuse_asgi_request_for_now(limit: str, detail: str, *, closes: bool = False) -> RefusedError:
    """Return the refusal of a request that may be sent again: 503 with Retry-After."""
    return RefusedError(limit, HTTPStatus.SERVICE_UNAVAILABLE, detail, closes=closes)


async def send_asgi_refusal(
    send: Send, refusal: RefusedError, *, as_problem: bool, is_last: bool = True
) -> None:
    """Send the refusal, as problem details or as plain text; unless `is_last`, more may follow."""
    count_refusal_metric(refusal.limit)
    if as_problem:
        kind, body = CONTENT_TYPE, json.dumps(describe_problem(refusal.status, refusal.detail))
    else:
        kind, body = "text/plain; charset=utf-8", refusal.detail
    headers = {"Content-Type": kind, "Content-Length": str(len(body)), "Cache-Control": "no-store"}
    if refusal.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    if refusal.closes:
        headers["Connection"] = "close"
    await send(
        {
            "type": "http.response.start",
            "status": refusal.status.value,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": body.encode(), "more_body": not is_last})
