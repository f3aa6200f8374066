"""Whose socket this is: its access token in token mode, and else its address."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from workouts.close_codes import (
    CLOSE_NOT_ALLOWED,
    CLOSE_NOT_LOGGED_IN,
    CLOSE_POLICY,
    CLOSE_TRY_LATER,
)
from workouts.exceptions import Code, WorkoutError
from workouts.identity.access_tokens import (
    AccessToken,
    blocks_access_token_check,
    check_access_token,
)
from workouts.identity.athlete_ids import identify_athlete
from workouts.identity.provider_keys import FETCH_TIMEOUT_S
from workouts.services.revocations import revocations
from workouts.sockets.handshake import find_offered_tokens
from workouts.sockets.token_watch import get_token_watch
from workouts.threads import for_provider_keys, in_thread

KEYS_DEADLINE_S = FETCH_TIMEOUT_S + 2.0  # another socket's fetch may have to end first
ME = "me"
CLOSE_CODES = {
    Code.TOKEN_MISSING: CLOSE_NOT_LOGGED_IN,
    Code.TOKEN_INVALID: CLOSE_NOT_LOGGED_IN,
    Code.TOKEN_EXPIRED: CLOSE_NOT_LOGGED_IN,
    Code.DEVICE_REVOKED: CLOSE_NOT_ALLOWED,
    Code.NOT_ALLOWED: CLOSE_NOT_ALLOWED,
    Code.UNAVAILABLE: CLOSE_TRY_LATER,
}


async def authenticate_socket(scope: Mapping[str, Any]) -> AccessToken:
    """Return the token that a client offered at the handshake, once it is checked.

    Raises WorkoutError(token_missing or not_allowed), and what check_socket_token() raises.
    """
    tokens = find_offered_tokens(scope)
    if not tokens:
        raise WorkoutError(Code.TOKEN_MISSING, "no access token")
    if len(tokens) > 1:
        raise WorkoutError(Code.TOKEN_INVALID, "more than one access token")
    token = await check_socket_token(tokens.pop())
    try:
        named = identify_athlete(scope, default=token.user_id)
    except WorkoutError:
        named = ""
    if named not in (token.user_id, ME):
        raise WorkoutError(Code.NOT_ALLOWED, "the user_id in the address is not the token's")
    return token


async def check_socket_token(text: str) -> AccessToken:
    """Return what a token says, if it lets its athlete in now.

    Raises WorkoutError: token_invalid, token_expired, device_revoked, not_allowed, or unavailable
    if it cannot be checked.
    """
    if blocks_access_token_check(text):
        check = partial(check_access_token, text)
        try:
            token = await in_thread(for_provider_keys, check, timeout_s=KEYS_DEADLINE_S)
        except TimeoutError:
            raise WorkoutError(
                Code.UNAVAILABLE, "the identity provider cannot be reached"
            ) from None
    else:
        token = check_access_token(text)
    await get_token_watch().refresh_if_old()
    revocations.check(token)
    return token


def explain_socket_refusal(error: WorkoutError) -> tuple[int, str]:
    """Return the code and the reason to close a socket with."""
    code = CLOSE_CODES.get(error.code, CLOSE_POLICY)
    is_for_programs = code in (CLOSE_NOT_LOGGED_IN, CLOSE_NOT_ALLOWED)
    return code, error.code if is_for_programs else error.message
