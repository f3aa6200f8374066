"""Who a request comes from: what they see, and for whom they may act."""

import uuid
from dataclasses import dataclass
from typing import Any

from rest_framework.exceptions import ValidationError

from workouts.exceptions import Code, WorkoutError
from workouts.identity.athlete_ids import GUEST
from workouts.models import (
    ApiKey,
    Athlete,
    WorkoutSessionQuerySet,
    kept_user_id_expression,
    may_see_all_athletes,
)

ME = "me"
VIEW_SESSIONS = "workouts.view_workoutsession"
NOT_YOUR_USER_ID = "user_id: this is not the token's athlete"
ONLY_ATHLETES_APPEAL = "only the athlete can appeal"


class Caller:
    """Somebody without any proof of who they are. The open mode takes their word for it."""

    def visible_sessions(self, sessions: WorkoutSessionQuerySet) -> WorkoutSessionQuerySet:
        """Keep the sessions that the caller may see."""
        return sessions

    def resolve_user_id(self, user_id: str) -> str:
        """Return the user_id that is meant: for an athlete with a token, `me` is their own."""
        return user_id

    def athlete_to_finish(self, user_id: str | None) -> str:
        """Return whose workout to finish, None if the request names nobody.

        Raises WorkoutError(not_allowed), or ValidationError if the request has to name somebody.
        """
        return GUEST if user_id is None else user_id

    def athlete_to_appeal(self, user_id: str | None) -> str:
        """Return who appeals, None as above. Raises WorkoutError(not_allowed)."""
        return GUEST if user_id is None else user_id


@dataclass(frozen=True)
class AthleteCaller(Caller):
    """An athlete with a token; `device_id` is None if it is an identity provider's."""

    user_id: str
    device_id: uuid.UUID | None

    def visible_sessions(self, sessions: WorkoutSessionQuerySet) -> WorkoutSessionQuerySet:
        return sessions.filter(athlete_id=kept_user_id_expression(self.user_id))

    def resolve_user_id(self, user_id: str) -> str:
        return self.user_id if user_id == ME else user_id

    def athlete_to_finish(self, user_id: str | None) -> str:
        if user_id not in (None, ME, self.user_id):
            raise WorkoutError(Code.NOT_ALLOWED, NOT_YOUR_USER_ID)
        return self.user_id

    athlete_to_appeal = athlete_to_finish


@dataclass(frozen=True)
class CoachCaller(Caller):
    """A coach with an admin session."""

    user: Any

    def visible_sessions(self, sessions: WorkoutSessionQuerySet) -> WorkoutSessionQuerySet:
        return find_sessions_for_coach(sessions, self.user)

    def athlete_to_finish(self, user_id: str | None) -> str:
        user_id = require_user_id(user_id)
        if not may_act_for_athlete(self.user, user_id):
            raise WorkoutError(Code.NOT_ALLOWED, "user_id: this is no athlete of your teams")
        return user_id

    def athlete_to_appeal(self, user_id: str | None) -> str:
        raise WorkoutError(Code.NOT_ALLOWED, ONLY_ATHLETES_APPEAL)


@dataclass(frozen=True)
class ProgramCaller(Caller):
    """A program with an API key, which has the rights of one coach, or sees all athletes."""

    key: ApiKey

    def visible_sessions(self, sessions: WorkoutSessionQuerySet) -> WorkoutSessionQuerySet:
        coach = self.key.coach
        return sessions if coach is None else find_sessions_for_coach(sessions, coach)

    def athlete_to_finish(self, user_id: str | None) -> str:
        if not self.key.may_finish:
            raise WorkoutError(Code.NOT_ALLOWED, "this API key may only read")
        user_id = require_user_id(user_id)
        if self.key.coach is not None and not may_act_for_athlete(self.key.coach, user_id):
            raise WorkoutError(Code.NOT_ALLOWED, "user_id: this is no athlete of the key's coach")
        return user_id

    def athlete_to_appeal(self, user_id: str | None) -> str:
        raise WorkoutError(Code.NOT_ALLOWED, ONLY_ATHLETES_APPEAL)


def find_sessions_for_coach(sessions: WorkoutSessionQuerySet, coach: Any) -> WorkoutSessionQuerySet:
    """Keep the sessions that a coach sees in the admin."""
    return sessions.visible_to(coach) if coach.has_perm(VIEW_SESSIONS) else sessions.none()


def may_act_for_athlete(coach: Any, user_id: str) -> bool:
    """Return whether a coach sees this athlete, following a merge.

    One without a row, who has never finished a workout, is seen by those who see all.
    """
    if not coach.has_perm(VIEW_SESSIONS):
        return False
    athletes = Athlete.objects.visible_to(coach).filter(user_id=kept_user_id_expression(user_id))
    return may_see_all_athletes(coach) or athletes.exists()


def require_user_id(user_id: str | None) -> str:
    if user_id is None:
        raise ValidationError({"user_id": ["This field is required: whose workout is it?"]})
    return user_id
