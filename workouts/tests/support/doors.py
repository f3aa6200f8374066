"""Everybody who may knock, and what each address answers them.

The callers are the columns of every table here; DoorCase (door_cases.py) makes them.
"""

from typing import Any, NamedTuple

CALLERS = (
    "nobody",
    "athlete",
    "other athlete",
    "waiting athlete",
    "coach",
    "other coach",
    "head coach",
    "superuser",
    "program",
    "revoked device",
    "expired token",
    "another issuer's token",
    "algorithm none",
)
# S: shown with the athlete's session, E: shown without, D: done, R: redirected elsewhere, B: 400,
# F: 403, N: 404, M: 405, C: 409; 401 with the code -: token_missing, !: token_invalid,
# x: token_expired, r: device_revoked
BY_STATUS = {201: "D", 302: "R", 400: "B", 403: "F", 404: "N", 405: "M", 409: "C"}
BY_CODE = {"token_missing": "-", "token_invalid": "!", "token_expired": "x", "device_revoked": "r"}
ATHLETE = "ana-of-team-one"


class Door(NamedTuple):
    """A request, and a letter for each caller in token mode and in the open mode.

    `name` is the address's name in workouts/urls.py, or its path.
    """

    name: str
    token: str
    open: str
    method: str = "GET"
    query: str = ""
    body: dict[str, Any] | None = None


NAMING = {"user_id": ATHLETE}
TEXT = {"text": "I was there"}
# nobody and athletes, coaches, the program, bad tokens
DOORS = [
    Door("health", "EEEE EEEE E EEEE", "EEEE EEEE E EEEE"),
    Door("metrics", "EEEE EEEE E EEEE", "EEEE EEEE E EEEE"),
    Door("set_language", "RRRR RRRR R RRRR", "RRRR RRRR R RRRR"),
    Door("session-list", "-SEE SESS S rx!!", "SSSS SESS S SSSS"),
    Door("session-list", "-SEE EEEE E rx!!", "EEEE EEEE E EEEE", query="user_id=me"),
    Door(
        "session-list",
        "-SEE SESS S rx!!",
        "SSSS SESS S SSSS",
        query=f"user_id={ATHLETE}",
    ),
    Door("session-detail", "-SNN SNSS S rx!!", "SSSS SNSS S SSSS"),
    Door("finish", "-MMM MMMM M rx!!", "MMMM MMMM M MMMM"),
    Door("finish", "-DFF DFDD D rx!!", "DDDD DFDD D DDDD", method="POST", body=NAMING),
    Door("finish", "-DDC BBBB B rx!!", "CCCC BBBB B CCCC", method="POST", body={}),
    Door("session-appeal", "-MMM MMMM M rx!!", "MMMM MMMM M MMMM"),
    Door(
        "session-appeal",
        "-DFF FFFF F rx!!",
        "DDDD FFFF F DDDD",
        method="POST",
        body=NAMING | TEXT,
    ),
    Door(
        "session-appeal",
        "-DNN FFFF F rx!!",
        "FFFF FFFF F FFFF",
        method="POST",
        body=TEXT,
    ),
    # whoever has a code or a refresh token
    Door("join", "BBBB BBBB B BBBB", "BBBB BBBB B BBBB", method="POST", body={}),
    Door("token", "---- ---- - ----", "---- ---- - ----", method="POST", body={}),
    Door("join-page", "EEEE EEEE E EEEE", "EEEE EEEE E EEEE"),
    Door("join-team-page", "EEEE EEEE E EEEE", "EEEE EEEE E EEEE"),
    Door("join-coach-page", "EEEE EEEE E EEEE", "EEEE EEEE E EEEE"),
    Door("screen-page", "EEEE EEEE E EEEE", "EEEE EEEE E EEEE"),
    # the sockets, asked over plain HTTP
    Door("/ws/workout", "NNNN NNNN N NNNN", "NNNN NNNN N NNNN"),
    Door("/ws/live", "NNNN NNNN N NNNN", "NNNN NNNN N NNNN"),
    # last, since it ends the device
    Door("leave", "-DDD ---- ! Dx!!", "-DDD ---- ! Dx!!", method="POST", body={}),
]
