"""Joining over HTTP: a code for tokens, tokens for newer ones, and leaving.

A browser gets its refresh token as a cookie that no script can read, everybody else in the body.
"""

import uuid
from typing import Any

from django.conf import settings
from django.urls import reverse
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from workouts.api.parsers import BODY_PARSERS, read_request_body
from workouts.api.views import DatabaseView
from workouts.exceptions import Code, WorkoutError
from workouts.identity.access_tokens import LIFETIME_S, check_access_token
from workouts.identity.refresh_tokens import parse_refresh_token
from workouts.models import MAX_DEVICE_NAME_LENGTH
from workouts.services.joined_devices import (
    IDLE,
    join_by_code,
    join_by_name,
    leave,
    refresh_device,
)
from workouts.services.new_athletes import MAX_ATHLETE_NAME_LENGTH, clean_name

COOKIE = "senim_refresh"
MAX_SECRET_LENGTH = 128  # of a code, a join_id or a refresh token; ours are shorter
# no script can leave these out, nor add them to a program's requests
BROWSER_HEADERS = ("Origin", "Sec-Fetch-Site")
REFRESH_TOKEN_ENDED = (Code.TOKEN_INVALID, Code.TOKEN_EXPIRED, Code.DEVICE_REVOKED)


class NameField(serializers.CharField):
    """A person's or a device's name, cleaned; may be left out."""

    def __init__(self, max_length: int) -> None:
        super().__init__(default="", allow_blank=True)
        self.max_name_length = max_length

    def to_internal_value(self, data: Any) -> str:
        try:
            return clean_name(super().to_internal_value(data), self.max_name_length)
        except WorkoutError as error:
            raise ValidationError(error.message) from None


class JoinSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(default="", max_length=MAX_SECRET_LENGTH)
    join_id = serializers.CharField(max_length=MAX_SECRET_LENGTH)
    device_name = NameField(MAX_DEVICE_NAME_LENGTH)
    name = NameField(MAX_ATHLETE_NAME_LENGTH)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["code"]:
            return attrs
        if settings.SENIM_AUTH == "token":
            raise ValidationError({"code": ["This field is required."]})
        if not attrs["name"]:
            raise ValidationError({"name": ["Without a code, this field is required."]})
        return attrs


class TokenSerializer(serializers.Serializer[Any]):
    refresh_token = serializers.CharField(default="", max_length=MAX_SECRET_LENGTH)


class JoiningView(DatabaseView):
    """Open to strangers, and to devices whose access token has expired."""

    authentication_classes = []
    parser_classes = BODY_PARSERS


class JoinView(JoiningView):
    def post(self, request: Request) -> Response:
        body = read_request_body(request, JoinSerializer)
        if body["code"]:
            joined = join_by_code(**body, address=request.META.get("REMOTE_ADDR") or "")
        else:
            del body["code"]
            joined = join_by_name(**body)
        answer = {
            "user_id": joined.athlete.user_id,
            "name": str(joined.athlete),
            "state": joined.state,
        }
        return answer_with_tokens(request, answer, joined.access_token, joined.refresh_token)


class TokenView(JoiningView):
    def post(self, request: Request) -> Response:
        body = read_request_body(request, TokenSerializer)
        token = body["refresh_token"] or request.COOKIES.get(COOKIE, "")
        if not token:
            raise WorkoutError(Code.TOKEN_MISSING, "there is no refresh token")
        pair = refresh_device(token)
        return answer_with_tokens(request, {}, pair.access_token, pair.refresh_token)

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        if isinstance(exc, WorkoutError) and exc.code in REFRESH_TOKEN_ENDED:
            delete_refresh_cookie(response)
        return response


class LeaveView(JoiningView):
    def post(self, request: Request) -> Response:
        body = read_request_body(request, TokenSerializer)
        leave(device_id=find_leaving_device(request, body["refresh_token"]))
        response = Response({"status": "success"}, headers={"Cache-Control": "no-store"})
        delete_refresh_cookie(response)
        return response


def answer_with_tokens(
    request: Request, answer: dict[str, Any], access_token: str, refresh_token: str
) -> Response:
    """Return an answer with both tokens; a browser's refresh token is a cookie."""
    answer |= {"access_token": access_token, "expires_in": LIFETIME_S}
    is_browser = COOKIE in request.COOKIES or any(
        name in request.headers for name in BROWSER_HEADERS
    )
    if not is_browser:
        answer["refresh_token"] = refresh_token
    response = Response(answer, headers={"Cache-Control": "no-store"})
    if is_browser:
        response.set_cookie(
            COOKIE,
            refresh_token,
            max_age=IDLE,
            path=reverse("token"),
            secure=settings.HTTPS_ONLY or request.is_secure(),
            httponly=True,
            samesite="Strict",
        )
    return response


def delete_refresh_cookie(response: Response) -> None:
    response.delete_cookie(COOKIE, path=reverse("token"), samesite="Strict")


def find_leaving_device(request: Request, refresh_token: str) -> uuid.UUID:
    """Return the device of the access token in the header, or of the refresh token in the body.

    The cookie does not come here: its path is that of the token's own address. Raises WorkoutError
    (token_missing, token_invalid, token_expired or not_allowed).
    """
    scheme, _, access_token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        device_id = check_access_token(access_token.strip()).device_id
        if device_id is None:
            raise WorkoutError(Code.NOT_ALLOWED, "this token is not of a device that joined")
        return device_id
    if not refresh_token:
        raise WorkoutError(Code.TOKEN_MISSING, "there is no token")
    token = parse_refresh_token(refresh_token)
    if token is None:
        raise WorkoutError(Code.TOKEN_INVALID, "the refresh token is not valid")
    return token.device_id
