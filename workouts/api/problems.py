"""Errors over HTTP, as problem details (RFC 9457)."""

from collections.abc import Callable
from http import HTTPStatus
from inspect import unwrap
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from workouts.exceptions import Code, WorkoutError

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_S = 5
Page = Callable[..., HttpResponse]
# Django's pages without their @requires_csrf_token: they have no form, and it would read the body,
# which may be malformed, and end the answer with an error of its own
BAD_REQUEST_PAGE: Page = unwrap(defaults.bad_request)
NOT_FOUND_PAGE: Page = unwrap(defaults.page_not_found)
SERVER_ERROR_PAGE: Page = unwrap(defaults.server_error)
HEADERS = {
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": str(RETRY_AFTER_S)},
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
}
STATUS = {
    Code.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    Code.NOTHING_TO_FINISH: HTTPStatus.CONFLICT,
    Code.NOTHING_TO_APPEAL: HTTPStatus.CONFLICT,
    Code.NOT_YOURS: HTTPStatus.FORBIDDEN,
    Code.NOT_ALLOWED: HTTPStatus.FORBIDDEN,
    Code.TOKEN_MISSING: HTTPStatus.UNAUTHORIZED,
    Code.TOKEN_INVALID: HTTPStatus.UNAUTHORIZED,
    Code.TOKEN_EXPIRED: HTTPStatus.UNAUTHORIZED,
    Code.DEVICE_REVOKED: HTTPStatus.UNAUTHORIZED,
    Code.INVITATION_INVALID: HTTPStatus.FORBIDDEN,
    Code.INVITATION_USED: HTTPStatus.FORBIDDEN,
    Code.INVITATION_EXPIRED: HTTPStatus.FORBIDDEN,
    Code.TOO_MANY_TRIES: HTTPStatus.TOO_MANY_REQUESTS,
}


def describe_problem(status: int, detail: str, **more: Any) -> dict[str, Any]:
    """Return a problem's members. For about:blank, RFC 9457 asks for the status's own title."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **more,
    }


def answer_problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the answer to an exception in a view; DRF's EXCEPTION_HANDLER."""
    if isinstance(error, WorkoutError):
        status = STATUS.get(error.code, HTTPStatus.BAD_REQUEST)
        headers = dict(HEADERS.get(status, {}))
        if error.retry_after_s is not None:
            headers["Retry-After"] = str(error.retry_after_s)
        return Response(
            describe_problem(status, error.message, code=error.code),
            status,
            headers=headers,
            content_type=CONTENT_TYPE,
        )
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, ValidationError):
        errors = response.data if isinstance(response.data, dict) else {"body": response.data}
        detail = "; ".join(
            f"{field}: {' '.join(map(str, messages))}" for field, messages in errors.items()
        )
        response.data = describe_problem(response.status_code, detail, errors=errors)
    else:
        response.data = describe_problem(response.status_code, str(response.data["detail"]))
    response.content_type = CONTENT_TYPE
    return response


def wants_page_instead_of_problem(request: HttpRequest) -> bool:
    """Return whether the client is a browser rather than a program."""
    return request.get_preferred_type(["application/json", "text/html"]) == "text/html"


def bad_request_problem(request: HttpRequest, exception: Exception) -> HttpResponse:
    if wants_page_instead_of_problem(request):
        return BAD_REQUEST_PAGE(request, exception)
    return answer_plain_problem(HTTPStatus.BAD_REQUEST, "The request cannot be read.")


def not_found_problem(request: HttpRequest, exception: Exception) -> HttpResponse:
    if wants_page_instead_of_problem(request):
        return NOT_FOUND_PAGE(request, exception)
    return answer_plain_problem(HTTPStatus.NOT_FOUND, "There is nothing at this address.")


def server_error_problem(request: HttpRequest) -> HttpResponse:
    if wants_page_instead_of_problem(request):
        return SERVER_ERROR_PAGE(request)
    return answer_plain_problem(
        HTTPStatus.INTERNAL_SERVER_ERROR, "The server failed; its log has the error."
    )


def answer_plain_problem(status: int, detail: str, **more: Any) -> HttpResponse:
    problem = describe_problem(status, detail, **more)
    return JsonResponse(problem, status=status, content_type=CONTENT_TYPE)
