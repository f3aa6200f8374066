"""Who the athlete is: the user_id in the address or the body, or else `guest`."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from workouts.exceptions import Code, WorkoutError

GUEST = "guest"
MAX_USER_ID_LENGTH = 64
USER_ID = re.compile(r"\A[A-Za-z0-9._@:-]{1,64}\Z")  # \A, since Django's validators search
USER_ID_RULE = "user_id takes 1 to 64 letters, digits and . _ @ : -"


def check_user_id(text: str) -> str:
    """Return the text if it is a valid user_id. Raises WorkoutError(invalid_user_id)."""
    if not USER_ID.match(text):
        raise WorkoutError(Code.INVALID_USER_ID, USER_ID_RULE)
    return text


def identify_athlete(scope: Mapping[str, Any], *, default: str = GUEST) -> str:
    """Return the user_id in a WebSocket's address, or the default if it has none.

    Raises WorkoutError(invalid_user_id) if it is malformed or appears more than once.
    """
    query = parse_qs(scope.get("query_string", b"").decode("latin1"), keep_blank_values=True)
    given = query.get("user_id", [default])
    if len(given) != 1:
        raise WorkoutError(Code.INVALID_USER_ID, "user_id appears more than once in the address")
    return check_user_id(given[0])
