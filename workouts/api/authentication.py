"""Who sent a request: an athlete's token, a program's key, or a coach's admin session."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.request import Request

from workouts.api.callers import AthleteCaller, Caller, CoachCaller, ProgramCaller
from workouts.exceptions import Code, WorkoutError
from workouts.identity.access_tokens import check_access_token
from workouts.services.api_keys import API_KEY_PREFIX, check_api_key
from workouts.services.revocations import revocations
from workouts.services.sign_ins import is_fully_signed_in

SCHEME = "Bearer"


class CallerAuthentication(BaseAuthentication):
    """Sets `request.auth` to the Caller, for every view that does not opt out.

    Raises WorkoutError: in token mode, everybody has to say who they are. In the open mode an
    athlete's token is ignored, but a program and a coach see no more than in token mode.
    """

    def authenticate(self, request: Request) -> tuple[Any, Caller]:
        is_token_mode = settings.SENIM_AUTH == "token"
        bearer = read_bearer(request)
        if bearer.startswith(API_KEY_PREFIX):
            return None, ProgramCaller(check_api_key(bearer))
        if bearer and is_token_mode:
            return None, identify_athlete_caller(bearer)
        coach = find_signed_in_coach(request)
        if coach is not None:
            check_csrf_of_request(request)
            return coach, CoachCaller(coach)
        if is_token_mode:
            raise WorkoutError(Code.TOKEN_MISSING, "send Authorization: Bearer and a token")
        return None, Caller()

    def authenticate_header(self, _request: Request) -> str:
        return SCHEME


def get_caller(request: Request) -> Caller:
    """Return who sent the request. Raises TypeError in a view that opted out."""
    caller: Any = request.auth
    if not isinstance(caller, Caller):
        raise TypeError("this view does not ask who sent the request")
    return caller


def read_bearer(request: Request | HttpRequest) -> str:
    """Return what the header Authorization has after Bearer, "" for another scheme or none.

    A gateway's Basic must not keep out the coaches behind it.
    """
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if scheme.lower() == SCHEME.lower() else ""


def identify_athlete_caller(text: str) -> AthleteCaller:
    """Return the athlete of an access token that still lets them in.

    Raises WorkoutError(token_invalid, token_expired, device_revoked, not_allowed or unavailable),
    and django.db.DatabaseError if revocations were never read.
    """
    token = check_access_token(text)
    revocations.refresh()
    revocations.check(token)
    return AthleteCaller(token.user_id, token.device_id)


def find_signed_in_coach(request: Request) -> Any:
    """Return the member of staff whose admin session this is, or None.

    A session that still lacks a second factor or a password of its own counts as nobody's.
    """
    user, session = request._request.user, request._request.session
    return user if user.is_staff and is_fully_signed_in(user, session) else None


def check_csrf_of_request(request: Request) -> None:
    """Raise WorkoutError(not_allowed) unless Django's CSRF check passes."""
    # the check reads a form, and afterwards Django would not give the body to the view's parsers
    _ = request._request.body
    check = CSRFCheck(lambda _: None)  # type: ignore[arg-type]
    check.process_request(request._request)
    reason = check.process_view(request._request, None, (), {})  # type: ignore[arg-type]
    if reason:
        raise WorkoutError(Code.NOT_ALLOWED, f"the CSRF check failed: {reason}")
