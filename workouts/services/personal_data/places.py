"""Where a person is: every table and every kind of Redis key, and what becomes of it.

An athlete's export and erasing go by this list, and a test holds it against all models and keys:
a new table, field or kind of key has to be added here before it can be used. docs/privacy.md says
the same to operators.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from django.apps import apps
from django.db.models import Model


class Withheld(StrEnum):
    """Why a field is not in the athlete's export."""

    SECRET = "a secret, or its hash"  # noqa: S105
    OTHERS = "about somebody else"
    INTERNAL = "says nothing about the athlete"


SECRET, OTHERS, INTERNAL = Withheld


class AthletePlace(NamedTuple):
    """A table with an athlete's data.

    `owner` leads from it to the athlete's user_id. `exported` names its fields in the export's file
    `file`, with the lookup that is read for each; `withheld` has the others.
    """

    label: str
    owner: str
    file: str
    exported: Mapping[str, str]
    withheld: Mapping[str, Withheld]

    @property
    def model(self) -> type[Model]:
        return apps.get_model(self.label)

    def rows(self, user_ids: Any) -> Any:
        """Return a query for these athletes' rows."""
        return self.model._default_manager.filter(**{f"{self.owner}__in": user_ids})


def name_fields(text: str, **lookups: str) -> dict[str, str]:
    """Return the fields with their lookups, which are their names unless given."""
    return {name: name for name in text.split()} | lookups


def withhold(reason: Withheld, fields: str) -> dict[str, Withheld]:
    return dict.fromkeys(fields.split(), reason)


# in the order in which their rows can be erased
ATHLETE_PLACES = (
    AthletePlace(
        "workouts.ReviewStep",
        owner="session__athlete_id",
        file="reviews",
        exported=name_fields(
            "at actor from_status to_status note flag_names", session="session__session_id"
        ),
        withheld={**withhold(INTERNAL, "id"), **withhold(OTHERS, "reviewer")},
    ),
    AthletePlace(
        "workouts.LoadChange",
        owner="session__athlete_id",
        file="loads",
        exported=name_fields("at from_kg to_kg", session="session__session_id"),
        withheld={**withhold(INTERNAL, "id"), **withhold(OTHERS, "coach")},
    ),
    AthletePlace(
        "workouts.WorkoutSession",
        owner="athlete_id",
        file="sessions",
        exported=name_fields(
            "session_id total_reps created_at started_at finished_at refused refusals timeline_ms"
            " rep_devices late_reps other_device_reps device_seqs distrusted_times best_minute sets"
            " load_kg flags review_status is_in_totals request_id",
            id="pk",
            athlete="athlete_id",
            exercise="exercise_id",
        ),
        withheld={},
    ),
    AthletePlace(
        "workouts.Device",
        owner="athlete_id",
        file="devices",
        exported=name_fields("device_id last_seq", athlete="athlete_id"),
        withheld=withhold(INTERNAL, "id"),
    ),
    AthletePlace(
        "workouts.JoinedDevice",
        owner="athlete_id",
        file="joined_devices",
        exported=name_fields(
            "id name joined_at last_seen_at revoked_at",
            athlete="athlete_id",
            invitation="invitation_id",
        ),
        withheld={**withhold(SECRET, "join_hash"), **withhold(INTERNAL, "refresh_number")},
    ),
    AthletePlace(
        "workouts.Invitation",
        owner="athlete_id",
        file="invitations",
        exported=name_fields(
            "kind created_at expires_at max_uses uses withdrawn_at",
            id="pk",
            athlete="athlete_id",
            team="team__name",
        ),
        withheld={
            **withhold(SECRET, "code_hash"),
            **withhold(OTHERS, "created_by name is_head_coach"),
        },
    ),
    AthletePlace(
        "workouts.WaitingAthlete",
        owner="athlete_id",
        file="waiting",
        exported=name_fields("joined_at", athlete="athlete_id", team="team__name"),
        withheld=withhold(INTERNAL, "id"),
    ),
    AthletePlace(
        "workouts.Team_athletes",
        owner="athlete__user_id",
        file="teams",
        exported={"athlete": "athlete__user_id", "team": "team__name"},
        withheld=withhold(INTERNAL, "id"),
    ),
    AthletePlace(
        "workouts.Athlete",
        owner="user_id",
        file="athletes",
        exported=name_fields(
            "user_id display_name created_at switched_off_at",
            account="account__username",
            merged_into="merged_into__user_id",
        ),
        withheld=withhold(INTERNAL, "id sort_name"),
    ),
)
# an athlete's own account, erased with the athlete unless it is a coach's as well
ACCOUNT_PLACE = AthletePlace(
    "auth.User",
    owner="athlete__user_id",
    file="account",
    exported=name_fields("username first_name last_name email date_joined last_login"),
    withheld={
        **withhold(SECRET, "password"),
        **withhold(INTERNAL, "id is_superuser is_staff is_active"),
    },
)


class OtherPlace(NamedTuple):
    """A table without a column for the athlete: its fields, and what is there about people."""

    fields: str
    holds: str


NOBODY = "nothing about people"
OTHER_PLACES = {
    "admin.LogEntry": OtherPlace(
        "id action_time user content_type object_id object_repr action_flag change_message",
        "what coaches changed; names and user IDs in its texts are replaced by a neutral label",
    ),
    "workouts.Forgetting": OtherPlace(
        "id user_id person anonymous_id began_at ended_at",
        "the user ID of a forgotten athlete, until their last access token has expired",
    ),
    "workouts.ErasedSession": OtherPlace("session_id", "nothing outside a transaction"),
    # coaches, and programs with a coach's rights
    "workouts.Team": OtherPlace("id name sort_name", "a team's name"),
    "workouts.Team_coaches": OtherPlace("id team user", "which coach has which team"),
    "workouts.ApiKey": OtherPlace(
        "id name key_hash start coach may_finish created_by created_at expires_at last_used_at"
        " revoked_at",
        "which coach made a key, and whose rights it has",
    ),
    "workouts.DisplayLink": OtherPlace(
        "id team name token_hash created_by created_at last_seen_at revoked_at",
        "which coach put a team's wall on a screen",
    ),
    "workouts.TemporaryPassword": OtherPlace("user created_at", "that an account is new"),
    "auth.User_groups": OtherPlace("id user group", "an account's roles"),
    "auth.User_user_permissions": OtherPlace("id user permission", "an account's permissions"),
    "sessions.Session": OtherPlace(
        "session_key session_data expire_date", "who is logged in, until it expires"
    ),
    # log-ins to the admin, by name and address
    "axes.AccessAttempt": OtherPlace(
        "id user_agent ip_address username http_accept path_info attempt_time get_data post_data"
        " failures_since_start",
        "failed log-ins",
    ),
    "axes.AccessAttemptExpiration": OtherPlace("access_attempt expires_at", "when one is over"),
    "axes.AccessFailureLog": OtherPlace(
        "id user_agent ip_address username http_accept path_info attempt_time locked_out",
        "failed log-ins",
    ),
    "axes.AccessLog": OtherPlace(
        "id user_agent ip_address username http_accept path_info attempt_time logout_time"
        " session_hash",
        "log-ins",
    ),
    "otp_totp.TOTPDevice": OtherPlace(
        "id user name confirmed throttling_failure_timestamp throttling_failure_count created_at"
        " last_used_at key step t0 digits tolerance drift last_t",
        "an account's second factor",
    ),
    "otp_static.StaticDevice": OtherPlace(
        "id user name confirmed throttling_failure_timestamp throttling_failure_count created_at"
        " last_used_at",
        "an account's recovery codes",
    ),
    "otp_static.StaticToken": OtherPlace("id device token", "an account's recovery codes"),
    "workouts.Exercise": OtherPlace(
        "id slug name min_interval_ms record_per_minute record_per_hour max_per_minute"
        " record_per_30_s record_per_day"
        " max_per_session typical_ms_low typical_ms_high source active",
        NOBODY,
    ),
    "auth.Permission": OtherPlace("id name content_type codename", NOBODY),
    "auth.Group": OtherPlace("id name", NOBODY),
    "auth.Group_permissions": OtherPlace("id group permission", NOBODY),
    "contenttypes.ContentType": OtherPlace("id app_label model", NOBODY),
}
# tables that grow by themselves, and the time by which their rows are old
DATED_PLACES = {
    "axes.AccessAttempt": "attempt_time",
    "axes.AccessFailureLog": "attempt_time",
    "axes.AccessLog": "attempt_time",
    "sessions.Session": "expire_date",
}


def find_installed_model(label: str) -> type[Model] | None:
    """Return the model, or None if its app is not installed."""
    try:
        return apps.get_model(label)
    except LookupError:
        return None


class RedisPlace(NamedTuple):
    """A kind of key in Redis. `is_owned`: its name ends with the athlete's user ID."""

    is_owned: bool
    holds: str


REDIS_PLACES = {
    "session": RedisPlace(True, "a live session"),
    "timeline": RedisPlace(True, "its counted reps"),
    "refused": RedisPlace(True, "its last refused reps"),
    "others": RedisPlace(True, "its reps that another device had counted"),
    "mark": RedisPlace(True, "what each device sent last; expires after a day"),
    "times": RedisPlace(True, "when reps counted; expires after two days"),
    "device": RedisPlace(True, "a device's last seq; expires after 48 h"),
    "devices": RedisPlace(True, "when each device last said hello; expires after 48 h"),
    "waiting": RedisPlace(True, "the ids of the athlete's sealed sessions"),
    "live": RedisPlace(False, "the index of live sessions, by user ID"),
    "sealed": RedisPlace(False, "sealed sessions by id, and their index by user ID"),
    "parked": RedisPlace(False, "sealed sessions that could not be saved, by user ID"),
    "progress": RedisPlace(False, "a coach's export, in numbers; expires after 10 min"),
    "failed-tries": RedisPlace(False, "wrong codes of an address; expires after a minute"),
}
