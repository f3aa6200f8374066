"""Who has a wall open and which athletes they may see, asked of the database before each update."""

from collections.abc import Collection
from importlib import import_module
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user, get_user_model
from django.http import HttpRequest

from workouts.events.watched import EVERYONE, WatchedAthletes
from workouts.models import Athlete, Team, may_see_all_athletes, name_athlete
from workouts.models.primary_keys import can_be_primary_key
from workouts.services.sign_ins import is_fully_signed_in

MAX_ATHLETES = 300
SessionStore: Any = import_module(settings.SESSION_ENGINE).SessionStore


class NotLoggedInError(Exception):
    """The session has no user, or no longer has one."""


class NotAllowedError(Exception):
    """The user may not watch walls, or not this team's."""


class WallAudience(NamedTuple):
    """Whom a coach may watch, and their names by user_id.

    `aliases` are the user_ids that were merged into another's: they go by the athlete's name.
    """

    watched: WatchedAthletes
    names: dict[str, str]
    aliases: Collection[str] = ()
    is_cut: bool = False  # there are more athletes than a wall shows


def find_wall_audience(
    session_key: str | None, team: str | None, named: Collection[str] = ()
) -> WallAudience:
    """Return whom the session's user may watch now: one team's athletes, or all they may see.

    For a user who sees everyone without choosing a team, only the `named` athletes' names are read.
    Raises NotLoggedInError and NotAllowedError.
    """
    user = find_wall_viewer(session_key)
    if not may_watch_wall(user):
        raise NotAllowedError
    visible = Athlete.objects.visible_to(user)
    athletes = visible.with_namesakes(visible)
    if team:
        chosen = find_wall_team(user, team)
        if chosen is None:
            raise NotAllowedError
        athletes = athletes.filter(teams=chosen)
    elif may_see_all_athletes(user):
        return WallAudience(EVERYONE, read_tile_names(athletes.filter(user_id__in=named)))
    names = read_tile_names(athletes.order_by("sort_name", "user_id")[: MAX_ATHLETES + 1])
    shown = dict([*names.items()][:MAX_ATHLETES])
    aliases = Athlete.objects.filter(merged_into__user_id__in=shown).with_namesakes(visible)
    alias_names = read_tile_names(aliases)
    shown |= alias_names
    return WallAudience(
        WatchedAthletes(frozenset(shown)),
        shown,
        alias_names.keys(),
        is_cut=len(names) > MAX_ATHLETES,
    )


def find_wall_team(user: Any, key: str) -> Team | None:
    """Return the team with this primary key, or None if the user may see no such team."""
    return Team.objects.visible_to(user).filter(pk=key).first() if can_be_primary_key(key) else None


def may_watch_wall(user: Any) -> bool:
    """Return whether the user may open walls at all."""
    return bool(user.is_active and user.is_staff and user.has_perm("workouts.view_workoutsession"))


def find_wall_viewer(session_key: str | None) -> Any:
    """Return the session's user.

    Raises NotLoggedInError, also after the password was changed, and while a second factor or a
    password of the coach's own is missing; NotAllowedError once the account is switched off.
    """
    request = HttpRequest()
    request.session = SessionStore(session_key)
    user = get_user(request)
    if is_fully_signed_in(user, request.session):
        return user
    user_id = request.session.get(SESSION_KEY)
    if user_id and get_user_model().objects.filter(pk=user_id, is_active=False).exists():
        raise NotAllowedError
    raise NotLoggedInError


def read_tile_names(athletes: Any) -> dict[str, str]:
    """Return the names of athletes with_namesakes(), by user_id; an alias has its athlete's."""
    rows = athletes.values_list(
        "user_id",
        "display_name",
        "merged_into__user_id",
        "merged_into__display_name",
        "has_namesake",
    )
    return {
        user_id: name_athlete(
            *((kept_name, kept) if kept else (name, user_id)), has_namesake=has_namesake
        )
        for user_id, name, kept, kept_name, has_namesake in rows
    }
